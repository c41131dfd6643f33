"""The documentation: what it shows runs, what follows from the package is current, what it names exists."""

import ast
import contextlib
import io
import itertools
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import generate
import pytest
from document_keys import unlisted_keys
from parts import notebook
from parts.keys import MEANINGS
from paths import ROOT

import skinbeam
from skinbeam._version import __date__, __version__
from skinbeam.cli import main
from skinbeam.model.sources import bibliography
from skinbeam.validation.published_rows import calibrated_parameters

DOCS = ROOT / "docs"


PAGES: tuple[Path, ...] = generate.PAGES


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its title, the comment above it, its text and the line where it begins."""

    language: str
    title: str
    above: str
    text: str
    line: int


FENCE = re.compile(r'^```(\w*)(?: title="([^"]+)")?$')


def blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    index = 0
    while index < len(lines):
        if lines[index].lstrip().startswith("```"):
            found = FENCE.match(lines[index])
            assert found, f"{name_of(page)}:{index + 1}: a fence that no test understands: {lines[index]}"
            end = lines.index("```", index + 1)
            above = lines[index - 1] if index else ""
            yield Block(found[1], found[2] or "", above, "\n".join(lines[index + 1 : end]), index + 1)
            index = end
        index += 1


RUNS = ("python", "console")
RUNNING = [page for page in PAGES if any(block.language in RUNS for block in blocks(page))]
MAKE = re.compile(r"^(?:make(?: \w+)?|python docs/generate\.py|git .*|\.venv/bin/.*)$")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the examples beside it, as a reader has who followed the page."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.check
@pytest.mark.parametrize(
    "page",
    [
        # The tutorial computes two hundred cases; `sweeps.md` runs the same commands on few.
        pytest.param(page, id=name_of(page), marks=pytest.mark.long if page.stem == "sweep-tutorial" else ())
        for page in RUNNING
    ],
)
def test_what_a_page_shows_runs(page: Path, workplace: Path) -> None:
    names: dict[str, object] = {"__name__": "page"}
    printed = ""
    for block in blocks(page):
        where = f"{name_of(page)}:{block.line}"
        if block.title == "output":
            assert_printed(block.text, printed, where)
        elif block.title:
            (workplace / block.title).write_text(block.text + "\n", encoding="utf-8")
        elif block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile("\n" * block.line + block.text, str(page), "exec"), names)
            printed = out.getvalue()
        elif block.language == "console":
            run_session(block, where)


@pytest.mark.check
@pytest.mark.parametrize("file", generate.NOTEBOOKS.values(), ids=name_of)
def test_a_notebook_runs_from_its_first_cell_to_its_last(file: Path, workplace: Path) -> None:
    """As Jupyter runs it: code cells in their order, in one namespace."""
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{name_of(file)}: {cell['id']}", "exec"), names)
    assert (workplace / "closure.csv").read_text(encoding="utf-8").startswith("pulse_ms,")


def test_notebooks_are_those_of_their_pages() -> None:
    for page, file in generate.NOTEBOOKS.items():
        text = file.read_text(encoding="utf-8")
        assert text == notebook.notebook(page.read_text(encoding="utf-8")), "run `make pages`"
        whole = json.loads(text)
        assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
        code = [block.text for block in blocks(page) if block.language == "python"]
        assert ["".join(cell["source"]) for cell in whole["cells"] if cell["cell_type"] == "code"] == code
        # A notebook shows the value of a cell's last line alone.
        drawing = [lines.strip().splitlines() for lines in code if ".plot(" in lines]
        assert drawing
        for lines in drawing:
            assert [line for line in lines if ".plot(" in line] == [lines[-1]]
            assert " = " not in lines[-1]


def test_every_public_name_has_its_entry_in_the_reference() -> None:
    text = (DOCS / "guide" / "python-reference.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    missing = set(skinbeam.__all__) - {"__version__"} - headings
    assert not missing, "write an entry `### NAME` in docs/guide/python-reference.md for each"
    parts = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    calls = [part for part in parts if part[0].islower()]
    bare = [part.split("\n")[0] for part in calls if "```python" not in part]
    assert not bare, "show a call of each of these functions in a block of Python"


def run_session(block: Block, where: str) -> None:
    """Run each `$` line; what stands below it must be printed, and `<!-- exit N -->` says another exit code than 0."""
    wanted = re.match(r"<!-- exit (\d+) -->", block.above)
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0], f"{where}: a session begins with $"
    for part in parts[1:]:
        command, _, output = part.partition("\n")
        words = [word.strip("'\"") for word in re.findall(r"'[^']*'|\"[^\"]*\"|\S+", command)]
        assert words[0] == "skinbeam", f"{where}: {command}"
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
            pytest.raises(SystemExit) as end,
        ):
            main(words[1:])
        assert end.value.code == (int(wanted[1]) if wanted else 0), f"{where}: {command}\n{err.getvalue()}"
        assert_printed(output, out.getvalue() + err.getvalue(), f"{where}: {command}")


def assert_printed(shown: str, printed: str, where: str) -> None:
    """`...` stands for anything: on a line of its own for any number of lines."""
    if not shown.strip():
        return
    pattern = ""
    for line in shown.strip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(map(re.escape, line.rstrip().split("..."))) + r"[ ]*\n"
    assert re.search(f"^{pattern}", printed + "\n", re.MULTILINE), f"{where}\nshown:\n{shown}\nprinted:\n{printed}"


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    every = [(page, block) for page in PAGES for block in blocks(page)]
    assert {block.language for _, block in every} >= {*RUNS, "bash", "toml"}
    for page, block in every:
        where = f"{name_of(page)}:{block.line}"
        assert block.language in {*RUNS, "bash", "toml", "json", "text"}, where
        if block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "bash":
            for line in block.text.splitlines():
                assert MAKE.match(line.split("  #")[0].rstrip()), f"{where}: {line}"
                if line.startswith("make "):
                    assert line.split()[1] in targets, f"{where}: {line}"


def test_generated_parts_are_current() -> None:
    texts = {name_of(page): page.read_text(encoding="utf-8") for page in PAGES}
    old = [name for name, text in texts.items() if text != generate.rendered(text)]
    assert not old, f"run `make pages`, which renews {', '.join(old)}"


def parts_shown() -> set[str]:
    return {
        found for page in PAGES for found in re.findall(r"<!-- generated: (.+?) -->", page.read_text(encoding="utf-8"))
    }


def test_every_command_shows_its_help() -> None:
    missing = {f"help {command}" for command in generate.commands()} - parts_shown()
    assert not missing, (
        "put `<!-- generated: help COMMAND -->` and `<!-- end -->` into docs/guide/commands.md; run `make pages`"
    )


@pytest.mark.parametrize("file", ["case", "device", "layers"])
def test_every_table_of_an_input_file_is_shown(file: str) -> None:
    missing = {f"keys {file} {table}" for table in generate.tables(file)} - parts_shown()
    assert not missing, "put `<!-- generated: keys FILE TABLE -->` and `<!-- end -->` into its page; run `make pages`"


def test_every_meaning_belongs_to_a_key() -> None:
    from skinbeam.model.vocabulary import ENDPOINTS

    assert set(MEANINGS["endpoint"]) == set(ENDPOINTS), "renew [endpoint] of docs/meanings.toml"
    for file in ("case", "device", "layers"):
        meanings = MEANINGS[file]
        known = {
            f"{table.strip('[]')}.{key}".removeprefix("top.")
            for table, model in generate.tables(file).items()
            for key in model.model_fields
        }
        assert set(meanings) <= known, f"take from [{file}] of docs/meanings.toml: {set(meanings) - known}"


PULSE = """
[skin]
[laser]
device = "pulsed-dye-595"
[settings]
fluence_J_cm2 = 7.0
pulse_ms = 6.0
spot_mm = 7.0
"""
VESSEL = """
[[vessel]]
depth_um = 300.0
diameter_um = 100.0
"""
SWEEP = """
case = "bath.toml"
draws = 2
outputs = ["temperature_C.basal_peak"]
[axes]
"bath.exposure_s" = [1.0, 2.0]
"""
REFUSED = """
[patient]
age_years = 61
[[concern]]
condition = "age-spots"
site = "hands"
[clinic]
phone = "a number"
"""
EQUATION = re.compile(r"(?<!\w)\(([a-z]+(?: [a-z]+)?) (\d+)\)")
NUMBERED = re.compile(r"^    .*  \(([^()]*\d\w?)\)$", re.MULTILINE)
FORMULA = re.compile(r"(?:^ {4,}\S.*\n?)+", re.MULTILINE)
OF_EQUATIONS = ("physics", "outcome")


def cited_equations(text: str) -> set[str]:
    return {f"{family} {number}" for family, number in EQUATION.findall(text)}


def docstrings(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def test_equations_of_the_code_stand_in_the_manual_and_each_once() -> None:
    numbered = [
        f"{found[1]} {found[2]}"
        for page in sorted((DOCS / "methods").glob("*.md"))
        for block in blocks(page)
        for line in block.text.splitlines()
        if (found := re.search(EQUATION.pattern + "$", line))
    ]
    assert len(numbered) == len(set(numbered)), sorted(one for one in numbered if numbered.count(one) > 1)
    folders = ("skinbeam", "skinbeam_clinic", "research", "tests")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    cited = {one: file for file in (*PAGES, *files) for one in cited_equations(file.read_text(encoding="utf-8"))}
    unknown = {one: name_of(cited[one]) for one in set(cited) - set(numbered)}
    assert not unknown, "number these equations on a page of docs/methods"
    assert not sorted(one for one in numbered if cited[one] in PAGES), "of these the code knows nothing"


def test_every_formula_of_a_model_has_a_number_of_the_manual() -> None:
    """A model without a chapter cannot hide: its formulas are numbered, and a number has one form."""
    for file in (ROOT / "skinbeam").rglob("*.py"):
        for text in docstrings(file):
            other = [number for number in NUMBERED.findall(text) if not EQUATION.fullmatch(f"({number})")]
            assert not other, f"{name_of(file)}: a number of another form, {other}"
    for file in (file for package in OF_EQUATIONS for file in (ROOT / "skinbeam" / package).rglob("*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        for formula in FORMULA.findall(text):
            assert " = " not in formula or EQUATION.search(formula), (
                f"{name_of(file)}: a formula without a number:\n{formula}"
            )


def test_tests_that_a_page_names_exist() -> None:
    known = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), flags=re.M)
    }
    for page in PAGES:
        named = set(re.findall(r"`(test_[a-z0-9]+_\w+)`", page.read_text(encoding="utf-8")))
        assert named <= known, (name_of(page), sorted(named - known))


def test_files_that_a_page_names_exist() -> None:
    for page in PAGES:
        for named in re.findall(
            r"`([\w*-]+/[\w./*-]+\.\w+|(?:skinbeam|tests|examples|docs)/[\w./*-]+)`", page.read_text(encoding="utf-8")
        ):
            places = (ROOT, ROOT / "skinbeam")
            assert any(list(place.glob(named.rstrip("/"))) for place in places), (name_of(page), named)


def test_a_paragraph_after_a_list_is_none_of_its_items() -> None:
    """Without an empty line between them, Markdown takes a paragraph for the rest of the last item."""
    item, inside = re.compile(r"\s*(?:[-*]|\d\.) "), re.compile(r"\s|[-*] |\d\. |<!--|---|$")
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        lines = text.splitlines()
        for line, following in itertools.pairwise(lines):
            assert not item.match(line) or inside.match(following), f"{name_of(page)}: {following}"


def test_lines_that_a_person_reads_are_not_too_long() -> None:
    """Rows of tables have one line each, and what follows from the package is as long as it is."""
    left_out = re.compile(r"<!-- generated: .*?<!-- end -->|^```.*?^```$", flags=re.S | re.M)
    lines = [
        f"{name_of(page)}: {line}"
        for page in PAGES
        for line in left_out.sub("", page.read_text(encoding="utf-8")).splitlines()
        if len(line) > 140 and not line.startswith("|")
    ]
    assert not lines, "break these lines before column 141"


def test_every_calibrated_parameter_is_explained_with_its_rows() -> None:
    """The first table of the page lists what calibration rows set: each parameter with its rows, and nothing else.

    Published doses, `source/number`, are many: they stand on a page of their own.
    """
    page = (DOCS / "calibrations.md").read_text(encoding="utf-8")
    part = page.split("## Set by measurements\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]
    assert all(len(cells) == 4 for cells in lines)
    named = {parameter: set(re.findall(r"`(\w+-\d+)`", by)) for parameter, _, by, _ in lines}
    doses = {row for one in calibrated_parameters() for row in one.rows if "/" in row}
    assert named == {one.parameter: set(one.rows) - doses for one in calibrated_parameters()}
    practice = (DOCS / "practice.md").read_text(encoding="utf-8")
    assert all(f"| {row} |" in practice for row in doses)


def test_the_page_of_limits_stays_short_enough_to_be_read() -> None:
    lines = (DOCS / "limits.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150, "shorten what stands there before you add to it"
    assert not [line for line in lines if len(line) > 112], "break these lines before column 113"


def test_every_hazard_names_a_test() -> None:
    hazards = re.findall(r"^\| (\d+) \|.*$", risk := (DOCS / "risk.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(int(number) for number in hazards) == list(range(1, len(hazards) + 1))
    accepted = {
        int(severity): row.split(" | ")
        for severity, row in re.findall(r"^\| severity (\d) \| (.*) \|$", risk, re.MULTILINE)
    }
    for row in re.findall(r"^\| \d+ \|.*$", risk, re.MULTILINE):
        assert "`test_" in row, row
        _, _, hazard, judged, controls, _, left, _ = (part.strip() for part in row.split("|"))
        severity, before, after = map(int, re.findall(r"\d", judged))
        assert after <= before, row
        assert accepted[severity][after - 1] != "no", row
        kinds = [controls.find(f"**{kind}:**") for kind in ("Design", "Protection", "Information")]
        found = [at for at in kinds if at >= 0]
        assert found, row
        assert found == sorted(found), row
        assert re.match(r"\*\*.+\*\* .+", hazard), row
        assert left, row


@pytest.mark.check
def test_keys_of_documents_are_those_listed(workplace: Path) -> None:
    listed = {
        name: (schema, set(re.findall(r"`(\w+)`", keys)))
        for schema, name, keys in re.findall(
            r"^\| `(skinbeam\.(\w+)/\d)` \|[^|]*\| ([^|]*) \|$",
            (DOCS / "documents.md").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    }
    head = {"schema", "version", "case_sha256", "seed", "warnings"}
    (workplace / "bath.toml").write_text("[skin]\n[bath]\ntemperature_C = 60.0\nexposure_s = 1.0\n", encoding="utf-8")
    (workplace / "pulse.toml").write_text(PULSE, encoding="utf-8")
    (workplace / "refused.toml").write_text(REFUSED, encoding="utf-8")
    (workplace / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    few = ["--draws", "2"]
    (workplace / "vessel.toml").write_text(VESSEL + PULSE, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit):
        main(["simulate", "vessel.toml", *few, "--json"])
    of_vessel = json.loads(out.getvalue())
    assert of_vessel["damage"]["vessels"]
    assert not unlisted_keys(of_vessel), "list these keys under `Every key` of docs/documents.md"
    commands = {
        "lasers": [],
        "conditions": [],
        "doctor": [],
        "claims": [],
        "cite": ["anderson1983"],
        "expect": ["--condition", "acne-scars", "--modality", "fractional-ablative"],
        "compare": ["--condition", "acne-scars", "fractional-ablative", "non-ablative-fractional"],
        "guideline": ["facial-telangiectasia", "--phototype", "II"],
        "light": ["examples/light/coverslip.toml"],
        "card": ["-o", "card.pdf"],
        "photo": ["examples/first-consultation/face.jpg", "--before", "examples/first-consultation/face.jpg"],
        "skin": ["bath.toml", "--wavelength", "600", *few],
        "simulate": ["bath.toml", *few],
        "sweep": ["sweep.toml", "-o", "sweep.zarr"],
        "threshold": ["bath.toml", "--endpoint", "epidermal-necrosis", *few],
        "validate": ["--only", "arrhenius"],
        "window": ["pulse.toml", "--effect", "epidermal-necrosis", *few],
        "plan": ["refused.toml", "-o", "out", *few],
        "preview": ["examples/first-consultation/face.jpg", "--plan", "out/plan.json", "-o", "pictures"],
    }
    assert set(commands) == set(listed), "a document has its row in docs/documents.md, and its command here"
    for name, arguments in commands.items():
        with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as end:
            main(["consult" if name == "plan" else name, *arguments, "--json"])
        assert end.value.code == 0, name
        found = json.loads(out.getvalue())
        assert (found["schema"], set(found) - head) == listed[name], f"renew the row of {name} in docs/documents.md"
        assert not unlisted_keys(found), f"list these keys of {name} under `Every key` of docs/documents.md"


def test_sources_named_in_the_pages_resolve() -> None:
    for page in PAGES:
        for key in re.findall(r"sources\.md#([\w-]+)", page.read_text(encoding="utf-8")):
            assert key in bibliography(), (name_of(page), key)


def test_what_a_recipe_names_stands_in_the_file_that_it_names() -> None:
    """`_HARM_WORDS` was looked for in a file that had not held it for days."""
    text = re.sub(r"\s+", " ", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    named = re.findall(r"`(\w+)`(?: and `\w+`)? (?:of|in) `([\w.-]+/[\w/.-]+\.(?:py|toml|html))`", text)
    assert named
    for name, file in named:
        assert re.search(rf"\b{name}\b", (ROOT / file).read_text(encoding="utf-8")), (
            f"CONTRIBUTING.md names {name} in {file}, where it is no longer"
        )


def test_no_page_names_a_machine_or_a_registry() -> None:
    for page in (*PAGES, ROOT / "CHANGELOG.md", ROOT / "CITATION.cff", ROOT / "mkdocs.yml"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/home/|/root/|/work/|/tmp/|localhost|TODO|lorem", text), name_of(page)


def test_the_release_is_the_same_everywhere() -> None:
    assert f"\n## [{__version__}] - {__date__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.check
def test_the_site_builds_strictly_and_asks_nothing_of_other_hosts(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    for page in tmp_path.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"', html)
        loaded += re.findall(r'<link[^>]+rel="(?:stylesheet|preconnect|icon)"[^>]+href="([^"]+)"', html)
        loaded += re.findall(r'<link[^>]+href="([^"]+)"[^>]+rel="(?:stylesheet|preconnect|icon)"', html)
        assert not [address for address in loaded if "//" in address], page.name


def test_every_demonstration_consultation_is_read_as_a_doctor() -> None:
    page = (ROOT / "docs" / "planning-review.md").read_text(encoding="utf-8")
    names = {file.stem for file in (ROOT / "examples" / "consultations").glob("*.toml")}
    assert names <= set(re.findall(r"^\| ([\w-]+) \|", page, re.MULTILINE))
    remarks = tomllib.loads((ROOT / "docs" / "planning_review.toml").read_text(encoding="utf-8"))
    assert set(remarks) <= names
    assert all(text in page for own in remarks.values() for text in own.values())
