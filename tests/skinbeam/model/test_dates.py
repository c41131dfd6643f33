"""Dates of a case lie between birth and today; the clock is asked when a case is loaded and by nothing later."""

import datetime
import time
import tomllib
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from consultations import EXAMPLES, NAMED, concern

from skinbeam.model import input_files
from skinbeam.model.case import Case, check_dates, current_date
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import case_from_tables, load_case, parse_record

TODAY = datetime.date(2026, 11, 21)


def case(date: str, age_years: float = 42.0) -> Case:
    named = {"diagnosed": True, "diagnosed_by": "clinician", "diagnosis_method": "biopsy", "diagnosis_date": date}
    asked = [{"condition": "age-spots", "site": "cheeks", **named}]
    return parse_record(Case, {"patient": {"age_years": age_years}, "concern": asked}, file="case")


# Someone of 42 years was born after the 21st of November 1983.
@pytest.mark.parametrize(("date", "code"), [("1983-11-21", "date-before-birth"), ("2026-11-22", "date-in-future")])
def test_a_date_that_cannot_be_is_refused(date: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        check_dates(case(date), TODAY, file="case.toml")
    assert caught.value.code == code
    assert caught.value.field == "concern[0].diagnosis_date"
    assert date in caught.value.message


@pytest.mark.parametrize("date", ["1983-11-22", "2026-11-21", "2026-03-02"])
def test_a_date_that_can_be_is_taken(date: str) -> None:
    check_dates(case(date), TODAY, file="case.toml")


def test_a_leap_day_has_its_birthday_in_every_year() -> None:
    leap = datetime.date(2028, 2, 29)
    check_dates(case("1985-03-01"), leap, file="case.toml")  # 2028 - 43 = 1985 has no such day
    with pytest.raises(InputError):
        check_dates(case("1985-02-28"), leap, file="case.toml")


def test_a_specialists_decision_is_dated_like_a_diagnosis() -> None:
    decision = {"by": "dermatologist", "date": "2026-11-22", "allows": ["fractional-ablative"]}
    patient = {"age_years": 42.0, "history": ["keloid"], "keloid_decision": decision}
    with pytest.raises(InputError) as caught:
        check_dates(parse_record(Case, {"patient": patient}, file="case"), TODAY, file="case")
    assert caught.value.field == "patient.keloid_decision.date"


@pytest.fixture
def far_west(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in the zone where each day begins last."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Etc/GMT+12")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_west")
def test_today_is_no_future_date_in_a_clinic_east_of_its_server() -> None:
    """A diagnosis of this morning in Auckland was refused until noon by a server in UTC."""
    today = datetime.datetime.now(ZoneInfo("Pacific/Auckland")).date()
    check_dates(case(today.isoformat()), current_date(), file="case.toml")


def test_every_door_asks_the_clock_and_the_hash_does_not_hang_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    file = EXAMPLES / "first-consultation" / "case.toml"
    before = load_case(file).sha256()

    monkeypatch.setattr(input_files, "current_date", lambda: datetime.date(2027, 10, 1))
    assert load_case(file).sha256() == before
    monkeypatch.setattr(input_files, "current_date", lambda: datetime.date(2026, 10, 1))
    with pytest.raises(InputError, match="future"):
        load_case(file)
    tables = tomllib.loads("[patient]\nage_years = 42\n" + concern("age-spots", extra=NAMED.replace("-03-", "-12-")))
    with pytest.raises(InputError, match="future"):
        case_from_tables(tables, file.parent, "form")


def test_a_session_is_no_longer_ago_than_any_before_it() -> None:
    """Only the next one by week was compared, so that two of one week hid a third."""
    times = ((0.0, 5.0), (4.0, 1.0), (4.0, 6.0))
    done = [{"treats": "redness", "week": week, "weeks_ago": ago} for week, ago in times]
    with pytest.raises(InputError) as caught:
        parse_record(Case, {"session": done}, file="case")
    assert (caught.value.code, caught.value.field) == ("session-times", "session[2].weeks_ago")
