"""What commands draw with `--plot`: whole, labelled, without colour, with round numbers, the same bytes twice."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from paths import ROOT

from skinbeam.api.light import LightBalance
from skinbeam.api.skin import LabColour, SkinLayer, SkinSpectra
from skinbeam.api.threshold import DoseThreshold
from skinbeam.evidence.expectation.expect import expect
from skinbeam.evidence.expectation.expectation import Expectation, PatientShare
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.report.graphics.curves import (
    check_plot,
    expect_figure,
    light_figure,
    skin_figure,
    threshold_figure,
    write_plot,
)

PULSE = str(ROOT / "tests" / "data" / "cases" / "vessel.toml")
SLAB = str(ROOT / "examples" / "light" / "coverslip.toml")
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "light": (("light", SLAB), ("depth below the surface (µm)", "glass", "share of the power")),
    "skin": (
        ("skin", PULSE, "--wavelength", "400:1000:50", "--draws", "10"),
        ("wavelength (nm)", "absorption (1/cm)", "reflectance", "basal layer"),
    ),
    "window": (("window", PULSE, "--draws", "10"), ("fluence (J/cm²)", "pulse")),
    "expect": (
        ("expect", "--condition", "acne-scars", "--modality", "fractional-ablative"),
        ("better by 50 %", "dark marks", "of 100 patients, better by at least 50 %"),
    ),
    "threshold": (
        ("threshold", PULSE, "--endpoint", "vessel-closure", "--draws", "10"),
        ("fluence (J/cm²)", "share of such skins", "vessel closure"),
    ),
}

Run = Callable[..., Any]


@pytest.mark.check
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_draws_what_it_computed_and_its_document_stays(name: str, run: Run, tmp_path: Path) -> None:
    arguments, labels = COMMANDS[name]
    files = [tmp_path / "deep" / "a.svg", tmp_path / "b.svg"]
    printed = [run(*arguments, "--plot", str(file), "--json") for file in files]
    assert [ran.code for ran in printed] == [0, 0]
    first, second = (file.read_text(encoding="utf-8") for file in files)
    assert first == second
    assert printed[0].out == run(*arguments, "--json").out
    words = [" ".join(found.split()) for found in re.findall(r"<!-- (.*?) -->", first, re.DOTALL)]  # drawn as paths
    for label in labels:
        assert any(label in word for word in words), label
    (caption,) = [word for word in words if word.endswith(".")]
    assert caption.count(". ") == 0  # one sentence


@pytest.mark.parametrize(("end", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")])
def test_the_end_of_the_name_says_what_is_written(end: str, begins: bytes, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_plot(threshold(), tmp_path / f"{name}.{end}")
    one, two = ((tmp_path / f"{name}.{end}").read_bytes() for name in ("one", "two"))
    assert one.startswith(begins)
    assert one == two


def test_another_kind_of_picture_is_refused_before_anything_is_computed(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.svg, \.png or \.pdf"):
        check_plot(Path("figure.jpg"))
    ran = run("light", "nowhere.toml", "--plot", str(tmp_path / "figure.jpg"), "--json")
    assert (ran.code, ran.document["error"]["field"]) == (2, "--plot")


def test_a_dose_that_is_not_reached_is_stated_in_place_of_a_figure(tmp_path: Path) -> None:
    unknown = Unknown("no dose in the range reaches it")
    figure = write_plot(threshold(dose=unknown, calibrated_dose=unknown), tmp_path / "none.svg")
    assert "no dose in the range reaches it" in figure
    assert not list(tmp_path.iterdir())


def estimate(median: float, low: float, high: float, level: float = 0.68) -> Estimate:
    return Estimate(median, low, high, level, "modelled", 9)


def threshold(**changed: Any) -> DoseThreshold:
    found = DoseThreshold(
        case_sha256="0" * 64,
        seed=0,
        endpoint="pain",
        of="fluence_J_cm2",
        model_error=2.0,
        reduction_error=1.0,
        heated_blood=1.0,
        methaemoglobin=1.0,
        bracket=(0.1, 100.0),
        dose=estimate(4.0, 3.0, 6.0),
        reached=True,
        calibrated_dose=estimate(5.0, 2.0, 9.0),
        calibration=Unknown("nobody measured it"),
    )
    return replace(found, **changed)


def test_a_curve_goes_through_the_doses_that_are_known() -> None:
    (ax,) = threshold_figure(threshold()).axes
    curve = next(line for line in ax.lines if len(line.get_xdata()) > 3)
    for dose, share in ((3.0, 0.16), (4.0, 0.5), (6.0, 0.84)):
        near = min(zip(curve.get_xdata(), curve.get_ydata(), strict=True), key=lambda point: abs(point[0] - dose))
        assert near[1] == pytest.approx(share, abs=0.03)  # a step of the curve moves the share by less


def layer(name: str, mua_per_cm: tuple[float, ...]) -> SkinLayer:
    flat = np.ones(len(mua_per_cm))
    return SkinLayer(name, 100.0, np.array(mua_per_cm), flat, flat, flat, 1100.0, 3600.0, 0.21)


SKIN = SkinSpectra(
    case_sha256="0" * 64,
    seed=0,
    wavelength_nm=np.array([1064.0, 532.0, 595.0]),
    layers=tuple(layer(f"layer {i}", (1.0 + i, 2.0 + i, 3.0)) for i in range(8)),
    reflectance=np.array([0.5, 0.2, 0.3]),
    reflectance_low=np.array([0.4, 0.1, 0.2]),
    reflectance_high=np.array([0.6, 0.3, 0.4]),
    level=0.8,
    reflectance_excluded=np.array([0.46, 0.16, 0.26]),
    Lab=LabColour(65.0, 10.0, 16.0),
    ita_deg=43.0,
    phototype_range="II",
    draws=9,
    sources=(),
)
LIGHT = LightBalance(
    case_sha256="0" * 64,
    seed=0,
    reflectance_specular=0.04,
    reflectance_diffuse=0.2,
    transmittance=0.7,
    absorbed={"glass": 0.0, "water": 0.06},
    fluence_rate_ratio=2.0 - 0.01 * np.arange(100),
    depth_um=8.35 + 16.7 * np.arange(100),
    photons=0,
    photons_per_second=0,
    device="cpu",
    method="ordinates",
    sources=(),
    tops_um={"glass": 0.0, "water": 170.0},
)


def expectation() -> Expectation:
    found = expect(EvidenceQuestion("acne-scars", "fractional-ablative", patients=37))
    return replace(found, pih=PatientShare.unknown(Unknown("nobody counted it")))


FIGURES: Mapping[str, Callable[[], Figure]] = {
    "threshold": lambda: threshold_figure(threshold()),
    "skin": lambda: skin_figure(SKIN),
    "light": lambda: light_figure(LIGHT),
    "expect": lambda: expect_figure(expectation()),
}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_have_round_numbers(name: str) -> None:
    for ax in FIGURES[name]().axes:
        for axis in (ax.xaxis, ax.yaxis):
            if axis.get_major_formatter().__class__.__name__ == "FixedFormatter":
                continue  # names of rows
            low, high = sorted(axis.get_view_interval())
            for place in (place for place in axis.get_majorticklocs() if low < place < high and place):
                assert float(f"{place:.1e}") == pytest.approx(place, rel=1e-9)  # two digits


def test_layers_are_distinguished_without_colour() -> None:
    spectrum = 0.3 + 0.001 * np.arange(40)
    wide = replace(
        SKIN,
        wavelength_nm=400.0 + np.arange(40),
        layers=tuple(layer(held.name, (1.0,) * 40) for held in SKIN.layers),
        **dict.fromkeys(("reflectance", "reflectance_low", "reflectance_high"), spectrum),
    )
    many = skin_figure(wide)
    lines = many.axes[1].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == len(lines) == len(SKIN.layers)


def test_wavelengths_are_drawn_in_order_whatever_was_asked() -> None:
    reflected, absorbed = skin_figure(SKIN).axes
    for line in (*reflected.lines, *absorbed.lines):
        assert list(line.get_xdata()) == [532.0, 595.0, 1064.0]
    assert list(reflected.lines[0].get_ydata()) == [0.2, 0.3, 0.5]
