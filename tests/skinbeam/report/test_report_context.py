"""The templates and the documented fields are one contract, in both directions."""

import re
from dataclasses import fields, is_dataclass
from importlib import resources
from typing import Any, get_args, get_type_hints

import pytest
from jinja2 import Environment, meta, nodes

from skinbeam.preview import page
from skinbeam.report import context
from skinbeam.report.context import LeafletPage, LiveFigure, ReportPage
from skinbeam.text import catalogue

TEMPLATES = resources.files("skinbeam.report") / "templates"
HTML = ("report.html.j2", "report.css.j2", "parts.html.j2")
ENVIRONMENT = Environment()
ENVIRONMENT.filters["css_string"] = str
RECORDS = [getattr(module, name) for module in (context, page) for name in module.__all__]
METHODS = {
    "ceil",
    "stroked",
    "len",
    "map",
    "slice",
    "update",
    "display",
    "clusters",
    "join",
    "contains",
    "with",
    "where",
    "flatten",
    "header",
    "document",
    "page",
    "filter",
    "filters",
    "first",
    "last",
    "height",
    "width",
    "inputs",
    "zws",
    "typ",
}


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def field_names(record: Any) -> set[str]:
    return {field.name for field in fields(record)}


def nested(record: Any) -> set[Any]:
    """The records that stand inside `record`, itself among them."""
    found = {record}
    for hint in get_type_hints(record).values():
        for inner in (hint, *get_args(hint)):
            if is_dataclass(inner) and isinstance(inner, type) and inner not in found:
                found |= nested(inner)
    return found


def html_names() -> tuple[set[str], set[str], set[str]]:
    """Variables of the page, attributes read anywhere, and words read, in the HTML templates."""
    variables, attributes, words = set(), set(), set()
    for name in HTML:
        tree = ENVIRONMENT.parse(source(name))
        if name != "parts.html.j2":
            variables |= meta.find_undeclared_variables(tree)
        for read in tree.find_all(nodes.Getattr):
            of = read.node.name if isinstance(read.node, nodes.Name) else ""
            if of == "words":
                words.add(read.attr)
            elif of not in ("part", "loop"):
                attributes.add(read.attr)
    return variables, attributes, words


def typst_names(name: str) -> tuple[set[str], set[str], set[str]]:
    """The same for a Typst template together with the part that both share."""
    text = re.sub(r"//.*|\"[^\"]*\"", "", source(f"{name}.typ") + source("style.typ"))
    variables = set(re.findall(r"page-data\.(\w+)", text)) - METHODS
    words = set(re.findall(r"words\.(\w+)", text)) - METHODS
    attributes = set(re.findall(r"(?<=[\w)])\.([a-z]\w*)", text)) - METHODS
    return variables, attributes, words


def test_every_record_is_frozen_and_every_field_has_help() -> None:
    for record in RECORDS:
        assert record.__dataclass_params__.frozen
        for name, hint in get_type_hints(record, include_extras=True).items():
            assert hint.__metadata__[0].strip(), f"{record.__name__}.{name}"


def test_every_record_belongs_to_a_page() -> None:
    assert set(RECORDS) == nested(ReportPage) | nested(LeafletPage)


def test_the_html_page_receives_exactly_its_documented_fields() -> None:
    variables, _, _ = html_names()
    assert variables == field_names(ReportPage)


def test_the_html_templates_read_exactly_the_documented_fields_of_the_records() -> None:
    _, attributes, _ = html_names()
    inner = set().union(*(field_names(record) for record in nested(ReportPage) - {ReportPage}))
    assert attributes == inner - PDF_ALONE


@pytest.mark.parametrize(
    ("name", "page", "unused"),
    [("report", ReportPage, {"embedded_figures", "language_code"}), ("leaflet", LeafletPage, set())],
)
def test_the_pdf_receives_exactly_its_documented_fields(name: str, page: Any, unused: set[str]) -> None:
    """`embedded_figures` is for the HTML page alone: Typst reads figures as files, and gets the language apart."""
    variables, _, _ = typst_names(name)
    assert variables | {"words"} == field_names(page) - unused


PDF_ALONE = {"text_below"}  # of test spots, whose whole text the HTML page folds away
HTML_ALONE = {"alternative", "anchor", "bar_text", "icon_rows", "live", "slider", "whole_face"}


@pytest.mark.parametrize(("name", "page"), [("report", ReportPage), ("leaflet", LeafletPage)])
def test_the_pdf_reads_exactly_the_documented_fields_of_the_records(name: str, page: Any) -> None:
    """Anchors, the words that stand for a bar, icon arrays, sliders and what is folded are for the HTML page alone."""
    _, attributes, _ = typst_names(name)
    on_paper = nested(page) - {page, LiveFigure}
    inner = set().union(*map(field_names, on_paper)) - HTML_ALONE
    elsewhere = set().union(*(field_names(record) for record in RECORDS))
    assert inner <= attributes
    assert attributes & elsewhere <= inner | field_names(page)


def test_every_word_of_the_templates_stands_in_the_catalogue_and_none_is_left_over() -> None:
    """Headings, labels and columns: what Python does not say itself, a template says."""
    package = resources.files("skinbeam")
    folders = [
        package / "text",
        package / "preview",
        *(package / "report" / name for name in ("", "leaflet", "graphics")),
    ]
    files = [package / "workflow.py", *(file for folder in folders for file in folder.iterdir())]
    python = "".join(file.read_text(encoding="utf-8") for file in files if file.name.endswith(".py"))
    _, _, html = html_names()
    read = {"report": html | typst_names("report")[2], "leaflet": typst_names("leaflet")[2]}
    shared = set(re.findall(r"words\.(\w+)", source("style.typ")))
    for section, words in read.items():
        known = {key.removeprefix(f"{section}.") for key in catalogue() if key.startswith(f"{section}.")}
        assert words - shared - METHODS <= known
        families = r"_\d$|^(decision|limit|limits_count|note|icons_range|icons_good)_"
        families += r"|^(about|legend|axis|section|window|calendar|any|shows|evidence_dose|overlay)_"
        left = {word for word in known - words if not re.search(families, word) and f'"{word}"' not in python}
        assert {word for word in left if f'"{section}.{word}"' not in python} == set()
