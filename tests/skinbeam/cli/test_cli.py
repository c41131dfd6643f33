"""The command line: exit codes, one JSON document for every outcome, nothing half-written, no traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from paths import ROOT
from typer.models import CommandInfo, OptionInfo, TyperInfo

from skinbeam.cli import main
from skinbeam.cli.commands import MIN_PHOTONS, full_app
from skinbeam.cli.common import require_path
from skinbeam.model.package_data import load_package_table
from skinbeam.simulate.light.batches import BATCHES

VEINS = str(ROOT / "examples" / "conditions" / "facial-telangiectasia-vascular.toml")
CASES = ROOT / "tests" / "data" / "cases"
PULSE = str(CASES / "er-yag.toml")
SLAB = str(ROOT / "examples" / "light" / "van-de-hulst-slab.toml")
HEAD = {"schema", "version", "case_sha256", "seed", "warnings"}


Run = Callable[..., Any]


def test_help_names_every_command(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    names = (
        "consult simulate threshold window light skin expect compare guideline photo card preview sweep validate claims"
    )
    for name in (*names.split(), "cite", "serve", "records", "lasers", "conditions", "doctor"):
        assert f" {name} " in ran.out
        assert run(name, "--help").code == 0


def test_help_of_threshold_names_every_endpoint(run: Run) -> None:
    from skinbeam.model.vocabulary import ENDPOINTS

    # Lines are broken at spaces and hyphens.
    help_text = "".join(run("threshold", "--help").out.split())
    assert f"Whatistobereached:{','.join(sorted(ENDPOINTS))}." in help_text


def test_what_a_file_says_never_commands_the_terminal(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text('[skin]\nsite = "\\u001b[2J\\u202e \u00a0"\n', encoding="utf-8")
    asked = ("skin", str(file), "--wavelength", "500")
    assert '"\\x1b[2J\\u202e \u00a0"' in run(*asked).err
    assert "\x1b[2J\u202e" in run(*asked, "--json").document["error"]["message"]


@pytest.mark.parametrize("before", [(), ("records",), ("lasers",)])
def test_an_empty_command_is_refused_with_those_that_there_are(run: Run, before: tuple[str, ...]) -> None:
    ran = run(*before, "", "--json")
    assert ran.code == 2
    assert all(ran.document["error"][name] for name in ("code", "message", "field", "hint"))


@pytest.mark.parametrize("name", ["x" * 300, "loop"])
def test_a_store_with_a_name_that_cannot_be_written_is_wrong_input(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    ran = run("light", SLAB, "-o", str(tmp_path / name), "--json")
    assert (ran.code, ran.document["error"]["field"]) == (2, "--output")
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    ran = run()
    assert ran.code in (0, 2)
    assert "consult" in ran.out + ran.err


def test_the_version_is_printed(run: Run) -> None:
    from skinbeam._version import __version__

    assert run("--version").out.strip() == f"skinbeam {__version__}"


USAGE: dict[str, tuple[tuple[str, ...], str, str]] = {
    "misspelt command": (("simulat", PULSE), "simulat", "simulate"),
    "misspelt option": (("simulate", PULSE, "--draw", "5"), "--draw", "--draws"),
    "unknown option": (("consult", VEINS, "--colour", "red"), "--colour", "Did you mean"),
    "missing argument": (("simulate",), "case", "--help"),
    "missing option": (("threshold", PULSE), "--endpoint", "vessel-closure"),
    "missing folder": (("consult", VEINS), "--output", "--help"),
    "draws of none": (("simulate", PULSE, "--draws", "0"), "--draws", "from 1 to 100,000"),
    "too many draws": (("simulate", PULSE, "--draws", "100001"), "--draws", "from 1 to 100,000"),
    "draws in words": (("window", PULSE, "--draws", "many"), "--draws", "A whole number from 1 to 100,000"),
    "negative seed": (("skin", PULSE, "--wavelength", "500", "--seed", "-1"), "--seed", "A whole number from 0"),
    "months in words": (
        ("expect", "--condition", "acne-scars", "--modality", "ablative", "--follow-up-months", "two"),
        "--follow-up-months",
        "A number",
    ),
    "misspelt endpoint": (("threshold", PULSE, "--endpoint", "ablatio"), "--endpoint", "ablation"),
    "misspelt condition": (
        ("expect", "--condition", "acne-scar s", "--modality", "ablative"),
        "condition",
        "acne-scars",
    ),
    "misspelt modality": (("expect", "--condition", "acne-scars", "--modality", "ablativ"), "modality", "ablative"),
    "misspelt treatment": (("compare", "--condition", "acne-scars", "ablative", "pel"), "B", "peel"),
    "missing treatment": (("compare", "--condition", "acne-scars", "ablative"), "b", "--help"),
    "the same treatment": (("compare", "--condition", "acne-scars", "peel", "chemical-peel"), "B", "Another"),
    "misspelt subtype": (
        ("expect", "--condition", "melasma", "--modality", "chemical-peel", "--subtype", "dermis"),
        "--subtype",
        "dermal",
    ),
    "pulse of nothing": (
        ("expect", "--condition", "acne-scars", "--modality", "ablative", "--pulse-ms", "0"),
        "--pulse-ms",
        "A number",
    ),
    "misspelt light": (("simulate", PULSE, "--light", "ordinate"), "--light", "ordinates"),
    "misspelt device": (("simulate", PULSE, "--device", "cdua"), "--device", "cuda"),
    "error of nothing": (("simulate", PULSE, "--error", "0"), "--error", "0.01"),
    "error that no run reaches": (("simulate", PULSE, "--error", "1e-9"), "--error", "From 1e-05"),
    "missing file": (("simulate", "nowhere.toml"), "CASE", "case file"),
    "a folder": (("simulate", str(CASES)), "CASE", "case file"),
    "folder below a file": (("consult", VEINS, "-o", f"{PULSE}/out"), "--output", "folder"),
    "missing photograph": (("photo", "nowhere.jpg"), "photo", "photo"),
    "wavelengths in words": (("skin", PULSE, "--wavelength", "red"), "--wavelength", "400"),
    "no effect to guess": (("window", str(CASES / "fractional-1550.toml")), "--effect", "an effect"),
    "device of no setting": (("window", PULSE, "--device", "er-yag-2940"), "--device", "fluence_J_cm2=8"),
    "device of no setting for a person": (("window", VEINS, "--device", "ktp-532"), "--device", "fluence_J_cm2=8"),
    "exactly no setting": (("window", PULSE, "--exact"), "--exact", "fluence_J_cm2=8"),
    "site of skin alone": (
        ("expect", "--condition", "acne-scars", "--modality", "ablative", "--site", "buttock"),
        "--site",
        "decolletage, hands",
    ),
    "empty folder": (("consult", VEINS, "-o", ""), "--output", "--help"),
    "empty folder with a sign": (("window", PULSE, "--output="), "--output", "--help"),
    "empty figure": (("window", PULSE, "--plot", ""), "--plot", "--help"),
    "figure below a file": (
        ("skin", PULSE, "--wavelength", "500", "--draws", "2", "--plot", f"{PULSE}/x.svg"),
        "--plot",
        "folder",
    ),
    "too few photons": (("light", SLAB, "--photons", "31"), "--photons", f"at least {MIN_PHOTONS}"),
    "misspelt group": (("validate", "--only", "vasculr"), "--only", "vascular"),
    "misspelt records command": (("records", "exprt"), "exprt", "export"),
    "missing device file": (("lasers", "check", "nowhere.toml"), "FILE", "device"),
}


@pytest.mark.parametrize("name", USAGE)
def test_what_is_wrong_has_code_2_a_field_and_a_hint(name: str, run: Run) -> None:
    arguments, field, hint = USAGE[name]
    plain = run(*arguments)
    assert plain.code == 2
    assert plain.out == ""
    assert plain.err.startswith("error: ")
    ran = run(*arguments, "--json")
    assert ran.code == 2
    error = ran.document["error"]
    assert set(ran.document) == {"error"}
    assert {"code", "message", "field", "hint"} <= set(error) <= {"code", "message", "field", "hint", "file"}
    assert all(isinstance(text, str) and text for text in error.values())
    assert field in error["field"]
    assert hint in error["hint"]


def test_no_option_takes_an_empty_path() -> None:
    """`Path("")` is the current folder, into which nobody asked to write."""
    found = 0
    app = full_app()
    commands = [*app.registered_commands, *(one for group in app.registered_groups for one in _commands_of(group))]
    for command in commands:
        assert command.callback is not None
        for name, annotation in get_type_hints(command.callback, include_extras=True).items():
            plain, *declared = get_args(annotation) or (annotation,)
            is_path = Path in (plain, *get_args(plain))
            for option in (one for one in declared if is_path and isinstance(one, OptionInfo)):
                # What the records read is a file: the current folder is refused as none.
                if "-o" in (option.param_decls or ()) or not command.callback.__module__.startswith("skinbeam_clinic"):
                    assert option.parser is require_path, (command.callback.__name__, name)
                found += 1
    assert found > 10


def _commands_of(group: TyperInfo) -> list[CommandInfo]:
    assert group.typer_instance is not None
    return group.typer_instance.registered_commands


def test_the_help_names_the_fewest_photons(run: Run) -> None:
    assert MIN_PHOTONS == BATCHES
    assert f"[x>={BATCHES}]" in run("light", "--help").out


NOT_BUILT: dict[str, tuple[str, ...]] = {
    "simulate on cuda": ("simulate", PULSE, "--device", "cuda"),
    "simulate on cuda with no case": ("simulate", "nowhere.toml", "--device", "cuda"),
}


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_not_built_says_so_with_code_3(name: str, run: Run) -> None:
    arguments = NOT_BUILT[name]
    plain = run(*arguments)
    assert (plain.code, plain.out) == (3, "")
    assert plain.err.startswith("unknown: ")
    ran = run(*arguments, "--json")
    assert ran.code == 3
    assert ran.document["schema"] == f"skinbeam.{name.split()[0]}/1"
    assert {"version", "warnings"} <= set(ran.document)
    assert "error" not in ran.document
    text = json.dumps(ran.document)
    assert "unknown" in text
    assert "not in this release" in text


def test_what_nobody_can_answer_keeps_the_keys_of_its_document(run: Run) -> None:
    ran = run("threshold", PULSE, "--endpoint", "blood-coagulation", "--json")
    assert ran.code == 3
    assert {*HEAD, "endpoint", "of", "dose", "bracket", "reached"} <= set(ran.document)
    assert set(ran.document["dose"]) == {"unknown"}
    ran = run("expect", "--condition", "dull-complexion", "--modality", "ablative", "--json")
    assert ran.code == 3
    assert {*HEAD, "p_at_least", "predict", "pih", "studies", "untreated"} <= set(ran.document)
    assert isinstance(ran.document["abstains"], str)
    ran = run("compare", "--condition", "melasma", "ablative", "vascular", "--json")
    assert ran.code == 3
    assert {*HEAD, "condition", "a", "b", "direct", "difference", "pih_difference"} <= set(ran.document)
    assert set(ran.document["difference"]) == {"unknown"}
    ran = run(
        "window", str(CASES / "vessel.toml"), "--effect", "blood-coagulation", "--harm", "blood-coagulation", "--json"
    )
    assert ran.code == 3
    assert {*HEAD, "of", "dose", "pulse_ms", "p_effect", "p_harm"} <= set(ran.document)


DOCUMENTS: dict[str, tuple[tuple[str, ...], str, set[str]]] = {
    "simulate": (
        ("simulate", PULSE, "--draws", "10"),
        "skinbeam.simulate/1",
        {"light", "temperature_C", "damage", "ablation", "microlesion", "cooling", "healing", "harm"},
    ),
    "threshold": (
        ("threshold", PULSE, "--endpoint", "ablation", "--draws", "10"),
        "skinbeam.threshold/1",
        {
            "endpoint",
            "of",
            "dose",
            "model_error",
            "reduction_error",
            "heated_blood",
            "methaemoglobin",
            "bracket",
            "reached",
            "calibrated_dose",
            "calibration",
        },
    ),
    "window": (
        ("window", PULSE, "--draws", "10"),
        "skinbeam.window/1",
        {"of", "dose", "pulse_ms", "p_effect", "p_harm"},
    ),
    "light": (
        ("light", SLAB),
        "skinbeam.light/1",
        {"reflectance_specular", "reflectance_diffuse", "transmittance", "absorbed", "depth_um", "method", "device"},
    ),
    "skin": (
        ("skin", PULSE, "--wavelength", "500:600:50", "--draws", "10"),
        "skinbeam.skin/1",
        {"wavelength_nm", "layers", "reflectance", "reflectance_excluded", "Lab", "ita_deg", "phototype_range"},
    ),
    "expect": (
        ("expect", "--condition", "acne-scars", "--modality", "fractional-ablative"),
        "skinbeam.expect/1",
        {"p_at_least", "predict", "mean_improvement_pct", "pih", "downtime_days", "durability", "untreated", "studies"},
    ),
    "compare": (
        ("compare", "--condition", "acne-scars", "fractional-ablative", "microneedling"),
        "skinbeam.compare/1",
        {"condition", "a", "b", "direct", "difference", "pih_difference"},
    ),
    "guideline": (
        ("guideline", "facial veins", "--phototype", "II"),
        "skinbeam.guideline/1",
        {"condition", "title", "covered", "cells", "rows", "sources"},
    ),
    "validate": (
        ("validate", "--only", "arrhenius"),
        "skinbeam.validate/1",
        {"draws", "shares", "groups", "rows", "orderings", "calibrated"},
    ),
    "claims": (("claims",), "skinbeam.claims/1", {"claims"}),
    "lasers": (("lasers",), "skinbeam.lasers/1", {"lasers"}),
    "conditions": (("conditions",), "skinbeam.conditions/1", {"conditions", "sites", "modalities"}),
    "doctor": (("doctor",), "skinbeam.doctor/1", {"checks"}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_command_prints_its_document_as_json_and_as_text(name: str, run: Run) -> None:
    arguments, schema, keys = DOCUMENTS[name]
    ran = run(*arguments, "--json")
    assert ran.code == 0
    assert ran.document["schema"] == schema
    assert HEAD | keys <= set(ran.document)
    assert not any(word in ran.out for word in ("null", "NaN", "Infinity"))
    plain = run(*arguments)
    assert plain.code == 0
    assert plain.out.startswith(schema)
    assert run(*arguments, "--json").out == ran.out


def test_the_lists_hold_what_the_interface_says(run: Run) -> None:
    laser_keys = {"name", "title", "wavelengths_nm", "modalities", "pulse_ms", "spots_mm", "cooling", "source"}
    lasers = run("lasers", "--json").document["lasers"]
    assert len(lasers) >= 18
    for laser in lasers:
        assert laser_keys <= set(laser)
        assert {"fluence_J_cm2", "energy_mJ"} & set(laser)
        low, high = laser["pulse_ms"]
        assert 0 < low <= high
    made = run("conditions", "--json").document
    for kind, least in (("conditions", 20), ("sites", 14), ("modalities", 7)):
        assert len(made[kind]) >= least
        assert all({"name", "aliases", "title"} <= set(entry) for entry in made[kind])
    claims = run("claims", "--json").document["claims"]
    assert len(claims) == 40
    wanted = {"id", "sentence", "claim", "verdict", "evidence", "better", "rule", "sources"}
    for claim in claims:
        assert wanted <= set(claim)
        assert claim["verdict"] in ("supported", "partly", "unsupported", "contradicted")
    for check in run("doctor", "--json").document["checks"]:
        assert {"name", "ok", "found", "fix"} == set(check)
        assert check["ok"] or check["fix"]


def test_a_command_by_another_name_gets_the_one_that_is_meant(run: Run) -> None:
    meant = load_package_table("data/other_words.toml")["command"]
    known = run("--help").out.split()
    for word, command in meant.items():
        assert command in known, command
        ended = run(word)
        assert (ended.code, f'Did you mean "{command}"?' in ended.err) == (2, True), word


def test_a_misspelt_source_gets_the_nearest(run: Run) -> None:
    ran = run("cite", "clark204")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert "KEY" in ran.err
    assert "clark2004" in ran.err


def test_cite_prints_bibtex_of_what_is_asked_for_or_of_all(run: Run) -> None:
    one = run("cite", "clark2004")
    assert one.code == 0
    assert one.out.startswith("@")
    assert one.out.count("\n@") == 0
    assert run("cite").out.count("@") > 100


CITED = {
    "plan": '{"schema": "skinbeam.plan/2", "sources": ["clark2004", "anderson1983"], "a": [{"source": "agah1994"}]}',
    "basis of estimates": '{"schema": "skinbeam.x/1", "a": {"basis": ["clark2004"]}, "b": {"basis": ["anderson1983"]}}',
    "source of each entry": '{"schema": "skinbeam.x/1", "a": [{"source": "clark2004"}, {"source": ["anderson1983"]}]}',
    "citations": '{"schema": "skinbeam.cite/1", "sources": [{"key": "clark2004"}, {"key": "anderson1983"}]}',
    "a sentence that names an author": (
        '{"schema": "skinbeam.x/1", "text": {"params": {"source": "Clark"}}, "basis": ["clark2004", "anderson1983"]}'
    ),
}


@pytest.mark.parametrize("name", CITED)
def test_cite_reads_the_sources_that_a_document_names(name: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "held.json"
    file.write_text(CITED[name], encoding="utf-8")
    both = run("cite", "clark2004", "anderson1983")
    assert run("cite", str(file)).out == both.out
    assert run("cite", str(file), "anderson1983").out == both.out
    as_json = run("cite", str(file), "--json")
    assert [source["key"] for source in as_json.document["sources"]] == ["clark2004", "anderson1983"]
    assert as_json.out == run("cite", "clark2004", "anderson1983", "--json").out


@pytest.mark.parametrize("name", ["expect", "compare", "guideline", "lasers", "claims"])
def test_cite_reads_what_other_commands_print(name: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "held.json"
    file.write_text(run(*DOCUMENTS[name][0], "--json").out, encoding="utf-8")
    cited = run("cite", str(file))
    assert cited.code == 0
    assert cited.out.startswith("@")


def test_cite_says_what_a_file_is_not(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "held.json"
    for text in ("", "[]", "{}", '{"schema": 3}', '{"schema": "other/1"}', '{"a":' * 900 + "1" + "}" * 900):
        file.write_text(text, encoding="utf-8")
        ran = run("cite", str(file), "--json")
        assert (ran.code, ran.document["error"]["code"]) == (2, "not-a-document"), text[:40]
    gone = run("cite", str(tmp_path / "gone.json"), "--json")
    assert (gone.code, gone.document["error"]["code"]) == (2, "missing-file")
    file.write_text('{"schema": "skinbeam.plan/2", "sources": ["clark204"]}', encoding="utf-8")
    strange = run("cite", str(file), "--json")
    assert (strange.code, strange.document["error"]["file"]) == (2, "held.json")
    file.write_text('{"schema": "skinbeam.conditions/1", "conditions": []}', encoding="utf-8")
    none = run("cite", str(file), "--json")
    assert (none.code, none.document["schema"]) == (3, "skinbeam.cite/1")
    assert none.document["sources"] == {"unknown": "no source is named in held.json"}


def test_a_device_file_is_checked(run: Run) -> None:
    sound = ROOT / "skinbeam" / "data" / "lasers" / "ktp-532.toml"
    assert run("lasers", "check", str(sound), "--json").document["lasers"][0]["name"] == "ktp-532"
    broken = sorted((ROOT / "tests" / "data" / "broken" / "device").glob("*.toml"))[0]
    ran = run("lasers", "check", str(broken), "--json")
    assert ran.code == 2
    assert ran.document["error"]["field"]


def test_seed_and_draws_are_taken_at_their_ends(run: Run) -> None:
    ran = run("simulate", PULSE, "--draws", "1", "--seed", str(2**63 - 1), "--json")
    assert ran.code == 0
    assert ran.document["seed"] == 2**63 - 1


def test_a_defect_has_code_1_and_one_document(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    import skinbeam.model.conditions

    def broken() -> None:
        raise RuntimeError("a made-up fault")

    monkeypatch.setattr(skinbeam.model.conditions, "list_names", broken)
    with pytest.raises(SystemExit) as left:
        main(["conditions", "--json"])
    assert left.value.code == 1


@pytest.mark.parametrize(
    ("option", "value", "unit"),
    [("--wavelength", "10600nm", "In nm."), ("--wavelength", "10.6", "in nm"), ("--pulse-ms", "1us", "in ms")],
)
def test_a_number_in_another_unit_is_told_the_right_one(run: Run, option: str, value: str, unit: str) -> None:
    """10.6 (µm) was "out of range, from 200 to 20000", and "10600nm" wanted "A number."."""
    ran = run("expect", "--condition", "acne scars", "--modality", "fractional ablative", option, value, "--json")
    assert ran.code == 2
    assert unit in ran.document["error"]["hint"]


def test_a_word_that_is_no_slip_gets_the_known_names(run: Run) -> None:
    """ "laser" got: did you mean "filler"?"""
    ran = run("expect", "--condition", "acne scars", "--modality", "laser", "--json")
    assert ran.document["error"]["hint"].startswith("Known: ablative, fractional-ablative")
    slip = run("expect", "--condition", "acne scras", "--modality", "ablative", "--json")
    assert "Did you mean" in slip.document["error"]["hint"]


def test_the_checks_of_a_machine_have_a_line_each(run: Run) -> None:
    checks = run("doctor", "--json").document["checks"]
    lines = run("doctor").out.splitlines()[2:]
    assert len(lines) == len(checks)
    for line, check in zip(lines, checks, strict=True):
        assert line.split() == [*check["name"].split(), *_told(check).split()]


def _told(check: dict[str, Any]) -> str:
    return str(check["found"]) if check["ok"] else f"{check['found']}. Fix: {check['fix']}"
