"""The records of a plan: frozen, typed, and the whole of its document, field by field."""

import copy
import json
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest
from consultations import CONDITIONS, PERSON, concern, devices, document, example
from plan_reading import read_plan, records_in
from report_samples import sample_plan

from skinbeam.evidence.expectation.expect import expect
from skinbeam.evidence.expectation.expectation import NaturalCourse
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.document import canonical_json, dataclass_fields, pretty_json, round_significant, to_json_types
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.findings.finding import ConcernSuggestion
from skinbeam.plan_records import plan as records
from skinbeam.plan_records.plan import Plan, round_record
from skinbeam.text import Message, use_language

PLAN = read_plan(sample_plan())


def test_the_document_is_the_plan_field_by_field() -> None:
    """The sample is a `skinbeam.plan/1`, which has no language."""
    assert PLAN.document == sample_plan() | {"language": "en"}
    held = [
        field.name for field in fields(Plan) if getattr(PLAN, field.name) is not None
    ]  # nobody wrote a phone number
    assert list(PLAN.document) == [*held, "language", "plan_sha256"]


@pytest.mark.parametrize("name", ["redness-vascular", "acne-scars-non-ablative-fractional", "wrinkles-ablative"])
def test_a_plan_comes_back_from_its_document_whole(name: str) -> None:
    """Nothing is in the document that the records do not hold, and nothing that they hold is lost in it."""
    (file,) = (file for file in CONDITIONS if file.stem == name)
    made = example(file)
    read = read_plan(made)
    assert canonical_json(read.document) == canonical_json(made)
    assert read.plan_sha256 == made["plan_sha256"]


# Values that are no sentences: ids, settings, words that programs read.
VALUES_FOR_PROGRAMS = ("schema", "decision", "rule", "modality", "device", "severity", "strength", "sex", "settings")


def values_by_place(document: Any, names: tuple[str, ...], place: str = "") -> dict[str, Any]:
    """Return the values of some keys anywhere in a document, by their place."""
    found: dict[str, Any] = {}
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in entries:
        if name in names:
            found[f"{place}.{name}"] = value
        elif isinstance(value, dict | list):
            found |= values_by_place(value, names, f"{place}.{name}")
    return found


def test_a_plan_in_german_has_the_same_values_and_hash_and_reads_back_in_english() -> None:
    (file,) = (file for file in CONDITIONS if file.stem == "redness-vascular")
    english = example(file)
    german = json.loads(pretty_json(read_plan(english).document_in("de")))
    assert (german["language"], german["plan_sha256"]) == ("de", english["plan_sha256"])
    assert german["intended_use"]["text"] != english["intended_use"]["text"]
    assert german["intended_use"]["id"] == english["intended_use"]["id"]
    assert values_by_place(german, VALUES_FOR_PROGRAMS) == values_by_place(english, VALUES_FOR_PROGRAMS)
    assert german["concerns"][0]["title"] == "Flächige Rötung (Rosazea)"

    read = read_plan(german)
    assert read.plan_sha256 == english["plan_sha256"]
    (concern,) = read.concerns
    assert concern.title == english["concerns"][0]["title"]
    assert [one.title for one in concern.options] == [one["title"] for one in english["concerns"][0]["options"]]
    assert [one.message.english for one in read.aftercare] == [one["text"] for one in english["aftercare"]]
    with use_language("de"):
        assert [one.message.text for one in read.aftercare] == [one["text"] for one in german["aftercare"]]


def test_a_document_of_another_schema_or_language_is_no_plan() -> None:
    for name, value in (("schema", "skinbeam.plan/3"), ("language", "xx"), ("language", [])):
        with pytest.raises(ValueError, match=rf"^plan\.{name}: "):
            read_plan(sample_plan() | {name: value})
    with pytest.raises(ValueError, match=r"^plan\.plan_sha256: a hash"):
        read_plan(sample_plan() | {"language": "de", "plan_sha256": "x"})


def test_a_plan_of_an_earlier_release_keeps_its_name() -> None:
    """Earlier plans have whole distributions and a whole natural course; their hash covers both."""
    (option, *_) = PLAN.concerns[0].options
    whole = expect(EvidenceQuestion("facial-telangiectasia", "vascular"))
    concern = replace(PLAN.concerns[0], options=(replace(option, expected=round_record(whole)),))
    earlier = replace(PLAN, concerns=(concern,))
    written = json.loads(canonical_json(earlier.document))
    stored = written["concerns"][0]["options"][0]["expected"]
    assert len(stored["satisfaction"]["pmf"]) == len(stored["untreated"]["predict"]["pmf"]) == 101
    assert {"harms", "in_words"} <= set(stored["untreated"])
    assert canonical_json(read_plan(written).document) == canonical_json(written)
    assert read_plan(written).plan_sha256 == written["plan_sha256"]


def test_a_plan_stores_the_main_values_of_each_result() -> None:
    whole = expect(EvidenceQuestion("facial-telangiectasia", "vascular"))
    stored, printed = to_json_types(whole.shortened()), to_json_types(whole)
    main = {field.name for field in fields(NaturalCourse)}
    assert set(stored) == set(printed)
    assert all(stored[name] == printed[name] for name in main)
    assert len(stored["predict"]["pmf"]) == len(stored["pih"]["pmf"]) == 101  # of 0 to 100 patients
    assert stored["untreated"] == {name: printed["untreated"][name] for name in main}
    for share, full in (
        (stored["satisfaction"], printed["satisfaction"]),
        *((share, printed["harms"][harm]) for harm, share in stored["harms"].items()),
    ):
        assert share == {name: full[name] for name in (("p",) if "unknown" in full["p"] else ("p", "intervals"))}


def test_json_text_has_a_line_for_each_list_of_numbers_and_loses_nothing() -> None:
    printed = to_json_types(expect(EvidenceQuestion("facial-telangiectasia", "vascular")))
    text = pretty_json(printed)
    assert json.loads(text) == printed
    lines = [line for line in text.splitlines() if '"pmf": [' in line]
    assert lines
    assert all(line.count(",") >= 100 for line in lines)  # 101 probabilities each
    assert text.count("\n") < json.dumps(printed, indent=1).count("\n") / 5


def test_a_lens_array_is_in_the_document_beside_its_fluence() -> None:
    """Nobody knows the energy of its small beams; that they are there changes what the fluence means."""
    made = document(PERSON + concern("skin-texture") + devices("ps-array-755"))
    (option,) = [one for one in made["concerns"][0]["options"] if one.get("device") == "ps-array-755"]
    assert option["settings"]["microbeam"] == {"optic": "lens-array"}
    assert option["settings"]["fluence_J_cm2"] > 0.0
    read = read_plan(made)
    assert canonical_json(read.document) == canonical_json(made)
    (setup,) = [one.setup for one in read.concerns[0].options if one.setup is not None]
    assert setup.settings.columns is None


def test_what_a_photograph_gave_a_plan_comes_back_with_it() -> None:
    seen = Message(
        "finding.seen_at",
        {"told": Message("finding.told_spots", {"count": 3, "low": 2.0, "high": 5.0}), "where": "nose"},
    )
    message = Message("photo-plan.melanin_unknown", {"site": "nose"})
    made = replace(
        PLAN,
        suggested=(
            ConcernSuggestion("age-spots", "nose", (seen,), None),
            ConcernSuggestion("active-acne", "nose", (seen,), "mild"),
        ),
        assessment=replace(PLAN.assessment, photo_told=(message,)),
    )
    read = read_plan(made.document)
    assert read.document == made.document
    assert read.plan_sha256 == made.plan_sha256


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda plan: plan["concerns"][0]["options"][1]["settings"].update(fluence=1.0), "settings.fluence"),
        (lambda plan: plan["concerns"][0]["options"][0].pop("p_harm"), "plan.concerns[0].options[0].p_harm"),
        (lambda plan: plan["assessment"].update(age="forty"), "plan.assessment.age"),
        (lambda plan: plan["course"][1].pop("week"), "plan.course[1].week"),
        (lambda plan: plan["suitability"].update(decision="perhaps"), "plan.suitability.decision"),
    ],
)
def test_a_field_that_is_unknown_or_missing_is_named_with_its_path(change: Any, path: str) -> None:
    plan = copy.deepcopy(sample_plan())
    change(plan)
    with pytest.raises(ValueError, match=path.replace("[", r"\[").replace("]", r"\]")):
        read_plan(plan)


def test_every_record_is_frozen_and_says_what_it_is() -> None:
    for record in {type(one) for one in records_in(PLAN)} - {dict}:
        assert record.__dataclass_params__.frozen, record  # type: ignore[attr-defined]  # of every dataclass
        assert record.__doc__, record


def test_a_misspelt_field_is_an_error() -> None:
    (option, *_) = PLAN.concerns[0].options
    with pytest.raises(AttributeError):
        option.sesions  # type: ignore[attr-defined]  # noqa: B018  # misspelt on purpose
    with pytest.raises(TypeError):
        replace(option, sesions=Unknown("misspelt"))  # type: ignore[call-arg]  # misspelt on purpose


def test_changing_any_field_changes_the_name_of_the_plan() -> None:
    for field in fields(Plan):
        kind = get_type_hints(Plan)[field.name]
        value = getattr(PLAN, field.name)
        other: Any
        if kind is str:
            other = f"{value}x"
        elif kind is int:
            other = value + 1
        elif kind is Message:
            other = Message("plan.no-photo")
        elif field.name == "assessment":
            other = replace(PLAN.assessment, age_years=PLAN.assessment.age_years + 1)
        elif field.name == "course_total":
            other = replace(PLAN.course_total, weeks=PLAN.course_total.weeks + 1)
        elif field.name == "suitability":
            other = replace(PLAN.suitability, decision="refer")
        else:
            assert get_args(kind)
            other = value[1:] if value else (records.PlainReason(None, None, (), Message("plan.no-photo")),)
        assert replace(PLAN, **{field.name: other}).plan_sha256 != PLAN.plan_sha256, field.name


def test_what_does_not_apply_is_left_out_of_the_document() -> None:
    laser, *_, bare = PLAN.concerns[0].options
    assert laser.setup is not None
    assert not {"band_nm", "source"} & set(dataclass_fields(laser))
    assert dataclass_fields(bare)["settings"] == {}
    assert not {"setup", "device", "p_purpura"} & set(dataclass_fields(bare))


def test_numbers_are_those_of_the_document_and_sentences_keep_theirs() -> None:
    share = Estimate(0.123456789, 0.1, 0.2, 0.8, "modelled")
    message = Message("plan.shows-calendar", {"days": 1.23456789})
    one = replace(PLAN.concerns[0].options[0], p_harm=share, rank_reason=message)
    rounded = round_record(one)
    assert rounded.p_harm == replace(share, median=round_significant(share.median))
    assert rounded.rank_reason is message
    assert round_record(rounded) == rounded
