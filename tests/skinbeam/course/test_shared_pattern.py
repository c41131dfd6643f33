"""Which columns are fired where one pattern treats several concerns, as options and cards tell it."""

from dataclasses import replace

from course_samples import BEAM, COLUMNS, MONTH, THREE, TWICE, option, part, with_settings

from skinbeam.course.schedule import schedule_course
from skinbeam.course.shared_pattern import (
    ColumnPattern,
    find_deepest,
    list_shared_patterns,
    list_treated_with,
    places_begun_deeper,
)
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.report.option_cards import option_card

SCARS = replace(COLUMNS["fractional-ablative"]["acne-scars"], title="Scars")  # 40 mJ


def _columns(condition: str, energy_mJ: float, sessions: SourceRange = TWICE) -> ConcernPlan:
    planned = part(condition, option("fractional-ablative", "laser", sessions, MONTH))
    return replace(with_settings(planned, microbeam=replace(BEAM, energy_mJ=energy_mJ)), title=condition)


def test_the_visits_are_those_of_the_course_in_which_both_take_part() -> None:
    texture = _columns("skin-texture", 10.0, THREE)  # the third visit is its own
    concerns = [texture, SCARS]
    (shared,) = list_shared_patterns(concerns, schedule_course(concerns))
    assert (shared.carrier, shared.concern, shared.visits) == (SCARS, texture, (1, 2))


def test_the_deepest_that_is_left_carries_the_next_visits() -> None:
    """Scars of two visits, then lines of three with columns of 20 mJ: texture is never treated with its own."""
    lines, texture = _columns("wrinkles", 20.0, THREE), _columns("skin-texture", 10.0, THREE)
    concerns = [texture, lines, SCARS]
    found = list_shared_patterns(concerns, schedule_course(concerns))
    told = {(each.carrier.title, each.concern.title): each.visits for each in found}
    assert told == {
        ("Scars", "wrinkles"): (1, 2),
        ("Scars", "skin-texture"): (1, 2),
        ("wrinkles", "skin-texture"): (3,),
    }


def test_concerns_begin_with_the_deeper_columns_of_another_one() -> None:
    lines, texture = _columns("wrinkles", 20.0, THREE), _columns("skin-texture", 10.0, THREE)
    concerns = [texture, lines, SCARS]
    assert places_begun_deeper(concerns, schedule_course(concerns)) == {texture.place, lines.place}
    assert places_begun_deeper([SCARS], schedule_course([SCARS])) == set()


def test_nothing_is_told_of_concerns_that_share_no_pattern() -> None:
    neck, pores = replace(SCARS, site="neck"), COLUMNS["fractional-ablative"]["pores"]
    same = replace(_columns("skin-texture", 40.0), title="Same setting")
    for concerns in ([SCARS, neck], [SCARS, pores], [SCARS, same]):
        assert not list_shared_patterns(concerns, schedule_course(concerns))


def test_a_wide_column_of_heat_with_more_energy_is_the_deeper_one() -> None:
    """At 1550 nm 40 mJ in 140 µm go 0.5 mm deep, and 7.8 mJ in 60 µm 0.35 mm, with more energy on their cross-section.

    Acne scars had the columns of pores. A crater has no heat to lose: there the narrow column is the deeper one.
    """
    for modality, deepest in (("non-ablative-fractional", "acne-scars"), ("fractional-ablative", "skin-texture")):
        patterns = []
        for condition, energy_mJ, diameter_um in (("acne-scars", 40.0, 140.0), ("skin-texture", 7.8, 60.0)):
            beam = replace(BEAM, energy_mJ=energy_mJ, diameter_um=diameter_um)
            planned = with_settings(part(condition, option(modality, "laser", TWICE, MONTH)), microbeam=beam)
            setup = replace(planned.options[0].setup, wavelength_nm=1550.0)
            patterns.append(ColumnPattern(condition, "cheeks", modality, setup))
        assert {patterns[find_deepest(place, patterns)].condition for place in (0, 1)} == {deepest}


def _treated_with(concern: ConcernPlan, *others: ConcernPlan) -> list[str]:
    concerns = [concern, *others]
    return [other.title for other in list_treated_with(concern, concerns, schedule_course(concerns))]


def test_a_pass_treats_what_its_columns_renew_and_no_pass_that_is_not_fired_does() -> None:
    lines, texture = _columns("wrinkles", 20.0), _columns("skin-texture", 10.0)
    assert _treated_with(SCARS, texture, lines) == ["skin-texture", "wrinkles"]
    assert _treated_with(texture, SCARS) == []
    assert _treated_with(SCARS, replace(texture, site="neck")) == []
    assert _treated_with(SCARS, COLUMNS["fractional-ablative"]["pores"]) == []


def test_a_shallower_pattern_treats_the_rest_where_the_deepest_has_no_visits_left() -> None:
    lines, texture = _columns("wrinkles", 20.0, THREE), _columns("skin-texture", 10.0, THREE)
    assert _treated_with(lines, texture, SCARS) == ["skin-texture"]  # in the third visit


def test_a_pass_of_one_setting_treats_each_concern_on_the_skin_that_it_covers() -> None:
    same = replace(_columns("skin-texture", 40.0), title="Same")
    assert _treated_with(SCARS, same) == ["Same"]
    assert _treated_with(same, SCARS) == ["Scars"]
    face = replace(same, site="full-face")
    assert _treated_with(face, SCARS) == ["Scars"]
    assert _treated_with(SCARS, face) == [], "the rest of the face is not treated"


def test_the_card_of_each_option_tells_what_is_fired() -> None:
    """The printed setting of the shallower option was that of a pass which the course never makes."""
    texture = _columns("skin-texture", 10.0)
    concerns = [SCARS, texture]
    patterns = list_shared_patterns(concerns, schedule_course(concerns))
    (other,) = option_card(texture, texture.options[0], patterns=patterns).shared_patterns
    assert "40 mJ" in other
    assert "10 mJ" not in other
    assert "Scars" in other
    (carrier,) = option_card(SCARS, SCARS.options[0], patterns=patterns).shared_patterns
    assert "skin-texture" in carrier
    assert not option_card(texture, texture.options[1], patterns=patterns).shared_patterns  # it has no laser
