"""Options of a plan: ranked, within what the device can, and within limits that hold when they are simulated again."""

import copy
import math
from itertools import chain, combinations, pairwise
from pathlib import Path
from statistics import NormalDist, mean
from typing import Any

import pytest
from consultations import (
    CONDITIONS,
    EXAMPLES,
    NAMED,
    PERSON,
    concern,
    devices,
    document,
    example,
    laser_options,
)

from skinbeam.course.aftercare import RuleRange, session_range
from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.table import guideline_cell
from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import SURFACE_MODALITIES, condition_subtypes, vocabulary_table
from skinbeam.plan.options import visit_ranges
from skinbeam.plan_records.course import SourceRange
from skinbeam.response.goals import condition_vessels, laser_choices, list_alternatives, unknown_depth
from skinbeam.response.limits import effect_target, find_limits

VEINS = PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")


SHOWN = [
    file
    for file in CONDITIONS
    if file.stem.split("-")[0] in ("age", "acne", "dynamic", "facial", "redness", "wrinkles")
    and file.stem != "acne-scars-pigment-short-pulse"  # nothing is simulated of a lens array
]


every_shown = pytest.mark.parametrize("file", SHOWN, ids=lambda f: f.stem)


@every_shown
def test_options_are_ranked_and_always_hold_doing_nothing_and_the_alternatives(file: Path) -> None:
    for part in example(file)["concerns"]:
        options = part["options"]
        ranks = [option["rank"] for option in options]
        assert ranks == sorted(ranks)
        assert ranks[0] == 1
        names = [option["modality"] for option in options]
        assert names.count("no-treatment") == 1
        assert names[-1] == "no-treatment"
        kinds = found if isinstance(found := part.get("subtypes"), list) else ()
        assert {one.modality for one in list_alternatives(part["condition"], kinds)} <= set(names)


@every_shown
def test_what_was_computed_stands_beside_what_trials_counted_and_is_given_to_devices_alone(file: Path) -> None:
    for part in example(file)["concerns"]:
        for option in part["options"]:
            assert ("beside_trials" in option) == ("device" in option)
            if "device" not in option:
                assert set(option["p_effective"]) == set(option["p_harm"]) == {"unknown"}
                assert option["source"] in bibliography()


@every_shown
def test_the_device_can_emit_what_is_planned(file: Path) -> None:
    for option in laser_options(example(file)):
        settings = copy.deepcopy(option["settings"])
        assert settings.pop("wavelength_nm") == option["wavelength_nm"]
        tables = {"laser": {"device": option["device"], "wavelength_nm": option["wavelength_nm"]}}
        for name in ("microbeam", "cooling"):
            if name in settings:
                tables[name] = settings.pop(name)
        case = parse_record(Case, tables | {"settings": settings}, file="plan")
        beam = resolve_beam(case, file.parent)
        assert beam.wavelength_nm == option["wavelength_nm"]
        assert beam.pulse_ms == pytest.approx(settings["pulse_ms"])
        # The sub-pulses that are told are those that the device makes when nobody says any.
        assert ("subpulses" in settings) == bool(beam.trains)
        by_device = {name: value for name, value in settings.items() if not name.startswith("subpulse")}
        assert (
            resolve_beam(parse_record(Case, tables | {"settings": by_device}, file="plan"), file.parent).trains
            == beam.trains
        )


@every_shown
def test_limits_are_listed_and_none_is_broken(file: Path) -> None:
    for part in example(file)["concerns"]:
        for option in part["options"]:
            if "device" not in option:
                assert option["limits"] == []
                continue
            expected = [limit.id for limit in find_limits(option["modality"], part["site"], part["condition"])]
            assert [limit["id"] for limit in option["limits"]] == expected
            for limit in option["limits"]:
                assert limit["status"] in ("met", "warn")
                # Published doses may break a limit with a warning, but not that of burns, cooling and density.
                firm = limit["quantity"] in ("p_burn", "basal_minimum_C", "coverage_fraction", "beam_coverage_fraction")
                assert limit["share"] >= limit["share_required"] or (limit["status"] == "warn" and not firm)
            burns = "epidermal-burn" in expected
            assert option["p_harm"]["median"] <= (0.1 if burns else 0.05)
            # What the error of depths would add is told beside it, and is never less; in a burn it is counted.
            doubts = [harm["p"] for harm in option["harms"] if harm["name"] == "injury-if-model-errs"]
            assert len(doubts) == (not burns)
            assert all(doubt["median"] >= option["p_harm"]["median"] for doubt in doubts)


@pytest.mark.parametrize("name", ["facial-telangiectasia-vascular", "redness-vascular"])
def test_the_burn_limit_holds_when_the_plan_is_simulated_again(name: str) -> None:
    """Through `skinbeam threshold` on skin of other draws, at the settings of the plan and with its cooling."""
    from skinbeam.api.threshold import find_threshold
    from skinbeam.published_doses.calibration import BurnLight, burn_calibration

    made = example(EXAMPLES / "conditions" / f"{name}.toml")
    (option,) = laser_options(made)
    part, assessment = made["concerns"][0], made["assessment"]
    settings = copy.deepcopy(option["settings"])
    del settings["wavelength_nm"]  # a case file names it beside the device
    dose = settings["fluence_J_cm2"]
    case: dict[str, Any] = {
        "patient": {"age_years": assessment["age_years"], "sex": assessment["sex"]},
        "skin": {"site": part["site"], "ita_deg": assessment["ita_deg"]},
        "laser": {"device": option["device"], "wavelength_nm": option["wavelength_nm"]},
    }
    if "cooling" in settings:
        case["cooling"] = settings.pop("cooling")
    pulse = LoadedCase(parse_record(Case, case | {"settings": settings}, file="case"), EXAMPLES, "case")
    found = find_threshold(pulse, "epidermal-necrosis", of=None, draws=400, seed=7).to_dict()
    # Computed doses of people are taken as lognormal about their median, ED16 one standard deviation below; each tenth
    # of them has its own probability under the calibration, and the mean is held against the limit.
    spread = math.log(found["dose"]["median"] / found["dose"]["low"])
    normals = NormalDist().inv_cdf
    computed = [found["dose"]["median"] * math.exp(spread * normals((tenth + 0.5) / 10)) for tenth in range(10)]
    lamp = option["device"] == "ipl"
    light = BurnLight(option["wavelength_nm"], settings["pulse_ms"] * 1e-3, settings["spot_mm"], lamp=lamp)
    calibration = burn_calibration(light)
    assert mean(float(calibration.p_reached(dose / one)) for one in computed) <= 0.1


def test_short_pulses_on_a_brown_spot_have_a_dose_that_the_guideline_prints() -> None:
    """The calibration of all light calls it a burn in more than one in ten; clinics who give it counted fewer."""
    (option,) = laser_options(example(EXAMPLES / "conditions" / "age-spots-pigment-short-pulse.toml"))
    cell = guideline_cell("age-spots", "", "cheeks", "II")
    assert cell is not None
    printed = [dose for dose in doses_of_cell(cell) if dose.device_class == "qs-532"]
    assert any(dose.low <= option["settings"]["fluence_J_cm2"] <= dose.high for dose in printed)
    assert option["p_harm"]["median"] <= 0.1


def test_the_goal_of_a_vascular_option_is_the_vessel_that_the_plan_prints() -> None:
    for condition in ("facial-telangiectasia", "spider-angioma", "redness", "poikiloderma"):
        ((_, size, depth),) = condition_vessels(condition).parts
        target = vocabulary_table("condition")[condition]["target"][0]
        assert depth is not None
        assert (size.value, depth.value) == (target["size_um"]["value"], target["depth_um"]["value"])


def test_a_kind_of_vein_that_is_described_has_its_own_width_and_any_other_the_usual_one() -> None:
    def widest_um(*kinds: str) -> list[float]:
        return [size.high for _, size, _ in condition_vessels("facial-telangiectasia", kinds).parts]

    (usual,) = widest_um()
    assert widest_um("fine-red") == widest_um("blue", "fine-red") == [usual]
    (wide,) = widest_um("over-1-mm")
    assert usual < 1000 < wide
    assert widest_um("over-1-mm", "fine-red") == [usual, wide]


def test_where_the_clinic_names_its_devices_each_is_answered() -> None:
    names = ("pulsed-dye-595", "ipl", "ndyag-1064")
    made = document(PERSON + concern("facial-telangiectasia", extra="") + devices(*names))
    offered = {option["device"] for option in laser_options(made)}
    refused = {record["device"] for record in made["concerns"][0]["refused"] if "device" in record}
    assert offered | refused == set(names)
    assert not offered & refused


def test_where_the_clinic_names_none_each_kind_of_laser_is_answered() -> None:
    """Sources name no full-field ablation for moderate lines of the cheeks; that it was not tried was not said."""
    made = document(PERSON + concern("wrinkles", extra='severity = "moderate"\n'))["concerns"][0]
    answered = {one["modality"] for one in (*made["options"], *made["refused"])}
    assert set(laser_choices("wrinkles", "cheeks")[0]) <= answered
    (record,) = (one for one in made["refused"] if one["modality"] == "ablative")
    assert [reason["id"] for reason in record["reasons"]] == ["plan.other-light-named"]


@pytest.mark.parametrize(
    ("condition", "phototype", "wavelength_nm"),
    [
        ("facial-telangiectasia", "III", 532.0),
        ("spider-angioma", "II", 532.0),
        ("spider-angioma", "III", 1064.0),
        ("skin-texture", "III", 1927.0),
    ],
)
def test_where_the_clinic_names_none_a_light_that_sources_name_is_planned_without_a_printed_dose(
    condition: str, phototype: str, wavelength_nm: float
) -> None:
    """Green light, which sources name first for veins, was told of only where no other light reached enough skins."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{phototype}"')
    made = document(person + concern(condition, extra=NAMED if condition == "spider-angioma" else ""))
    lights = [option["wavelength_nm"] for option in laser_options(made)]
    assert lights.count(wavelength_nm) == 1
    assert len(set(lights)) == len(lights)  # one machine of each class


def test_where_the_clinic_names_none_a_named_light_that_reaches_nobody_is_refused_with_the_reason() -> None:
    brown = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"III"')
    refused = document(brown + concern("age-spots", extra=NAMED))["concerns"][0]["refused"]
    (record,) = (one for one in refused if one.get("device") == "ktp-532")
    assert [reason["id"] for reason in record["reasons"]] == ["plan.too-weak-undosed"]


def test_a_dose_that_ends_at_the_machine_says_so() -> None:
    """1440 nm of this machine ends at 9 mJ, and what goes as deep as 17 to 20 mJ at 1550 nm is more."""
    made = document(PERSON + concern("laxity", extra="") + devices("fractional-diode-1440-1927"))
    (option,) = (one for one in laser_options(made) if one["wavelength_nm"] == 1440.0)
    assert option["settings"]["microbeam"]["energy_mJ"] == 9.0
    (reason,) = (one for one in option["reasons"] if one["rule"] == "published-dose")
    assert reason["message"]["id"] == "plan.dose-of-machine"
    assert reason["message"]["params"]["dose"]["params"] == {"dose": 9.0, "unit": "mJ"}


def fluence(text: str) -> float:
    (option,) = laser_options(document(text))
    dose: float = option["settings"]["fluence_J_cm2"]
    return dose


# --- colour ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phototype", ["IV", "V", "VI"])
def test_a_phototype_that_no_such_colour_has_is_measured_again_before_any_laser(phototype: str) -> None:
    doubt = document(VEINS.replace('"II"', f'"{phototype}"'))
    assert [warning["code"] for warning in doubt["warnings"]] == ["colour-conflict"]
    assert doubt["suitability"]["decision"] == "refer"
    assert "colour-contradicts" in {reason["rule"] for reason in doubt["suitability"]["reasons"]}
    assert laser_options(doubt) == []
    assert doubt["test_spots"] == []
    fits = document(VEINS)
    assert fits["warnings"] == []
    assert laser_options(fits)


@pytest.mark.check  # four plans; each device is held to it by dose in test_darker_skin
def test_darker_skin_never_fares_better() -> None:
    shares = []
    for ita in (62.0, 55.0, 45.0, 34.0):
        made = document(VEINS.replace("60.0", f"{ita}").replace('phototype = "II"\n', ""))
        shares.append(max((o["p_effective"]["median"] for o in laser_options(made)), default=0.0))
    # Where published doses hold the dose, colours get one dose, and their shares of 100 draws differ by one of them.
    assert all(darker <= lighter + 0.01 + 1e-9 for lighter, darker in pairwise(shares))
    assert shares[0] > effect_target().least
    assert shares[-1] < shares[0]


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
def test_an_option_names_one_number_of_sessions(condition: str) -> None:
    """Three to six sessions stood beside an interval, and two to four beside their number."""
    stated = Concern(condition=condition, site="cheeks")
    for modality in laser_choices(condition, "cheeks")[0]:
        sessions, interval, _ = visit_ranges(modality, stated)
        ruled = session_range(modality, condition, site="cheeks")
        if isinstance(sessions, Unknown):
            continue
        if isinstance(interval, SourceRange) and isinstance(ruled, RuleRange) and interval.text == ruled.message:
            assert (sessions.low, sessions.high) == (ruled.low, ruled.high)
        told = {} if sessions.text is None else sessions.text.params
        if "least" in told:
            inside = (told.get("low", told["least"]), told.get("high", told["most"]))
            assert inside == (sessions.low, sessions.high) or sessions.low == sessions.high


@pytest.mark.parametrize(
    ("condition", "phototype", "device", "told"),
    [
        ("facial-telangiectasia", "V", "ndyag-1064", "Less than lighter skin gets"),
        ("age-spots", "III", "qs-ndyag-532-1064", "Lowered for this skin"),
    ],
)
def test_a_dose_that_a_plan_moved_below_the_published_ones_is_told_so_and_not_as_beyond_practice(
    condition: str, phototype: str, device: str, told: str
) -> None:
    person = PERSON.replace('phototype = "II"\nita_deg = 60.0', f'phototype = "{phototype}"')
    (option,) = laser_options(document(person + concern(condition) + devices(device)))
    assert option["practice"]["text"].startswith(told)
    assert not option["beyond_practice"]
    assert "Beyond practice" not in option["rank_reason"]["text"]


@pytest.mark.parametrize("modality", SURFACE_MODALITIES)
@pytest.mark.parametrize("condition", known_conditions())
def test_the_depth_of_kinds_is_known_where_any_of_them_has_one(condition: str, modality: str) -> None:
    """Ice-pick scars reach further than the depth that sources print for shallow boxcar scars."""
    every = condition_subtypes(condition)
    for kinds in chain.from_iterable(combinations(every, count) for count in range(len(every) + 1)):
        is_unknown = unknown_depth(condition, modality, kinds) is not None
        has_depth = not kinds or not {"boxcar", "rolling"}.isdisjoint(kinds)
        assert is_unknown is (condition == "acne-scars" and not has_depth)
        assert unknown_depth(condition, "vascular", kinds) is None


@pytest.mark.parametrize(("phototype", "device"), [("II", "fractional-co2-10600"), ("V", "fractional-1550")])
def test_light_on_ice_pick_scars_alone_has_no_share_of_skins_that_it_is_enough_for(phototype: str, device: str) -> None:
    person = PERSON.replace('phototype = "II"\nita_deg = 60.0', f'phototype = "{phototype}"') + devices(device)
    deep, mixed = (
        document(person + concern("acne-scars", extra=f"subtypes = {kinds}\n{NAMED}"))
        for kinds in ('["ice-pick"]', '["ice-pick", "boxcar"]')
    )
    (own,), (other,) = laser_options(deep), laser_options(mixed)
    assert "ice-pick" in own["p_effective"]["unknown"]
    assert own.get("beside_trials") is None
    assert own["settings"] == other["settings"]
    assert own["p_harm"] == other["p_harm"]
    assert 0.0 <= other["p_effective"]["median"] <= 1.0
    ranks = [option["rank"] for option in deep["concerns"][0]["options"]]
    assert ranks == sorted(ranks)
    assert own["rank"] < ranks[-1]
