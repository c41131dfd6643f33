"""The plan as a document: frozen, hashed, repeatable, complete."""

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from consultations import (
    CONDITIONS,
    EXAMPLES,
    NAMED,
    PERSON,
    PLAN_DRAWS,
    concern,
    devices,
    document,
    example,
    laser_options,
    loaded,
)
from document_keys import unlisted_keys
from plan_reading import read_plan

from skinbeam.model.document import canonical_json, sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import SURFACE_MODALITIES, condition_subtypes, vocabulary_table
from skinbeam.plan.planner import make_plan
from skinbeam.report.terminal import plan_summary
from skinbeam.response.skin_bank import LIMIT_DRAWS_FACTOR
from skinbeam.text import catalogue

VEINS = PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")


STOPPED_PERSON = PERSON.replace("[patient]", "[patient]\npregnant = true")
STOPPED = STOPPED_PERSON + concern("facial-telangiectasia", extra="")


SHOWN = [
    file
    for file in CONDITIONS
    if file.stem.split("-")[0] in ("age", "acne", "dynamic", "facial", "redness", "wrinkles")
]


every_shown = pytest.mark.parametrize("file", SHOWN, ids=lambda f: f.stem)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every number, text and truth value of a document, with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    other = copy.deepcopy(document)
    inner = other
    for step in path[:-1]:
        inner = inner[step]
    if isinstance(value, bool):
        inner[path[-1]] = not value
    elif isinstance(value, str):
        inner[path[-1]] = value + "x"
    else:
        inner[path[-1]] = value + 1
    return other


def records(value: Any, key: str) -> Iterator[Any]:
    """Every value that stands under `key` anywhere."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for item in value.values():
            yield from records(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from records(item, key)


def test_the_keys_of_the_interface_are_there() -> None:
    made = document(VEINS)
    assert made["schema"] == "skinbeam.plan/2"
    wanted = "version case_sha256 seed warnings assessment suitability concerns course test_spots aftercare unknowns"
    assert set(wanted.split()) | {"sources", "plan_sha256"} <= set(made)
    assert {"decision", "reasons"} <= set(made["suitability"])
    for reason in made["suitability"]["reasons"]:
        assert {"rule", "text", "source"} <= set(reason)
    for session in made["course"]:
        assert {"session", "week", "treats", "steps"} <= set(session)
    for part in made["concerns"]:
        assert {"condition", "site", "target", "options"} <= set(part)
        for option in part["options"]:
            keys = "modality p_effective p_harm expected sessions interval_weeks minutes pain_0_10 downtime_days"
            assert set(keys.split()) | {"immediate", "healing", "harms", "rank_reason"} <= set(option)
            assert bool(option["settings"]) == ("device" in option)


def test_the_hash_is_of_the_whole_document_but_its_language() -> None:
    made = dict(document(VEINS))
    stated, language = made.pop("plan_sha256"), made.pop("language")
    assert language == "en"
    assert re.fullmatch("[0-9a-f]{64}", stated)
    assert sha256_hex(made) == stated


def test_any_changed_field_changes_the_hash() -> None:
    made = dict(document(STOPPED))
    stated = made.pop("plan_sha256")
    del made["language"]
    every = list(leaves(made))
    assert len(every) > 100
    for path, value in every:
        assert sha256_hex(changed(made, path, value)) != stated, path


def test_a_missing_field_changes_the_hash() -> None:
    made = dict(document(VEINS))
    stated = made.pop("plan_sha256")
    del made["language"]
    for key in list(made):
        assert sha256_hex({name: value for name, value in made.items() if name != key}) != stated


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"draws": 201},
        {"text": STOPPED.replace("age_years = 45", "age_years = 46")},
        {"text": STOPPED.replace("area_cm2 = 10.0", "area_cm2 = 11.0")},
    ],
    ids=["seed", "draws", "age", "area"],
)
def test_the_hash_covers_case_seed_and_draws(other: dict[str, Any]) -> None:
    kept = {"text": STOPPED} | other
    text = kept.pop("text")
    assert document(text, **kept)["plan_sha256"] != document(STOPPED)["plan_sha256"]


def test_the_hash_covers_version_and_data(monkeypatch: pytest.MonkeyPatch) -> None:
    import skinbeam.plan.planner

    stated = document(STOPPED)["plan_sha256"]
    monkeypatch.setattr(skinbeam.plan.planner, "__version__", "0.0.0-other")
    assert make_plan(loaded(STOPPED), draws=PLAN_DRAWS).document["plan_sha256"] != stated
    monkeypatch.undo()
    monkeypatch.setattr(skinbeam.plan.planner, "data_release", lambda: "0" * 64)
    assert make_plan(loaded(STOPPED), draws=PLAN_DRAWS).document["plan_sha256"] != stated


def test_the_title_and_the_folder_are_not_part_of_a_plan(tmp_path: Path) -> None:
    one = make_plan(loaded('title = "one"\n' + STOPPED), draws=PLAN_DRAWS).document
    other = make_plan(loaded('title = "other"\n' + STOPPED, tmp_path), draws=PLAN_DRAWS).document
    assert one == other


def test_a_plan_cannot_be_reassigned() -> None:
    made = make_plan(loaded(STOPPED))
    with pytest.raises(AttributeError, match="seed"):
        made.plan.seed = 1  # type: ignore[misc]  # frozen on purpose


def test_the_same_case_gives_the_same_bytes() -> None:
    assert canonical_json(make_plan(loaded(VEINS), draws=PLAN_DRAWS).document) == canonical_json(document(VEINS))


@pytest.mark.check  # the command is held to it in test_cli_simulate
def test_the_number_of_threads_changes_nothing() -> None:
    """One thread and two, each in a process of its own."""
    file = EXAMPLES / "conditions" / "acne-scars-non-ablative-fractional.toml"
    code = (
        "import sys; from pathlib import Path; from skinbeam.plan.planner import make_plan; "
        "from skinbeam.model.input_files import load_case; "
        "print(make_plan(load_case(Path(sys.argv[1]))).document['plan_sha256'])"
    )
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    one, two = (
        subprocess.run(
            [sys.executable, "-c", code, str(file)],
            env=os.environ | dict.fromkeys(names, threads),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for threads in ("1", "2")
    )
    assert one == two == example(file)["plan_sha256"]


def test_draws_that_do_not_fit_into_memory_are_refused_before_any_is_made() -> None:
    with pytest.raises(InputError) as refused:
        make_plan(loaded(VEINS), draws=100_000)
    assert (refused.value.code, refused.value.field) == ("too-much-work", "draws")
    assert "At most 5000 draws" in str(refused.value)


@every_shown
def test_no_path_and_no_time_of_day(file: Path) -> None:
    text = json.dumps(example(file))
    assert str(file.parent) not in text
    assert not re.search(r"(/home|/tmp|/work|/usr|[A-Z]:\\\\)", text)
    assert not re.search(r"\d\d:\d\d:\d\d", text)
    assert not any(key in text for key in ('"time"', '"created"', '"date"', "NaN", "Infinity", "null"))


@every_shown
def test_unknowns_carry_their_reason(file: Path) -> None:
    made = example(file)
    reasons = list(records(made, "unknown"))
    assert reasons
    assert all(isinstance(reason, str) and len(reason) > 10 for reason in reasons)
    assert all(message["text"] for message in made["unknowns"])


def test_a_gap_that_two_devices_share_is_told_once() -> None:
    made = document(PERSON + concern("fine-lines-periorbital") + devices("fractional-1540", "fractional-1550"))
    assert len(laser_options(made)) == 2
    told = [message["text"] for message in made["unknowns"]]
    assert len(told) == len(set(told)) > 0


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
def test_a_plan_tells_which_kinds_were_said_and_that_none_was(condition: str) -> None:
    """Someone pregnant is planned without a device, which is quick and hides nothing of what was said."""
    kinds = condition_subtypes(condition)
    silent = document(STOPPED_PERSON + concern(condition))
    told = document(STOPPED_PERSON + concern(condition, extra=NAMED + f"subtypes = {list(kinds[:2])}"))
    sentences = ["need not hold for another" in message["text"] for message in silent["unknowns"]]
    assert sum(sentences) == (1 if kinds else 0)
    assert not any("need not hold for another" in message["text"] for message in told["unknowns"])
    if kinds:
        assert silent["concerns"][0]["subtypes"] == {"unknown": "the kind was not stated"}
        assert told["concerns"][0]["subtypes"] == list(kinds[:2])
        assert told["case_sha256"] != silent["case_sha256"]
    else:
        assert "subtypes" not in silent["concerns"][0]
        assert told == silent
    assert unlisted_keys(told) | unlisted_keys(silent) == set()


@every_shown
def test_every_source_is_known_and_listed(file: Path) -> None:
    made = example(file)
    assert made["sources"] == sorted(set(made["sources"]))
    known = bibliography()
    assert all(key in known for key in made["sources"])
    cited = {key for key in records(made, "source") if isinstance(key, str)}
    cited |= {key for basis in records(made, "basis") if isinstance(basis, list) for key in basis}
    assert cited <= set(made["sources"]), cited - set(made["sources"])


def test_trials_without_treatment_are_listed_where_only_a_difference_rests_on_them() -> None:
    """For phototype VI nothing is told without treatment, but an improvement beyond it is."""
    made = document(PERSON.replace('"II"\nita_deg = 60.0', '"VI"') + concern("acne-scars"))
    cited = {key for basis in records(made, "basis") if isinstance(basis, list) for key in basis}
    assert cited <= set(made["sources"])


@every_shown
def test_every_estimate_says_what_it_rests_on(file: Path) -> None:
    for option in laser_options(example(file)):
        if option["basis"] == "published":  # nothing is simulated of such light
            assert all("unknown" in option[name] for name in ("p_effective", "p_harm"))
            continue
        vessels = option["modality"] == "vascular"
        assert ("p_purpura" in option) == vessels
        assert ("purpura_days" in option) == (vessels or "compression" in option["settings"])
        for name in ("p_effective", "p_harm", *(["p_purpura"] if vessels else [])):
            if name == "p_purpura" and "unknown" in option[name]:  # of light after which nobody counted a bruise
                continue
            assert option[name]["basis"], name
            of_depth = option["modality"] in SURFACE_MODALITIES
            assert option[name]["draws"] == (LIMIT_DRAWS_FACTOR if of_depth else 1) * 200
            assert option[name]["kind"] == "modelled"
            assert 0 <= option[name]["low"] <= option[name]["median"] <= option[name]["high"] <= 1


@every_shown
def test_every_sentence_stands_in_the_catalogue(file: Path) -> None:
    made = example(file)
    found = [value for value in walk(made) if {"id", "params", "text"} == set(value)]
    assert found
    for message in found:
        assert message["id"] in catalogue()
        assert message["text"]
        assert "{" not in message["text"]
        # A key of the code never stands in a sentence in place of its words.
        assert not re.search(r"\b(no-treatment|age-spots|fractional-ablative|p_\w+|\w+_J_cm2)\b", message["text"])


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


@every_shown
def test_every_key_of_a_plan_is_in_the_manual(file: Path) -> None:
    assert not unlisted_keys(example(file))


def codes(text: str) -> list[str]:
    return [warning["code"] for warning in document(text)["warnings"]]


# --- what is said of the case ------------------------------------------------------------------------------------


def test_what_could_not_be_learned_of_an_earlier_pulse_is_told() -> None:
    spot = """
[[test_spot]]
device = "pulsed-dye-595"
site = "cheeks"
fluence_J_cm2 = 7.0
pulse_ms = 6.0
read_after_h = 24.0
reaction = "purpura"
"""
    assert codes(STOPPED + spot) == ["not-learned"]  # the spot is not said
    assert codes(STOPPED + spot + "spot_mm = 7.0\n") == ["learned"]  # no device is tried, and it says so


def test_a_medicine_that_is_not_known_is_told_and_kept() -> None:
    text = STOPPED.replace("[patient]", '[patient]\nmedications = [{name = "frobnicate", last_dose_months = 1}]')
    made = document(text)
    assert codes(text) == ["unknown-medication"]
    (kept,) = made["assessment"]["medications"]
    told = {"matched": [], "taken_as": [], "not_checked": ["frobnicate"]}
    assert kept == {"name": "frobnicate", "last_dose_months": 1.0, **told}
    (reason,) = [r for r in made["suitability"]["reasons"] if r["rule"] == "medication-not-checked"]
    assert '"frobnicate"' in reason["text"]
    assert '  - Not checked by skinbeam: "frobnicate".' in plan_summary(read_plan(made)).splitlines()


def test_a_photograph_without_a_face_does_not_stop_a_plan(tmp_path: Path) -> None:
    from PIL import Image

    picture = tmp_path / "wall.png"
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(picture)
    made = make_plan(loaded(VEINS, tmp_path), photo=picture, draws=PLAN_DRAWS)
    assert made.document["assessment"]["photo"]["id"] == "plan.photo-failed"
    assert laser_options(made.document) == laser_options(document(VEINS))
    assert made.document["case_sha256"] != document(VEINS)["case_sha256"]


def test_without_a_photograph_the_plan_says_so() -> None:
    assert document(VEINS)["assessment"]["photo"]["id"] == "plan.no-photo"


def test_what_was_not_said_is_unknown_and_asked_for() -> None:
    text = "[patient]\nage_years = 45\n" + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")
    assessment = document(text)["assessment"]
    assert assessment["phototype"] == {"unknown": "not stated"}
    assert assessment["ita_deg"] == {"unknown": "not measured"}
    assert assessment["colour_basis"]["id"] == "colour-basis.none"
    assert "colour-unknown" in [risk["risk"] for risk in assessment["risks"]]


def test_a_plan_with_too_few_draws_offers_nothing() -> None:
    made = document(VEINS, draws=20)
    assert laser_options(made) == []
    reasons = [r["reasons"][0] for r in made["concerns"][0]["refused"] if r["modality"] == "vascular"]
    assert [reason["id"] for reason in reasons] == ["plan.too-few-draws"]
    assert reasons[0]["params"]["draws"] == 20


@pytest.mark.check  # with all its devices it takes as long as all other plans of this file
def test_the_leading_example_is_whole() -> None:
    made = example(EXAMPLES / "first-consultation" / "case.toml")
    assert [part["condition"] for part in made["concerns"]] == [
        "facial-telangiectasia",
        "age-spots",
        "fine-lines-periorbital",
        "acne-scars",
    ]
    assert all(any("device" in option for option in part["options"]) for part in made["concerns"])
    assert made["suitability"]["decision"] == "with-caution"
    weeks = [session["week"] for session in made["course"]]
    assert weeks == sorted(set(weeks))
    for option in laser_options(made):
        assert option["p_effective"].get("basis" if option["basis"] == "simulated" else "unknown")


def test_harms_and_pain_that_trials_counted_reach_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from skinbeam.evidence.expectation.expect import expect_for_setting
    from skinbeam.evidence.expectation.expectation import INTERVAL_LEVELS, PatientShare
    from skinbeam.model.estimate import Estimate, Unknown
    from skinbeam.plan import expected_result

    p = Estimate(0.02, 0.01, 0.05, 0.8, "pooled", basis=("majid2014",))
    share = PatientShare(p, (0.98, 0.02), dict.fromkeys(INTERVAL_LEVELS, (0, 1)))
    harms = {"scar": share, "hypopigmentation": PatientShare.unknown(Unknown("one study")), "acne-flare": share}
    pain = Estimate(4.0, 2.0, 6.0, 0.8, "pooled", basis=("majid2014",))
    monkeypatch.setattr(
        expected_result,
        "expect_for_setting",
        lambda asked: replace(expect_for_setting(asked), harms=harms, pain_0_10=pain),
    )
    case = loaded(PERSON + concern("acne-scars") + devices("fractional-co2-10600"))
    made = make_plan(case, draws=PLAN_DRAWS).document
    option = laser_options(made)[0]
    told = {harm["name"]: harm["p"] for harm in option["harms"]}
    assert list(told) == ["pih", "scar", "hypopigmentation", "acne-flare", "injury-if-model-errs"]
    assert told["scar"]["median"] == told["acne-flare"]["median"] == 0.02
    assert "unknown" in told["hypopigmentation"]
    assert option["pain_0_10"]["median"] == 4.0
    assert option["followup_months"]["high"] >= option["followup_months"]["low"] > 0
