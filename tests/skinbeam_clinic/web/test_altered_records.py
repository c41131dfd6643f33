"""Pages that list records stand where one of them was altered, tell of it, and nothing is decided without it."""

import datetime
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from clinic_samples import Clinics
from sqlalchemy import select, update
from treatment_samples import FIRED

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.database.tables import Base, JobRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.jobs.queue import ALARM_JOB
from skinbeam_clinic.outcome_audit.comparison import OutcomeReader
from skinbeam_clinic.patients.recorded_history import read_history
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource

# Pages that show the records of a clinic, of a patient or of a diary; none of them decides anything.
LISTS = (
    "/",
    "/alarms",
    "/appointments",
    "/due",
    "/erasures",
    "/learning",
    "/machines",
    "/reminders",
    "/texts",
    "/patients/{patient}",
    "/patients/{patient}/appointments",
    "/patients/{patient}/erasure",
    "/patients/{patient}/follow-ups",
    "/treatments/{diary}/diary",
)
KEY_NAME = 1  # place of its first byte in what is sealed, after that of the form
NOTICE = "These records cannot be read"
SEALED = [
    (table.name, column.name)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if "clinic_id" in table.columns and column.name.endswith("_sealed")
]
# Columns that hold one of a few words.
WORDS = [
    ("adverse_event", "source"),
    ("appointment", "purpose"),
    ("attachment", "kind"),
    ("clinic_text", "use"),
    ("treatment", "state"),
]
PASSING = re.compile(r'name="row" value="\w+"|\d+ minutes')  # each form gets its own row, and an alarm waits


@pytest.fixture(scope="module")
def whole(clinics: Clinics, names: dict[str, str]) -> dict[str, str]:
    """The pages as long as nothing is altered."""
    repositories = clinics.repositories()
    repositories.patients.set_contact(names["patient"], {"name": "Ada Example"})
    ended = next(one for one in repositories.treatments.of(names["consultation"]) if one.ended_at is not None)
    repositories.treatments.add_area(ended.id, replace(FIRED, why="written down later"))
    burn = {"kind": "burn", "grade": AdverseEventGrade.MILD, "source": AdverseEventSource.FOLLOW_UP}
    repositories.adverse_events.add(ended.id, **burn)  # type: ignore[arg-type]
    pages = open_pages(clinics, names)
    assert not any(NOTICE in page for page in pages.values())
    return pages


def open_pages(clinics: Clinics, names: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each page, and of the search for a pseudonym; each must stand."""
    owner = clinics.browser(Role.OWNER)
    pages = {path: owner.get(path.format(**names)) for path in LISTS}
    pages["/search"] = owner.post("/search", data={"pseudonym": "S-17"})
    assert {path: page.status_code for path, page in pages.items() if page.status_code != 200} == {}
    assert f"/patients/{names['patient']}" in pages["/search"].text
    return {path: PASSING.sub("", page.text) for path, page in pages.items()}


@contextmanager
def altered(
    clinics: Clinics, table_name: str, column_name: str, word: str = "", *, place: int = -1
) -> Iterator[list[str]]:
    """Alter a column in every row that has something in it, and yield their ids; in the end it is as it was.

    Parameters
    ----------
    word : what is written in its place; without it, one byte of what is sealed is changed, at `place`.
    """
    table = Base.metadata.tables[table_name]
    column = table.columns[column_name]
    with clinics.database.engine.begin() as connection:
        rows = [(row[0], row[1]) for row in connection.execute(select(table.c.id, column).where(column.is_not(None)))]

    def write(values: Mapping[str, Any]) -> None:
        with clinics.database.engine.begin() as connection:
            for id, value in values.items():
                connection.execute(update(table).where(table.c.id == id).values({column_name: value}))

    write({id: word or _change_byte(value, place) for id, value in rows})
    try:
        yield [id for id, _ in rows]
    finally:
        write(dict(rows))


def _change_byte(sealed: bytes, place: int) -> bytes:
    changed = bytearray(sealed)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(("table", "column"), SEALED)
def test_a_list_stands_and_hides_no_record_that_was_altered(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str], table: str, column: str
) -> None:
    with altered(clinics, table, column):
        pages = open_pages(clinics, names)
    assert [path for path, page in pages.items() if page != whole[path] and NOTICE not in page] == []


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("clinical_note", "note_sealed"),
        ("contact", "contact_sealed"),
        ("tell_back", "answers_sealed"),
        ("treated_area", "fired_sealed"),
    ],
)
def test_a_list_stands_where_the_name_of_a_key_was_altered(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str], table: str, column: str
) -> None:
    """It looks as if the record were sealed with another key, which would close every page."""
    with altered(clinics, table, column, place=KEY_NAME):
        pages = open_pages(clinics, names)
    assert [path for path, page in pages.items() if page != whole[path] and NOTICE not in page] == []
    assert any(NOTICE in page for page in pages.values())


@pytest.mark.parametrize(("table", "column"), WORDS)
def test_a_list_stands_where_a_word_was_altered(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str], table: str, column: str
) -> None:
    with altered(clinics, table, column, "altered") as ids:
        pages = open_pages(clinics, names)
    assert ids
    assert [path for path, page in pages.items() if page != whole[path] and NOTICE not in page] == []
    assert any(NOTICE in page for page in pages.values())


@pytest.mark.parametrize(
    ("table", "column", "path"),
    [
        ("clinical_note", "note_sealed", "/patients/{patient}"),
        ("attachment", "attachment_sealed", "/patients/{patient}"),
        ("consultation", "answers_sealed", "/patients/{patient}"),
        ("treated_area", "fired_sealed", "/patients/{patient}"),
        ("adverse_event", "event_sealed", "/patients/{patient}"),
        ("test_spot", "spot_sealed", "/patients/{patient}"),
        ("follow_up", "judged_sealed", "/patients/{patient}/follow-ups"),
        ("diary_entry", "entry_sealed", "/alarms"),
        ("diary_entry", "entry_sealed", "/treatments/{diary}/diary"),
        ("contact", "contact_sealed", "/search"),
        ("contact", "contact_sealed", "/patients/{patient}"),
        ("contact", "contact_sealed", "/reminders"),
    ],
)
def test_the_page_names_each_record_that_it_cannot_show(
    clinics: Clinics,
    names: dict[str, str],
    whole: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    table: str,
    column: str,
    path: str,
) -> None:
    with altered(clinics, table, column) as ids, caplog.at_level(logging.WARNING):
        page = open_pages(clinics, names)[path]
        found = {finding.location for one in verify_database(clinics.database) for finding in one.findings}
    assert NOTICE in page
    if table == "contact":
        assert "Contact details of S-17" in page
    assert found == {f"{table}/{id}" for id in ids}, "the command tells it as before"
    assert any(f"{table}/{id}" in caplog.text for id in ids)
    assert page != whole[path]


def test_the_words_of_an_altered_note_are_not_there_and_the_others_are(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str]
) -> None:
    repositories = clinics.repositories()
    client = clinics.browser(Role.CLINICIAN)
    with altered(clinics, "clinical_note", "note_sealed"):
        repositories.notes.add(names["patient"], "Written later.")
        page = client.get(f"/patients/{names['patient']}").text
        assert "Restless." not in page
        assert "Written later." in page
        assert page.count("Cannot be read: altered") == 1
        assert f"/notes/{names['note']}/striking" not in page
        refused = client.post(f"/notes/{names['note']}/striking", data={"why": "a mistake"})
        assert (refused.status_code, "they were altered" in refused.text) == (422, True)


def test_an_altered_notification_of_an_alarm_closes_no_page_and_counts_as_not_delivered(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page counts the alarms."""
    monkeypatch.setattr("skinbeam_clinic.diaries.repository._DELIVERY_LIMIT", datetime.timedelta(hours=1))
    assert clinics.repositories().alarms.count().has_unsent is False
    with clinics.database.engine.begin() as connection:
        mine = JobRow.kind == ALARM_JOB
        assert connection.execute(update(JobRow).where(mine).values(progress_sealed=b"x" * 64)).rowcount
    try:
        open_pages(clinics, names)
        assert clinics.repositories().alarms.count().has_unsent
    finally:
        with clinics.database.engine.begin() as connection:
            connection.execute(update(JobRow).where(mine).values(progress_sealed=None))


@pytest.mark.parametrize(
    ("table", "column", "path"),
    [
        ("contact", "contact_sealed", "/patients/{patient}/contact"),
        ("consultation", "answers_sealed", "/consultations/{consultation}"),
        ("treatment", "checklist_sealed", "/treatments/{treatment}"),
        ("follow_up", "judged_sealed", "/follow-ups/{follow_up}"),
        ("adverse_event", "source", "/treatments/{treatment}"),
        ("appointment", "purpose", "/appointments/{appointment}"),
        ("appointment", "state", "/appointments/{appointment}"),
        ("clinic_text", "use", "/texts/{text}"),
        ("treatment", "state", "/treatments/{treatment}"),
    ],
)
def test_the_page_of_an_altered_record_says_why_it_cannot_be_read(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str], table: str, column: str, path: str
) -> None:
    with altered(clinics, table, column, "" if column.endswith("_sealed") else "altered"):
        answer = clinics.browser(Role.CLINICIAN).get(path.format(**names))
    assert (answer.status_code, "they were altered" in answer.text) == (422, True)
    assert "skinbeam records verify" in answer.text


def test_an_alarm_is_answered_and_decided_although_its_entry_was_altered(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str]
) -> None:
    """Whoever answers asks the patient; an alarm that nobody can answer would stop the course for ever."""
    client, here = clinics.browser(Role.CLINICIAN), f"/alarms/{names['alarm']}"
    with altered(clinics, "diary_entry", "entry_sealed"):
        page = client.get("/alarms").text
        assert "Cannot be read: altered" in page
        assert "alarm-loudest" in page, "nobody knows whether it is an emergency"
        assert client.post(f"{here}/answer", data={"done": "called"}).status_code == 303
        assert client.post(f"{here}/decision", data={"kind": "none", "reason": "seen"}).status_code == 303
        assert "called" in client.get(f"/treatments/{names['diary']}/diary").text


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("adverse_event", "event_sealed"),
        ("treated_area", "fired_sealed"),
        ("treatment", "checklist_sealed"),
        ("test_spot", "spot_sealed"),
        ("follow_up", "judged_sealed"),
    ],
)
def test_nothing_is_decided_without_a_record_that_was_altered(
    clinics: Clinics, names: dict[str, str], whole: dict[str, str], table: str, column: str
) -> None:
    """A plan that knows nothing of a burn would be made if its row were left out."""
    repositories = clinics.repositories()
    with altered(clinics, table, column):
        with pytest.raises(InputError) as raised:
            read_history(repositories, names["patient"])
        with repositories.skipping_altered():
            read_history(repositories, names["patient"])
        assert clinics.browser(Role.CLINICIAN).get(f"/plans/{names['plan']}").status_code == 422
    assert raised.value.code == "altered-data"
    assert {row.table for row in repositories.list_altered()} == {table}


@pytest.mark.usefixtures("whole")
def test_whose_session_cannot_be_read_is_still_due_for_a_follow_up(clinics: Clinics) -> None:
    """It would look as if nothing had been fired."""
    repositories, day = clinics.repositories(), datetime.timedelta(days=1)
    with repositories.skipping_altered():
        before = repositories.follow_ups.list_due(after=-day, overdue=day, until=700 * day)
        with altered(clinics, "treated_area", "fired_sealed"):
            assert repositories.follow_ups.list_due(after=-day, overdue=day, until=700 * day) == before != ()


@pytest.mark.parametrize("table", ["treated_area", "adverse_event", "follow_up"])
def test_a_course_is_not_compared_without_a_record_that_was_altered(
    clinics: Clinics, whole: dict[str, str], table: str
) -> None:
    """It would look as if nothing had been fired, or as if no harm had come of it."""
    (column,) = [name for of, name in SEALED if of == table]
    owner = clinics.repositories(Role.OWNER)
    before = OutcomeReader().read(owner)
    with altered(clinics, table, column):
        after = OutcomeReader().read(clinics.repositories(Role.OWNER))
        with pytest.raises(InputError, match="altered"):
            owner.outcomes.export_courses("csv")
    concerned = before.course_count if table == "treated_area" else 1  # something was fired in every course
    assert (before.altered, after.altered) == (0, concerned)
    assert (after.course_count, len(after.comparisons)) == (before.course_count, len(before.comparisons) - 1)
