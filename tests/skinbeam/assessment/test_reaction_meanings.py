"""Whether a reaction is expected, a sign or an injury, by what was treated, with which light, and for how long."""

import pytest
from consultations import PERSON, concern, loaded
from earlier_samples import MONTH_H, VEINS_CASE, allowed_doses, case, rules_of, session, spot

from skinbeam.assessment.questionnaire import has_marked, read_questionnaire
from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.model.vocabulary import (
    laser_modalities,
)
from skinbeam.suitability.judgement import judge_suitability


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
            loaded(VEINS_CASE.replace("\nage_years", '\nhistory = ["herpes-labialis"]\nage_years')).case,
        )
    )
    rules = {reason.rule for reason in history.reasons if "herpes" in reason.rule or "antiviral" in reason.rule}
    assert rules
    assert (rules <= {reason.rule for reason in told.reasons}) is has
    is_hurt = any(reason.rule.startswith(("earlier-injury", "earlier-wound")) for reason in told.reasons)
    assert is_hurt is (text == "blister")
    assert "earlier-unread" not in {reason.rule for reason in told.reasons}


def test_dark_marks_that_are_there_count_as_a_history_of_them() -> None:
    assert has_marked(loaded(PERSON + concern("post-inflammatory-hyperpigmentation", extra="")).case)


@pytest.mark.parametrize(
    ("hours", "rule", "share"), [(MONTH_H - 1, "earlier-sign", 1 / 1.15), (MONTH_H, "earlier-injury", 2 / 3)]
)
def test_a_mark_is_an_injury_from_four_weeks_on_and_a_sign_before(hours: float, rule: str, share: float) -> None:
    """A sign bars all above a step below its dose; an injury all above two thirds of it."""
    text = spot("dark-mark", hours=hours)
    assert rules_of(text) == {rule: "with-caution"}
    below = [dose for dose in allowed_doses("") if dose <= 6.0 * share]
    assert list(allowed_doses(text)) == below


@pytest.mark.parametrize("reaction", ["none", "redness"])
def test_the_usual_reaction_of_a_vessel_refuses_nothing(reaction: str) -> None:
    assert allowed_doses(spot(reaction)) == allowed_doses("")
    assert rules_of(spot(reaction)) == {}


@pytest.mark.parametrize("reaction", ["crust", "whitening"])
def test_crust_and_whitening_are_expected_of_short_pulses_and_a_sign_elsewhere(reaction: str) -> None:
    name = "qs-ndyag-532-1064"
    text = spot(reaction, "wavelength_nm = 532.0\nfluence_J_cm2 = 1.0", device=name)
    assert rules_of(text) == {"earlier-endpoint": "with-caution"}
    assert rules_of(spot(reaction, device="ndyag-1064")) == {"earlier-sign": "with-caution"}


def test_raw_skin_is_expected_where_skin_is_removed() -> None:
    assert rules_of(spot("burn", "energy_mJ = 20.0", device="fractional-co2-10600")) == {
        "earlier-injury": "with-caution"
    }


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


@pytest.mark.parametrize("mark", ["dark-mark", "pale-mark", "pigment-change"])
@pytest.mark.parametrize(("hours", "marked"), [(MONTH_H, True), (72, False)])
def test_marks_that_light_left_count_as_history_of_dark_marks(mark: str, hours: float, marked: bool) -> None:
    person = case(spot(mark, hours=hours))
    assert has_marked(person) is marked
    assert ("pih" in read_questionnaire(person).facts["history"]) is marked
    assert has_marked(case("")) is False


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
