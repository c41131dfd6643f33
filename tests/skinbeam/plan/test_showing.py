"""How long anything shows: nobody is told a shorter time than the longest that is known."""

import csv
import itertools
import re
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options, loaded
from plan_reading import read_plan
from report_samples import sample

from skinbeam.course.downtime import (
    describe_healing_days,
    duration_records,
    longest_duration,
    longest_duration_record,
    session_durations,
)
from skinbeam.evidence.expectation.durability import downtime_days
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.course import Duration
from skinbeam.plan_records.plan import Option
from skinbeam.report.clinician_page import report_page
from skinbeam.report.formatting import showing_days, showing_days_in_words, showing_sentences, split_source_keys
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.response.goals import is_field_pigment
from skinbeam.response.limits import bruise_limit
from skinbeam.suitability.table import load_rules
from skinbeam.text import catalogue, render_message

LASERS = sorted(name for name, entry in vocabulary_table("modality").items() if entry["laser"])
SITES = ("cheeks", "eyelid", "hands")
DAYS = {"days": 1.0, "weeks": 7.0}
BARE = sample().concerns[0].options[-1]
NO_COUNT = Unknown("nobody counted it")
LINES = PERSON + concern("perioral-lines", "perioral") + devices("co2-10600")


def option_of(modality: str, condition: str, site: str, downtime: Any, *, bruised: bool = False) -> Option:
    """An option with the durations that a plan would hold."""
    treated = loaded(PERSON + concern(condition, site)).case.concern[0]
    found = session_durations(treated, modality, downtime, bruise_likely=bruised)
    return replace(BARE, shows_days=longest_duration_record(found), shows=duration_records(found))


def known_days(modality: str, condition: str, site: str) -> list[float]:
    """Every end of a duration that rules, trials and the calendar of healing give, trials of other conditions too.

    The last day after a short pulse on spots is one of looking for late marks, by which the last pink has gone.
    """
    told = [
        value.high * DAYS[value.unit]
        for rule in load_rules("downtime")
        if modality in rule.modalities
        and (not rule.conditions or condition in rule.conditions)
        and (not rule.sites or site in rule.sites)
        for value in rule.values
    ]
    if is_field_pigment(modality, condition):  # crusts of spots, which trials counted, are not what a field gets
        return told
    days = [float(day.day) for day in describe_healing_days(modality, condition)]
    if modality == "pigment-short-pulse":  # of spots "or more" is told, beside the trials of their own kind
        return [*told, *days[:-1]]
    file = resources.files("skinbeam") / "data" / "studies.csv"
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        if row["modality"] == modality:
            told += [float(row[name]) for name in ("downtime_days_high", "erythema_days_high") if row[name]]
    return [*told, *days]


def last_number(words: str) -> float:
    return max(map(float, re.findall(r"\d+(?:\.\d+)?", words)))


def test_nobody_is_told_a_shorter_time_than_is_known() -> None:
    cells = list(itertools.product(LASERS, sorted(vocabulary_table("condition")), SITES))
    assert not [cell for cell in cells if told_shorter(*cell)]


def told_shorter(modality: str, condition: str, site: str) -> bool:
    """Whether the leaflet or the report tells fewer days than are known."""
    option = option_of(modality, condition, site, downtime_days(modality))
    most = max(known_days(modality, condition, site))
    return (
        last_number(showing_days_in_words(option)) < most
        or last_number(" ".join(showing_sentences(option))) < most
        or last_number(showing_days(option).text) < float(f"{most:.3g}")
    )


def test_the_report_and_the_leaflet_tell_of_the_same_days() -> None:
    """A report said 25.2 to 135 days, its chart and the leaflet 25 to 136."""
    cells = itertools.product(LASERS, sorted(vocabulary_table("condition")), SITES)
    for modality, *where in cells:
        option = option_of(modality, *where, downtime_days(modality))
        assert last_number(showing_days(option).text) == last_number(showing_days_in_words(option))


@pytest.mark.parametrize("modality", LASERS)
def test_no_time_of_healing_begins_with_no_day(modality: str) -> None:
    """ "It takes about 0 to 1 days to heal." """
    for condition, site in itertools.product(sorted(vocabulary_table("condition")), SITES):
        lines = showing_sentences(option_of(modality, condition, site, downtime_days(modality)))
        assert not [line for line in lines if re.search(r"\b(0 to|1 days)\b", line)]


@pytest.mark.parametrize("condition", sorted(vocabulary_table("condition")))
def test_skin_that_looks_as_before_within_days_is_not_told_to_show_for_a_month(condition: str) -> None:
    """The leaflet told of traces for 28 days or more, the diary on the second day that the skin looks as before."""
    option = option_of("pigment-short-pulse", condition, "cheeks", NO_COUNT)
    days = describe_healing_days("pigment-short-pulse", condition)
    as_before = [day.day for day in days if "looks as before" in day.text.text]
    assert bool(as_before) is is_field_pigment("pigment-short-pulse", condition)
    assert isinstance(option.shows_days, Duration)
    assert (option.shows_days.what == "calendar") is not bool(as_before)
    assert ("stays pink for weeks" in option.shows_days.text.text) is not bool(as_before)
    assert option.shows_days.high < days[-1].day
    assert as_before or option.shows_days.high >= days[-2].day


@pytest.mark.parametrize("modality", LASERS)
def test_a_trial_that_counted_longer_and_a_likely_bruise_are_told(modality: str) -> None:
    counted = option_of(
        modality, "wrinkles", "cheeks", Estimate(20.0, 10.0, 199.2, 0.8, "pooled", basis=("majid2014",))
    )
    assert last_number(showing_days_in_words(counted)) == 200  # the part of a day that is left shows too
    assert isinstance(counted.shows_days, Duration)
    assert (counted.shows_days.what, counted.shows_days.source) == ("trials", "majid2014")
    bruised = option_of(modality, "wrinkles", "cheeks", NO_COUNT, bruised=True)
    assert bruise_limit().high_days in [one.high for one in bruised.shows if one.what == "bruise"]
    assert last_number(showing_days_in_words(bruised)) >= bruise_limit().high_days


def test_redness_of_a_month_is_not_told_as_a_fortnight() -> None:
    made = document(LINES)
    (option,) = laser_options(made)
    assert option["downtime_days"]["high"] == 14  # the contract's number: until new skin covers the wound
    assert (option["shows_days"]["what"], option["shows_days"]["high"]) == ("redness", pytest.approx(135.1))
    assert option["shows_days"]["source"] in made["sources"]
    page = leaflet_page(read_plan(made))
    assert page.concerns[0].options[0].days == "25 to 136, in some people more (red skin)"
    line = page.concerns[0].healing
    assert "closed by new skin after 7 to 14 days" in line
    assert "25 to 136 days, in some people for longer" in line
    report = report_page(
        read_plan(made),
        draw_report_figures(read_plan(made), FigureData()).pictures,
        (),
        embedded_figures={},
        photo=None,
    )
    assert report.glance[0].downtime.text == "25 to 136 days, redness"
    (fact,) = (f for f in report.concerns[0].options[0].facts if f.name == render_message("report.fact_shows"))
    for one in option["shows"]:
        assert one["text"]["text"] in fact.value.note
    assert "nanni1998" not in page.concerns[0].studies  # studies are named as people read them
    assert "Nanni 1998" in page.concerns[0].studies


def test_days_that_are_accepted_are_held_against_the_redness_too() -> None:
    made = document(LINES.replace("ita_deg", "downtime_days_accepted = 29\nita_deg"))
    (option,) = laser_options(made)
    (told,) = (r["text"] for r in option["reasons"] if r["rule"] == "healing-longer-than-accepted")
    assert "redness" in told
    assert "29 days" in told


def test_what_is_not_known_is_stated() -> None:
    none = replace(BARE, shows_days=Unknown("no source"), shows=())
    assert showing_days_in_words(none) == render_message("leaflet.not_known")
    assert showing_sentences(none) == ()
    assert not showing_days(none).is_known
    treated = loaded(PERSON + concern("laxity")).case.concern[0]
    assert longest_duration(session_durations(treated, "surgery", NO_COUNT)) is None
    assert isinstance(longest_duration_record(()), Unknown)


def test_everything_that_may_show_has_its_words() -> None:
    kinds = {"downtime", "redness", "covering", "trials", "calendar", "bruise"}
    for section in ("leaflet_shown", "report"):
        start = "shows_" if section == "report" else ""
        assert {f"{section}.{start}{kind}" for kind in kinds} <= set(catalogue())
    assert {f"leaflet_shows.{kind}" for kind in kinds - {"bruise"}} <= set(catalogue())  # told beside how likely it is
    own = {key.partition(".")[2] for key in catalogue() if key.startswith(("leaflet_shows.", "leaflet_shown."))}
    assert own - kinds <= {rule.id for rule in load_rules("downtime")}


@pytest.mark.parametrize("condition", ["age-spots", "acne-scars", "melasma", "keloid"])
def test_what_is_done_without_a_laser_shows_at_least_as_long_as_it_heals(condition: str) -> None:
    """Not known was printed above, and the days of the same treatment further down."""
    made = document(PERSON + concern(condition) + devices("ndyag-1064"))
    others = [one for part in made["concerns"] for one in part["options"] if "device" not in one]
    healing = [one for one in others if "high" in one["downtime_days"]]
    assert healing
    for one in others:
        assert ("high" in one["shows_days"]) is (one in healing)
    for one in healing:
        assert one["shows_days"]["high"] >= one["downtime_days"]["high"]
        assert set(split_source_keys(one["shows_days"]["source"])) <= set(made["sources"])
        assert one["shows_days"] in one["shows"]


def test_each_line_of_columns_has_its_own_days() -> None:
    """A machine with both lines heals in two to three days after the deep one, and in a week after 1927 nm."""
    plan = document(
        PERSON + concern("melasma", extra=NAMED + "creams_months = 6") + devices("fractional-1550", "thulium-1927")
    )
    days = {option["settings"]["wavelength_nm"]: option["downtime_days"]["high"] for option in laser_options(plan)}
    assert days == {1550.0: 3.0, 1927.0: 7.0}
