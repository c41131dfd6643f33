"""The plan as a document: frozen, hashed, repeatable, complete; its limits hold when it is simulated again."""

import copy
import json
import math
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
    PERSON,
    concern,
    devices,
    document,
    example,
    laser_options,
    loaded,
    plan,
)

from skinbeam.document import canonical_json, sha256_of
from skinbeam.laser.settings import resolve
from skinbeam.messages import catalogue
from skinbeam.plan.goals import vessels_of
from skinbeam.plan.limits import limits_for
from skinbeam.plan.plan import make_plan
from skinbeam.schema.case import Case
from skinbeam.schema.load import LoadedCase, load_case, parse
from skinbeam.schema.names import table
from skinbeam.sources import bibliography

VEINS = PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")
SCARS = PERSON + concern("acne-scars", extra="") + devices("fractional-1550")
STOPPED = PERSON.replace("[patient]", "[patient]\npregnant = true") + concern("facial-telangiectasia", extra="")
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
    assert made["schema"] == "skinbeam.plan/1"
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


def test_the_hash_is_of_the_whole_document() -> None:
    made = dict(document(VEINS))
    stated = made.pop("plan_sha256")
    assert re.fullmatch("[0-9a-f]{64}", stated)
    assert sha256_of(made) == stated


def test_any_changed_field_changes_the_hash() -> None:
    made = dict(document(STOPPED))
    stated = made.pop("plan_sha256")
    every = list(leaves(made))
    assert len(every) > 100
    for path, value in every:
        assert sha256_of(changed(made, path, value)) != stated, path


def test_a_missing_field_changes_the_hash() -> None:
    made = dict(document(VEINS))
    stated = made.pop("plan_sha256")
    for key in list(made):
        assert sha256_of({name: value for name, value in made.items() if name != key}) != stated


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
    import skinbeam.document
    import skinbeam.plan.plan

    stated = document(STOPPED)["plan_sha256"]
    monkeypatch.setattr(skinbeam.document, "__version__", "0.0.0-other")
    assert make_plan(loaded(STOPPED)).document["plan_sha256"] != stated
    monkeypatch.undo()
    monkeypatch.setattr(skinbeam.plan.plan, "data_release", lambda: "0" * 64)
    assert make_plan(loaded(STOPPED)).document["plan_sha256"] != stated


def test_the_title_and_the_folder_are_not_part_of_a_plan(tmp_path: Path) -> None:
    one = make_plan(loaded('title = "one"\n' + STOPPED)).document
    other = make_plan(loaded('title = "other"\n' + STOPPED, tmp_path)).document
    assert one == other


def test_a_plan_cannot_be_reassigned() -> None:
    with pytest.raises(AttributeError, match="document"):
        plan(VEINS).document = {}  # type: ignore[misc]  # frozen on purpose


def test_the_same_case_gives_the_same_bytes() -> None:
    assert canonical_json(make_plan(loaded(VEINS)).document) == canonical_json(document(VEINS))


def test_the_number_of_threads_changes_nothing() -> None:
    """One thread in a process of its own against this one's two or more."""
    file = EXAMPLES / "conditions" / "acne-scars-non-ablative-fractional.toml"
    code = (
        "import sys; from pathlib import Path; from skinbeam.plan.plan import make_plan; "
        "from skinbeam.schema.load import load_case; "
        "print(make_plan(load_case(Path(sys.argv[1]))).document['plan_sha256'])"
    )
    one = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code, str(file)], env=os.environ | one, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == example(file).document["plan_sha256"]


@every_shown
def test_no_path_and_no_time_of_day(file: Path) -> None:
    text = json.dumps(example(file).document)
    assert str(file.parent) not in text
    assert not re.search(r"(/home|/tmp|/work|/usr|[A-Z]:\\\\)", text)
    assert not re.search(r"\d\d:\d\d:\d\d", text)
    assert not any(key in text for key in ('"time"', '"created"', '"date"', "NaN", "Infinity", "null"))


@every_shown
def test_options_are_ranked_and_always_hold_doing_nothing_and_the_alternatives(file: Path) -> None:
    for part in example(file).document["concerns"]:
        options = part["options"]
        assert [option["rank"] for option in options] == list(range(1, len(options) + 1))
        names = [option["modality"] for option in options]
        assert names.count("no-treatment") == 1
        assert set(table("condition")[part["condition"]]["alternative"]) <= set(names)
        lasers = [option for option in options if "device" in option]
        assert options[: len(lasers)] == lasers


@every_shown
def test_nothing_without_a_device_is_called_best_or_given_physics(file: Path) -> None:
    for part in example(file).document["concerns"]:
        for option in part["options"]:
            if "device" in option:
                continue
            assert option["rank_reason"]["id"] in ("plan.rank-none", "plan.rank-alternative")
            assert "first" not in option["rank_reason"]["text"].lower()
            assert "best" not in json.dumps(option["rank_reason"]).replace("rank-best", "").lower()
            assert set(option["p_effective"]) == set(option["p_harm"]) == {"unknown"}
            assert option["source"] in bibliography()


@every_shown
def test_unknowns_carry_their_reason(file: Path) -> None:
    made = example(file).document
    reasons = list(records(made, "unknown"))
    assert reasons
    assert all(isinstance(reason, str) and len(reason) > 10 for reason in reasons)
    assert all(message["text"] for message in made["unknowns"])


@every_shown
def test_every_source_is_known_and_listed(file: Path) -> None:
    made = example(file).document
    assert made["sources"] == sorted(set(made["sources"]))
    known = bibliography()
    assert all(key in known for key in made["sources"])
    cited = {key for key in records(made, "source") if isinstance(key, str)}
    cited |= {key for basis in records(made, "basis") for key in basis}
    assert cited <= set(made["sources"]), cited - set(made["sources"])


@every_shown
def test_every_estimate_says_what_it_rests_on(file: Path) -> None:
    for option in laser_options(example(file).document):
        vessels = option["modality"] == "vascular"
        assert ("p_purpura" in option) == ("purpura_days" in option) == vessels
        for name in ("p_effective", "p_harm", *(["p_purpura"] if vessels else [])):
            assert option[name]["basis"], name
            assert option[name]["draws"] == 200
            assert option[name]["kind"] == "modelled"
            assert 0 <= option[name]["low"] <= option[name]["median"] <= option[name]["high"] <= 1


@every_shown
def test_every_sentence_stands_in_the_catalogue(file: Path) -> None:
    made = example(file).document
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
def test_the_device_can_emit_what_is_planned(file: Path) -> None:
    for option in laser_options(example(file).document):
        settings = copy.deepcopy(option["settings"])
        tables = {"laser": {"device": option["device"], "wavelength_nm": option["wavelength_nm"]}}
        for name in ("microbeam", "cooling"):
            if name in settings:
                tables[name] = settings.pop(name)
        case = parse(Case, tables | {"settings": settings}, file="plan")
        beam = resolve(case, file.parent)
        assert beam.wavelength_nm == option["wavelength_nm"]
        assert beam.pulse_ms == pytest.approx(settings["pulse_ms"])


@every_shown
def test_limits_are_listed_and_none_is_broken(file: Path) -> None:
    for part in example(file).document["concerns"]:
        for option in part["options"]:
            if "device" not in option:
                assert option["limits"] == []
                continue
            expected = [limit.id for limit in limits_for(option["modality"], part["site"])]
            assert [limit["id"] for limit in option["limits"]] == expected
            for limit in option["limits"]:
                assert limit["status"] in ("met", "warn")
                assert limit["share"] >= limit["share_required"]
            assert option["p_harm"]["median"] <= 0.05
            # What the model's own error would add is told beside it, and is never less.
            (doubt,) = (harm["p"] for harm in option["harms"] if harm["name"] == "injury-if-model-errs")
            assert doubt["median"] >= option["p_harm"]["median"]


@pytest.mark.parametrize(
    "name", ["facial-telangiectasia-vascular", "redness-vascular", "age-spots-pigment-short-pulse"]
)
def test_the_burn_limit_holds_when_the_plan_is_simulated_again(name: str) -> None:
    """Through `skinbeam threshold` on skin of other draws, half of the cooling, at the settings of the plan."""
    from skinbeam.simulate.documents import threshold_document

    made = example(EXAMPLES / "conditions" / f"{name}.toml").document
    (option,) = laser_options(made)
    part, assessment = made["concerns"][0], made["assessment"]
    settings = copy.deepcopy(option["settings"])
    dose = settings["fluence_J_cm2"]
    case: dict[str, Any] = {
        "patient": {"age_years": assessment["age_years"], "sex": assessment["sex"]},
        "skin": {"site": part["site"], "ita_deg": assessment["ita_deg"]},
        "laser": {"device": option["device"], "wavelength_nm": option["wavelength_nm"]},
    }
    if "cooling" in settings:
        case["cooling"] = settings.pop("cooling")
        case["cooling"]["coefficient_W_m2K"] /= 2
    pulse = LoadedCase(parse(Case, case | {"settings": settings}, file="case"), EXAMPLES, "case")
    found = threshold_document(pulse, "epidermal-necrosis", of=None, draws=400, seed=7)
    # Fewer than 5 % burn: the 5th percentile of the doses that burn, a normal quantile of their spread, lies above.
    spread = math.log(found["dose"]["median"] / found["dose"]["low"])  # low is ED16, one standard deviation
    assert found["dose"]["median"] * math.exp(-1.645 * spread) > dose


def test_the_goal_of_a_vascular_option_is_the_vessel_that_the_plan_prints() -> None:
    for condition in ("facial-telangiectasia", "spider-angioma", "redness", "poikiloderma"):
        ((_, size, depth),) = vessels_of(condition).parts
        target = table("condition")[condition]["target"][0]
        assert depth is not None
        assert (size.value, depth.value) == (target["size_um"]["value"], target["depth_um"]["value"])


def test_where_the_clinic_names_its_devices_each_is_answered() -> None:
    names = ("pulsed-dye-595", "ipl", "ndyag-1064")
    made = document(PERSON + concern("facial-telangiectasia", extra="") + devices(*names))
    offered = {option["device"] for option in laser_options(made)}
    refused = {record["device"] for record in made["concerns"][0]["refused"] if "device" in record}
    assert offered | refused == set(names)
    assert not offered & refused


# --- colour ----------------------------------------------------------------------------------------------------------


def fluence(text: str) -> float:
    (option,) = laser_options(document(text))
    dose: float = option["settings"]["fluence_J_cm2"]
    return dose


def test_a_conflict_of_colours_is_told_and_limits_take_the_darker() -> None:
    spots = concern("age-spots", "hands") + devices("qs-ndyag-532-1064")
    light = document(PERSON + spots)
    doubt = document(PERSON.replace('"II"', '"V"') + spots)
    dark = document(PERSON.replace('"II"', '"V"').replace("ita_deg = 60.0\n", "") + spots)
    assert [warning["code"] for warning in doubt["warnings"]] == ["colour-conflict"]
    assert light["warnings"] == dark["warnings"] == []
    # What burns is judged on the darker skin: never less harm at a dose than in the lighter, never a higher dose.
    highest = max((o["settings"]["fluence_J_cm2"] for o in laser_options(dark)), default=0.0)
    for option in laser_options(doubt):
        assert option["settings"]["fluence_J_cm2"] <= max(highest, fluence(PERSON + spots))
        assert option["p_harm"]["median"] <= 0.05
    assert "colour-conflict" not in json.dumps(light)


def test_vascular_light_is_not_offered_above_the_darker_skins_limit() -> None:
    doubt = VEINS.replace('"II"', '"V"')
    dark = VEINS.replace('"II"', '"V"').replace("ita_deg = 60.0\n", "")
    highest = max((o["settings"]["fluence_J_cm2"] for o in laser_options(document(dark))), default=0.0)
    assert all(o["settings"]["fluence_J_cm2"] <= highest for o in laser_options(document(doubt)))


def test_darker_skin_never_fares_better() -> None:
    shares = []
    for ita in (62.0, 55.0, 45.0, 34.0):
        made = document(VEINS.replace("60.0", f"{ita}").replace('phototype = "II"\n', ""))
        shares.append(max((o["p_effective"]["median"] for o in laser_options(made)), default=0.0))
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.5
    assert shares[-1] < 0.5


# --- what is said of the case ----------------------------------------------------------------------------------------


def codes(text: str) -> list[str]:
    return [warning["code"] for warning in document(text)["warnings"]]


def test_what_has_no_influence_yet_is_told() -> None:
    spot = """
[[test_spot]]
device = "pulsed-dye-595"
site = "cheeks"
fluence_J_cm2 = 7.0
pulse_ms = 6.0
read_after_h = 24.0
reaction = "purpura"
"""
    session = '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\nresponse_pct = 40.0\nadverse = []\n'
    assert codes(STOPPED + spot + session) == ["not-used-yet", "not-used-yet"]
    told = document(STOPPED + spot)["warnings"][0]["message"]
    assert "[[test_spot]]" in told


def test_a_medicine_that_is_not_known_is_told_and_kept() -> None:
    text = STOPPED.replace("[patient]", '[patient]\nmedications = [{name = "frobnicate", last_dose_months = 1}]')
    made = document(text)
    assert codes(text) == ["unknown-medication"]
    (kept,) = made["assessment"]["medications"]
    assert kept == {"name": "frobnicate", "last_dose_months": 1.0, "matched": []}


def test_a_photograph_without_a_face_does_not_stop_a_plan(tmp_path: Path) -> None:
    from PIL import Image

    picture = tmp_path / "wall.png"
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(picture)
    made = make_plan(loaded(VEINS, tmp_path), photo=picture)
    assert made.document["assessment"]["photo"]["id"] == "plan.photo-failed"
    assert laser_options(made.document) == laser_options(document(VEINS))
    assert made.document["case_sha256"] != document(VEINS)["case_sha256"]


def test_without_a_photograph_the_plan_says_so() -> None:
    assert document(VEINS)["assessment"]["photo"]["id"] == "plan.no-photo"


def test_what_was_not_said_is_unknown_and_asked_for() -> None:
    text = "[patient]\nage_years = 45\n" + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")
    assessment = document(text)["assessment"]
    assert assessment["phototype"] == {"unknown": "not said"}
    assert assessment["ita_deg"] == {"unknown": "not measured"}
    assert assessment["colour_basis"]["id"] == "colour-basis.none"
    assert "colour-unknown" in [risk["risk"] for risk in assessment["risks"]]


def test_a_plan_with_too_few_draws_offers_nothing() -> None:
    made = document(VEINS, draws=20)
    assert laser_options(made) == []
    reasons = [r["reasons"][0] for r in made["concerns"][0]["refused"] if r["modality"] == "vascular"]
    assert [reason["id"] for reason in reasons] == ["plan.too-few-draws"]
    assert reasons[0]["params"]["draws"] == 20


def test_the_leading_example_is_whole() -> None:
    made = make_plan(load_case(EXAMPLES / "first-consultation" / "case.toml")).document
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
    for part in made["concerns"]:
        for option in part["options"]:
            if "device" in option:
                assert option["p_effective"]["basis"], (part["condition"], option["device"])


def test_harms_and_pain_that_trials_counted_reach_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    from skinbeam.estimate import Estimate, Unknown
    from skinbeam.evidence.expect import expect_of_setting
    from skinbeam.plan import options

    p = Estimate(0.02, 0.01, 0.05, 0.8, "pooled", basis=("majid2014",))
    counted = {
        "harms": {"scar": {"p": p}, "hypopigmentation": {"p": Unknown("one study")}, "acne-flare": {"p": p}},
        "pain_0_10": Estimate(4.0, 2.0, 6.0, 0.8, "pooled", basis=("majid2014",)),
    }
    monkeypatch.setattr(
        options, "expect_of_setting", lambda *asked, **given: expect_of_setting(*asked, **given) | counted
    )
    made = make_plan(loaded(PERSON + concern("acne-scars")), draws=100).document
    option = laser_options(made)[0]
    harms = {harm["name"]: harm["p"] for harm in option["harms"]}
    assert list(harms) == ["pih", "scar", "hypopigmentation", "acne-flare", "injury-if-model-errs"]
    assert harms["scar"]["median"] == harms["acne-flare"]["median"] == 0.02
    assert "unknown" in harms["hypopigmentation"]
    assert option["pain_0_10"]["median"] == 4.0
    assert option["followup_months"]["high"] >= option["followup_months"]["low"] > 0
