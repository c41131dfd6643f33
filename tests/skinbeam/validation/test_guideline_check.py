"""Plans beside the guideline: what leads, what is to be avoided, and doses, on plans made up to be right or wrong."""

from dataclasses import replace
from typing import Any

import pytest

from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineTreatment
from skinbeam.evidence.guideline.table import guideline_cell, load_cells
from skinbeam.laser.device import devices
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup, MicrobeamSetting
from skinbeam.validation.guideline_check import (
    GuidelineCheck,
    OfferedTreatment,
    check_against_cell,
    is_treatment_of,
    offer_treatment,
    score_checks,
)


def cell_of(condition: str, phototype: str, *, subtype: str = "", site: str = "cheeks") -> GuidelineCell:
    cell = guideline_cell(condition, subtype, site, phototype)
    assert cell is not None
    return cell


def option(modality: str, rank: int, device: str = "", **settings: Any) -> OfferedTreatment:
    """An option of a plan, with the settings of its device."""
    if not device:
        return offer_treatment(modality, rank)
    setting = DeviceSetting(**settings)
    return offer_treatment(modality, rank, DeviceSetup(device, device, setting.wavelength_nm, None, setting))


def dye(fluence_J_cm2: float, rank: int = 1) -> OfferedTreatment:
    settings = {"wavelength_nm": 595.0, "pulse_ms": 6.0, "fluence_J_cm2": fluence_J_cm2}
    return option("vascular", rank, "pulsed-dye-595", **settings)


def ktp(rank: int) -> OfferedTreatment:
    settings = {"wavelength_nm": 532.0, "pulse_ms": 10.0, "fluence_J_cm2": 9.0}
    return option("vascular", rank, "ktp-532", **settings)


def check(cell: GuidelineCell, *options: OfferedTreatment) -> GuidelineCheck:
    return check_against_cell(cell, options)


NOTHING = option("no-treatment", 3)


def test_a_plan_that_clinics_would_make_passes() -> None:
    found = check(cell_of("facial-telangiectasia", "II"), dye(8.0), ktp(2), NOTHING)
    assert found.leads
    assert not found.avoided
    assert [dose.is_within for dose in found.doses] == [True]


def test_the_first_treatment_in_the_third_place_does_not_lead() -> None:
    cell = cell_of("melasma", "IV")
    laser = option("pigment-short-pulse", 1, "qs-ndyag-532-1064", wavelength_nm=1064.0, pulse_ms=6e-6)
    peel = option("chemical-peel", 2)
    cream = option("topical-depigmenting", 3)
    assert not check(cell, laser, peel, cream).leads
    assert check(cell, laser, cream, peel).leads


def test_no_treatment_takes_no_place() -> None:
    cream, peel = option("topical-depigmenting", 2), option("chemical-peel", 1)
    assert check(cell_of("melasma", "IV"), option("no-treatment", 1), peel, cream).leads


def test_a_laser_of_another_class_is_not_the_first_treatment() -> None:
    """Of the same modality, 755 nm in long pulses is no dye laser."""
    alexandrite = option("vascular", 1, "alexandrite-755", wavelength_nm=755.0, pulse_ms=3.0, fluence_J_cm2=30.0)
    assert not check(cell_of("facial-telangiectasia", "IV"), alexandrite).leads


def test_what_the_cell_advises_against_is_found_by_class_and_by_modality() -> None:
    cell = cell_of("redness", "IV")
    assert "alex-755-long" in cell.avoid
    alexandrite = option("vascular", 2, "alexandrite-755", wavelength_nm=755.0, pulse_ms=3.0, fluence_J_cm2=30.0)
    assert [offer.rank for offer in check(cell, option("rosacea-medication", 1), alexandrite).avoided] == [2]
    assert not check(cell, option("rosacea-medication", 1), replace(alexandrite, rank=4)).avoided
    scars = cell_of("acne-scars", "V")
    assert "ablative" in scars.avoid
    full_field = option("ablative", 1, "co2-10600", wavelength_nm=10600.0, pulse_ms=1.0, fluence_J_cm2=5.0)
    assert check(scars, full_field).avoided
    assert not check(scars, option("radiofrequency", 1)).avoided


def test_glass_on_a_dye_laser_makes_it_another_treatment_but_not_a_safe_one() -> None:
    """Pressed with glass it empties vessels instead of closing them; where the laser is to be avoided, it is, too."""
    pressed = option("vascular", 1, "pulsed-dye-595-compression", wavelength_nm=595.0, pulse_ms=1.5, fluence_J_cm2=8.0)
    legs = cell_of("leg-veins", "III", site="leg")
    assert "pdl-595" in legs.avoid
    assert check(legs, pressed).avoided
    assert not check(cell_of("facial-telangiectasia", "II"), pressed).leads


@pytest.mark.parametrize(
    ("fluence_J_cm2", "within"),
    # The cell prints 7 to 9 J/cm²; 15 % are allowed on either side.
    [(8.0, True), (6.2, True), (10.3, True), (6.0, False), (10.5, False)],
)
def test_a_dose_is_held_to_the_printed_range(fluence_J_cm2: float, within: bool) -> None:
    (dose,) = check(cell_of("facial-telangiectasia", "II"), dye(fluence_J_cm2)).doses
    assert dose.is_within == within
    assert {one.low for one in dose.doses} == {7.0}


def test_nanoseconds_are_not_held_to_the_doses_of_picoseconds() -> None:
    cell = cell_of("age-spots", "II")

    def within(device: str, pulse_ms: float, fluence_J_cm2: float) -> list[bool]:
        settings = {"wavelength_nm": 532.0, "pulse_ms": pulse_ms, "fluence_J_cm2": fluence_J_cm2}
        found = check(cell, option("pigment-short-pulse", 1, device, **settings))
        assert found.leads
        return [dose.is_within for dose in found.doses]

    short, long = devices()["ps-ndyag-532-1064"].pulse_ms[0], devices()["qs-ndyag-532-1064"].pulse_ms[0]
    assert within("ps-ndyag-532-1064", short, 0.4) == [True]
    assert within("ps-ndyag-532-1064", short, 3.0) == [False]
    assert within("qs-ndyag-532-1064", long, 3.0) == [True]
    assert within("qs-ndyag-532-1064", long, 0.4) == [False]


def test_a_dose_that_no_source_prints_is_not_judged() -> None:
    assert check(cell_of("facial-telangiectasia", "IV"), dye(8.0)).doses == ()


def test_energy_of_columns_is_compared_and_not_their_fluence() -> None:
    cell = cell_of("acne-scars", "IV")

    def within(energy_mJ: float) -> list[bool]:
        device = devices()["fractional-1550"]
        settings: dict[str, Any] = {"wavelength_nm": 1550.0, "pulse_ms": device.pulse_ms[0]}
        beam = MicrobeamSetting(energy_mJ, 100.0, 200.0, "gaussian")
        found = check(cell, option("non-ablative-fractional", 1, device.name, microbeam=beam, **settings))
        return [dose.is_within for dose in found.doses]

    assert within(40.0) == [True]
    assert within(8.0) == [False]


def test_a_pair_is_recognised_by_either_part_and_a_lamp_by_any_filter() -> None:
    pair = GuidelineTreatment("vascular", ("pdl-595+ndyag-1064",), "")
    lamp = GuidelineTreatment("vascular", ("ipl-525",), "")
    assert is_treatment_of(OfferedTreatment("vascular", 1, frozenset({"pdl-595"})), pair)
    assert is_treatment_of(OfferedTreatment("vascular", 1, frozenset({"ndyag-1064-long"})), pair)
    assert not is_treatment_of(OfferedTreatment("vascular", 1, frozenset({"ktp-532"})), pair)
    assert is_treatment_of(OfferedTreatment("vascular", 1, frozenset({"ipl-560"})), lamp)
    assert not is_treatment_of(OfferedTreatment("vascular", 1, frozenset({"pdl-595"})), lamp)


def test_a_treatment_without_light_is_recognised_by_its_modality() -> None:
    needling = GuidelineTreatment("radiofrequency", ("rf-needling",), "")
    assert is_treatment_of(OfferedTreatment("radiofrequency", 1), needling)
    assert not is_treatment_of(OfferedTreatment("microneedling", 1), needling)


def test_every_first_light_is_recognised_on_some_shipped_device_or_none_is_shipped() -> None:
    """A class that no device has would make a cell fail whatever a plan offers."""
    shipped = frozenset(name for device in devices().values() for name in device.classes)
    lacking = {
        name
        for cell in load_cells()
        if cell.first is not None and cell.first.device_classes and cell.firmness in ("firm", "fair")
        for name in cell.first.device_classes
        if not is_treatment_of(
            OfferedTreatment(cell.first.treatment, 1, shipped),
            GuidelineTreatment(cell.first.treatment, (name,), ""),
        )
    }
    assert lacking <= {"ps-755-array"}


def test_a_device_of_a_clinic_has_no_class() -> None:
    offer = option("vascular", 1, "our-laser", wavelength_nm=595.0, pulse_ms=6.0, fluence_J_cm2=8.0)
    assert offer.device_classes == frozenset()


def test_scores_count_firm_and_fair_cells_only() -> None:
    firm = cell_of("facial-telangiectasia", "II")
    thin = next(cell for cell in load_cells() if cell.firmness == "thin")
    unknown = next(cell for cell in load_cells() if cell.first is None)
    checks = [check(firm, dye(8.0)), check(firm, ktp(1), dye(20.0, 2)), check(firm), check(thin), check(unknown)]
    score = score_checks(checks)
    assert (score.cells, score.leading, score.without_avoided) == (3, 2, 3)
    assert (score.doses, score.doses_within) == (2, 1)
