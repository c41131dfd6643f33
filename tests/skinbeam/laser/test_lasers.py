"""Devices: the files, the settings a device takes and refuses, the grid of what to try."""

import itertools
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT, TESTS

from skinbeam.api.device_check import check_device_file
from skinbeam.laser.beam import Beam, disc_area_cm2
from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.laser.device import Device, devices, list_devices, load_device
from skinbeam.laser.setting_grid import (
    BeamSetting,
    case_tables,
    density_steps,
    dose_steps,
    iterate_settings,
    linear_steps,
    pulse_steps,
)
from skinbeam.model.case import Case
from skinbeam.model.device_file import DeviceFile, Offer
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam.model.sources import bibliography, collect_sources
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.text import catalogue

BROKEN = sorted((TESTS / "data" / "broken" / "device").glob("*.toml"))


# Names that case files and records hold: they stay, and a device that is added needs no place here.
RELEASED = {
    "pulsed-dye-585", "pulsed-dye-595", "pulsed-dye-595-compression", "ktp-532", "alexandrite-755",
    "qs-alexandrite-755", "ps-alexandrite-755", "qs-ruby-694", "ndyag-1064", "qs-ndyag-532-1064",
    "ps-ndyag-532-1064", "diode-810", "ipl", "fractional-1540", "fractional-1550", "thulium-1927", "ysgg-2790",
    "er-yag-2940", "fractional-er-yag-2940", "co2-10600", "ps-titanium-sapphire-730-785", "ps-array-755",
    "ps-array-785", "ps-array-ndyag-532-1064", "fractional-diode-1440-1927", "fractional-1565",
    "fractional-ysgg-2790", "fractional-co2-10600",
}  # fmt: skip


ALL = pytest.mark.parametrize("device", devices().values(), ids=lambda device: device.name)


def beam_of(tables: dict[str, Any], **options: Any) -> Beam:
    return resolve_beam(parse_record(Case, tables, file="case.toml"), **options)


def refused(tables: dict[str, Any], **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        beam_of(tables, **options)
    assert all((caught.value.code, caught.value.message, caught.value.field, caught.value.hint))
    return caught.value


def dye(**settings: Any) -> dict[str, Any]:
    return {"laser": {"device": "pulsed-dye-595"}, "settings": {"pulse_ms": 6.0, "spot_mm": 7.0, **settings}}


# --- the files ---------------------------------------------------------------------------------------------------


def test_no_released_device_is_lost() -> None:
    assert not RELEASED - set(devices())


@ALL
def test_names_and_sources_resolve(device: Device) -> None:
    assert device.title
    assert all(vocabulary_table("modality")[name]["laser"] for name in device.modalities)
    unknown = [key for key in device.file.source if key not in bibliography()]
    assert not unknown, f"add them to data/sources/lasers.bib: {', '.join(unknown)}"
    assert f"laser-note.{device.name}" in catalogue(), (
        f"say in messages/en/lasers.toml [laser-note] what is special about {device.name}"
    )
    assert len(device.remarks) == 2


@ALL
def test_a_device_is_what_its_class_is_called(device: Device) -> None:
    low, high = device.pulse_ms
    if device.name.startswith("qs-"):
        assert 1e-6 <= low <= high <= 1e-3  # nanoseconds
    elif device.name.startswith("ps-"):
        assert 1e-7 <= low <= high < 1e-6  # below a nanosecond
    else:
        assert low >= 0.05
    fractional = any("fractional" in name for name in device.modalities)
    assert device.microbeam == fractional
    assert (device.profile == "gaussian") == fractional


@ALL
def test_the_highest_fluence_falls_with_the_spot(device: Device) -> None:
    """One pulse holds one energy: on a larger disc it gives no more fluence (a tenth is rounding of guidelines)."""
    for head in device.heads:
        by_size = sorted(head.spot, key=lambda spot: spot.diameter_mm)
        highest = [spot.fluence_J_cm2.ends[1] for spot in by_size]
        assert all(wide <= 1.1 * narrow for narrow, wide in itertools.pairwise(highest))


def test_the_energy_of_short_pulses_is_that_of_the_pulse() -> None:
    """Where the comment of a file derives the highest fluence from an energy, area times fluence never exceeds it."""
    energies_J = {
        ("ps-alexandrite-755", 755.0): 0.2,
        ("qs-ndyag-532-1064", 532.0): 0.4,
        ("qs-ndyag-532-1064", 1064.0): 1.41,
        ("ps-titanium-sapphire-730-785", 730.0): 0.13,
        ("ps-titanium-sapphire-730-785", 785.0): 0.13,
        ("ps-array-755", 755.0): 0.2,
        ("ps-array-785", 785.0): 0.13,
        ("ps-array-ndyag-532-1064", 1064.0): 0.71,
        ("ps-ndyag-532-1064", 532.0): 0.25,
        ("ps-ndyag-532-1064", 1064.0): 0.5,
        ("er-yag-2940", 2940.0): 2.0,
    }
    for (name, wavelength), energy in energies_J.items():
        for head in devices()[name].heads:
            for spot in head.spot if head.wavelength_nm == wavelength else ():
                # The files print one or two decimals: half a unit of the last digit of 0.8 J/cm² is 6 %.
                assert spot.fluence_J_cm2.ends[1] * disc_area_cm2(spot.diameter_mm) <= 1.06 * energy


def test_list_devices_has_the_promised_keys() -> None:
    document = list_devices().to_dict()
    assert document["schema"] == "skinbeam.lasers/1"
    assert [entry["name"] for entry in document["lasers"]] == sorted(devices())
    for entry in document["lasers"]:
        dose = "energy_mJ" if entry["emission"] == "microbeam" else "fluence_J_cm2"
        assert {
            "name",
            "title",
            "wavelengths_nm",
            "modalities",
            "classes",
            "pulse_ms",
            dose,
            "spots_mm",
            "cooling",
            "source",
        } <= set(entry)
        for key in ("pulse_ms", dose):
            low, high = entry[key]
            assert 0 < low <= high


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_broken_device_files_are_refused_where_they_break(file: Path) -> None:
    field, _, words = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect:").partition("|")
    with pytest.raises(InputError) as caught:
        check_device_file(file)
    assert caught.value.field == field.strip()
    assert words.strip() in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.file == file.name


def test_enough_device_files_break() -> None:
    assert len(BROKEN) >= 40


def test_every_required_key_is_asked_for() -> None:
    """Broken files made from the schema: each required key of the device file taken away in turn."""
    file = ROOT / "skinbeam" / "data" / "lasers" / "pulsed-dye-595.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    required = [name for name, field in DeviceFile.model_fields.items() if field.is_required()]
    assert len(required) >= 9
    for key in required:
        with pytest.raises(InputError) as caught:
            parse_record(DeviceFile, {name: value for name, value in tables.items() if name != key}, file="device.toml")
        assert caught.value.field == key


def test_a_clinic_brings_its_own_device(tmp_path: Path) -> None:
    source = ROOT / "skinbeam" / "data" / "lasers" / "ktp-532.toml"
    (tmp_path / "ours.toml").write_bytes(source.read_bytes())
    device = load_device("ours.toml", tmp_path)
    assert device.name == "ours"
    assert device.file == devices()["ktp-532"].file
    assert check_device_file(tmp_path / "ours.toml").lasers[0].name == "ours"
    with pytest.raises(InputError) as caught:
        load_device("../ours.toml", tmp_path)
    assert caught.value.code == "outside-folder"


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("repetition_Hz", 5, "Write repetition_Hz = { values = [5] }, or a range, repetition_Hz = { low = ..., "),
        ("modalities", ["filler"], "Done by light: ablative, fractional-ablative, non-ablative-fractional, vascular, "),
    ],
)
def test_a_fault_of_a_device_file_is_told_with_what_to_write(key: str, value: object, hint: str) -> None:
    tables = tomllib.loads((ROOT / "skinbeam" / "data" / "lasers" / "ktp-532.toml").read_text(encoding="utf-8"))
    with pytest.raises(InputError) as caught:
        parse_record(DeviceFile, tables | {key: value}, file="device.toml")
    assert caught.value.field == key
    assert str(caught.value.hint).startswith(hint)


def test_a_device_file_named_without_its_ending_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match='unknown device "ours"') as caught:
        load_device("ours", tmp_path)
    assert caught.value.hint == 'A file of this name lies beside the case: write "ours.toml".'
    with pytest.raises(InputError) as caught:
        load_device("our", tmp_path)
    assert "beside the case" not in str(caught.value.hint)


# --- what a device takes -----------------------------------------------------------------------------------------


def test_the_case_of_the_interface_passes() -> None:
    with collect_sources() as keys:
        beam = beam_of(dye(fluence_J_cm2=7.5, overlap_fraction=0.1))
    assert (beam.wavelength_nm, beam.pulse_ms, beam.spot_mm, beam.profile) == (595.0, 6.0, 7.0, "top-hat")
    assert beam.pulse_shape == "train"
    assert "vbeammanual" in keys


@given(st.floats(3.0, 15.0))
def test_fluence_energy_and_power_are_one_dose(fluence: float) -> None:
    """Over the disc of the spot: E = H·π·d²/4, P = E/t; equal to rounding, 1e-12."""
    energy = fluence * math.pi * 0.7**2 / 4
    by_fluence = beam_of(dye(fluence_J_cm2=fluence))
    by_energy = beam_of(dye(energy_J=energy))
    by_power = beam_of(dye(power_W=energy / 0.006))
    for beam in (by_fluence, by_energy, by_power):
        assert beam.fluence_J_cm2 == pytest.approx(fluence, rel=1e-12)
        assert beam.energy_J == pytest.approx(energy, rel=1e-12)


@ALL
def test_everything_offered_is_taken_and_lies_in_the_ranges(device: Device) -> None:
    settings = list(iterate_settings(device))
    assert len(settings) == len(set(settings))
    low, high = device.pulse_ms
    least, most = device.dose
    for setting in settings:
        assert low <= setting.pulse_ms <= high
        assert setting.spot_mm in device.spots_mm
        doses = dose_steps(device, setting)
        assert list(doses) == sorted(set(doses))
        for dose in (*doses[:1], *doses[len(doses) // 2 : len(doses) // 2 + 1], *doses[-1:]):
            assert least <= dose <= most
            for density in density_steps(device, setting, dose)[:1] if device.microbeam else (None,):
                beam = beam_of(case_tables(device, setting, dose, density))
                assert (beam.microbeam.energy_mJ if beam.microbeam else beam.fluence_J_cm2) == dose


@ALL
def test_every_wavelength_and_spot_is_offered(device: Device) -> None:
    settings = list(iterate_settings(device))
    assert {setting.wavelength_nm for setting in settings} == set(device.wavelengths_nm)
    assert {setting.spot_mm for setting in settings} == set(device.spots_mm)
    pulses = [setting.pulse_ms for setting in settings]
    assert (min(pulses), max(pulses)) == device.pulse_ms
    assert any(dose_steps(device, setting) for setting in settings)


@ALL
def test_just_beyond_the_ranges_is_refused(device: Device) -> None:
    """One per mille outside an end is outside: a thousand times the slack of 1e-6."""
    head = device.heads[0]
    setting = next(s for s in iterate_settings(device) if dose_steps(device, s))
    dose = dose_steps(device, setting)[0]
    density = density_steps(device, setting, dose)[0] if device.microbeam else None
    tables = case_tables(device, setting, dose, density)
    beam_of(tables)
    longest = max(h.pulse_ms.ends[1] for h in device.heads if h.wavelength_nm == head.wavelength_nm)
    error = refused(tables | {"settings": tables["settings"] | {"pulse_ms": longest * 1.001}})
    assert error.field == "settings.pulse_ms"
    section, key = ("microbeam", "energy_mJ") if device.microbeam else ("settings", "fluence_J_cm2")
    error = refused(tables | {section: tables[section] | {key: dose_steps(device, setting)[0] * 0.5}})
    assert error.field == f"{section}.{key}"


def test_a_pulse_in_the_wrong_unit_is_stated_in_the_right_one() -> None:
    tables = {
        "laser": {"device": "qs-ndyag-532-1064", "wavelength_nm": 1064.0},
        "settings": {"fluence_J_cm2": 3.0, "pulse_ms": 500.0, "spot_mm": 4.0},
    }
    error = refused(tables)
    assert error.field == "settings.pulse_ms"
    assert "500 ms" in error.message
    assert "5e-06 to 2e-05 ms (5 to 20 ns)" in error.hint


def test_without_a_device_any_setting_of_the_schema_passes() -> None:
    beam = beam_of(
        {"laser": {"wavelength_nm": 980.0}, "settings": {"energy_J": 3.0, "pulse_ms": 700.0, "spot_mm": 0.3}}
    )
    assert beam.device is None
    assert beam.spectrum == ((980.0, 1.0),)
    assert beam.fluence_J_cm2 == pytest.approx(3.0 / (math.pi * 0.03**2 / 4), rel=1e-12)


@pytest.mark.parametrize(
    ("taken_away", "field"),
    [
        ("laser", "laser"),
        ("settings", "settings"),
        ("pulse_ms", "settings.pulse_ms"),
        ("spot_mm", "settings.spot_mm"),
        ("fluence_J_cm2", "settings.fluence_J_cm2"),
    ],
)
def test_what_is_missing_is_named(taken_away: str, field: str) -> None:
    tables: dict[str, Any] = {
        "laser": {"wavelength_nm": 980.0},
        "settings": {"fluence_J_cm2": 3.0, "pulse_ms": 7.0, "spot_mm": 3.0},
    }
    if tables.pop(taken_away, None) is None:
        del tables["settings"][taken_away]
    assert refused(tables).field == field


def test_an_open_dose_is_allowed_only_when_it_is_sought() -> None:
    assert refused(dye()).field == "settings.fluence_J_cm2"
    assert beam_of(dye(), dose_required=False).fluence_J_cm2 is None
    # A dose that the device cannot emit has no influence when the dose is what is sought.
    assert beam_of(dye(fluence_J_cm2=500.0), dose_required=False).fluence_J_cm2 == 500.0
    assert refused(dye(fluence_J_cm2=500.0)).field == "settings.fluence_J_cm2"


def test_the_only_pulse_of_a_device_need_not_be_given() -> None:
    beam = beam_of({"laser": {"device": "ysgg-2790"}, "settings": {"fluence_J_cm2": 3.0, "spot_mm": 6.0}})
    assert beam.pulse_ms == 0.4


def test_a_device_brings_its_profile() -> None:
    tables = {
        "laser": {"device": "fractional-co2-10600"},
        "settings": {"pulse_ms": 1.0},
        "microbeam": {"energy_mJ": 20.0, "diameter_um": 120.0, "density_per_cm2": 100.0},
    }
    beam = beam_of(tables)
    assert beam.profile == "gaussian"
    assert beam.microbeam is not None
    assert beam.microbeam.profile == "gaussian"
    assert (beam.spot_mm, beam.fluence_J_cm2, beam.energy_J) == (None, None, None)


def test_a_lamp_has_a_band_and_a_laser_a_line() -> None:
    tables = {
        "laser": {"device": "ipl", "wavelength_nm": 560.0},
        "settings": {"fluence_J_cm2": 15.0, "pulse_ms": 10.0, "spot_mm": 12.4},
    }
    spectrum = beam_of(tables).spectrum
    assert sum(share for _, share in spectrum) == pytest.approx(1.0, abs=1e-12)
    assert all(560.0 < nm < 1200.0 for nm, _ in spectrum)
    # Equal energy a nanometre: the mean is the middle of the band.
    assert sum(nm * share for nm, share in spectrum) == pytest.approx(880.0, rel=1e-12)


# --- offers and steps --------------------------------------------------------------------------------------------


@st.composite
def ranges(draw: st.DrawFn) -> Offer[float]:
    low = draw(st.floats(1e-6, 100.0))
    high = low * draw(st.floats(1.001, 1e4))
    step = draw(st.none() | st.floats(1e-3, 1.0).map(lambda share: share * (high - low)))
    return Offer[float](low=low, high=high, step=step)


@given(ranges())
def test_every_step_of_a_range_is_on_it(offer: Offer[float]) -> None:
    low, high = offer.ends
    steps = linear_steps(offer)
    assert all(offer.contains(value) for value in steps)
    assert 1 <= len(steps) <= (43 if offer.step is None else 201)  # 40 round steps, and the ends; 200 of a dial
    assert steps[0] == pytest.approx(low, rel=1e-8)
    if offer.step is None:
        assert steps[-1] == high
        assert all(offer.contains(value) for value in pulse_steps(offer))


@given(ranges(), st.floats(0.0, 1.0))
def test_a_range_holds_what_lies_in_it(offer: Offer[float], share: float) -> None:
    low, high = offer.ends
    inside = low + share * (high - low)
    assert offer.step is not None or offer.contains(inside)
    assert not offer.contains(high * 1.01)
    assert not offer.contains(low * 0.99)


def test_a_setting_that_is_not_offered_has_no_doses() -> None:
    device = devices()["pulsed-dye-595"]
    assert dose_steps(device, BeamSetting(595.0, 6.0, 6.0)) == ()
    assert dose_steps(device, BeamSetting(585.0, 6.0, 7.0)) == ()
    assert density_steps(device, BeamSetting(595.0, 6.0, 7.0), 8.0) == ()


def test_energies_need_the_power_to_be_had() -> None:
    """30 W for 0.5 ms is 15 mJ: no more at that length."""
    device = devices()["fractional-1550"]
    doses = dose_steps(device, BeamSetting(1550.0, 0.5, 0.14))
    assert doses
    assert max(doses) <= 15.0 * (1 + 1e-6)
    assert dose_steps(device, BeamSetting(1550.0, 5.0, 0.14))[-1] == 70.0
