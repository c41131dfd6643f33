"""Rules of the house that a reader can rely on: names, units, exports, data roles."""

import ast
import importlib
import importlib.util
import io
import pkgutil
import re
import tokenize
from collections import Counter
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import consultation
from _pytest.assertion.rewrite import AssertionRewritingHook
from paths import TESTS

import skinbeam

ROOT = Path(skinbeam.__file__).parents[1]
PACKAGES = ("skinbeam", "skinbeam_clinic", "research")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
# The group `fit` has an environment of its own.
NEEDS_SAMPLER = ("research.evidence_fit.model", "research.evidence_fit.count_model")
MODULES = sorted(
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
    if not module.name.endswith("__main__") and module.name not in NEEDS_SAMPLER
)


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_exported_names_are_the_public_ones() -> None:
    assert len(MODULES) > 100
    faults = {name: found for name in MODULES if (found := faults_of_exports(name))}
    assert not faults, "`__all__` lists what is public, once: add or remove these names, or begin them with `_`"


def faults_of_exports(name: str) -> list[str]:
    """What is public and not exported, exported twice, or exported and not there."""
    module = importlib.import_module(name)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    }
    exported = getattr(module, "__all__", [])
    if name == "skinbeam.cli.commands":
        defined = set()  # commands are reached through `app` alone
    twice = {export for export in exported if exported.count(export) > 1}
    missing = {export for export in exported if not hasattr(module, export)}
    return sorted((defined - set(exported)) | twice | missing)


DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class ClassNames(NamedTuple):
    """Names that a class has: its own, those of its definitions, and those of its annotated fields."""

    name: str
    defined: list[str]
    fields: list[str]


class ModuleNames(NamedTuple):
    """Names of a module's definitions and classes, however deep these are, and of the messages that it makes."""

    defined: list[str]
    classes: list[ClassNames]
    messages: list[str]


@cache
def names_in(file: Path) -> ModuleNames:
    """The names of a file, read once for all tests: parsing every file takes seconds."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    classes = [
        ClassNames(node.name, definitions(node.body), annotated_fields(node))
        for node in nodes
        if isinstance(node, ast.ClassDef)
    ]
    messages = [
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Message", "render_message")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]
    return ModuleNames(definitions(tree.body), classes, messages)


def definitions(body: list[ast.stmt]) -> list[str]:
    return [node.name for node in body if isinstance(node, DEFINITION)]


# Participles, pronouns and adverbs say nothing of what a module, class or function is.
NOT_A_NAME = {
    "told", "said", "seen", "kept", "apart", "one", "here", "asked", "held", "shown", "known", "given", "made",
    "done", "found", "taken", "left", "judged", "drawn", "met", "lit", "laid", "put", "spent", "written", "spoken",
    "heard", "looked", "tried", "wanted", "aimed", "broken", "learned", "learnt", "treated", "followed", "changed",
    "joined", "some", "other", "these", "those", "it", "nobody", "somebody", "who", "what", "where", "why", "how",
    "there",
}  # fmt: skip


def test_public_names_are_nouns_and_verbs() -> None:
    """Of modules, classes, functions and methods; a test of its own looks at fields."""
    faults = []
    for file in FILES:
        module = names_in(file)
        defined = [*module.defined, *(name for one in module.classes for name in one.defined)]
        faults += [f"{relative(file)}: {name}" for name in (file.stem, *defined) if name.lower() in NOT_A_NAME]
    assert not faults, "name the thing by a noun, the act by a verb"


# Adverbs, prepositions, adjectives and verbs that do not tell a reader of a template what a field holds.
NOT_A_PAGE_FIELD = NOT_A_NAME | {
    "about", "afterwards", "aloud", "also", "always", "and_more", "barred", "before", "below", "beside_trials",
    "better", "beyond", "call", "can", "cannot", "common", "counted", "course_always", "embedded", "expected", "foot",
    "head", "instead", "lasting", "more", "nearly", "no_laser", "open", "others", "own", "rare", "reached", "refused",
    "results_about", "seek", "stop_at", "treats", "uncounted", "untreated", "when_to_call", "without", "without_laser",
}  # fmt: skip
PAGE_CONTEXTS = ("skinbeam/report/context.py", "skinbeam/report/consent_context.py")
PLAN_KEY = "key of the plan's JSON document"
STORED_KEY = "key of a stored record of the clinic"
FIELD_EXCEPTIONS = {
    "AreaFiring.why": STORED_KEY,
    "AtlasChoice.why": "key of data/atlas.toml",
    "ChecklistDecision.why": STORED_KEY,
    "ClinicianGrade.treated": STORED_KEY,
    "ConcernSuggestion.seen": "key of the photo's JSON document",
    "Consent.told": STORED_KEY,
    "DosePlacement.where": PLAN_KEY,
    "Duration.what": PLAN_KEY,
    "EffectTarget.aimed": "key of data/limits.toml",
    "EffectTarget.wanted": "key of data/limits.toml",
    "FollowUp.said": STORED_KEY,
    "FormFault.where": "read by the templates of the clinic's forms",
    "HarmCount.treated": "the term of a table of counts: people harmed of people treated",
    "HealthCheck.found": "key of the JSON document of `skinbeam doctor`",
    "NearestOption.why": PLAN_KEY,
    "Observations.treated": "the term of a table of counts: people harmed of people treated",
    "PainCurve.left": "the left edge of a drawing",
    "Plan.why": PLAN_KEY,
    "SkinFinding.told": "key of the photo's JSON document",
    "SpellingCorrection.written": PLAN_KEY,
    "SpellingSlip.written": PLAN_KEY,
    "SpotFiring.why": STORED_KEY,
    "SuggestedConcern.seen": STORED_KEY,
    "SuggestedConcern.told": STORED_KEY,
    "TreatmentOrder.asked": STORED_KEY,
}


def test_fields_are_nouns() -> None:
    """Of public classes; what an exception gives as its reason is a name that people outside the code already read."""
    faults = [
        f"{relative(file)}: {one.name}.{name}"
        for file in FILES
        for one in names_in(file).classes
        if not one.name.startswith("_")
        for name in one.fields
        if name in (NOT_A_PAGE_FIELD if relative(file) in PAGE_CONTEXTS else NOT_A_NAME)
        and f"{one.name}.{name}" not in FIELD_EXCEPTIONS
    ]
    assert not faults, (
        "name the field by a noun; a key that others already read goes to FIELD_EXCEPTIONS, with its file"
    )


def annotated_fields(node: ast.ClassDef) -> list[str]:
    return [
        line.target.id for line in node.body if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    ]


def test_no_two_public_classes_share_a_name() -> None:
    classes = Counter(one.name for file in FILES for one in names_in(file).classes if not one.name.startswith("_"))
    twice = [name for name, count in classes.items() if count > 1]
    assert not twice, "rename one class of each name"


# Numerical tolerances and ranges stand in these places and are not conversions.
ALLOWED = tuple(
    f"skinbeam/{place}"
    for place in (
        "model/",
        "simulate/layers_schema/",
        "cli/plain_text.py",
        "text/",
    )
)


def code_of(file: Path) -> dict[int, str]:
    """The code of each line, without its strings and comments."""
    lines: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline):
        if token.type not in (tokenize.STRING, tokenize.COMMENT):
            lines[token.start[0]] = f"{lines.get(token.start[0], '')} {token.string}"
    return lines


CONVERSION = re.compile(r"[*/] (273\.15|1e-?[369]|1000(\.0)?)\b|[+-] 273\.15")
FACTOR = re.compile(r"273\.15|1e-?[369]|1000")  # without which no line matches: reading the code of a file takes long


def test_only_units_convert() -> None:
    found = [
        f"{relative(file)}:{number}: {code.strip()}"
        for file in FILES
        if not relative(file).startswith(ALLOWED) and FACTOR.search(file.read_text(encoding="utf-8"))
        for number, code in code_of(file).items()
        if CONVERSION.search(code)
    ]
    assert not found, "multiply by a unit of skinbeam/model/units.py"


def test_the_search_for_conversions_finds_them(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text('steps = length_ms * 1e-3  # "a"\ntext = "x * 1e-3"\n')
    assert [bool(CONVERSION.search(code)) for code in code_of(file).values()][:2] == [True, False]


def test_nothing_is_a_stub() -> None:
    stub = re.compile(r"TODO|FIXME|XXX|NotImplementedError")
    assert [relative(file) for file in FILES if stub.search(file.read_text(encoding="utf-8"))] == []


def test_validation_rows_set_no_parameter() -> None:
    for file in sorted((ROOT / "skinbeam" / "data").rglob("*.toml")):
        content = file.read_text(encoding="utf-8")
        assert not re.search(r'role\s*=\s*"validation"', content), file.name


def test_every_source_key_in_the_data_resolves() -> None:
    from skinbeam.model.sources import bibliography

    known = bibliography()
    missing = []
    for file in sorted((ROOT / "skinbeam" / "data").rglob("*.toml")):
        for key in re.findall(
            r'^\s*source\s*=\s*"([^"]+)"|[{,]\s*source\s*=\s*"([^"]+)"',
            file.read_text(encoding="utf-8"),
            re.M,
        ):
            name = key[0] or key[1]
            if name not in known:
                missing.append(f"{file.name}: {name}")
    assert not missing, "add an entry to a file of skinbeam/data/sources"


def test_every_message_id_in_the_code_exists() -> None:
    from skinbeam.text import catalogue

    known = catalogue()
    missing = [f"{relative(file)}: {name}" for file in FILES for name in names_in(file).messages if name not in known]
    assert not missing, "write the sentence under [part before the dot] of a file of skinbeam/data/messages/en"


NAMED_FILE = re.compile(r"(?<![\w./{}<])(?:[\w-]+/)+[\w-]+\.(?:py|toml|csv|md|html|css)(?!\w)")


def test_a_file_that_a_comment_or_a_docstring_names_exists() -> None:
    there = {
        relative(file) for folder in (*PACKAGES, "docs", "tests", "examples") for file in (ROOT / folder).rglob("*")
    }
    data = (ROOT / "skinbeam" / "data").rglob("*.toml")
    told = {file: re.findall(r"^\s*#.*", file.read_text(encoding="utf-8"), re.MULTILINE) for file in data}
    told |= {file: re.findall(r".*(?:#|`).*", file.read_text(encoding="utf-8")) for file in FILES}
    lost = [
        f"{relative(file)}: {named}"
        for file, lines in told.items()
        for named in NAMED_FILE.findall("\n".join(lines))
        if not any(f"/{path}".endswith(f"/{named}") for path in there) and "NAME" not in named
    ]
    assert not lost, "the comment or docstring names a file that has moved or gone"


def test_no_two_files_of_tests_share_a_name() -> None:
    """Tests are no package, so the second of two would not be collected."""
    names = Counter(file.name for file in TESTS.rglob("*.py"))
    names.pop("conftest.py")
    twice = [name for name, count in names.items() if count > 1]
    assert not twice, "rename one file of each name"


def test_a_failed_assertion_of_a_helper_says_what_differs() -> None:
    """pytest rewrites the assertions of tests alone; those of other modules fail without a word."""
    helpers = [file.stem for file in (TESTS / "helpers").glob("*.py")]
    silent = [name for name in helpers if not isinstance(loader_of(name), AssertionRewritingHook)]
    assert len(helpers) > 20
    assert not silent, "import no helper before tests/conftest.py registers it"


def loader_of(module: str) -> object:
    found = importlib.util.find_spec(module)
    return found and found.loader


def test_the_parts_that_are_timed_are_functions_of_the_code() -> None:
    """benchmarks/consultation.py names them as text."""
    for name in (name for names in consultation.PARTS.values() for name in names):
        module, _, path = name.partition(":")
        assert callable(attrgetter(path)(importlib.import_module(module))), name
