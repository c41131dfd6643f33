"""What earlier test spots and sessions did to the skin acts on the plan: an injuring dose is not offered again."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded

from skinbeam.assessment.questionnaire import has_marked, read_questionnaire
from skinbeam.assessment.reactions import UNREAD_REACTION, earlier_reactions, reaction_kinds, read_reaction_kinds
from skinbeam.evidence.peel_kinds import PEEL, peel_depth
from skinbeam.laser import device as lasers
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.model.case import Case, forms_raised_scars
from skinbeam.model.conditions import known_conditions
from skinbeam.model.consultation import REACTIONS
from skinbeam.model.per_hundred import per_hundred
from skinbeam.model.vocabulary import (
    COLUMN_MODALITIES,
    PIGMENT_MODALITIES,
    SURFACE_MODALITIES,
    WOUNDING_MODALITIES,
    laser_modalities,
)
from skinbeam.plan.device_option import DeviceRefusal
from skinbeam.plan.planner import _judge_for_clinic
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.propose import propose_setting
from skinbeam.plan.without_dose import _plan_device
from skinbeam.response.goals import treatment_goal
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.bounds import NO_BOUNDS, RuleBounds
from skinbeam.suitability.dose_bars import dose_bars
from skinbeam.suitability.history import reaction_reasons
from skinbeam.suitability.judgement import judge_case, judge_suitability

DYE = BeamSetting(595.0, 10.0, 10.0)
VEINS = PERSON + concern("facial-telangiectasia", extra="")
INJURIES = ("blister", "burn", "erosion", "scar")
MONTH_H = 28 * 24


def spot(reaction: str, more: str = "fluence_J_cm2 = 6.0", *, device: str = "pulsed-dye-595", hours: float = 24) -> str:
    return (
        f'\n[[test_spot]]\ndevice = "{device}"\nsite = "cheeks"\nread_after_h = {hours}\n'
        f'reaction = "{reaction}"\n{more}\n'
    )


def session(adverse: str, more: str = "", treats: str = "facial-telangiectasia") -> str:
    return f'\n[[session]]\nweek = 4\ntreats = "{treats}"\nadverse = ["{adverse}"]\n{more}\n'


def case(text: str) -> Case:
    return loaded(VEINS + text).case


def tried(text: str, name: str = "pulsed-dye-595", setting: BeamSetting = DYE) -> tuple[float, ...]:
    """The doses of a device that a plan may still try."""
    device = lasers.devices()[name]
    return SearchMachine(name, device, Path(), dose_bars(case(text), name, device)).doses(setting)


def rules_of(text: str, modality: str | None = None) -> dict[str, str]:
    return {reason.rule: reason.decision for reason in reaction_reasons(case(text), modality)}


@pytest.mark.parametrize(
    ("device", "dose", "waiting"),
    [
        ("fractional-co2-10600", "energy_mJ = 20.0", SURFACE_MODALITIES),
        ("er-yag-2940", "fluence_J_cm2 = 6.0", SURFACE_MODALITIES),
        ("pulsed-dye-595", "fluence_J_cm2 = 9.0", ("vascular", "pigment-long-pulse", *SURFACE_MODALITIES)),
    ],
)
def test_after_a_scar_no_laser_of_that_kind_is_planned(device: str, dose: str, waiting: tuple[str, ...]) -> None:
    """No part of a dose that scarred is known to be safe, and a wound of the surface may scar as well."""
    scarred = spot("scar", dose, device=device, hours=MONTH_H)
    for modality in laser_modalities():
        holds = rules_of(scarred, modality).get("earlier-scar") == "refer"
        assert holds is (modality in waiting), modality


SCARS = ("acne-scars", "surgical-scars", "hypertrophic-scars", "keloid")
NEW_SCARS = (
    "scar",
    "new scar still red",
    "hypertrophic scar",
    "keloid",
    "ectropion",
    "raised scars at the jaw",
    "ectropion better",
    "Narbe am Kinn",
    "hypertrophe Narbe",
    "Keloid",
    "wulstige Narben",
    "neue Narbe, noch rot",
)


@pytest.mark.parametrize("treats", SCARS)
@pytest.mark.parametrize("text", NEW_SCARS)
def test_a_scar_after_a_session_on_scars_is_a_new_one(text: str, treats: str) -> None:
    """After a scar by fractional CO2 on acne scars the same laser stood first on the same cheeks, at 10 mJ."""
    device = "fractional-1550" if "red" in text else "fractional-co2-10600"
    done = session(text, f'device = "{device}"\nenergy_mJ = 30.0', treats)
    for modality in SURFACE_MODALITIES:
        assert rules_of(done, modality).get("earlier-scar") == "refer", modality
    for modality in ("microneedling", "radiofrequency"):
        assert "earlier-scar" in decision_without_laser(done, modality, "acne-scars")[1], modality


@pytest.mark.parametrize("treats", ["acne-scars", "surgical-scars"])
@pytest.mark.parametrize("text", ["hypertrophic scar flatter", "keloid still red", "hypertrophe Narbe weicher"])
def test_a_raised_scar_is_new_where_no_raised_scar_was_treated(text: str, treats: str) -> None:
    done = session(text, 'device = "fractional-co2-10600"\nenergy_mJ = 30.0', treats)
    assert rules_of(done, "fractional-ablative").get("earlier-scar") == "refer"


TREATED_SCARS = [
    ("scar softer", SCARS),
    ("scars unchanged", SCARS),
    ("Narbe blasser", SCARS),
    ("scar still red", SCARS),
    ("Narbe noch rot", SCARS),
    ("raised scar flatter", ("hypertrophic-scars", "keloid")),
    ("keloid still red", ("hypertrophic-scars", "keloid")),
    ("hypertrophe Narbe weicher", ("hypertrophic-scars", "keloid")),
]


@pytest.mark.parametrize(("text", "treats"), [(text, one) for text, every in TREATED_SCARS for one in every])
def test_the_scar_that_is_treated_holds_no_laser_back(text: str, treats: str) -> None:
    """ "Scar still red" after a session on scars speaks of these; a clinician is asked whether it does."""
    for device in ("pulsed-dye-595", "fractional-1550"):
        done = session(text, f'device = "{device}"', treats)
        assert rules_of(done, "vascular") == {"earlier-unread": "with-caution"} | (
            {"earlier-sign": "with-caution"} if "earlier-sign" in rules_of(done, "vascular") else {}
        )
        for modality in ("cryotherapy", "microneedling"):
            assert decision_without_laser(done, modality, treats)[1].isdisjoint({"earlier-scar"})
    assert rules_of(session("scar still red", 'device = "pulsed-dye-595"', "wrinkles"), "vascular") != {}


def decision_without_laser(text: str, modality: str, condition: str) -> tuple[str, set[str]]:
    """The decision on a treatment of a concern, and the rules behind its reasons that refer or refuse."""
    person = loaded(PERSON + concern(condition) + text).case
    judged = judge_suitability(person, concern=person.concern[0], modality=modality)
    return judged.decision, {reason.rule for reason in judged.opposing_reasons}


ACIDS = [name for name in known_conditions() if peel_depth(name) in ("medium", "deep")]
MARKING = [
    ("qs-ndyag-532-1064", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.6"),
    ("fractional-1550", "energy_mJ = 40.0"),
    ("pulsed-dye-595", "fluence_J_cm2 = 9.0"),
    ("Lightmaster 3000", ""),
]


@pytest.mark.parametrize(("device", "dose"), MARKING)
def test_after_a_scar_by_light_whatever_else_wounds_the_skin_waits(device: str, dose: str) -> None:
    """Freezing and needles came first instead of the lasers that waited."""
    scarred = spot("scar", dose, device=device, hours=MONTH_H).replace('"cheeks"', '"neck"')  # beside no treated scar
    wounds = [(name, "age-spots") for name in WOUNDING_MODALITIES] + [(PEEL, condition) for condition in ACIDS]
    for modality, condition in wounds:
        assert decision_without_laser(scarred, modality, condition) == ("refer", {"earlier-scar"}), (
            modality,
            condition,
        )
        assert decision_without_laser("", modality, condition)[0] != "refer"
    for modality, condition in ((PEEL, "melasma"), ("topical-retinoid", "wrinkles"), ("filler", "acne-scars")):
        assert "earlier-scar" not in decision_without_laser(scarred, modality, condition)[1]
    assert decision_without_laser(scarred, PEEL, "skin-texture") == ("with-caution", set())


@pytest.mark.parametrize(("device", "dose"), MARKING)
@pytest.mark.parametrize("condition", ["acne-scars", "wrinkles"])
def test_after_a_scar_by_light_lasers_that_wound_wait_as_needles_do(device: str, dose: str, condition: str) -> None:
    """After a scar by a dye laser fractional CO2 came first, while needles waited "as such lasers do"."""
    scarred = spot("scar", dose, device=device, hours=MONTH_H).replace('"cheeks"', '"neck"')
    done = session("scar", f'device = "{device}"\n{dose}')
    for text in (scarred, done):
        for modality in (*SURFACE_MODALITIES, "microneedling"):
            decision, rules = decision_without_laser(text, modality, condition)
            assert (decision, "earlier-scar" in rules) == ("refer", True), modality
    for modality in SURFACE_MODALITIES:
        assert "earlier-scar" not in decision_without_laser("", modality, condition)[1]
    is_of_surface = device.startswith("fractional")
    told = [one.message.id for one in reaction_reasons(case(scarred), "ablative") if one.rule == "earlier-scar"]
    assert told == ["earlier.surface-scar" if is_of_surface else "earlier.scar"]


@pytest.mark.parametrize(("device", "dose"), MARKING)
def test_after_a_pale_mark_freezing_and_strong_acid_wait_as_light_for_pigment_does(device: str, dose: str) -> None:
    pale = spot("pale-mark", dose, device=device, hours=MONTH_H)
    for modality, condition in (
        ("cryotherapy", "age-spots"),
        ("cryotherapy", "keloid"),
        *((PEEL, one) for one in ACIDS),
    ):
        assert decision_without_laser(pale, modality, condition) == ("refer", {"earlier-pale-mark"})
        unsaid = spot("pigment-change", dose, device=device, hours=MONTH_H)
        assert decision_without_laser(unsaid, modality, condition) == ("with-caution", set())
        early = spot("pale-mark", dose, device=device, hours=24)
        assert decision_without_laser(early, modality, condition)[1] == set()
    for modality, condition in (
        (PEEL, "melasma"),
        ("microneedling", "acne-scars"),
        ("topical-depigmenting", "melasma"),
    ):
        assert decision_without_laser(pale, modality, condition)[1] == set()


@pytest.mark.parametrize("mark", ["dark-mark", "pigment-change"])
def test_after_a_mark_of_columns_the_surface_is_not_removed(mark: str) -> None:
    marked = spot(mark, "energy_mJ = 20.0", device="fractional-co2-10600", hours=MONTH_H)
    assert rules_of(marked, "ablative")["earlier-mark"] == "refer"
    assert "refer" not in rules_of(marked, "non-ablative-fractional").values()


@pytest.mark.parametrize(
    ("device", "dose", "waiting"),
    [
        ("fractional-co2-10600", "energy_mJ = 20.0", {"ablative"}),
        ("fractional-1550", "energy_mJ = 40.0", {"ablative", "fractional-ablative"}),
        ("fractional-diode-1440-1927", "energy_mJ = 5.0", {"ablative", "fractional-ablative"}),
        ("co2-10600", "fluence_J_cm2 = 7.0", {"ablative", "fractional-ablative"}),
        ("er-yag-2940", "fluence_J_cm2 = 5.0", {"ablative", "fractional-ablative"}),
    ],
)
@pytest.mark.parametrize("wound", ["blister", "burn", "erosion"])
def test_after_a_wound_of_resurfacing_no_laser_removes_the_surface(
    wound: str, device: str, dose: str, waiting: set[str]
) -> None:
    """After raw skin at a month under CO2, Er:YAG stood first at its full dose in three passes."""
    hurt = spot(wound, dose, device=device, hours=MONTH_H)
    done = session(wound, f'device = "{device}"\n{dose}', treats="perioral-lines")
    for told in (hurt, done):
        for modality in laser_modalities():
            assert (rules_of(told, modality).get("earlier-wound") == "refer") is (modality in waiting), modality
        told_of_any = {"earlier-wound"} if len(waiting) > 1 else set()
        told_of_any |= {"earlier-injury"} if device.startswith("fractional") else set()  # whose own light is bounded
        assert rules_of(told) == dict.fromkeys(told_of_any, "with-caution")
    assert "earlier-wound" not in rules_of(spot(wound, "fluence_J_cm2 = 6.0", hours=MONTH_H), "ablative")  # dye laser


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("eye pain and blurred vision", True),
        ("Corneal burn", True),
        ("photophobia for two days", True),
        ("no eye pain", False),
        ("no blister, no blurred vision", False),
        ("redness", False),
    ],
)
def test_after_an_eye_that_hurt_every_light_waits_for_an_eye_doctor(text: str, held: bool) -> None:
    """A lamp and a dye laser went on after "eye pain and blurred vision", which was "not understood"."""
    told = session(text, 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 14.0')
    for modality in laser_modalities():
        assert (rules_of(told, modality).get("earlier-eye") == "refer") is held, modality
        assert (rules_of(spot("eye-injury"), modality)["earlier-eye"]) == "refer"
    assert dose_bars(case(told), "ipl", lasers.devices()["ipl"]) == ()
    if held:
        assert judge_case(case(told)).decision == "refer"


def test_open_skin_in_the_first_days_after_resurfacing_is_no_wound_that_stayed() -> None:
    fresh = spot("erosion", "fluence_J_cm2 = 7.0", device="co2-10600", hours=72)
    assert rules_of(fresh, "ablative") == {}


@pytest.mark.parametrize("treated", ["acne-scars", "surgical-scars", "hypertrophic-scars", "facial-telangiectasia"])
@pytest.mark.parametrize("device", ["fractional-1550", "fractional-co2-10600"])
def test_a_scar_of_a_test_spot_is_a_new_one_beside_scars_too(treated: str, device: str) -> None:
    """Columns stood first for acne scars after columns had scarred a test spot in the same cheek."""
    text = PERSON + concern(treated, extra="") + spot("scar", "energy_mJ = 20.0", device=device, hours=MONTH_H)
    scarred = loaded(text).case
    for modality in SURFACE_MODALITIES:
        told = {reason.rule: reason.decision for reason in reaction_reasons(scarred, modality)}
        assert told.get("earlier-scar") == "refer", modality


@pytest.mark.parametrize(
    ("device", "dose", "waiting"),
    [
        ("fractional-co2-10600", "energy_mJ = 20.0", {*PIGMENT_MODALITIES, *SURFACE_MODALITIES}),
        ("qs-ndyag-532-1064", "fluence_J_cm2 = 1.6", {*PIGMENT_MODALITIES, "ablative"}),
        ("pulsed-dye-595", "fluence_J_cm2 = 9.0", {*PIGMENT_MODALITIES, "ablative"}),
        ("ipl", "fluence_J_cm2 = 14.0", {*PIGMENT_MODALITIES, "ablative"}),
    ],
)
def test_a_pale_mark_that_stayed_holds_light_for_pigment_and_passes(device: str, dose: str, waiting: set[str]) -> None:
    """Colour that was lost may not come back, so that no share of the dose is known to be safe."""
    for modality in laser_modalities():
        pale = rules_of(spot("pale-mark", dose, device=device, hours=MONTH_H), modality)
        assert (pale.get("earlier-pale-mark") == "refer") is (modality in waiting), modality
        for mark in ("dark-mark", "pigment-change"):
            other = rules_of(spot(mark, dose, device=device, hours=MONTH_H), modality)
            assert "earlier-pale-mark" not in other
            assert ("earlier-mark-unsaid" in other) is (mark == "pigment-change")
    assert "earlier-pale-mark" not in rules_of(spot("pale-mark", dose, device=device, hours=24), "pigment-short-pulse")


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("herpes", True),
        ("Cold sores at the mouth", True),
        ("fever blister", True),
        ("herpetic vesicles", True),
        ("no herpes", False),
        ("blister", False),
    ],
)
@pytest.mark.parametrize("modality", [*laser_modalities()])
def test_herpes_after_a_session_counts_as_herpes_in_the_history(text: str, has: bool, modality: str) -> None:
    """It says how this skin answers, and nothing of the dose."""
    device = 'device = "fractional-co2-10600"\nenergy_mJ = 20.0'
    told, history = (
        judge_suitability(one, concern=one.concern[0], modality=modality)
        for one in (
            case(session(text, device)),
            loaded(VEINS.replace("\nage_years", '\nhistory = ["herpes-labialis"]\nage_years')).case,
        )
    )
    rules = {reason.rule for reason in history.reasons if "herpes" in reason.rule or "antiviral" in reason.rule}
    assert rules
    assert (rules <= {reason.rule for reason in told.reasons}) is has
    is_hurt = any(reason.rule.startswith(("earlier-injury", "earlier-wound")) for reason in told.reasons)
    assert is_hurt is (text == "blister")
    assert "earlier-unread" not in {reason.rule for reason in told.reasons}


@pytest.mark.parametrize(("nm", "barred"), [(515.0, True), (560.0, True), (590.0, True), (640.0, False)])
def test_an_injury_by_a_lamp_bars_its_bluer_filters(nm: float, barred: bool) -> None:
    hurt = spot("blister", "wavelength_nm = 590.0\nfluence_J_cm2 = 12.0", device="ipl")
    setting = next(one for one in iterate_settings(lasers.devices()["ipl"]) if one.wavelength_nm == nm)
    free = tried("", "ipl", setting)
    assert max(free) > 8.0
    assert (tried(hurt, "ipl", setting) != free) is barred


MELASMA = PERSON + concern("melasma", extra="")


def toned(adverse: str = "", response: float | None = None) -> Case:
    words = f'adverse = ["{adverse}"]\n' if adverse else ""
    judged = "" if response is None else f"response_pct = {response}\n"
    done = '\n[[session]]\nweek = 4\ntreats = "melasma"\ndevice = "qs-ndyag-532-1064"\nwavelength_nm = 1064.0\n'
    return loaded(MELASMA + f"{done}fluence_J_cm2 = 1.6\n{words}{judged}").case


@pytest.mark.parametrize("adverse", ["white spots", "darker"])
def test_light_that_marked_melasma_is_not_repeated(adverse: str) -> None:
    judged = judge_suitability(toned(adverse), concern=toned().concern[0], modality="pigment-short-pulse")
    assert [one.decision for one in judged.reasons if one.rule == "response-marked"] == ["refer"]
    other = judge_suitability(toned(adverse), concern=toned().concern[0], modality="non-ablative-fractional")
    assert "response-marked" not in [one.rule for one in other.reasons]


@pytest.mark.parametrize(("site", "holds"), [("cheeks", True), ("hands", False)])
def test_a_test_spot_within_the_melasma_that_darkened_holds_light_for_pigment(site: str, holds: bool) -> None:
    face = concern("melasma", "full-face", extra="")
    darker = spot("pigment-change", "fluence_J_cm2 = 1.6", device="qs-ndyag-532-1064", hours=2 * MONTH_H)
    tested = loaded(PERSON + face + darker.replace('site = "cheeks"', f'site = "{site}"')).case
    judged = judge_suitability(tested, concern=tested.concern[0], modality="pigment-short-pulse")
    assert ("response-marked" in [one.rule for one in judged.reasons]) is holds


@pytest.mark.parametrize(("response", "stops"), [(-40.0, True), (0.0, False), (40.0, False)])
def test_a_single_session_that_made_it_worse_stops_the_course(response: float, stops: bool) -> None:
    judged = judge_suitability(toned(response=response), concern=toned().concern[0], modality="pigment-short-pulse")
    (worse,) = [one.message.text for one in judged.reasons if one.rule == "response-too-little"] or [""]
    assert ("worse than before" in worse) is stops


@pytest.mark.parametrize("condition", ["wrinkles", "acne-scars"])
def test_active_melasma_keeps_ablation_off_the_same_skin(condition: str) -> None:
    both = loaded(MELASMA + concern(condition, extra="")).case
    for modality in ("ablative", "fractional-ablative"):
        judged = judge_suitability(both, concern=both.concern[1], modality=modality)
        assert "melasma-ablation" in [one.rule for one in judged.reasons if one.decision == "not-suitable"]


def test_dark_marks_that_are_there_count_as_a_history_of_them() -> None:
    assert has_marked(loaded(PERSON + concern("post-inflammatory-hyperpigmentation", extra="")).case)


@pytest.mark.parametrize("reaction", INJURIES)
def test_an_injury_bars_every_dose_above_two_thirds_of_its_own(reaction: str) -> None:
    free = tried("")
    assert max(free) > 6.0
    assert tried(spot(reaction)) == tuple(dose for dose in free if dose <= 4.0)
    rule = "earlier-scar" if reaction == "scar" else "earlier-injury"
    assert rules_of(spot(reaction)) == {rule: "with-caution"}
    (told,) = reaction_reasons(case(spot(reaction)), None)
    assert "Pulsed dye laser, 595 nm" in told.message.text
    assert ("6 J/cm²" in told.message.text) is (reaction != "scar")


@pytest.mark.parametrize("reaction", INJURIES)
def test_an_injury_without_a_dose_bars_every_dose(reaction: str) -> None:
    assert tried(spot(reaction, "")) == ()


def test_the_least_of_several_injuring_doses_counts() -> None:
    two = spot("blister", "fluence_J_cm2 = 5.0") + spot("burn", "fluence_J_cm2 = 7.0")
    assert max(tried(two)) <= 5.0 * 2 / 3


def test_each_injury_is_told_in_the_decision() -> None:
    two = spot("blister", "fluence_J_cm2 = 5.0") + spot("burn", "fluence_J_cm2 = 7.0")
    told = [reason.message.text for reason in judge_case(case(two)).reasons if reason.rule == "earlier-injury"]
    assert [text.split(" after ")[0] for text in told] == ["A blister", "A burn"]


def test_an_energy_and_a_spot_are_a_dose() -> None:
    """1.2 J over a disc of 5 mm: 1.2 / (pi/4 * 0.25) = 6.11 J/cm², two thirds of which is 4.07."""
    assert max(tried(spot("blister", "energy_mJ = 1200.0\nspot_mm = 5.0"))) == 4.0


def test_only_the_wavelength_that_injured_is_barred() -> None:
    green, infrared = BeamSetting(532.0, 1e-5, 3.0), BeamSetting(1064.0, 1e-5, 3.0)
    name = "qs-ndyag-532-1064"
    hurt = spot("blister", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.0", device=name)
    assert max(tried(hurt, name, green)) < 1.0
    assert tried(hurt, name, infrared) == tried("", name, infrared)
    for unsaid in ("", "wavelength_nm = 694.0\n"):  # not said, or none that the device has: every one is meant
        hurt = spot("blister", f"{unsaid}fluence_J_cm2 = 1.0", device=name)
        assert max(tried(hurt, name, green)) < 1.0
        assert max(tried(hurt, name, infrared)) < 1.0


def test_other_light_is_not_barred_but_warned_of() -> None:
    for name, setting in (("ktp-532", BeamSetting(532.0, 10.0, 4.0)), ("ipl", BeamSetting(590.0, 10.0, 20.0))):
        assert tried(spot("blister"), name, setting) == tried("", name, setting)
    assert judge_case(case(spot("blister"))).decision != "suitable"


def test_an_injury_bars_such_light_of_another_device() -> None:
    hurt = spot("blister", "fluence_J_cm2 = 9.0")
    other = BeamSetting(585.0, 0.45, 7.0)
    assert max(tried("", "pulsed-dye-585", other)) > 6.0
    assert tried(hurt, "pulsed-dye-585", other) == tuple(d for d in tried("", "pulsed-dye-585", other) if d <= 6.0)


@pytest.mark.parametrize(
    ("injuring", "light", "other"),
    [("pulsed-dye-595", "laser", "ipl"), ("ipl", "lamp", "pulsed-dye-595"), ("ipl", "lamp", "ndyag-1064")],
)
def test_after_an_injury_light_of_the_other_kind_begins_at_the_least_published_dose(
    injuring: str, light: str, other: str
) -> None:
    """Doses of lamps and lasers are measured apart, so that two thirds of one spare nothing in the other."""

    def proposed(text: str, name: str) -> Proposal:
        device = lasers.devices()[name]
        person = case(text)
        machine = SearchMachine(name, device, Path(), dose_bars(person, name, device))
        found = propose_setting(person, person.concern[0], "vascular", machine)
        assert found is not None
        return found

    hurt = spot("dark-mark", "wavelength_nm = 595.0\nfluence_J_cm2 = 9.0", device=injuring, hours=1000)
    assert proposed("", other).start == proposed("", other).middle
    assert proposed(hurt, other).start == proposed(hurt, other).low < proposed(hurt, other).middle
    assert not proposed(hurt, injuring).is_least_first
    (told,) = reaction_reasons(case(hurt), "vascular", lamp=lasers.devices()[other].is_lamp)
    assert told.message.id == "earlier.other-kind"
    (own,) = reaction_reasons(case(hurt), "vascular", lamp=lasers.devices()[injuring].is_lamp)
    assert f"another {light}" in own.message.text


@pytest.mark.parametrize(("injuring", "refused"), [("ipl", True), ("pulsed-dye-595", False)])
def test_a_laser_without_a_published_dose_is_refused_after_an_injury_by_a_lamp(injuring: str, refused: bool) -> None:
    """No least dose is known to begin with."""
    person = case(spot("burn", "wavelength_nm = 595.0\nfluence_J_cm2 = 9.0", device=injuring))
    device = lasers.devices()["ndyag-1064"]
    machine = SearchMachine("ndyag-1064", device, Path())
    goal = treatment_goal("facial-telangiectasia", "vascular", None, NO_BOUNDS, ())
    bank: Any = None  # nothing is simulated without a setting
    found = _plan_device(person, person.concern[0], goal, machine, [], bank, None)
    assert isinstance(found, DeviceRefusal)
    assert (found.record.reasons[0].id == "plan.no-dose-after-other-kind") is refused


@pytest.mark.parametrize(("area_cm2", "has_room"), [(5.0, False), (10.0, True)])
def test_a_lamp_after_an_injury_by_a_laser_needs_room_for_a_test_spot(area_cm2: float, has_room: bool) -> None:
    hurt = spot("dark-mark", "wavelength_nm = 595.0\nfluence_J_cm2 = 9.0\npulse_ms = 10.0", hours=1000)
    field = VEINS.replace("area_cm2 = 10.0", f"area_cm2 = {area_cm2}")
    plan = document(field + hurt + devices("ipl"), draws=44)
    assert bool(laser_options(plan)) is bool(plan["test_spots"]) is has_room
    told = [reason["id"] for one in plan["concerns"][0]["refused"] for reason in one["reasons"]]
    assert ("plan.no-spot-after-injury" in told) is not has_room


def test_an_injury_by_a_short_pulse_bars_short_pulses_alone() -> None:
    """A nanosecond pulse injures at doses that are low for milliseconds."""
    hurt = spot("blister", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.5", device="qs-ndyag-532-1064")
    nanoseconds, long = BeamSetting(532.0, 5e-6, 4.0), BeamSetting(532.0, 10.0, 4.0)
    assert tried(hurt, "ktp-532", long) == tried("", "ktp-532", long)
    assert max(tried("", "qs-ndyag-532-1064", nanoseconds)) > 1.0
    assert max(tried(hurt, "qs-ndyag-532-1064", nanoseconds)) <= 1.0


@pytest.mark.parametrize("injuring", ["qs-ndyag-532-1064", "ps-ndyag-532-1064"])
def test_nanoseconds_and_picoseconds_say_nothing_of_each_others_doses(injuring: str) -> None:
    """Picoseconds injure at a fraction of the dose of nanoseconds: two thirds of one spare nothing in the other."""
    pulses_ms = {"qs-ndyag-532-1064": 5e-6, "ps-ndyag-532-1064": 3e-7}
    hurt = spot("blister", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.5", device=injuring)
    for name, pulse_ms in pulses_ms.items():
        green, infrared = (BeamSetting(nm, pulse_ms, 4.0) for nm in (532.0, 1064.0))
        assert tried("", name, green)
        assert bool(tried(hurt, name, green)) is (name == injuring)
        assert tried(hurt, name, infrared) == tried("", name, infrared)


@pytest.mark.parametrize(
    ("hours", "rule", "share"), [(MONTH_H - 1, "earlier-sign", 1), (MONTH_H, "earlier-injury", 2 / 3)]
)
def test_a_mark_is_an_injury_from_four_weeks_on_and_a_sign_before(hours: float, rule: str, share: float) -> None:
    """A sign bars its dose and all above; an injury all above two thirds of it."""
    text = spot("dark-mark", hours=hours)
    assert rules_of(text) == {rule: "with-caution"}
    below = [dose for dose in tried("") if dose < 6.0 * share or (share < 1 and dose == 6.0 * share)]
    assert list(tried(text)) == below


def test_a_bruise_bounds_its_own_pulse_and_shorter_ones_by_the_dose_that_left_none() -> None:
    bruised = spot("purpura", f"fluence_J_cm2 = 8.5\npulse_ms = {DYE.pulse_ms}")
    clean = spot("none", f"fluence_J_cm2 = 7.5\npulse_ms = {DYE.pulse_ms}")
    assert max(tried("")) > 8.5
    assert tried(bruised) == tuple(dose for dose in tried("") if dose < 8.5)
    assert tried(clean + bruised) == tuple(dose for dose in tried("") if dose <= 7.5)
    longer = DYE._replace(pulse_ms=2 * DYE.pulse_ms)
    assert tried(bruised, setting=longer) == tried("", setting=longer)
    assert rules_of(bruised) == {"earlier-bruise": "with-caution"}


@pytest.mark.parametrize(("accepted_days", "bars"), [(3, True), (13, True), (14, False)])
def test_a_bruise_that_the_person_accepts_bars_no_dose(accepted_days: int, bars: bool) -> None:
    bruised = spot("purpura", f"fluence_J_cm2 = 8.5\npulse_ms = {DYE.pulse_ms}")
    answered = PERSON.replace("\nage_years", f"\ndowntime_days_accepted = {accepted_days}\nage_years")
    person = loaded(answered + concern("facial-telangiectasia", extra="") + bruised).case
    device = lasers.devices()["pulsed-dye-595"]
    assert bool(dose_bars(person, "pulsed-dye-595", device)) is bars
    (told,) = reaction_reasons(person, None)
    assert told.message.id == ("earlier.bruise" if bars else "earlier.bruise-accepted")
    assert dose_bars(case(spot("blister")), "pulsed-dye-595", device)  # an injury bars whatever a person accepts


@pytest.mark.parametrize("reaction", ["none", "redness"])
def test_the_usual_reaction_of_a_vessel_refuses_nothing(reaction: str) -> None:
    assert tried(spot(reaction)) == tried("")
    assert rules_of(spot(reaction)) == {}


@pytest.mark.parametrize("reaction", ["crust", "whitening"])
def test_crust_and_whitening_are_expected_of_short_pulses_and_a_sign_elsewhere(reaction: str) -> None:
    name = "qs-ndyag-532-1064"
    text = spot(reaction, "wavelength_nm = 532.0\nfluence_J_cm2 = 1.0", device=name)
    assert rules_of(text) == {"earlier-endpoint": "with-caution"}
    assert rules_of(spot(reaction, device="ndyag-1064")) == {"earlier-sign": "with-caution"}


@pytest.mark.parametrize("reaction", ["crust", "grey", "whitening"])
@pytest.mark.parametrize("done", [spot, session])
def test_no_dose_reaches_one_that_left_a_crust_or_white_skin_beside_a_vessel(reaction: str, done: Any) -> None:
    dose = 'device = "ndyag-1064"\nwavelength_nm = 1064.0\nfluence_J_cm2 = 40.0\n'
    told = done(reaction, dose) if done is session else spot(reaction, dose.partition("\n")[2], device="ndyag-1064")
    setting = BeamSetting(1064.0, 30.0, 10.0)
    every = tried("", "ndyag-1064", setting)
    assert max(every) > 40.0
    is_burn = done is session and reaction == "crust"  # of a whole session, beside vessels
    least = 40.0 * 2 / 3 if is_burn else 40.0
    assert tried(told, "ndyag-1064", setting) == tuple(one for one in every if one < least)
    assert rules_of(told) == {"earlier-injury" if is_burn else "earlier-sign": "with-caution"}
    unknown = done(reaction, "") if done is session else spot(reaction, "", device="ndyag-1064")
    assert tried(unknown, "ndyag-1064", setting) == every
    (reason,) = [one for one in reaction_reasons(case(unknown), None) if one.rule == "earlier-sign"]
    assert "No setting was changed" in reason.message.text


def test_raw_skin_is_expected_where_skin_is_removed() -> None:
    assert rules_of(spot("burn", "energy_mJ = 20.0", device="fractional-co2-10600")) == {
        "earlier-injury": "with-caution"
    }


@pytest.mark.parametrize("text", ["blister", "Blisters on both cheeks", "small BURN", "scarring", "dark patches, PIH"])
def test_a_session_with_device_and_dose_acts_as_a_test_spot(text: str) -> None:
    done = session(text, 'device = "pulsed-dye-595"\nfluence_J_cm2 = 6.0')
    assert max(tried(done)) < 6.0
    assert ("earlier-scar" if text == "scarring" else "earlier-injury") in rules_of(done)


@pytest.mark.parametrize("more", ["", 'device = "pulsed-dye-595"', "fluence_J_cm2 = 6.0", 'device = ""'])
def test_a_session_without_device_or_dose_makes_its_lasers_wait_for_a_clinician(more: str) -> None:
    text = session("blister", more)
    assert rules_of(text, "vascular") == {"earlier-injury-undosed": "refer"}
    own = case(text)
    assert judge_suitability(own, concern=own.concern[0], modality="vascular").decision == "refer"
    assert judge_suitability(own, concern=own.concern[0], modality="fractional-ablative").decision == "with-caution"


def test_an_unknown_device_bars_every_laser_that_it_may_have_been() -> None:
    text = spot("blister", device="Lightmaster 3000")
    for modality in laser_modalities():
        assert rules_of(text, modality) == {"earlier-injury-undosed": "refer"}
    assert judge_case(case(text)).decision == "refer"
    assert rules_of(spot("none", device="Lightmaster 3000")) == {}


@pytest.mark.parametrize("mark", ["dark-mark", "pale-mark", "pigment-change", "scar"])
def test_after_lasting_harm_by_an_unknown_device_every_laser_waits(mark: str) -> None:
    text = spot(mark, device="Lightmaster 3000", hours=MONTH_H)
    for modality in laser_modalities():
        assert "refer" in rules_of(text, modality).values(), modality
    assert "refer" in {reason.decision for reason in reaction_reasons(case(text), None)}


@pytest.mark.parametrize("device", ["", 'device = "Lightmaster 3000"'])
def test_a_pale_mark_by_an_unknown_device_holds_no_less_than_one_by_a_known_one(device: str) -> None:
    unknown = session("white patches", device)
    known = session("white patches", 'device = "pulsed-dye-595"\nfluence_J_cm2 = 8.0')
    for modality in laser_modalities():
        if "refer" in rules_of(known, modality).values():
            assert "refer" in rules_of(unknown, modality).values(), modality
    assert "refer" in rules_of(unknown, "vascular").values()


@pytest.mark.parametrize("treats", ["facial-telangiectasia", "redness", "freckles"])
def test_a_scar_by_columns_of_the_clinics_own_file_holds_what_the_condition_is_treated_with(treats: str) -> None:
    """An energy of such a file is one of columns, which do not treat this: it may have been any of its lasers."""
    done = session("scar", 'device = "mine.toml"\nenergy_mJ = 20.0', treats=treats) + devices("mine.toml")
    assert "refer" in {rules_of(done, modality).get("earlier-scar") for modality in laser_modalities()}


def test_herpes_alone_shows_no_dose_to_be_clean() -> None:
    bruised = spot("purpura", "fluence_J_cm2 = 8.0")
    herpes, clean = (spot(reaction, "fluence_J_cm2 = 7.5") for reaction in ("herpes-labialis", "none"))
    assert tried(bruised + herpes) == tried(bruised) != tried(bruised + clean)


def test_what_is_not_understood_is_told() -> None:
    (told,) = reaction_reasons(case(session("felt odd for a week")), None)
    assert (told.rule, told.decision) == ("earlier-unread", "with-caution")
    assert "felt odd for a week" in told.message.text
    assert reaction_reasons(case(session("none")), None) == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("no blister", ("none",)),
        ("no blisters, no scar", ("none",)),
        ("no redness, blister or burn", ("none",)),
        ("blisters: none", ("none",)),
        ("denies blistering", ("none",)),
        ("no signs of scarring", ("none",)),
        ("without any blister", ("none",)),
        ("tolerated well", ("none",)),
        ("None reported.", ("none",)),
        ("Healed without scarring", ("none",)),
        ("neither redness, blisters nor crusts", ("none",)),
        ("neither a blister nor a scar, but a burn", ("burn",)),
        ("redness was mild", ("redness",)),
        ("not without scarring", ("scar",)),
        ("not healed", (UNREAD_REACTION,)),
        ("mild redness for 2 days", ("redness",)),
        ("no scar but a blister", ("blister",)),
        ("no redness, burn on left cheek", ("burn",)),
        ("swelling: no; blister: yes", ("blister",)),
        ("crust? no. burn on left cheek", ("crust", "burn")),
        ("no, blister", ("blister",)),
        ("no more blisters than before", ("blister",)),
        ("crusts, then dark patches", ("crust", "dark-mark")),
        ("a pale patch, darker around it", ("pale-mark", "dark-mark")),
        ("dyspigmentation", ("pigment-change",)),
        ("hypo-pigmentation at the border", ("pale-mark",)),
        ("no hypo- or hyperpigmentation", ("none",)),
        ("scar paler", (UNREAD_REACTION,)),
        ("veins paler", (UNREAD_REACTION,)),
        ("redness much paler", ("redness", UNREAD_REACTION)),
        ("white scar paler than skin", ("pale-mark", "scar")),
        ("hypopigmented patch paler than the skin around", ("pale-mark",)),
        ("skin is paler where treated", ("pale-mark",)),
        ("hypo- and hyperpigmentation", ("pale-mark", "dark-mark")),
        ("no hyper/hypo pigmentation", ("none",)),
        ("hypo-allergenic cream given, mild redness", (UNREAD_REACTION, "redness")),
        ("hyper-trophic scar", ("scar",)),
        ("redness, blistring, ulcerated", ("redness", UNREAD_REACTION, "erosion")),
        ("redness for 8 months", ("redness",)),
        ("redness for weeks", ("redness", UNREAD_REACTION)),
        ("still red", ("redness", UNREAD_REACTION)),
        ("still red after 6 weeks", ("redness",)),
        ("redness, gone after 2 days", ("redness",)),
        ("redness not gone", ("redness", UNREAD_REACTION)),
        ("dark marks for 4 months, faded", ("dark-mark",)),
        ("darker after 4 weeks, still there", ("dark-mark",)),
        ("redness, itching", ("redness", UNREAD_REACTION)),
        ("old scar softer", (UNREAD_REACTION,)),
        ("dark spots faded", (UNREAD_REACTION,)),
        ("no idea", (UNREAD_REACTION,)),
        ("burning pain", (UNREAD_REACTION,)),
        ("no blister, but it peeled for a month", (UNREAD_REACTION,)),
        ("atrophic groove along the vessel", ("scar",)),
        ("small indentation at the ala", ("scar",)),
        ("no dent", ("none",)),
        ("redness in the alar groove", ("redness",)),
        ("mild depression since the divorce", (UNREAD_REACTION,)),
        ("hypertrophic and atrophic scars", ("scar",)),
        ("zebra stripes", ("pigment-change",)),
        ("footprints of the handpiece for 5 months", ("pigment-change",)),
        ("pale stripes", ("pale-mark",)),
        ("dark footprints", ("dark-mark",)),
        ("redness in stripes", ("redness",)),
        ("no stripes", ("none",)),
        ("dark grid for 6 weeks", ("dark-mark",)),
        ("grid pattern visible", (UNREAD_REACTION,)),
        ("oozing, weeping skin", ("erosion",)),
        ("weeping eye", ("eye-injury",)),
        ("impetigo", ("infection",)),
        ("shingles", ("infection",)),
        ("confetti-like white spots", ("pale-mark",)),
        ("leukoderma", ("pale-mark",)),
        ("urticaria", (UNREAD_REACTION,)),
        ("hair loss in the beard", (UNREAD_REACTION,)),
        ("vein darker", ("none",)),
        ("vein darker for 2 days", ("none",)),
        ("the vessels on the nose darkened", ("none",)),
        ("skin above the vein darker", ("dark-mark",)),
        ("vein darker than before and a blister", ("blister", "dark-mark")),
    ],
)
def test_what_is_denied_is_not_read_as_said_and_nothing_is_passed_over(text: str, kinds: tuple[str, ...]) -> None:
    assert set(read_reaction_kinds(text)) == set(kinds)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Blasen und Krusten", ("blister", "crust")),
        ("Verbrennung an der linken Wange", ("burn",)),
        ("leichte Rötung an den Wangen für 3 Tage", ("redness",)),
        ("leichte Rötung für zwei Tage", ("redness",)),
        ("noch Blasen", ("blister",)),
        ("nicht abgeheilte Blase", ("blister",)),
        ("Rötung, aber keine Blasen", ("redness",)),
        ("keine Rötung oder Blasen", ("none",)),
        ("weder Blasen noch Krusten", ("none",)),
        ("weder Blasen noch Krusten; helle Flecken", ("pale-mark",)),
        ("weder Rötung, Blasen noch Krusten", ("none",)),
        ("weder Hypo- noch Hyperpigmentierung", ("none",)),
        ("keine Hypo- oder Hyperpigmentierung", ("none",)),
        ("keine Anzeichen einer Verbrennung", ("none",)),
        ("kein Hinweis auf eine Narbe", ("none",)),
        ("keine Rötung, sondern Blasen", ("blister",)),
        ("nicht ohne Narben", ("scar",)),
        ("nicht abgeheilt", (UNREAD_REACTION,)),
        ("Brandblase", ("blister",)),
        ("o. B.", ("none",)),
        ("Blasen: nein", ("none",)),
        ("Blasen: ja", ("blister",)),
        ("WEISSE FLECKEN", ("pale-mark",)),
        ("Fieberbläschen", ("herpes-labialis",)),
        ("verschwommen gesehen", ("eye-injury",)),
        ("alte Narbe weicher", (UNREAD_REACTION,)),
        ("Juckreiz", (UNREAD_REACTION,)),
        ("Rötung für 8 Monate", ("redness",)),
        ("nach 8 Wochen noch gerötet", ("redness",)),
        ("dunkle Flecken, nach 3 Monaten noch sichtbar", ("dark-mark",)),
        ("Hyperpigmentierung für 4 Monate, verblasst", ("dark-mark",)),
        ("Delle am Nasenflügel", ("scar",)),
        ("eingesunkene Haut entlang der Ader", ("scar",)),
        ("Streifenbildung", ("pigment-change",)),
        ("helle Streifen", ("pale-mark",)),
        ("streifige Rötung", ("redness",)),
        ("nässende Haut", ("erosion",)),
        ("Gürtelrose", ("infection",)),
        ("Konfetti", ("pale-mark",)),
        ("Adern dunkler", ("none",)),
    ],
)
def test_what_was_noted_in_german_is_read_as_in_english(text: str, kinds: tuple[str, ...]) -> None:
    """After "Blasen und Krusten" the dose of that session was planned again."""
    assert set(read_reaction_kinds(text)) == set(kinds)


HYPER_GONE = "hyperpigmentation that faded after 4 months"


@pytest.mark.parametrize(
    ("text", "treats", "meaning"),
    [
        (HYPER_GONE, "age-spots", "harm"),
        (HYPER_GONE, "facial-telangiectasia", "harm"),
        ("PIH resolved in 5 weeks", "age-spots", "harm"),
        ("hyperpigmentation not gone after 3 weeks", "redness", "harm"),
        ("dark marks gone after several months", "facial-telangiectasia", "harm"),
        ("hypopigmentation resolved after a year", "melasma", "harm"),
        ("Hyperpigmentierung nach drei Monaten verblasst", "redness", "harm"),
        ("hyperpigmentation for 3 days", "redness", "sign"),
        ("hyperpigmentation gone after 2 to 3 weeks", "redness", "sign"),
        ("Hyperpigmentierung 3 Tage lang", "redness", "sign"),
        ("hyperpigmentation for 6 weeks", "redness", "harm"),
        ("hyperpigmentation for more than 3 weeks", "redness", "harm"),
        ("hyperpigmentation after 3 days", "redness", "harm"),
        ("still hyperpigmentation for 3 weeks", "redness", "harm"),
        ("hyperpigmentation for 3 days on the nose, hyperpigmentation on the cheeks", "redness", "harm"),
        ("hyperpigmentation better after 2 weeks", "redness", "unread"),
        # It may be what was treated, which light faded.
        ("hyperpigmentation faded after 4 months", "melasma", "unread"),
        ("dark spots faded after 6 weeks", "age-spots", "unread"),
        ("pigmentation lighter after 2 months", "age-spots", "unread"),
    ],
)
def test_a_mark_lasted_as_long_as_its_text_says(text: str, treats: str, meaning: str) -> None:
    """A mark that was gone after four months was no mark at all, and the dose that left it stood in the next plan."""
    done = session(text, 'device = "ipl"\nfluence_J_cm2 = 13.0\nwavelength_nm = 560.0', treats)
    (one,) = {(one.kind, one.meaning): one for one in earlier_reactions(case(done))}.values()
    assert one.meaning == meaning
    assert has_marked(case(done)) is (meaning == "harm")


@pytest.mark.parametrize(("text", "meaning"), [("oozing for 2 days", "expected"), ("oozing for 3 weeks", "harm")])
def test_raw_skin_in_the_days_after_ablation_is_usual_after_a_session_too(text: str, meaning: str) -> None:
    done = session(text, 'device = "fractional-co2-10600"\nenergy_mJ = 20.0', "acne-scars")
    (one,) = earlier_reactions(case(done))
    assert (one.kind, one.meaning) == ("erosion", meaning)
    (long,) = earlier_reactions(case(session(text, 'device = "pulsed-dye-595"\nfluence_J_cm2 = 7.0')))
    assert long.meaning == "harm"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("redness for 3 weeks", "expected"),
        ("redness for 6 weeks", "sign"),
        ("redness, gone after 2 months", "sign"),
        ("still red after 3 months", "sign"),
        ("bruise for 10 days", "expected"),
        ("bruise for 6 weeks", "sign"),
    ],
)
def test_redness_of_more_than_four_weeks_is_more_than_is_usual(text: str, meaning: str) -> None:
    done = session(text, 'device = "pulsed-dye-595"\nfluence_J_cm2 = 7.0', "redness")
    (reaction,) = earlier_reactions(case(done))
    assert reaction.meaning == meaning


@pytest.mark.parametrize(("months", "meaning"), [(3, "expected"), (6, "sign")])
def test_skin_that_was_removed_as_a_whole_is_red_for_longer(months: int, meaning: str) -> None:
    done = session(f"redness for {months} months", 'device = "co2-10600"', "wrinkles")
    assert {reaction.meaning for reaction in earlier_reactions(case(done))} == {meaning}


@pytest.mark.parametrize(
    "more", ["", 'device = "fractional-co2-10600"', 'device = "our old laser"\nfluence_J_cm2 = 7.0']
)
def test_long_redness_of_an_unknown_dose_is_told_and_bars_none(more: str) -> None:
    done = session("redness for 3 months", more, "wrinkles")
    (told,) = (reason for reason in reaction_reasons(case(done), None) if reason.rule == "earlier-sign")
    assert told.message.id == "earlier.long-redness-undosed"
    assert "Begin only when it has gone" in told.message.text
    setting = BeamSetting(595.0, 10.0, 7.0)
    assert tried(done, "pulsed-dye-595", setting) == tried("", "pulsed-dye-595", setting)


def test_long_redness_after_less_than_a_device_can_give_leaves_none_of_its_doses() -> None:
    """It bounded nothing: 10 mJ followed the redness of 8 mJ, which is below what the laser can be set to."""
    laser = lasers.devices()["fractional-1565"]
    assert laser.dose[0] > 8.0
    done = session("redness for 8 weeks", 'device = "fractional-1565"\nenergy_mJ = 8.0', "acne-scars")
    (told,) = (reason for reason in reaction_reasons(case(done), None) if reason.rule == "earlier-sign")
    assert told.message.id == "earlier.long-redness"
    (bar,) = dose_bars(case(done), "fractional-1565", laser)
    assert bar.dose is not None
    assert 8.0 < bar.dose <= laser.dose[0]


def test_columns_that_left_long_redness_are_neither_deeper_nor_denser_and_wait_until_it_has_gone() -> None:
    """Six weeks of redness in type IV were "not understood", and the next session had a fifth more columns."""
    person = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "ita_deg = 25.0")
    scars = person + concern("acne-scars") + devices("fractional-1550")
    columns = 'device = "fractional-1550"\nenergy_mJ = 30.0\ndensity_per_cm2 = 200.0\nresponse_pct = 15'
    usual, after = document(scars), document(scars + session("redness for 6 weeks", columns, "acne-scars"))
    ((before,), (option,)) = laser_options(usual), laser_options(after)
    for quantity, given in (("energy_mJ", 30.0), ("density_per_cm2", 200.0)):
        assert option["settings"]["microbeam"][quantity] <= given < before["settings"]["microbeam"][quantity]
    assert "not understood" not in str(after)
    told = {reason["message"]["id"] for reason in option["reasons"] if reason["rule"] == "earlier-sign"}
    assert told == {"earlier.long-redness", "earlier.columns-redness"}
    assert "course.after-redness" in {step["id"] for step in after["course"][0]["steps"]}


UNREAD = ("felt odd for a week", "urticaria", "old scar softer", "redness for weeks")


@pytest.mark.parametrize("text", UNREAD)
@pytest.mark.parametrize(
    ("device", "light", "setting", "dose"),
    [
        ("ndyag-1064", "wavelength_nm = 1064.0", BeamSetting(1064.0, 30.0, 3.0), 180.0),
        ("pulsed-dye-595", "", DYE, 6.0),
        ("qs-ndyag-532-1064", "wavelength_nm = 532.0", BeamSetting(532.0, 1e-5, 3.0), 1.5),
    ],
)
def test_no_dose_is_above_one_that_left_something_that_nobody_understood(
    text: str, device: str, light: str, setting: BeamSetting, dose: float
) -> None:
    """After "atrophic groove" at 180 J/cm2, not yet a known word, 210 J/cm2 was planned on the same nose."""
    given = f"{light}\nfluence_J_cm2 = {dose}"
    free = tried("", device, setting)
    assert max(free) > dose
    done = session(text, f'device = "{device}"\n{given}')
    assert tried(done, device, setting) == tuple(one for one in free if one <= dose)
    (told,) = (reason for reason in reaction_reasons(case(done), None) if reason.rule == "earlier-unread")
    assert told.message.id == "earlier.unread-dose"
    assert f"{dose:g} J/cm²" in told.message.text
    for more in (f'device = "{device}"', given):  # without a dose, or a device, there is none to stay at
        undosed = session(text, more)
        assert tried(undosed, device, setting) == free
        (told,) = (reason for reason in reaction_reasons(case(undosed), None) if reason.rule == "earlier-unread")
        assert told.message.id == "earlier.unread"


def test_what_nobody_understood_bounds_such_light_of_other_devices() -> None:
    done = session("felt odd", 'device = "pulsed-dye-595"\nfluence_J_cm2 = 6.0')
    other = BeamSetting(585.0, 0.45, 7.0)
    free = tried("", "pulsed-dye-585", other)
    assert max(free) > 6.0
    assert tried(done, "pulsed-dye-585", other) == tuple(dose for dose in free if dose <= 6.0)
    short = session("felt odd", 'device = "qs-ndyag-532-1064"\nwavelength_nm = 532.0\nfluence_J_cm2 = 1.0')
    picoseconds = BeamSetting(532.0, 3e-7, 4.0)
    assert tried(short, "ps-ndyag-532-1064", picoseconds) == tried("", "ps-ndyag-532-1064", picoseconds)


def blistered_and(*later: str, injury: str = "blister", dose: float = 9.0) -> str:
    made = 'device = "pulsed-dye-595"\nwavelength_nm = 595.0\nspot_mm = 10.0\n'
    first = session(injury, f"{made}pulse_ms = 10.0\nfluence_J_cm2 = {dose}")
    return first + "".join(session(*one.split("|")).replace("week = 4", "week = 9") for one in later)


def borne(fluence: float, *, adverse: str = "none", more: str = "pulse_ms = 10.0", week: str = "9") -> str:
    device = 'device = "pulsed-dye-595"\nwavelength_nm = 595.0\nspot_mm = 10.0'
    return f"{adverse}|{device}\nfluence_J_cm2 = {fluence}\n{more}".replace("week = 9", f"week = {week}")


def test_a_later_dose_that_this_skin_bore_lifts_the_bar_of_an_injury_up_to_it() -> None:
    """After a blister at 9 J/cm2 and two clean sessions, at 6 and 7, the plan went back to 6."""
    free = tried("")
    assert tried(blistered_and()) == tuple(dose for dose in free if dose <= 6.0)
    lifted = blistered_and(borne(6.5), borne(7.0, adverse="mild redness for 2 days"))
    assert tried(lifted) == tuple(dose for dose in free if dose <= 7.0)
    shorter, longer = DYE._replace(pulse_ms=6.0), DYE._replace(pulse_ms=20.0)
    assert max(tried(lifted, setting=shorter)) <= 6.0  # a shorter pulse was not borne
    assert max(tried(lifted, setting=longer)) == 7.0
    told = [one.message.text for one in reaction_reasons(case(lifted), None) if one.rule == "earlier-injury"]
    assert len(told) == 2
    assert "9 J/cm²" in told[0]
    assert "7 J/cm²" in told[1]
    dye = BeamSetting(585.0, 0.45, 7.0)
    assert tried(lifted, "pulsed-dye-585", dye) == tried(blistered_and(), "pulsed-dye-585", dye)


@pytest.mark.parametrize(
    "later",
    [
        borne(5.0),  # below two thirds
        borne(9.0),  # the very dose that injured
        borne(7.0, adverse="blister"),
        borne(7.0, adverse="felt odd"),
        borne(7.0, more=""),  # in a pulse of which nobody said how long it was
        borne(7.0, more="pulse_ms = 40.0"),
        borne(7.0).replace("595", "585"),
    ],
)
def test_what_was_not_borne_since_lifts_no_bar(later: str) -> None:
    assert max(tried(blistered_and(later))) <= 6.0


def test_an_earlier_dose_and_one_on_other_skin_lift_no_bar() -> None:
    before = blistered_and(borne(7.0)).replace("week = 9", "week = 2")
    other = blistered_and(borne(7.0)).replace(
        'week = 9\ntreats = "facial-telangiectasia', 'week = 9\ntreats = "redness'
    )
    for text in (before, other):
        assert max(tried(text)) <= 6.0


@pytest.mark.parametrize("injury", ["scar", "pale mark", "pigment change"])
def test_no_later_dose_takes_back_a_scar_or_a_loss_of_colour(injury: str) -> None:
    assert max(tried(blistered_and(borne(7.0), injury=injury))) <= 6.0


LAMP_REACTIONS = [
    ("blister", "earlier.below-lamps"),
    ("grey skin", "earlier.sign-lamp"),
    ("felt odd", "earlier.unread-dose"),
]


@pytest.mark.parametrize(("reaction", "message"), LAMP_REACTIONS)
def test_after_a_reaction_under_a_lamp_no_bluer_filter_is_planned(reaction: str, message: str) -> None:
    """After a crust behind 560 nm the plan took 515 nm, as if nothing had happened."""
    done = session(reaction, 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 18.0', "redness")
    for nm in lasers.devices()["ipl"].wavelengths_nm:
        setting = BeamSetting(nm, 10.0, lasers.devices()["ipl"].spots_mm[-1])
        free, left = tried("", "ipl", setting), tried(done, "ipl", setting)
        assert free
        if nm < 560.0:
            assert left == ()
        elif nm > 560.0:
            assert left == free
        else:
            assert 0.0 < max(left) <= 18.0
    (told,) = reaction_reasons(case(done), "vascular", lamp=True)
    assert told.message.id == message
    assert "shorter waves" in told.message.text


def test_a_plan_for_a_lamp_chooses_a_filter_that_is_not_barred() -> None:
    """The filter that sources print first was refused, and with it the lamp."""
    lamp = lasers.devices()["ipl"]
    hurt = 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 18.0'

    def proposed(text: str) -> Proposal:
        person = loaded(PERSON + concern("redness", extra="") + text).case
        machine = SearchMachine("ipl", lamp, Path(), dose_bars(person, "ipl", lamp))
        found = propose_setting(person, person.concern[0], "vascular", machine)
        assert found is not None
        return found

    assert proposed("").setting.wavelength_nm < 560.0
    for reaction in ("crusting for 5 days", "grey skin", "felt odd"):
        assert proposed(session(reaction, hurt, "redness")).setting.wavelength_nm >= 560.0


def test_no_bluer_filter_of_another_lamp_is_planned_either() -> None:
    """Doses behind different filters cannot be compared, whoever made the lamp."""
    known = lasers.devices()["ipl"]
    other = replace(known, file=known.file.model_copy(update={"title": "Another lamp"}), name="other-lamp")
    done = case(session("blister", 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 18.0', "redness"))
    bars = dose_bars(done, "other-lamp", other)
    assert {bar.wavelength_nm for bar in bars if bar.dose is None} == {nm for nm in known.wavelengths_nm if nm < 560.0}
    assert {bar.wavelength_nm for bar in bars if bar.dose is not None} == {560.0, 570.0}
    unsaid = case(session("blister", 'device = "ipl"\nfluence_J_cm2 = 18.0', "redness"))
    assert all(bar.dose is not None for bar in dose_bars(unsaid, "other-lamp", other))
    assert all(bar.dose is not None for bar in dose_bars(unsaid, "ipl", known))


@pytest.mark.parametrize("word", ["Bläschen", "Rötung", "gerötete Augen", "Geschwür", "Narbe unverändert"])
def test_an_umlaut_is_read_however_it_is_written(word: str) -> None:
    """Keyboards without umlauts write two letters, and some systems store a letter and its dots apart."""
    plain = word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    assert read_reaction_kinds(plain) == read_reaction_kinds(normalize("NFD", word)) == read_reaction_kinds(word)


@pytest.mark.parametrize("eye", ["eye", "eyes", "left eye", "Auge", "Augen"])
@pytest.mark.parametrize("linked", [" ", " was ", " were ", " war ", " sind "])
def test_an_eye_that_is_red_hurts_light_in_every_form_of_words(eye: str, linked: str) -> None:
    red = ("rot", "gerötet") if eye.startswith("Auge") else ("red", "painful", "sore")
    for word in red:
        kinds = read_reaction_kinds(f"{eye}{linked}{word}")
        assert "eye-injury" in kinds, kinds
        assert "redness" not in kinds, kinds


@pytest.mark.parametrize(
    ("english", "german"), [("raised scars", "wulstige Narben"), ("keloids", "Keloide"), ("keloids", "Wulstnarben")]
)
def test_raised_scars_in_german_are_those_of_a_person_who_forms_them(english: str, german: str) -> None:
    for denied, forms in (("", True), ("no ", False), ("neither ", False), ("keine ", False), ("weder ", False)):
        word = english if denied in ("no ", "neither ") else german
        assert forms_raised_scars(case(session(denied + word))) is forms
    assert forms_raised_scars(case(session(english)))


@pytest.mark.parametrize("hours", [24.0, 1000.0])
def test_raw_skin_that_does_not_close_is_an_injury_after_ablation_too(hours: float) -> None:
    text = spot("erosion", "energy_mJ = 20.0", device="fractional-co2-10600", hours=hours)
    assert rules_of(text) == ({} if hours < 336 else {"earlier-injury": "with-caution"})
    done = session("open wound", 'device = "fractional-co2-10600"\nenergy_mJ = 20.0')
    assert rules_of(done) == {"earlier-injury": "with-caution"}


@pytest.mark.parametrize(
    ("treats", "told"),
    [("age-spots", {"earlier-endpoint": "with-caution"}), ("melasma", {"earlier-sign": "with-caution"})],
)
def test_a_crust_is_expected_of_brown_spots_alone(treats: str, told: dict[str, str]) -> None:
    text = session("crusting", 'device = "qs-ndyag-532-1064"\nwavelength_nm = 1064.0\nfluence_J_cm2 = 2.0')
    assert rules_of(text.replace("facial-telangiectasia", treats)) == told


@pytest.mark.parametrize("more", ["fluence_J_cm2 = 900.0", "energy_mJ = 300.0"])
def test_a_dose_that_the_device_cannot_emit_bars_every_dose(more: str) -> None:
    assert tried(spot("burn", more)) == ()
    (told,) = reaction_reasons(case(spot("burn", more)), None)
    assert "no dose of it is planned" in told.message.text


@pytest.mark.parametrize("name", ["Pulsed_Dye_595", "pulseddye595", "PULSED-DYE-595"])
def test_a_device_is_known_however_its_name_is_spaced(name: str) -> None:
    assert max(tried(spot("blister", device=name))) < 6.0


@pytest.mark.parametrize(
    "word", ["infection", "wound infection", "Infektion", "infiziert", "infected crust", "no infection"]
)
def test_an_infection_is_understood_and_looked_at_before_the_next_pulse(word: str) -> None:
    told = reaction_reasons(case(session(word)), None)
    assert "earlier-unread" not in {reason.rule for reason in told}
    assert any("nfection" in reason.message.text for reason in told) is not word.startswith("no ")
    assert {reason.decision for reason in told} <= {"with-caution"}
    assert [one.kind for one in earlier_reactions(case(session("herpes infection")))] == ["herpes-labialis"]


def test_what_no_device_was_named_for_is_not_said_to_be_of_a_laser() -> None:
    unnamed = case('\n[[session]]\nweek = 0\ntreats = "age-spots"\nadverse = ["blister after freezing"]\n')
    for modality in (None, *laser_modalities()):
        for reason in reaction_reasons(unnamed, modality):
            assert "a laser that was not named" not in reason.message.text
            assert "A blister after a treatment whose device was not named" in reason.message.text


def test_every_reaction_of_the_schema_has_its_meaning_and_words() -> None:
    assert set(reaction_kinds()) == set(REACTIONS)
    for kind, entry in reaction_kinds().items():
        for word in entry.words:
            read = earlier_reactions(case(session(word)))
            assert [one.kind for one in read] == [kind], word


@pytest.mark.parametrize("name", ["pulsed-dye-595", "ktp-532"])  # a printed dose, and a computed one
def test_a_plan_stays_at_two_thirds_of_the_dose_that_injured(name: str) -> None:
    (offered,) = laser_options(document(VEINS + devices(name)))
    dose = offered["settings"]["fluence_J_cm2"]
    hurt = spot("blister", f"fluence_J_cm2 = {dose}", device=name)
    made: Any = document(VEINS + devices(name) + hurt)
    assert "earlier-injury" in [reason["rule"] for reason in made["suitability"]["reasons"]]
    assert made["suitability"]["decision"] == "with-caution"
    assert all(option["settings"]["fluence_J_cm2"] <= 2 / 3 * dose for option in laser_options(made))
    barred = document(VEINS + devices(name) + spot("blister", "", device=name))
    assert laser_options(barred) == []
    (refused,) = [r for r in barred["concerns"][0]["refused"] if r.get("device") == name]
    assert refused["reasons"][0]["id"] == "plan.no-dose-below-injury"


def test_an_injury_lowers_light_that_is_not_simulated_too() -> None:
    """No model judges a lamp on poikiloderma; after a blister at 12 J/cm² its published dose is bounded too."""
    lamp = PERSON + concern("poikiloderma", "neck") + devices("ipl")
    (free,) = [one for one in laser_options(document(lamp)) if one["basis"] == "published"]
    assert free["settings"]["fluence_J_cm2"] > 8.0
    hurt = document(lamp + spot("blister", "fluence_J_cm2 = 12.0\nwavelength_nm = 560.0", device="ipl"))
    lowered = [one["settings"]["fluence_J_cm2"] for one in laser_options(hurt)]
    assert lowered
    assert max(lowered) <= 8.0


@pytest.mark.parametrize("reaction", ["whitening", "crust"])
def test_a_spot_that_showed_what_is_aimed_at_bounds_the_dose(reaction: str) -> None:
    """A crust at 1.5 J/cm² is the endpoint of a brown spot; more only darkens the skin around."""
    name = "qs-ndyag-532-1064"
    reached = spot(reaction, "wavelength_nm = 532.0\nfluence_J_cm2 = 1.5", device=name, hours=96)
    green, infrared = (BeamSetting(nm, 1e-5, 3.0) for nm in (532.0, 1064.0))
    assert max(tried("", name, green)) > 1.5
    assert 1.2 <= max(tried(reached, name, green)) <= 1.5  # a step of the machine
    assert tried(reached, name, infrared) == tried("", name, infrared)
    assert rules_of(reached) == {"earlier-endpoint": "with-caution"}


@pytest.mark.parametrize("mark", ["dark-mark", "pale-mark", "pigment-change"])
@pytest.mark.parametrize(("hours", "marked"), [(MONTH_H, True), (72, False)])
def test_marks_that_light_left_count_as_history_of_dark_marks(mark: str, hours: float, marked: bool) -> None:
    person = case(spot(mark, hours=hours))
    assert has_marked(person) is marked
    assert ("pih" in read_questionnaire(person).facts["history"]) is marked
    assert has_marked(case("")) is False


@pytest.mark.parametrize(
    ("dose", "scarred", "marked"),
    [
        ("energy_mJ = 20.0", set(SURFACE_MODALITIES), True),
        ("fluence_J_cm2 = 9.0", set(laser_modalities()), True),
        ("", set(laser_modalities()), True),
    ],
)
def test_a_laser_of_the_clinics_own_file_holds_all_that_it_may_be(dose: str, scarred: set[str], marked: bool) -> None:
    """A case contains no device file, and a share of the dose that scarred is not known to be safe."""
    own = devices("mine.toml")
    scar = spot("scar", dose, device="mine.toml", hours=MONTH_H) + own
    dark = spot("dark-mark", dose, device="mine.toml", hours=MONTH_H) + own
    for modality in laser_modalities():
        assert (rules_of(scar, modality).get("earlier-scar") == "refer") is (modality in scarred), modality
    assert ("earlier-mark" in rules_of(dark, "ablative")) is marked
    assert "earlier-mark" not in rules_of(dark, "vascular")


@pytest.mark.parametrize("phototype", ["II", "V"])
@pytest.mark.parametrize("site", ["cheeks", "perioral"])
def test_the_decision_names_why_the_only_laser_of_a_clinic_is_refused(phototype: str, site: str) -> None:
    person = f'[patient]\nage_years = 45\nsex = "female"\nphototype = "{phototype}"\nhistory = ["hypertrophic-scar"]\n'
    name = "co2-10600"
    asked = loaded(person + concern("wrinkles", site, "") + devices(name)).case
    machine = SearchMachine(name, lasers.devices()[name], Path())
    refusals = judge_suitability(asked, concern=asked.concern[0], modality="ablative").opposing_reasons
    assert refusals
    judged = _judge_for_clinic(asked, [machine])
    told = {reason.rule: reason for reason in judged.reasons}
    strictest = [one.rule for one in refusals if one.decision == refusals[0].decision]
    assert set(strictest) <= set(told)
    assert judged.decision == "with-caution"  # other treatments are planned
    columns = judge_suitability(asked, concern=asked.concern[0], modality="non-ablative-fractional")
    general = judge_suitability(asked, concern=asked.concern[0])
    of_columns = {one.rule for one in columns.reasons} - {one.rule for one in (*general.reasons, *refusals)}
    assert not of_columns & set(told)


def test_grey_skin_is_no_aim_under_any_laser() -> None:
    done = 'device = "qs-ruby-694"\nfluence_J_cm2 = 4.0\n'
    (one,) = earlier_reactions(case(session("grey skin", done, treats="age-spots")))
    assert (one.kind, one.meaning) == ("grey", "sign")
    (white,) = earlier_reactions(case(session("frosting", done, treats="age-spots")))
    assert (white.kind, white.meaning) == ("whitening", "expected")


@pytest.mark.parametrize("device", ["ipl", "alexandrite-755"])
@pytest.mark.parametrize(("treats", "meaning"), [("age-spots", "expected"), ("melasma", "sign"), ("redness", "harm")])
def test_brown_spots_crust_after_lamps_and_long_pulses_and_a_burn_crusts_beside_vessels(
    device: str, treats: str, meaning: str
) -> None:
    done = f'device = "{device}"\nfluence_J_cm2 = 13.0\n'
    (one,) = earlier_reactions(case(session("crusts", done, treats=treats)))
    assert one.meaning == meaning


def test_a_sign_by_nanoseconds_bars_no_picoseconds_and_an_injury_bars_all() -> None:
    name = "ps-ndyag-532-1064"
    device = lasers.devices()[name]
    sign, injury = (
        spot(kind, "wavelength_nm = 1064.0\nfluence_J_cm2 = 6.0\n", device="qs-ndyag-532-1064")
        for kind in ("grey", "blister")
    )
    assert dose_bars(case(sign), name, device) == ()
    assert {bar.dose for bar in dose_bars(case(injury), name, device)} == {None}


@pytest.mark.parametrize("adverse", ["pih for 5 months", "blister"])
def test_columns_below_all_published_energies_that_reach_next_to_nobody_are_no_option(adverse: str) -> None:
    """After two dark marks at 10 mJ fractional CO2 stood first at 5 mJ, which reached the dermis in none of 100."""
    person = PERSON.replace('"II"\nita_deg = 60.0', '"III"') + concern("acne-scars") + devices("fractional-co2-10600")
    before = session(adverse, 'device = "fractional-co2-10600"\nenergy_mJ = 10', "acne-scars")
    plan = document(person + before)
    assert not [one for one in laser_options(plan) if one["modality"] == "fractional-ablative"]
    refused = [one for part in plan["concerns"] for one in part["refused"] if one["modality"] == "fractional-ablative"]
    assert {reason["id"] for one in refused for reason in one["reasons"]} & {"plan.no-dose-below-injury"}
    assert laser_options(document(person))  # without the injury it is offered


@pytest.mark.parametrize("hours", [24, 72])
@pytest.mark.parametrize("colour", ["pigment-change", "dark-mark", "pale-mark"])
def test_a_colour_that_changed_at_a_young_spot_bars_its_dose(colour: str, hours: float) -> None:
    """7.5 J/cm² followed a mark at 7, of which the plan said that its dose was not known."""
    left = spot(colour, "fluence_J_cm2 = 7.0\npulse_ms = 10.0\nspot_mm = 10.0\nwavelength_nm = 595.0", hours=hours)
    assert max(tried(left)) < 7.0
    (reason,) = (one for one in reaction_reasons(case(left), None) if one.rule == "earlier-sign")
    assert reason.message.id == "earlier.sign"


COLUMN_HARMS = ("blister", "burn", "erosion", "dark-mark", "pale-mark", "pigment-change", "burn", "blister")
COLUMN_LASERS = [name for name, device in lasers.devices().items() if device.microbeam]


def column_bounds(text: str, phototype: str = "II") -> dict[str, RuleBounds]:
    person = PERSON.replace('"II"\nita_deg = 60.0', f'"{phototype}"') + concern("wrinkles") + text
    made = loaded(person).case
    return {
        modality: judge_suitability(made, concern=made.concern[0], modality=modality).bounds
        for modality in COLUMN_MODALITIES
    }


@pytest.mark.parametrize("phototype", ["II", "IV"])
@pytest.mark.parametrize(("harm", "device"), list(zip(COLUMN_HARMS, COLUMN_LASERS, strict=True)))
def test_after_harm_under_columns_every_column_device_has_half_of_its_density(
    harm: str, device: str, phototype: str
) -> None:
    """After a burn at 30 mJ the plan was the same as without, 20 mJ x 775; a blister in IV changed nothing either."""
    free = column_bounds("", phototype)
    dose = "energy_mJ = 5.0"
    word = {"dark-mark": "hyperpigmentation", "pale-mark": "hypopigmentation"}.get(harm, harm.replace("-", " "))
    for text in (spot(harm, dose, device=device, hours=MONTH_H), session(word, f'device = "{device}"\n{dose}')):
        for modality, bounds in column_bounds(text, phototype).items():
            usual = bounds.density_per_cm2(800.0)
            assert usual == free[modality].density_per_cm2(800.0)  # a mark is counted once
            assert bounds.density_after_harm_per_cm2(usual) == 0.5 * usual


def test_half_of_the_density_that_hurt_is_a_bound_for_such_columns() -> None:
    hurt = 'device = "fractional-1550"\nenergy_mJ = 20.0\ndensity_per_cm2 = {density}'
    sparse, dense = (column_bounds(session("burn", hurt.format(density=density))) for density in (100.0, 2000.0))
    own, other = COLUMN_MODALITIES
    assert sparse[own].density_after_harm_per_cm2(800.0) == 50.0
    assert sparse[other].density_after_harm_per_cm2(800.0) == 400.0
    assert dense[own].density_after_harm_per_cm2(800.0) == 400.0


@pytest.mark.parametrize(
    "text",
    [
        session("burn", 'device = "pulsed-dye-595"\nfluence_J_cm2 = 9.0'),
        session("redness", 'device = "fractional-1550"\nenergy_mJ = 20.0'),
        spot("dark-mark", "energy_mJ = 20.0", device="fractional-1550", hours=24),
        "",
    ],
)
def test_what_is_no_harm_under_columns_leaves_their_density(text: str) -> None:
    for bounds in column_bounds(text).values():
        assert bounds.density_after_harm_per_cm2(800.0) == 800.0
    made = loaded(PERSON + concern("wrinkles") + text).case
    assert "earlier-columns" not in {reason.rule for reason in judge_case(made).reasons}


def test_a_plan_after_harm_under_columns_tells_both_densities() -> None:
    """The leaflet said that less light was used, of a plan that was the same as without the burn."""
    person = PERSON + concern("acne-scars") + devices("fractional-co2-10600", "fractional-1550")
    hurt = session("burn", 'device = "fractional-co2-10600"\nenergy_mJ = 50.0', "acne-scars")
    free, made = document(person), document(person + hurt)
    offered = laser_options(made)
    assert offered
    assert not [one for one in laser_options(free) if "columns-sparser" in reasons_by_rule(one)]
    for option in offered:
        told = reasons_by_rule(option)["columns-sparser"]["message"]["params"]
        beam = option["settings"]["microbeam"]
        assert told["density"] == beam["density_per_cm2"] <= 0.5 * told["before"]
        assert told["pct"] < told["before_pct"]
    in_leaflet = [one["text"]["params"] for one in made["why"] if one["rule"] == "columns-sparser"]
    assert {one["density"] for one in in_leaflet} == {
        one["settings"]["microbeam"]["density_per_cm2"] for one in offered
    }
    assert not [one for one in free["why"] if one["rule"] == "columns-sparser"]


def reasons_by_rule(option: dict[str, Any]) -> dict[str, Any]:
    return {reason["rule"]: reason for reason in option["reasons"]}


def test_columns_that_reach_the_fat_are_told() -> None:
    """Columns of 50 mJ stood first without a sentence, though they reach the fat in 12 of 100 such skins."""
    plan = document(PERSON + concern("acne-scars") + devices("fractional-co2-10600", "fractional-1550"))
    offered = laser_options(plan)
    deep = [
        (check, option)
        for option in offered
        for check in option["limits"]
        if check["quantity"] == "microlesion_depth_fraction"
    ]
    assert [option for check, option in deep if check["share"] < check["share_required"]]
    for check, option in deep:
        told = reasons_by_rule(option).get("columns-reach-fat")
        assert (told is not None) is (check["share"] < check["share_required"])
        if told is not None:
            assert told["decision"] == "with-caution"
            assert told["message"]["params"]["reached"] == per_hundred(1.0 - check["share"])
            assert told["message"]["params"]["allowed"] == 5
