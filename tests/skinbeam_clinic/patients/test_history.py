"""What was typed and what was recorded, joined: each row once, whoever wrote it."""

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skinbeam.model.consultation import EarlierSession, EarlierTestSpot
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.models import ConsultationRecord
from skinbeam_clinic.patients.history import (
    History,
    HistoryFact,
    list_incomplete_rows,
    list_spot_facts,
    list_typed_facts,
)
from skinbeam_clinic.patients.history_join import join_history, list_missing_facts
from skinbeam_clinic.patients.plan_history import parse_plan_history, serialize_facts
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring, SpotReading, TestSpotRecord
from skinbeam_clinic.used_cooling import CoolingChange

AT = datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC)
SPOT = {
    "device": "pulsed-dye-595",
    "site": "cheeks",
    "wavelength_nm": 595.0,
    "fluence_J_cm2": 7.5,
    "pulse_ms": 6.0,
    "read_after_h": 71.6,
    "reaction": "blister",
}
ELSEWHERE = {"treats": "redness", "device": "ktp-532"}
SESSION = {"week": 0.0, "treats": "redness", "device": "pulsed-dye-595", "fluence_J_cm2": 6.5}


def spot(id: str = "a", **other: Any) -> HistoryFact:
    return HistoryFact(f"test_spot/{id}", EarlierTestSpot.model_validate(SPOT | other), AT, "/", "p")


def session(week: float, **other: Any) -> HistoryFact:
    row = EarlierSession.model_validate(SESSION | {"week": week} | other)
    return HistoryFact(f"treatment/{week}", row, AT, "/", "p")


def typed(**fields: str) -> Submission:
    return make_submission((name.replace("__", "."), words) for name, words in fields.items())


def weeks(sent: Submission) -> list[float]:
    return [row["week"] for row in sent.tables["session"]]


def test_what_is_recorded_stands_behind_what_was_typed() -> None:
    sent = typed(test_spot__1__device="ktp-532", test_spot__1__reaction="none", patient__age_years="42")
    rows = join_history(sent, [spot(), spot("b", reaction="none")]).tables
    assert rows["test_spot"] == [{"device": "ktp-532", "reaction": "none"}, SPOT, SPOT | {"reaction": "none"}]
    assert rows["patient"] == {"age_years": 42.0}
    assert join_history(sent, []) == sent


def test_what_is_both_typed_and_recorded_counts_once_and_keeps_what_only_one_knows() -> None:
    sent = typed(
        test_spot__0__device="pulsed-dye-595",
        test_spot__0__site="cheeks",
        test_spot__0__fluence_J_cm2="7,5",
        test_spot__0__spot_mm="7",
        test_spot__0__read_after_h="72",
        test_spot__0__reaction="blister",
    )
    assert join_history(sent, [spot()]).tables["test_spot"] == [SPOT | {"spot_mm": 7.0, "read_after_h": 72.0}]
    assert len(join_history(sent, [spot(), spot("b")]).tables["test_spot"]) == 2  # typed once, recorded twice


@pytest.mark.parametrize("other", [{"reaction": "none"}, {"fluence_J_cm2": 6.0}, {"device": "ktp-532"}])
def test_what_differs_is_another_row(other: dict[str, Any]) -> None:
    first = join_history(Submission(), [spot()])
    assert join_history(first, [spot(**other)]).tables["test_spot"] == [SPOT, SPOT | other]


def test_joining_twice_adds_nothing() -> None:
    facts = [spot(), session(0.0), session(5.3, adverse=["blister", "scar"], response_pct=10.0)]
    once = join_history(Submission(), facts)
    assert once.tables["session"][1]["adverse"] == ["blister; scar"]
    assert join_history(once, facts) == once
    assert list_missing_facts(once, facts) == ()
    assert list_missing_facts(Submission(), facts) == tuple(facts)


def test_sessions_from_elsewhere_come_first_and_their_weeks_are_counted_on() -> None:
    elsewhere = typed(session__0__treats="redness", session__0__week="0", session__0__device="ktp-532")
    facts = [session(0.0), session(4.0)]
    assert weeks(join_history(elsewhere, facts)) == [0.0, 0.0, 4.0]
    later = typed(session__0__treats="redness", session__0__week="9", session__0__device="ktp-532")
    once = join_history(later, facts)
    assert weeks(once) == [9.0, 9.0, 13.0]
    assert join_history(once, facts) == once


def test_a_plan_knows_what_it_was_made_of_and_not_what_was_seen_since() -> None:
    facts = (spot(), session(0.0))
    written = serialize_facts(facts, AT)
    read = parse_plan_history(written)
    assert read.match(facts) == facts
    assert read.match((spot(reaction="scar"), session(0.0), session(4.0))) == (session(0.0),)


def test_a_plan_knows_where_recorded_sessions_were_and_how_long_before_it() -> None:
    """And a session that was typed into another record of the person is as old as it was then, and the days since."""
    month_later = AT + datetime.timedelta(days=28)
    here = replace(session(0.0), site="cheeks")
    unknown = replace(session(4.0), record="consultation/c", plan_id="")
    typed_there = replace(session(0.0, weeks_ago=2.0, site="nose"), record="consultation/c", plan_id="")
    rows = join_history(Submission(), [spot(), here, unknown, typed_there], month_later).tables
    assert [(row.get("site"), row.get("weeks_ago")) for row in rows["session"]] == [
        ("cheeks", 4.0),
        (None, None),
        ("nose", 6.0),
    ]
    assert rows["test_spot"] == [SPOT]
    written = serialize_facts((here,), month_later)
    read = parse_plan_history(written)
    assert read.joined_at == month_later
    assert read.match((here,)) == (here,)  # whatever the day
    assert read.match((replace(here, site="nose"),)) == (), "its site was corrected since"
    older = json.loads(written)
    del older["records"][0]["site"]
    assert parse_plan_history(json.dumps(older).encode()).match((here,)) == (here,)


def test_a_typed_session_takes_the_place_and_time_of_the_record_of_it() -> None:
    sent = typed(session__0__treats="redness", session__0__week="0", session__0__device="pulsed-dye-595")
    (row,) = join_history(sent, [replace(session(0.0), site="chin")], AT + datetime.timedelta(days=7)).tables["session"]
    assert (row["site"], row["weeks_ago"], row["fluence_J_cm2"]) == ("chin", 1.0, 6.5)


@pytest.mark.parametrize(("site", "rows"), [("cheeks", 1), ("full-face", 1), ("nose", 2)])
def test_a_session_typed_with_a_wider_site_counts_once_and_is_as_old_as_its_record(site: str, rows: int) -> None:
    sent = typed(
        session__0__treats="redness",
        session__0__week="0",
        session__0__device="pulsed-dye-595",
        session__0__site=site,
        session__0__weeks_ago="2",
        session__0__fluence_J_cm2="6.5",
    )
    facts = [replace(session(0.0), site="cheeks"), replace(session(6.0), fired_at=AT + datetime.timedelta(weeks=6))]
    once = join_history(sent, facts, AT + datetime.timedelta(weeks=9)).tables["session"]
    assert len(once) == rows + 1
    # Its own two weeks were counted when they were typed: seven weeks later the next session would be before it.
    assert [one.get("weeks_ago") for one in once] == ([9.0, 3.0] if rows == 1 else [2.0, None, None])
    (unread,) = list_incomplete_rows([_other_record(session__0__treats="redness", session__0__site="cheeks")])
    assert History(tuple(facts), (unread,)).list_incomplete(Submission()) == ()


def test_weeks_that_are_counted_from_two_first_sessions_stop_no_plan() -> None:
    """A course elsewhere was typed from its own week 0: between two sessions here, or in a closed record."""
    rows = {f"session.{number}.{name}": text for number in (0, 1) for name, text in ELSEWHERE.items()}
    rows |= {"session.0.week": "0", "session.1.week": "6"}
    day = AT + datetime.timedelta(weeks=52)
    here = [replace(session(week), fired_at=AT + datetime.timedelta(weeks=week)) for week in (0.0, 45.0)]
    between = join_history(make_submission([*rows.items(), ("session.0.weeks_ago", "20")]), here, day)
    dated = make_submission([*rows.items(), ("session.1.weeks_ago", "20")])
    closed = ConsultationRecord("c", "p2", "open", 1, dated, day, day, "who")
    last = replace(session(0.0), fired_at=here[1].fired_at)
    before = join_history(Submission(), [last, *list_typed_facts([closed], [last])], day)
    for joined, sessions in ((between, 4), (before, 3)):
        case = case_from_form(joined, Path()).case
        assert len(case.session) == sessions
        assert {one.weeks_ago for one in case.session if one.device == "pulsed-dye-595"} == {None}


def _other_record(**fields: str) -> ConsultationRecord:
    return ConsultationRecord("c", "p2", "open", 1, typed(**fields), AT, AT, "who")


def test_of_a_session_since_that_day_no_weeks_are_counted() -> None:
    """A plan page asks the rules as of the day of its plan, of sessions that came after it, too."""
    since = replace(session(0.0, weeks_ago=3.0), site="cheeks", fired_at=AT + datetime.timedelta(hours=1))
    for plan_id in ("p", ""):
        (row,) = join_history(Submission(), [replace(since, plan_id=plan_id)], AT).tables["session"]
        assert ("weeks_ago" in row, row["site"]) == (False, "cheeks")


@pytest.mark.parametrize("change", [None, *CoolingChange])
@pytest.mark.parametrize(("reaction", "harms"), [("none", False), ("blister", True)])
def test_a_plan_learns_nothing_from_skin_that_another_cooling_may_have_spared(
    change: CoolingChange | None, reaction: str, *, harms: bool
) -> None:
    """Otherwise it takes the dose as borne: it leaves lower spots out, and predicts fewer burns."""
    settings = SpotSettings(**{name: value for name, value in SPOT.items() if name not in ("read_after_h", "reaction")})
    firing = SpotFiring("p", settings, 48.0, ORAL_CONSENT, cooling_change=change)
    reading = SpotReading(reaction, AT + datetime.timedelta(hours=72), "")
    made = TestSpotRecord("a", "c", firing, AT, "", (reading,))
    spared = change in (CoolingChange.OTHER, CoolingChange.STRONGER, CoolingChange.ADDED)
    assert [fact.values["reaction"] for fact in list_spot_facts([made])] == ([] if spared and not harms else [reaction])
