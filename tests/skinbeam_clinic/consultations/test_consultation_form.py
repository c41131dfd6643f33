"""The consultation form: what becomes of its fields, and that a fault loses none of them."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest
from app_samples import EXAMPLE, FULL, FULL_TABLES, LEAST, PAGE, Form, Planner, grouped
from jinja2 import Environment, meta, nodes
from starlette.testclient import TestClient

from skinbeam.model.case import Case
from skinbeam.model.consultation import HISTORY, HISTORY_GROUPS, LESION_SIGNS, REACTIONS
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import condition_subtypes, vocabulary_table
from skinbeam.text import catalogue
from skinbeam_clinic.consultations.face_points import FacePointsView
from skinbeam_clinic.consultations.forms import SCHEMAS, TABLES, make_submission, parse_row_field
from skinbeam_clinic.treatments.models import ADVERSE_KINDS
from skinbeam_clinic.web import pages
from skinbeam_clinic.web.pages import (
    FormChoice,
    FormChoiceGroup,
    FormFault,
    FormPage,
    SubtypeChoice,
)


def test_a_form_is_the_tables_of_a_case_file() -> None:
    assert make_submission(FULL).tables == FULL_TABLES
    parse_record(Case, FULL_TABLES, file="form")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("40", 40.0),
        ("4.25", 4.25),
        ("4,25", 4.25),
        ("-12,5", -12.5),
        ("−12,5", -12.5),
        ("0,125", 0.125),
        ("0,00001", 0.00001),
        ("1234,567", 1234.567),
        ("41.235", 41.235),  # stored by an earlier version; one that is sent now is asked about
        ("12 cm²", 12.0),
        ("12,5cm2", 12.5),
        ("12 mm", "12 mm"),
        ("1,000", "1,000"),
        ("1e3", "1e3"),
        ("٣", "٣"),
    ],
)
def test_decimal_comma_is_read_and_doubtful_numbers_are_left_to_the_schema(text: str, value: object) -> None:
    assert make_submission([("concern.0.area_cm2", text)]).tables == {"concern": [{"area_cm2": value}]}


@pytest.mark.parametrize(
    ("path", "message", "field"),
    [
        ("patient.age_years", "", "patient.age_years"),
        ("patient", "", "patient.age_years"),
        ("concern", "", "concern.0.condition"),
        ("concern[0].site", "", "concern.0.site"),
        ("concern[1].area_cm2", "", "concern.2.area_cm2"),  # the second concern that was filled is the third row
        ("concern[1].lesion_signs[0]", "", "concern.2.lesion_signs"),
        ("concern[1].subtypes", "", "concern.2.subtypes"),
        ("concern[1]", "diagnosed = true without diagnosed_by, diagnosis_date", "concern.2.diagnosed_by"),
        ("concern[1]", "concern[1] is redness at cheeks, as is concern[0]", "concern.2.condition"),
        ("patient.medications[1].last_dose_months", "", "patient.medications.2.last_dose_months"),
        ("test_spot[0].pulse_ms", "", "test_spot.1.pulse_ms"),
        ("test_spot[0]", "", "test_spot.1.device"),
        ("session[0].adverse[0]", "", "session.0.adverse"),
        ("session", "", "session.0.treats"),
        ("patient.history[3]", "", "patient.history"),
        ("patient.keloid_decision", "", "patient.keloid_decision.by"),
        ("patient.keloid_decision.allows[0]", "", "patient.keloid_decision.allows"),
        ("photo.file", "", "photo"),
        ("photo.points", "", "photo.points"),
        ("photo.points[1][0]", "", "photo.points"),
    ],
)
def test_a_fault_in_the_case_points_at_its_field(path: str, message: str, field: str) -> None:
    assert make_submission(FULL).find_field(path, message) == field


def test_every_word_that_a_form_offers_once_has_its_label() -> None:
    """A word without a label breaks every page that offers it, so this test says it by itself."""
    assert len(set(HISTORY)) == len(HISTORY), "a word stands in two groups of HISTORY_GROUPS"
    offered = {"app-history-group": HISTORY_GROUPS, "app-history": HISTORY, "clinic-adverse": ADVERSE_KINDS}
    offered |= {"app-sign": LESION_SIGNS, "reaction": REACTIONS}
    missing = [f"{section}.{word}" for section, words in offered.items() for word in words]
    missing = [id for id in missing if id not in catalogue()]
    assert not missing, f"write these messages in data/messages/en: {', '.join(missing)}"


def test_every_control_is_read_as_the_schema_of_the_case_file_has_it(client: TestClient) -> None:
    """What is typed into a field of numbers is a number, and a tick is true or a word of a list."""
    for control in Form(client.get("/").text).controls.values():
        name, kind, value = (str(control.get(key) or "") for key in ("name", "type", "value"))
        if not name.startswith(tuple(TABLES)) or kind not in ("text", "checkbox"):
            continue
        read = leaf(make_submission([(name, "1" if kind == "text" else value)]).tables)
        if kind == "text":
            assert (read == 1.0) == ("number" in str(control.get("class"))), f"{name}: numeric=true in form.html?"
        else:
            assert read is True or read == [value], name


def test_the_form_asks_for_every_field_of_the_case_file_that_it_fills(client: TestClient) -> None:
    asked = set()
    for control in Form(client.get("/").text).controls.values():
        name = str(control.get("name"))
        row = parse_row_field(name)
        asked.add(f"{row.kind}.{row.key}" if row else name)
    elsewhere = {"photo"}  # the photograph has parts of its own in the page
    wanted = {
        f"{table}.{field}"
        for table, schema in SCHEMAS.items()
        if table not in elsewhere
        for field in schema.model_fields
        if f"{table}.{field}" not in SCHEMAS
    }
    assert not wanted - asked, f"form.html asks for none of: {', '.join(sorted(wanted - asked))}"


def leaf(tables: object) -> object:
    """The only value in tables."""
    while isinstance(tables, dict) or (isinstance(tables, list) and isinstance(tables[0], dict)):
        tables = next(iter(tables.values())) if isinstance(tables, dict) else tables[0]
    return tables


def test_every_control_has_its_own_label(client: TestClient) -> None:
    form = Form(client.get("/").text)
    assert set(form.controls) <= form.labels
    empty = re.findall(r'<label for="([^"]+)">\s*</label>', client.get("/").text)
    assert not empty, "these fields have no words: web/pages.py, _LABELS"
    assert len(form.ids) == len(set(form.ids))
    text = client.get("/").text
    scripts = re.findall(r"<script[^>]*>", text)  # none in the page itself
    assert scripts == [f'<script src="/static/{name}.js" defer>' for name in ("vendor/htmx.min", "points", "app")]


@pytest.mark.parametrize(
    ("name", "value", "field", "words"),
    [
        ("patient.age_years", "520", "patient.age_years", "Age (years): Is out of range"),
        ("concern.2.area_cm2", "much", "concern.2.area_cm2", "Concern 3, Area (cm²): Is not a number"),
        ("concern.2.diagnosis_date", "soon", "concern.2.diagnosis_date", "Concern 3, When: Is not a date"),
        (
            "patient.medications.3.last_dose_months",
            "2",
            "patient.medications.3.name",
            "Medicine 4, Name: This field is",
        ),
        ("patient.keloid_decision.by", "n/a", "patient.keloid_decision.by", "Decided by (profession): Names nobody"),
        ("concern.4.site", "chin", "concern.4.condition", "Concern 5, Condition: This field is required"),
        (
            "test_spot.1.fluence_J_cm2",
            "much",
            "test_spot.1.fluence_J_cm2",
            "Test spot 2, Fluence (J/cm²): Is not a number",
        ),
        ("test_spot.3.site", "nose", "test_spot.3.device", "Test spot 4, Device: This field is required"),
        ("session.0.week", "-1", "session.0.week", "Session 1, Week of the course (the first is 0): Is out of range"),
    ],
)
def test_after_a_fault_every_field_keeps_its_value(
    client: TestClient, name: str, value: str, field: str, words: str
) -> None:
    sent = [(key, text) for key, text in FULL if key != name] + [(name, value)]
    answer = client.post("/consult", data=grouped(sent), headers=PAGE)
    form = Form(answer.text)
    assert answer.status_code == 422
    assert sorted(form.filled) == sorted(sent)
    assert [key for key, seen in form.controls.items() if "autofocus" in seen] == [field]
    assert form.controls[field]["aria-invalid"] == "true"
    assert form.controls[field]["aria-describedby"] == "why"
    assert words in form.words
    assert form.words.count(words.split(": ")[1]) == 2  # above the form and at the field


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("patient.age_years", "120,4", "Alter (Jahre): Liegt außerhalb des Möglichen: 120,4. Eine Zahl von 0 bis 120."),
        ("concern.0.area_cm2", "0", "Liegt außerhalb des Möglichen: 0. Eine Zahl über 0, höchstens 20.000."),
        ("concern.0.area_cm2", "40 mm²", 'Ist keine Zahl: "40 mm²". Eine Zahl über 0, höchstens 20.000.'),
        ("concern.0.area_cm2", "1.200", 'Ist unklar: "1.200", denn'),
        ("concern.0.area_cm2", "1.200", "Wenn 1,2 gemeint ist, schreiben Sie 1,2; wenn 1200 gemeint ist"),
        (
            "concern.2.diagnosis_date",
            "31.11.2026",
            'Ist kein Datum: "31.11.2026". Jahr, Monat und Tag, etwa 2026-11-02.',
        ),
        ("concern.2.diagnosis_date", "2999-01-01", "Liegt in der Zukunft: 1. Januar 2999. Ein Tag bis heute."),
        ("concern.2.diagnosis_date", "1900-01-01", "Liegt vor der Geburt: 1. Januar 1900."),
        ("patient.keloid_decision.by", "n/a", 'Nennt niemanden: "n/a". Wer es war'),
    ],
)
def test_a_wrong_value_is_explained_in_the_language_of_the_form(
    client: TestClient, name: str, value: str, words: str
) -> None:
    """The schema of a case file speaks English, of quotation marks, and of a decimal point."""
    sent = [(key, text) for key, text in FULL if key != name] + [(name, value)]
    answer = client.post("/consult", data=grouped(sent), headers=PAGE | {"accept-language": "de"})
    assert words in Form(answer.text).words


def test_kinds_are_asked_once_of_every_condition_that_has_some() -> None:
    choices = pages._subtype_choices()
    assert len(choices) == len({kind.choice.value for kind in choices})
    asked = [(name, kind.choice.value) for kind in choices for name in kind.conditions]
    assert sorted(asked) == sorted(
        (name, word) for name in vocabulary_table("condition") for word in condition_subtypes(name)
    )


def test_the_style_shows_the_kinds_of_every_condition_that_has_some() -> None:
    style = (Path(pages.__file__).parent / "static" / "app.css").read_text(encoding="utf-8")
    wanted = {
        f'.concern:has(option[value="{name}"]:checked) .of-{name},'
        for name in vocabulary_table("condition")
        if condition_subtypes(name)
    }
    shown = set(re.findall(r"\.concern:has\(option.*?,$", style, re.MULTILINE))
    assert not wanted - shown, f"add to app.css, above `.kinds:has(:checked)`: {' '.join(sorted(wanted - shown))}"
    assert not shown - wanted, "these conditions have no kinds"


def test_kinds_of_another_condition_are_reported_and_stay_ticked(client: TestClient) -> None:
    sent = [(key, text) for key, text in FULL if key != "concern.0.condition"] + [("concern.0.condition", "keloid")]
    answer = client.post("/consult", data=grouped(sent), headers=PAGE)
    form = Form(answer.text)
    assert answer.status_code == 422
    assert sorted(form.filled) == sorted(sent)
    assert 'id="concern.0.subtypes" tabindex="-1" autofocus' in answer.text
    assert 'Concern 1, Kind: "blue" is not a kind of keloid. Known: red, white.' in form.words


def test_the_photograph_is_kept_with_the_answers(client: TestClient, planner: Planner) -> None:
    photo = {"photo": ("me.jpg", (EXAMPLE / "face.jpg").read_bytes(), "image/jpeg")}
    faulty = client.post("/consult", data=LEAST | {"patient.age_years": "520"}, files=photo, headers=PAGE)
    stored_name = dict(Form(faulty.text).filled)["photo.kept"]
    with_photo = client.post("/consult", data=LEAST | {"photo.kept": stored_name})
    directly = client.post("/consult", data=LEAST, files=photo)
    without = client.post("/consult", data=LEAST)
    assert with_photo.status_code == directly.status_code == without.status_code == 303
    analysed = [case.photo_analysis is not None for case in planner.cases]
    assert analysed == [True, True, False]
    again = client.get(client.get(f"{with_photo.headers['location']}/answers").headers["location"])
    (held,) = {value for name, value in Form(again.text).filled if name == "photo.kept"}
    assert sorted(Form(again.text).filled) == sorted([*LEAST.items(), ("photo.kept", held)])
    assert client.get(f"/photographs/{held}").content == (EXAMPLE / "face.jpg").read_bytes()


def test_a_photograph_that_cannot_be_read_is_the_fault_and_is_not_kept(client: TestClient) -> None:
    photo = {"photo": ("me.jpg", b"no picture", "image/jpeg")}
    form = Form(client.post("/consult", data=LEAST, files=photo, headers=PAGE).text)
    assert 'Photograph: "photograph" is not a picture' in form.words  # not the whole label, with the kinds of files
    assert "autofocus" in form.controls["photo"]
    assert "photo.kept" not in form.controls
    gone = client.post("/consult", data=LEAST | {"photo.kept": "0" * 64})
    assert gone.json()["error"]["code"] == "photo-gone"


def test_the_form_reads_exactly_the_documented_fields() -> None:
    folder = Path(pages.__file__).parent / "templates"
    source = "".join((folder / name).read_text(encoding="utf-8") for name in ("form.html", "points.html"))
    tree = Environment().parse(source)
    macros = {node.name for node in tree.find_all(nodes.Macro)}
    assert meta.find_undeclared_variables(tree) - macros - {"t", "label", "spoken", "direction", "languages"} == {
        field.name for field in fields(FormPage)
    }
    for hint in get_type_hints(FormPage, include_extras=True).values():
        assert hint.__metadata__[0]


def test_the_records_inside_the_form_are_read_whole() -> None:
    folder = Path(pages.__file__).parent / "templates"
    source = "".join((folder / name).read_text(encoding="utf-8") for name in ("form.html", "points.html"))
    read = {(str(getattr(n.node, "name", "")), n.attr) for n in Environment().parse(source).find_all(nodes.Getattr)}
    assert {attr for of, attr in read if of == "fault"} - {"startswith"} == {f.name for f in fields(FormFault)}
    assert {attr for of, attr in read if of == "group"} == {f.name for f in fields(FormChoiceGroup)}
    assert {attr for of, attr in read if of == "face"} == {f.name for f in fields(FacePointsView)}
    assert {attr for of, attr in read if of == "kind"} == {f.name for f in fields(SubtypeChoice)}
    assert {attr for of, attr in read if of in ("one", "sign", "word", "device")} == {
        f.name for f in fields(FormChoice)
    }
