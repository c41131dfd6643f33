"""After a scar, a pale mark, a wound that stayed or an eye that hurt, what could do it again waits."""

import pytest
from consultations import PERSON, concern, devices, loaded
from earlier_samples import MONTH_H, case, rules_of, session, spot

from skinbeam.evidence.peel_kinds import PEEL, peel_depth
from skinbeam.laser import device as lasers
from skinbeam.model.conditions import known_conditions
from skinbeam.model.vocabulary import (
    PIGMENT_MODALITIES,
    SURFACE_MODALITIES,
    WOUNDING_MODALITIES,
    laser_modalities,
)
from skinbeam.suitability.dose_bars import LightFacts, dose_bars
from skinbeam.suitability.history import reaction_reasons
from skinbeam.suitability.judgement import judge_case, judge_suitability
from skinbeam.text import Message


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


@pytest.mark.parametrize("mark", ["dark-mark", "pale-mark", "pigment-change", "scar"])
def test_after_lasting_harm_by_an_unknown_device_every_laser_waits(mark: str) -> None:
    text = spot(mark, device="Lightmaster 3000", hours=MONTH_H)
    for modality in laser_modalities():
        assert "refer" in rules_of(text, modality).values(), modality
    assert "refer" in {reason.decision for reason in reaction_reasons(case(text), None)}


def test_after_a_pale_mark_no_lamp_lights_the_skin_whatever_it_aims_at() -> None:
    """The lamp that had left pale footprints on poikiloderma was planned again, for its red part."""
    pale = case(spot("pale-mark", device="ipl", hours=MONTH_H))
    for is_lamp in (True, False):
        told = {
            one.rule: one.decision
            for one in reaction_reasons(pale, "vascular", light=LightFacts(560.0, False, is_lamp))
        }
        assert (told.get("earlier-pale-mark") == "refer") is is_lamp


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


@pytest.mark.parametrize(
    ("dose", "scarred", "marked"),
    [
        ("energy_mJ = 20.0", set(SURFACE_MODALITIES), True),
        ("fluence_J_cm2 = 9.0", set(laser_modalities()), True),
        ("", set(laser_modalities()), True),
    ],
)
def test_a_laser_of_the_clinics_own_file_holds_all_that_it_may_be(dose: str, scarred: set[str], marked: bool) -> None:
    """Its file was not read, and a share of the dose that scarred is not known to be safe."""
    own = devices("mine.toml")
    scar = spot("scar", dose, device="mine.toml", hours=MONTH_H) + own
    dark = spot("dark-mark", dose, device="mine.toml", hours=MONTH_H) + own
    for modality in laser_modalities():
        assert (rules_of(scar, modality).get("earlier-scar") == "refer") is (modality in scarred), modality
    assert ("earlier-mark" in rules_of(dark, "ablative")) is marked
    assert "earlier-mark" not in rules_of(dark, "vascular")


def test_two_injuries_of_one_pulse_are_one_reason() -> None:
    """A blister and a crust after one session were told in two sentences that differed in one word."""
    pulse = 'device = "ktp-532"\nsite = "cheeks"\nfluence_J_cm2 = 14.0\npulse_ms = 10.0\nspot_mm = 5.0\n'
    person = case(session("blister, crust", pulse))
    told = [reason for reason in reaction_reasons(person, "vascular") if reason.rule == "earlier-injury"]
    assert len(told) == 1
    assert told[0].message.params["reaction"] == Message("reaction.blister")
