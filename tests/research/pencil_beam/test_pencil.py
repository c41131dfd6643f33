"""Spots from one pencil run: energy kept, closed forms, direct runs of the same beam, errors that are honest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import ncx2

from research.pencil_beam.spot_convolution import axis_shares, flat_beam_shares, gaussian_beam_shares
from research.pencil_beam.traced_light import PencilBeamLight, SpotLightField, trace_pencil_beam
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light import batches
from skinbeam.simulate.light.engines import ENGINES
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo

SKIN = LayeredMedium(
    mua_per_m=[800.0, 300.0], mus_per_m=[8e3, 5e3], g=[0.8, 0.85], n=[1.45, 1.4], thickness_m=[2e-4, 2e-3]
)
EDGES_M = np.array([0.0, 5e-5, 2e-4, 3e-4, 6e-4])
MAPS = {"flat": flat_beam_shares, "gaussian": gaussian_beam_shares}
every_kind = pytest.mark.parametrize("kind", MAPS)


def area(ring: float, rings: int) -> np.ndarray:
    return np.pi * ring**2 * (2.0 * np.arange(rings) + 1.0)


def within(kind: str, radius: float, b: float, rho: float) -> float:
    """P(|x + y| < b), |x| = rho, from scipy; of the flat beam circle by circle of the beam."""
    if kind == "gaussian":
        return float(ncx2.cdf((2 * b / radius) ** 2, 2, (2 * rho / radius) ** 2))

    def circle(s: float) -> float:
        cosine = (s * s + rho * rho - b * b) / (2.0 * s * rho)
        return 2.0 * s / radius**2 * np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi

    kinks = [s for s in (abs(b - rho), b + rho) if 0.0 < s < radius]
    return float(quad(circle, 0.0, radius, points=kinks or None, epsabs=1e-10)[0])


@every_kind
@pytest.mark.parametrize("radius", [0.7, 3.0, 5.3])
def test_shares_are_those_of_the_closed_form(kind: str, radius: float) -> None:
    """One ring alone as a source, through its value and the slopes that it gives to its neighbours."""
    rings, source = 12, 4
    shares = MAPS[kind](radius, 1.0, rings)

    def light(rho: float) -> float:  # straight over each ring
        k = int(rho)
        return float(k == source) + (rho - k - 0.5) * {source - 1: 0.5, source + 1: -0.5}.get(k, 0.0)

    for b in (1, 4, 6, 10):
        found = shares[source, :b].sum()
        kinks = {float(k) for k in range(3, 7)} | {abs(b - radius), b + radius, radius - b}
        wanted = quad(
            lambda rho, b=b: light(rho) * within(kind, radius, b, rho),
            3.0,
            6.0,
            points=sorted(k for k in kinks if 3.0 < k < 6.0),
            epsabs=1e-8,
        )[0]
        assert found == pytest.approx(wanted, abs=1e-7), b


@every_kind
@pytest.mark.parametrize("radius", [0.5, 1.0, 7.3, 40.0])
def test_shares_keep_the_energy_and_even_light_even(kind: str, radius: float) -> None:
    rings = 60
    shares = MAPS[kind](radius, 1.0, rings)
    assert shares.sum(axis=1) == pytest.approx(np.ones(rings), abs=1e-12)
    # Even light, e proportional to the radius, is a straight line: it stays what it is, as far as its end is not felt.
    lit = area(1.0, rings)
    untouched = max(int(rings - (2.5 if kind == "gaussian" else 1.0) * radius) - 1, 0)
    assert (lit @ shares)[:untouched] == pytest.approx(lit[:untouched], rel=1e-5 if kind == "gaussian" else 1e-8)


def off(a: float, b: float) -> float:
    """Light in a wrong ring when a Gaussian beam is spread from the axis, and spread again, instead of at once."""
    rings = int(4 * np.hypot(a, b)) + 5
    twice = axis_shares("gaussian", a, 1.0, rings)[:-1] @ gaussian_beam_shares(b, 1.0, rings)
    return float(np.abs(twice - axis_shares("gaussian", np.hypot(a, b), 1.0, rings))[:-1].sum())


@settings(max_examples=25, derandomize=True)
@given(a=st.floats(4.0, 20.0), b=st.floats(4.0, 20.0))
def test_a_gaussian_of_a_gaussian_is_a_gaussian(a: float, b: float) -> None:
    """A straight line over a ring of width 1 misses a curvature of e and a sixth of its third derivative in the slope.

    The map feels the first by its own curvature, 1/720 e₂ P₂, and the second by its slope, 1/72 e₃ P₁. With e₂ and P₂
    of at most 12 / a² and 12 / b², e₃ of 30 / a³ and P₁ of 2 / b, they are together about 1 / min(a, b)⁴ or less.
    """
    assert off(a, b) < 1.0 / min(a, b) ** 4


@pytest.mark.parametrize("shape", [1.0, 0.5])
def test_narrower_rings_are_better_by_the_fourth_power(shape: float) -> None:
    assert np.log2(off(16.0, 16.0 * shape) / off(32.0, 32.0 * shape)) == pytest.approx(4.0, abs=0.1)


@pytest.fixture(scope="module")
def narrow() -> PencilBeamLight:
    return trace_pencil_beam(SKIN, EDGES_M, 2e-5, 80, photons=20_000, seed=3)


def of_planes(spot: SpotLightField) -> np.ndarray:
    return spot.fluence_rate_rz @ area(2e-5, 80) + spot.fluence_rate_outside


@every_kind
@pytest.mark.parametrize("spot_mm", [0.05, 0.5, 3.1])
def test_each_plane_keeps_its_energy(narrow: PencilBeamLight, kind: str, spot_mm: float) -> None:
    point, spot = (narrow.convolve(LightBeam(kind=k, spot_mm=spot_mm)) for k in ("pencil", kind))
    assert of_planes(spot) == pytest.approx(of_planes(point), rel=1e-12)
    for name in ("reflectance", "transmittance"):
        left = [getattr(f, f"{name}_r") @ area(2e-5, 80) + getattr(f, f"{name}_outside") for f in (spot, point)]
        assert left[0] == pytest.approx(left[1], rel=1e-12)
    assert np.all(spot.fluence_rate_outside >= point.fluence_rate_outside)


def test_a_pencil_is_the_run_itself(narrow: PencilBeamLight) -> None:
    spot = narrow.convolve(LightBeam(kind="pencil"))
    run = MonteCarlo(photons=20_000, seed=3).compute_light(
        SKIN, LightBeam(kind="pencil"), LightTally(EDGES_M, 2e-5, 80)
    )
    for found, wanted in ((spot, run), (spot.standard_error, run.standard_error)):
        for name in ("fluence_rate_rz", "reflectance_r", "transmittance_r"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-9, atol=1e-9)


def test_a_spot_as_small_as_a_pencil_gives_the_pencil(narrow: PencilBeamLight) -> None:
    """A beam of a thousandth of a ring moves 2 / 1000 of a ring's light at most, its radius over both its edges."""
    point, spot = (narrow.convolve(LightBeam(kind=kind, spot_mm=4e-5)) for kind in ("pencil", "flat"))
    moved = np.abs((spot.fluence_rate_rz - point.fluence_rate_rz) * area(2e-5, 80)).sum(axis=1)
    assert np.all(moved < 2e-3 * of_planes(point))
    assert np.all(moved > 0.0)


def test_direct_runs_of_the_same_beam_agree() -> None:
    """z = difference over both standard errors, of one bin of each pair of runs, so that all are independent.

    z² has a mean between 1.03 and 1.07, of Student's t with 62 to 31 degrees, and a variance of at most 2.5; four
    standard errors of the mean of 60 are 0.82. Errors stated a third too small
    add 1.2, errors twice too large take 0.8.
    Rings are a tenth of a mean free path, where what the map blurs is small against these errors.
    """
    rng = np.random.default_rng(6)
    z = []
    for number in range(60):
        mus = 10.0 ** rng.uniform(3.3, 4.3)
        ring, rings = 0.1 / mus, 60
        edges = np.array([0.0, 0.3, 1.0, 2.0]) / mus
        medium = LayeredMedium([mus * rng.uniform(0.05, 0.3)], [mus], [rng.uniform(0.0, 0.9)], [1.4], [3.0 / mus])
        kind = str(rng.choice(list(MAPS)))
        beam = LightBeam(kind=kind, spot_mm=2e3 * ring * rng.uniform(3.0, 40.0))
        spot = trace_pencil_beam(medium, edges, ring, rings, photons=51_200, seed=number).convolve(beam)
        direct = MonteCarlo(photons=51_200, seed=1000 + number).compute_light(
            medium, beam, LightTally(edges, ring, rings)
        )
        assert spot.standard_error is not None
        assert direct.standard_error is not None
        name = str(rng.choice(["fluence_rate_rz", "reflectance_r"]))
        found, wanted = getattr(spot, name), getattr(direct, name)
        error = np.hypot(getattr(spot.standard_error, name), getattr(direct.standard_error, name))
        # Bins that are lit well enough for their means to be nearly normal.
        usable = np.argwhere((error < 0.1 * wanted) & (wanted > 0.2 * wanted.max()))
        k = tuple(usable[rng.integers(len(usable))])
        z.append((found[k] - wanted[k]) / error[k])
    assert abs(np.mean(np.square(z)) - 1.05) < 0.82
    assert abs(np.mean(z)) < 4 * 1.03 / np.sqrt(60)


def test_a_wide_spot_is_an_endless_beam_on_its_axis() -> None:
    """Diffuse light falls to 1 / e in 1 mm; the edge of the beam is 8 mm away or more."""
    found = trace_pencil_beam(SKIN, EDGES_M, 8e-5, 150, photons=40_000).convolve(LightBeam(kind="flat", spot_mm=20.0))
    exact = ENGINES["ordinates"].compute_light(SKIN, LightBeam(), LightTally(EDGES_M))
    assert found.standard_error is not None
    power_area = np.pi * 1e-2**2
    for ring in (0, 25):
        error = power_area * found.standard_error.fluence_rate_rz[:, ring]
        assert np.all(error < 0.02 * exact.fluence_rate_ratio)
        assert np.all(np.abs(power_area * found.fluence_rate_rz[:, ring] - exact.fluence_rate_ratio) <= 4 * error)


@every_kind
def test_unscattered_light_keeps_the_shape_of_the_beam(kind: str) -> None:
    clear = LayeredMedium([500.0], [0.0], [0.0], [1.0], [1e-3])
    spot = trace_pencil_beam(clear, np.array([0.0, 1e-3]), 1e-4, 30, photons=32_000).convolve(
        LightBeam(kind=kind, spot_mm=2.0)
    )
    r = 1e-4 * np.arange(31)
    shape = np.diff(np.minimum((r / 1e-3) ** 2, 1.0) if kind == "flat" else 1.0 - np.exp(-2.0 * (r / 1e-3) ** 2))
    error = spot.standard_error
    assert error is not None
    for found, spread, wanted in (
        (spot.transmittance_r, error.transmittance_r, np.exp(-0.5)),
        (spot.fluence_rate_rz[0], error.fluence_rate_rz[0], (1.0 - np.exp(-0.5)) / 0.5),
    ):
        assert np.all(area(1e-4, 30) * spread < 0.01 * shape + 1e-4)
        assert np.all(np.abs(area(1e-4, 30) * found - wanted * shape) <= 4 * area(1e-4, 30) * spread + 1e-12)


@pytest.mark.parametrize(("wide_mm", "narrow_mm"), [(2.0, 1.0), (3.0, 1.0), (1.0, 0.5)])
def test_a_port_reads_as_much_when_what_is_lit_and_what_is_read_change_places(wide_mm: float, narrow_mm: float) -> None:
    """Light finds its way back: of discs of whole rings both ways count the same pairs of points."""
    light = trace_pencil_beam(SKIN, EDGES_M, 5e-5, 120, photons=3200)
    out, back = light.port_reflectance(wide_mm, narrow_mm)[0], light.port_reflectance(narrow_mm, wide_mm)[0]
    assert out * narrow_mm**2 == pytest.approx(back * wide_mm**2, rel=1e-9)


def test_a_wide_port_reads_all_and_a_narrow_one_less() -> None:
    """Of discs of one width more is lost the narrower they are; 10 mm about what is read hold the diffuse light."""
    light = trace_pencil_beam(SKIN, EDGES_M, 1e-4, 150, photons=40_000)
    exact = ENGINES["ordinates"].compute_light(SKIN, LightBeam(), LightTally(EDGES_M)).reflectance_diffuse
    value, error = light.port_reflectance(21.0, 1.0)
    assert error < 0.02 * exact
    assert abs(value - exact) <= 4 * error
    read = [light.port_reflectance(width, width)[0] for width in (8.0, 4.0, 2.0, 1.0)]
    assert (np.diff(read) < 0.0).all()
    assert read[0] < exact


def test_a_port_reads_unscattered_light_whole() -> None:
    """A mirror of glass under a clear slab, 1 to 1.5: what comes straight back comes back within the port."""
    clear = LayeredMedium([0.0], [0.0], [0.0], [1.0], [1e-3], below_n=1.5)
    value, error = trace_pencil_beam(clear, np.array([0.0, 1e-3]), 1e-4, 40, photons=32_000).port_reflectance(4.0, 3.0)
    assert abs(value - 0.04) <= 4 * error + 1e-12


def test_a_port_wider_than_the_rings_is_refused() -> None:
    with pytest.raises(ValueError, match="inside the disc that is read"):
        trace_pencil_beam(SKIN, EDGES_M, 1e-4, 10, photons=320).port_reflectance(1.0, 3.0)


def test_light_outside_the_rings_is_reported() -> None:
    clear = LayeredMedium([0.0], [0.0], [0.0], [1.0], [1e-3])
    spot = trace_pencil_beam(clear, np.array([0.0, 1e-3]), 2e-5, 50, photons=320).convolve(
        LightBeam(kind="gaussian", spot_mm=2.0)
    )
    assert spot.transmittance_outside == pytest.approx(np.exp(-2.0), abs=1e-6)


def test_beams_that_the_rings_cannot_hold_are_refused(narrow: PencilBeamLight) -> None:
    with pytest.raises(ValueError, match=r"the rings end at 0\.0016 m, inside the beam of radius 0\.00161 m"):
        narrow.convolve(LightBeam(kind="flat", spot_mm=3.22))
    assert narrow.convolve(LightBeam(kind="flat", spot_mm=3.2)).fluence_rate_rz.shape == (4, 80)
    with pytest.raises(ValueError, match="a Gaussian beam narrower than a ring"):
        narrow.convolve(LightBeam(kind="gaussian", spot_mm=0.019))
    with pytest.raises(ValueError, match="an endless beam has no rings"):
        narrow.convolve(LightBeam(kind="flat"))
    for beam in (
        LightBeam(kind="flat", spot_mm=1.0, angle_deg=10.0),
        LightBeam(kind="flat", spot_mm=1.0, x_um=5.0),
        LightBeam(kind="ring", spot_mm=1.0, inner_mm=0.5),
    ):
        with pytest.raises(ValueError, match="falls straight onto the middle of the rings"):
            narrow.convolve(beam)


def test_a_run_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="at least two rings"):
        trace_pencil_beam(SKIN, EDGES_M, 2e-5, 1)
    with pytest.raises(ValueError, match="at least 32 photons"):
        trace_pencil_beam(SKIN, EDGES_M, 2e-5, 10, photons=31)
    monkeypatch.setattr(batches, "MEMORY_BYTES", 10_000)
    with pytest.raises(MemoryError, match=r"the tallies need about \d+ bytes"):
        trace_pencil_beam(SKIN, EDGES_M, 2e-5, 10)


def test_the_result_does_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(batches, "thread_count", lambda threads=threads: threads)
        run = trace_pencil_beam(SKIN, EDGES_M, 2e-5, 10, photons=1600, seed=5)
        found.append(run.convolve(LightBeam(kind="flat", spot_mm=0.2)).fluence_rate_rz)
    np.testing.assert_array_equal(found[0], found[1])
