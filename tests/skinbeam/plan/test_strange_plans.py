"""What would be strange to a doctor in plans of clinics with few devices: each test holds a class of such plans."""

import itertools
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options, loaded
from paths import ROOT

from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.table import guideline_cell
from skinbeam.laser.device import devices as every_device
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import PHOTOTYPES, vocabulary_table
from skinbeam.plan.printed_dose import DOSE_ROUNDING
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.propose import propose_setting
from skinbeam.plan.ranking import LEAST_REACHED
from skinbeam.response.goals import laser_choices
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import read_earlier_pulses

CONDITIONS = sorted(vocabulary_table("condition"))


def person(phototype: str) -> str:
    return f'\n[patient]\nage_years = 45\nphototype = "{phototype}"\n'


@cache
def middles(condition: str, site: str = "cheeks") -> dict[tuple[str, str], list[Proposal | None]]:
    """The proposals of each modality and device at a site, by phototype from I to VI."""
    found: dict[tuple[str, str], list[Proposal | None]] = {}
    for phototype in PHOTOTYPES:
        tables = {"patient": {"age_years": 45.0, "phototype": phototype}}
        tables["concern"] = [{"condition": condition, "site": site, "severity": "moderate"}]  # type: ignore[assignment]
        case = parse_record(Case, tables, file="case")
        (asked,) = case.concern
        for modality in laser_choices(condition, site)[0]:
            for name, device in every_device().items():
                if modality in device.modalities and modality != "ablative":
                    machine = SearchMachine(name, device)
                    made = propose_setting(case, asked, modality, machine)
                    found.setdefault((modality, name), []).append(made)
    return found


def is_of_guideline(one: Proposal | None, condition: str, phototype: str) -> bool:
    """Whether the cell of such skin prints the dose of a proposal."""
    cell = guideline_cell(condition, "", "cheeks", phototype)
    if one is None or cell is None or one.condition != condition:
        return False
    if one.lighter_phototype is not None or one.darker_phototype is not None:  # printed for other skin
        return False
    return any((dose.low, dose.high) == (one.low, one.high) for dose in doses_of_cell(cell))


@pytest.mark.parametrize("condition", CONDITIONS)
def test_lighter_skin_is_not_refused_a_dose_that_the_guideline_prints_for_darker_skin(condition: str) -> None:
    """A lamp had a dose for age spots of phototype III and none for I and II, who bear it better."""
    for made in middles(condition).values():
        printed = [is_of_guideline(one, condition, name) for one, name in zip(made, PHOTOTYPES, strict=True)]
        darkest = max((place for place, own in enumerate(printed) if own), default=-1)
        assert None not in made[: darkest + 1]


@pytest.mark.parametrize("site", ["cheeks", "hands"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_darker_skin_gets_no_more_at_the_same_setting(condition: str, site: str) -> None:
    """On the hands 1550 nm had 8.5 mJ in phototype II and 20 mJ in III and IV, whom other sources treated."""
    for made in middles(condition, site).values():
        for lighter, darker in itertools.pairwise(made):
            if lighter is not None and darker is not None and darker.setting == lighter.setting:
                rounding = 1.0 if darker.condition == lighter.condition else DOSE_ROUNDING  # of lent settings
                assert darker.middle <= 1.001 * rounding * lighter.middle
                assert darker.high <= 1.001 * rounding * lighter.high


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_borrowed_dose_is_no_more_than_that_of_lighter_skin(condition: str) -> None:
    """Dark skin was lent the short violet pulse of port-wine stains, and phototype VI more than V had."""
    for (modality, name), made in middles(condition).items():
        # Types V and VI get no yellow light without cooling: the rule `uncooled-yellow-dark-skin`.
        is_cooled = modality != "vascular" or every_device()[name].cooling or every_device()[name].is_lamp
        for lighter, darker in itertools.pairwise(made if is_cooled else made[: PHOTOTYPES.index("V")]):
            if lighter is not None and darker is not None and darker.lighter_phototype is not None:
                assert darker.middle <= DOSE_ROUNDING * lighter.middle


@pytest.mark.parametrize("condition", CONDITIONS)
def test_at_one_setting_darker_skin_is_proposed_no_more(condition: str) -> None:
    """Phototype V had 7.6 J/cm² on a spider angioma of the nose where IV had 6.6, in the same pulse and spot."""
    for site in ("cheeks", "nose"):
        for (modality, device), made in middles(condition, site).items():
            known = [one for one in made if one is not None and not every_device()[device].microbeam]
            most = 1.001 if modality == "vascular" else 4.01 / 3.0  # printed doses for spots, as `docs/limits.md` says
            for lighter, darker in itertools.combinations(known, 2):
                if lighter.setting == darker.setting:
                    assert darker.middle <= most * lighter.middle, (site, device)


@pytest.mark.parametrize("site", ["eyelid", "periorbital", "neck"])
@pytest.mark.parametrize("phototype", ["II", "IV"])
def test_columns_keep_their_limit_of_depth_where_skin_is_thin(site: str, phototype: str) -> None:
    """Acne scars of the lid had 38 mJ at 1550 nm, which goes through it in more than half of such skins."""
    case = devices("fractional-1550") + person(phototype) + concern("acne-scars", site=site)
    (asked,) = document(case)["concerns"]
    for option in asked["options"]:
        if option.get("device") == "fractional-1550":
            assert all(limit["status"] != "not_met" for limit in option["limits"])
            assert option["p_harm"]["median"] < 0.1


@pytest.mark.parametrize("condition", CONDITIONS)
def test_columns_go_no_less_deep_into_lighter_skin(condition: str) -> None:
    """The depth of a column depends on no colour: scars of phototype I had a quarter of the energy of those of IV.

    A cell of the guideline that prints an energy for the lighter skin itself is followed.
    """
    for (_, name), made in middles(condition).items():
        if not every_device()[name].microbeam:
            continue
        own = [is_of_guideline(one, condition, phototype) for one, phototype in zip(made, PHOTOTYPES, strict=True)]
        for place, lighter in enumerate(made):
            darker = next((one for one, printed in zip(made[place:], own[place:], strict=True) if printed), None)
            if darker is not None:
                assert lighter is not None
                assert own[place] or lighter.middle >= darker.middle


@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_lamp_lets_more_light_through_than_the_printed_filter(condition: str) -> None:
    """A dose that is printed for a filter from 560 nm was planned with one from 515 nm in the darkest skin."""
    cells = [cell for name in PHOTOTYPES if (cell := guideline_cell(condition, "", "cheeks", name)) is not None]
    filters = {
        (dose.low, dose.high): float(dose.device_class.removeprefix("ipl-"))
        for cell in cells
        for dose in doses_of_cell(cell)
        if dose.device_class.startswith("ipl-") and dose.device_class.removeprefix("ipl-").isdigit()
    }
    for (_, name), made in middles(condition).items():
        for one in made:
            if one is not None and every_device()[name].is_lamp and (one.low, one.high) in filters:
                assert one.setting.wavelength_nm >= filters[one.low, one.high]


@pytest.mark.parametrize("site", ["cheeks", "hands"])
@pytest.mark.parametrize("condition", ["uneven-pigmentation", "dull-complexion"])
def test_no_skin_lacks_the_lamp_that_lighter_and_darker_skin_get(condition: str, site: str) -> None:
    """A lamp for uneven pigment of the hands had a dose for types II and IV and none for III.

    The guideline names a redder filter there than sources print a dose with.
    """
    made = middles(condition, site)["pigment-long-pulse", "ipl"]
    treated = [one for one in made[: PHOTOTYPES.index("IV") + 1] if one is not None]
    assert len(treated) == PHOTOTYPES.index("IV") + 1
    for lighter, darker in itertools.pairwise(treated):
        assert darker.start <= 1.001 * lighter.start
        assert darker.setting.wavelength_nm >= lighter.setting.wavelength_nm


def test_a_red_field_gets_no_dose_that_bruises() -> None:
    """Diffuse redness got the dose of port-wine stains, 7 J/cm² in 10 mm, from a dye laser without cooling."""
    proposals = [one for made in middles("redness").values() for one in made if one is not None]
    assert proposals
    assert not [one for one in proposals if one.condition == "port-wine-stain"]


@pytest.mark.parametrize("condition", ["surgical-scars", "spider-angioma"])
def test_a_laser_without_cooling_gets_less_than_sources_print_for_cooled_skin(condition: str) -> None:
    """Red scars got 7 J/cm² at 585 nm, the dose from which uncooled skin burns, of 7 to 10 J/cm² below a spray."""
    made = middles(condition)["vascular", "pulsed-dye-585"][: PHOTOTYPES.index("IV") + 1]
    moved = [one.uncooled for one in made if one is not None]
    assert len(moved) == PHOTOTYPES.index("IV") + 1
    for one, how in zip(made, moved, strict=True):
        assert one is not None
        assert how is not None
        assert how.factor < 1.0
        assert one.printed_range == pytest.approx(tuple(how.factor * dose for dose in how.printed))
    cooled = [one for one in middles(condition)["vascular", "pulsed-dye-595"] if one is not None]
    assert cooled
    assert not [one for one in cooled if one.uncooled is not None]


@pytest.mark.parametrize("site", ["decolletage", "hands", "arms"])
@pytest.mark.parametrize("condition", ["surgical-scars", "spider-angioma", "facial-telangiectasia"])
def test_a_laser_without_cooling_gives_no_more_off_the_face(condition: str, site: str) -> None:
    """Spider angiomas of the hands got 6.8 J/cm² at 585 nm and those of the cheek 6.2, as cold spares the face more."""
    face, other = (middles(condition, where)["vascular", "pulsed-dye-585"] for where in ("cheeks", site))
    pairs = [(on, off) for on, off in zip(face, other, strict=True) if on is not None and off is not None]
    assert len(pairs) >= PHOTOTYPES.index("IV") + 1
    assert all(off.high <= on.high and off.middle <= on.middle for on, off in pairs)


@pytest.mark.parametrize(("kind", "site"), [("fine-red", "nose"), ("over-1-mm", "cheeks"), ("blue", "cheeks")])
@pytest.mark.parametrize("phototype", ["II", "III", "IV"])
def test_a_lamp_heats_no_kind_of_vein_in_a_shorter_pulse_than_fine_ones(kind: str, site: str, phototype: str) -> None:
    """Veins over 1 mm, blue ones and the nose had 18.5 J/cm² in 10 ms, and fine veins of the cheek 16.5 in 20 ms."""

    def proposed(kind: str, site: str) -> Proposal:
        tables: dict[str, Any] = {"patient": {"age_years": 45.0, "phototype": phototype}}
        tables["concern"] = [{"condition": "facial-telangiectasia", "site": site, "subtypes": [kind]}]
        case = parse_record(Case, tables, file="case")
        (asked,) = case.concern
        found = propose_setting(case, asked, "vascular", SearchMachine("ipl", every_device()["ipl"]))
        assert found is not None
        return found

    usual, other = proposed("fine-red", "cheeks"), proposed(kind, site)
    assert (other.setting, other.start, other.high) == (usual.setting, usual.start, usual.high)


@pytest.mark.parametrize("condition", ["keloid", "hypertrophic-scars"])
def test_a_dose_printed_without_a_pulse_gets_a_usual_one(condition: str) -> None:
    """The dose for keloids at 585 nm was given in the laser's shortest pulse, 0.25 ms, with which nobody treats."""
    made = middles(condition)["vascular", "pulsed-dye-585"][: PHOTOTYPES.index("III") + 1]
    assert [one.setting.pulse_ms for one in made if one is not None] == [0.45] * 3


@pytest.mark.parametrize("phototype", ["II", "V"])
@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("uneven-pigmentation", ("ps-alexandrite-755", "ps-array-755")),
        ("age-spots", ("ps-ndyag-532-1064", "ps-array-ndyag-532-1064")),
        ("acne-scars", ("ps-array-755", "fractional-1550", "ipl")),
    ],
)
def test_every_device_of_the_clinic_is_offered_or_refused(
    condition: str, names: tuple[str, ...], phototype: str
) -> None:
    """A head with a lens array without a printed dose was neither."""
    plan = document(person(phototype) + concern(condition) + devices(*names), draws=50)
    (part,) = plan["concerns"]
    named = {one["device"] for one in part["options"] if one.get("device")}
    named |= {one["device"] for one in part["refused"] if one.get("device")}
    whole = {one["modality"] for one in part["refused"] if not one.get("device")}
    used = set(laser_choices(condition, "cheeks")[0])
    for name in names:
        left = (set(every_device()[name].modalities) & used) - whole
        assert name in named or not left


@pytest.mark.parametrize("phototype", ["V", "VI"])
def test_a_machine_with_two_lights_is_judged_by_the_one_that_the_guideline_names(phototype: str) -> None:
    """Sources begin with nanoseconds of 1064 nm; the machine was refused because its other light is green."""
    plan = document(person(phototype) + concern("age-spots") + devices("qs-ndyag-532-1064"), draws=50)
    (part,) = plan["concerns"]
    offered = [one for one in part["options"] if one.get("device")]
    refused = [one for one in part["refused"] if one.get("device") == "qs-ndyag-532-1064"]
    assert all(one["wavelength_nm"] == 1064.0 for one in offered)
    assert offered or refused
    assert not any("532 nm) are not used" in reason for one in refused for reason in map(str, one["reasons"]))


def test_a_rule_against_a_treatment_is_told_before_the_advice_of_sources() -> None:
    """An undiagnosed spot was not frozen because "sources begin with a picosecond laser"."""
    undiagnosed = NAMED.replace("diagnosed = true", "diagnosed = false")
    undiagnosed = "\n".join(line for line in undiagnosed.splitlines() if line.startswith("diagnosed ="))
    plan = document(person("III") + concern("age-spots", extra=undiagnosed), draws=50)
    (part,) = plan["concerns"]
    (freezing,) = (one for one in part["refused"] if one["modality"] == "cryotherapy")
    assert "undiagnosed" in str(freezing["reasons"])


def test_an_earlier_pulse_is_told_in_its_usual_unit() -> None:
    """A nanosecond was written as 1e-06 ms."""
    spot = (
        '\n[[test_spot]]\ndevice = "qs-ndyag-532-1064"\nsite = "cheeks"\nwavelength_nm = 532.0\nfluence_J_cm2 = 2.0\n'
    )
    spot += 'pulse_ms = 1e-5\nspot_mm = 3.0\nread_after_h = 96\nreaction = "blister"\n'
    ((pulse,), _) = read_earlier_pulses(loaded(person("IV") + concern("age-spots") + spot).case, ())
    assert "pulse 10 ns" in pulse.description


@pytest.mark.parametrize(
    ("condition", "site", "phototype", "name"),
    [
        ("facial-telangiectasia", "cheeks", "II", "pulsed-dye-595"),
        ("facial-telangiectasia", "eyelid", "II", "pulsed-dye-595"),
        ("surgical-scars", "cheeks", "IV", "pulsed-dye-595"),
        ("acne-scars", "cheeks", "I", "fractional-co2-10600"),
        ("age-spots", "hands", "II", "alexandrite-755"),
    ],
)
def test_a_dose_that_is_called_the_middle_is_the_middle(condition: str, site: str, phototype: str, name: str) -> None:
    """On a lid 6.5 J/cm² was called the middle of 7 to 9, and one printed dose "8 to 8"."""
    plan = document(person(phototype) + concern(condition, site) + devices(name), draws=50)
    (part,) = plan["concerns"]
    offered = [one for one in part["options"] if one.get("device") == name]
    assert offered
    for one in offered:
        settings = one["settings"]
        dose = settings.get("fluence_J_cm2") or settings["microbeam"]["energy_mJ"]
        (reason,) = (reason for reason in one["reasons"] if reason["rule"] == "published-dose")
        message = reason["message"]
        said = str(message)
        case = loaded(person(phototype) + concern(condition, site)).case
        (asked,) = case.concern
        machine = SearchMachine(name, every_device()[name])
        proposal = propose_setting(case, asked, one["modality"], machine)
        assert proposal is not None
        low, high = proposal.printed or (proposal.low, proposal.high)
        assert f"{low:.3g}" in said
        assert f"{high:.3g}" in said
        assert f"{low:.3g} to {low:.3g} " not in said
        if message["id"] == "plan.dose-of-practice":
            assert proposal.middle / DOSE_ROUNDING <= dose <= DOSE_ROUNDING * proposal.middle
        else:
            assert f"{dose:.3g}" in said


def test_the_middle_of_a_wider_range_is_that_of_the_sources() -> None:
    """A range that is widened, because one figure stands for one skin, is told as it was printed."""
    case = loaded(person("II") + concern("age-spots", "hands")).case
    (asked,) = case.concern
    machine = SearchMachine("alexandrite-755", every_device()["alexandrite-755"])
    found = propose_setting(case, asked, "pigment-long-pulse", machine)
    assert found is not None
    assert found.printed is not None
    low, high = found.printed
    assert found.low < low <= high < found.high
    doses = replace(found, printed=None).range_parameters["doses"]
    assert doses != found.range_parameters["doses"]


def test_columns_that_the_guideline_names_are_offered_however_few_they_are_computed_to_reach() -> None:
    """White surgical scars of phototype IV: sources name fractional CO2 second; how deep it must go is a judgement."""
    text = (ROOT / "examples" / "consultations" / "surgical-scars-IV.toml").read_text(encoding="utf-8")
    offered = {option["device"]: option for option in laser_options(document(text))}
    assert offered["fractional-co2-10600"]["p_effective"]["median"] < 0.25


def test_light_that_the_guideline_names_without_a_dose_is_tried_where_no_other_reaches_enough() -> None:
    """Spider angiomas of IV: 585 nm reaches 5 of 100, and 1064 nm, named second without a dose, was not tried."""
    person = PERSON.replace('"II"\nita_deg = 60.0', '"IV"')
    options = laser_options(document(person + concern("spider-angioma")))
    reached = {one["device"]: one["p_effective"]["median"] for one in options}
    assert options[0]["device"] == "ndyag-1064"
    assert reached["ndyag-1064"] > LEAST_REACHED


@pytest.mark.parametrize(("site", "is_offered"), [("cheeks", True), ("nose", True), ("neck", False), ("arms", False)])
def test_medicine_for_rosacea_is_for_the_face(site: str, is_offered: bool) -> None:
    """Red arms got creams and pills for rosacea first."""
    (part,) = document(PERSON + concern("redness", site, extra=""))["concerns"]
    offered = {one["modality"] for one in part["options"]}
    assert ("rosacea-medication" in offered) is is_offered
    assert ("topical-vasoconstrictor" in offered) is is_offered
    told = {reason["rule"] for one in part["options"] if "device" in one for reason in one["reasons"]}
    assert ("redness-off-face-light" in told) is not is_offered


def test_the_judgement_that_lends_no_dose_is_among_the_sources() -> None:
    plan = document(PERSON + concern("uneven-pigmentation") + devices("qs-ruby-694", "ipl"))
    assert [one["device"] for one in laser_options(plan)] == ["ipl"]
    assert "judgementfields" in plan["sources"]


def refusals(plan: dict[str, Any], modality: str, place: int = 0) -> list[str]:
    """The sentences by which a plan refuses a modality for a concern."""
    parts = (one for one in plan["concerns"][place]["refused"] if one["modality"] == modality)
    return [reason["text"] for part in parts for reason in part["reasons"]]


@pytest.mark.parametrize(
    ("site", "owned", "modality", "condition", "elsewhere"),
    [
        ("cheeks", ("ps-ndyag-532-1064",), "vascular", "facial-telangiectasia", "pulsed dye laser, 595 nm"),
        ("arms", ("ndyag-1064",), "pigment-short-pulse", "age-spots", "picosecond Nd:YAG laser, 532 nm"),
        # A lamp and 1064 nm pass through the lid, so that the clinic's light is none for it.
        ("eyelid", ("ipl", "ndyag-1064"), "vascular", "facial-telangiectasia", "pulsed dye laser, 595 nm"),
    ],
)
def test_a_clinic_that_lacks_the_light_says_what_another_one_may_have(
    site: str, owned: tuple[str, ...], modality: str, condition: str, elsewhere: str
) -> None:
    """Veins in a clinic without a laser for them got make-up first, and no word of the laser that closes them."""
    plan = document(person("III") + concern(condition, site) + devices(*owned))
    assert any(elsewhere in text and "Another clinic" in text for text in refusals(plan, modality))
    assert "leaflet_no_laser.other-clinic" in {one["text"]["id"] for one in plan["concerns"][0]["no_laser"]}


def test_no_other_clinic_is_named_for_light_that_is_refused_or_owned() -> None:
    veins = concern("facial-telangiectasia")
    tanned = person("III").replace("phototype", 'tan = "current"\nphototype')
    for text in (tanned + veins + devices("qs-ruby-694"), person("III") + veins):
        assert not any("Another clinic" in one for one in refusals(document(text), "vascular"))
    dark = document(person("VI") + concern("perioral-lines", "perioral") + devices("ktp-532"))
    assert not any("Another clinic" in one for one in refusals(dark, "ablative"))


@pytest.mark.parametrize(("condition", "site"), [("wrinkles", "hands"), ("perioral-lines", "perioral")])
def test_light_that_no_source_names_for_dark_skin_is_told_and_not_left_out(condition: str, site: str) -> None:
    """Of columns for the hands of type V those without a dose were refused; the usual ones stood nowhere."""
    text = person("V") + concern(condition, site)
    told = "Sources name no light for this in such skin."
    assert any(one.startswith(told) for one in refusals(document(text), "non-ablative-fractional"))
    is_refused = site == "hands"  # columns that remove skin are, off the face of such skin
    assert any(one.startswith(told) for one in refusals(document(text), "fractional-ablative")) is not is_refused
    assert refusals(document(text), "fractional-ablative")
    listed = document(text + devices("fractional-1550"))
    assert not any(one.startswith(told) for one in refusals(listed, "non-ablative-fractional"))
    lighter = document(person("II") + concern(condition, site))
    assert not any(one.startswith(told) for one in refusals(lighter, "fractional-ablative"))
