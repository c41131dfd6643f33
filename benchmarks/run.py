"""How long the parts of a consultation take, each beside a fixed piece of work of the same machine and run.

Run with `make bench`. The unit is one product of two 512 x 512 matrices in double precision on the same machine, so
that ratios can be compared between machines; seconds stand beside them.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from machine import print_machine

from skinbeam.api.threshold import find_threshold
from skinbeam.laser import beam as laser_settings
from skinbeam.laser import cooling as laser_cooling
from skinbeam.model.case import Case
from skinbeam.model.input_files import LoadedCase, load_case, parse_record
from skinbeam.physics.light.discrete_ordinates import solve_layers
from skinbeam.physics.light.plane_layers import PlaneLayers
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.planner import make_plan
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.pulse.response import simulate_pulse
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.workflow import consult

EXAMPLE = Path(__file__).parent.parent / "examples" / "first-consultation" / "case.toml"
PULSE = {
    "skin": {"site": "cheeks", "ita_deg": 45.0},
    "lesion": [{"kind": "telangiectasia"}],
    "laser": {"device": "pulsed-dye-595"},
    "settings": {"fluence_J_cm2": 7.5, "pulse_ms": 6.0, "spot_mm": 7.0},
    "cooling": {"kind": "spray", "cryogen": "R134a", "before_ms": 30.0, "delay_ms": 20.0},
}
TRAIN = {
    "skin": {"site": "forearm", "ita_deg": 45.0},
    "laser": {"wavelength_nm": 1064.0},
    "settings": {"pulse_ms": 1.0, "spot_mm": 5.0, "pulses": 150, "repetition_Hz": 10.0},
}
FRACTIONAL = {
    "skin": {"site": "cheeks", "ita_deg": 45.0},
    "laser": {"wavelength_nm": 1550.0},
    "settings": {"pulse_ms": 5.0},
    "microbeam": {"diameter_um": 120.0, "density_per_cm2": 100.0},
}


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Median wall time of `work`, after one run that compiles and fills caches."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def one_skin() -> object:
    """Light of one wavelength in one skin of seven layers, 100 depth bins, 16 directions."""
    thickness = [[15e-6, 60e-6, 150e-6, 80e-6, 800e-6, 100e-6, np.inf]]
    mua = [[50.0, 1500.0, 100.0, 300.0, 100.0, 300.0, 50.0]]
    shape = np.ones((1, 7))
    return solve_layers(PlaneLayers(mua, 2e4 * shape, 0.85 * shape, 1.4 * shape, thickness), np.linspace(0, 5e-3, 101))


def three_layers() -> list[np.ndarray]:
    """200 wavelengths in epidermis, dermis and fat between air, and 20 directions: each part is within 1e-4."""
    spectrum = np.linspace(0.5, 1.5, 200)[:, None]
    return [
        spectrum * [[2000.0, 150.0, 100.0]],
        (1.2 - 0.2 * spectrum) * [[3e4, 2e4, 1.5e4]],
        np.tile([0.8, 0.82, 0.85], (200, 1)),
        np.full((200, 3), 1.4),
        np.tile([60e-6, 2e-3, 5e-3], (200, 1)),
    ]


def solved(layers: Iterable[np.ndarray]) -> None:
    solve_layers(PlaneLayers(*layers), streams=20)


def one_by_one(layers: list[np.ndarray]) -> None:
    for row in range(len(layers[0])):
        solved(values[row : row + 1] for values in layers)


def threshold(case: Case, endpoint: str) -> object:
    """The dose that 200 skins need; light that was traced in the first run is remembered."""
    return find_threshold(LoadedCase(case, Path()), endpoint).to_dict()


def main() -> None:
    print_machine()
    case = parse_record(Case, PULSE, file="benchmark")
    beam = laser_settings.resolve_beam(case)
    cooling = laser_cooling.resolve_cooling(case.cooling, beam.device)
    skins = SkinDistribution.from_case(case).sample(200, 0)
    lit = illuminate(skins, beam.spectrum)
    response = simulate_pulse(skins, beam, cooling, illumination=lit)
    example = load_case(EXAMPLE)
    consultation = check_consultation(example)
    layers = three_layers()
    train = parse_record(Case, TRAIN, file="benchmark")
    fractional = parse_record(Case, FRACTIONAL, file="benchmark")
    matrix = np.random.default_rng(0).normal(size=(512, 512))
    unit = seconds(lambda: matrix @ matrix, 20)
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            "light, one skin, one wavelength": seconds(one_skin, 20),
            "light, 200 wavelengths, one by one": seconds(lambda: one_by_one(layers)),
            "light, 200 wavelengths in one call": seconds(lambda: solved(layers)),
            "200 skins drawn": seconds(lambda: SkinDistribution.from_case(case).sample(200, 0)),
            "light in 200 skins": seconds(lambda: illuminate(skins, beam.spectrum)),
            "heat in 200 skins, lit": seconds(lambda: simulate_pulse(skins, beam, cooling, illumination=lit)),
            "burn thresholds of 200 skins": seconds(lambda: endpoint_fluence("epidermal-necrosis", response)),
            "closure thresholds of 200 vessels": seconds(lambda: endpoint_fluence("vessel-closure", response)),
            "burn threshold, train of 150 pulses": seconds(lambda: threshold(train, "epidermal-necrosis"), 3),
            "threshold of a fractional column": seconds(lambda: threshold(fractional, "collagen-coagulation"), 3),
            "plan of the first consultation": seconds(lambda: make_plan(example), 3),
            "plan with reports and figures": seconds(lambda: consult(consultation, Path(folder)), 3),
        }
    print(f"unit: one 512 x 512 matrix product, {1e3 * unit:.3f} ms")
    for name, value in rows.items():
        print(f"{name:36s} {1e3 * value:10.2f} ms {value / unit:10.0f} units")


if __name__ == "__main__":
    main()
