"""The clinician's page: self-contained, accessible, complete, and honest about what is unknown."""

import copy
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from plan_reading import read_plan
from readability import reading_age_years
from report_samples import sample, sample_figures, sample_plan

from skinbeam.api.analyse_photo import PhotoQuality, PhotoReport
from skinbeam.model.estimate import Unknown
from skinbeam.model.vocabulary import subtype_description
from skinbeam.photo.findings.finding import ConcernSuggestion, unknown_finding
from skinbeam.photo.quality import QualityProblem
from skinbeam.plan_records.document import StoredMessage
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.overview import spoken_summary
from skinbeam.report.report_files import render_html
from skinbeam.text import Message, use_language

pytestmark = pytest.mark.usefixtures("charts_drawn_once")

VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """Elements in order, with their attributes and the text inside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.stack: list[str] = []
        self.text: list[str] = []
        self.in_sight: list[str] = []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.text.append(data)
            if self.stack.count("details") == self.stack.count("summary"):  # a summary in a closed one is not seen
                self.in_sight.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_html(sample(), sample_figures()))


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    assert not [tag for tag, _ in page.elements if tag in ("link", "iframe", "object", "embed")]
    assert not any("src" in script for script in page.all("script"))
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    assert all(link["href"].startswith("#") for link in page.all("a"))
    assert "url(" not in render_html(sample(), FigureData())


def test_links_lead_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"].removeprefix("#") for link in page.all("a")} <= set(ids)
    assert {a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a} <= set(ids)


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_every_table_has_a_caption_and_every_figure_a_description(page: Page) -> None:
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(image["alt"].strip() for image in page.all("img"))
    assert len(page.all("figcaption")) == len(page.all("figure"))
    assert all(cell.get("scope") in ("row", "col") for cell in page.all("th"))


def luminance(colour: str) -> float:
    """Relative luminance of a colour (WCAG 2.1)."""
    hexa = colour.lstrip("#")
    hexa = "".join(2 * c for c in hexa) if len(hexa) == 3 else hexa
    parts = [int(hexa[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("place", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_text_colour_is_readable_on_every_ground(place: int) -> None:
    """4.5 to 1 (WCAG AA) for each colour of text on each ground of the page, by day, by night and on paper."""
    css = render_html(sample(), FigureData()).split("<style>")[1].split("</style>")[0]
    schemes = re.findall(r":root \{(.*?)\}", css)
    assert len(schemes) == 3
    assert [set(re.findall(r"--(\w+):", scheme)) for scheme in schemes[1:]] == [
        set(re.findall(r"--(\w+):", schemes[0]))
    ] * 2
    variables = dict(re.findall(r"--(\w+): (#\w+)", schemes[place]))
    named = set(re.findall(r"[{; ]color: var\(--(\w+)\)", css)) - {"paper"}  # which stands on the accent alone
    texts = {variables[name] for name in named}
    grounds = {variables[name] for name in re.findall(r"background: var\(--(\w+)\)", css) if name != "accent"}
    assert not re.search(r"[{; ]color: #", css.split("@page")[0])
    assert len(texts) >= 5
    assert len(grounds) >= 5
    for text in texts:
        for ground in grounds:
            dark, light = sorted((luminance(text), luminance(ground)))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_what_comes_before_the_first_pulse_is_in_sight_while_details_are_closed() -> None:
    """How the weightiest cautions begin, how many more there are, test spots, the reaction sought, what stops, and
    limits that are not plainly met.
    """
    plan = sample_plan()
    laser = next(one for one in plan["concerns"][0]["options"] if "device" in one)
    laser["limits"][0]["status"] = "warn"
    spoken = [one for one in plan["suitability"]["reasons"] if one["decision"] != "suitable"]
    spoken[0]["text"] += " What only those read who open it." + 20 * " More of it."
    sight = " ".join(" ".join(Page(render_html(read_plan(plan), sample_figures())).in_sight).split())
    folded = [one["decision"] for one in spoken if one["text"].split(". ")[0] not in sight]
    assert len(folded) < len(spoken)
    assert set(folded) <= {"with-caution"}
    assert not folded or f"and {len(folded)} more" in sight
    assert "More of it" not in sight
    assert all(ladder["device_title"] in sight for ladder in plan["test_spots"])
    assert laser["immediate"]["seek"]["text"] in sight
    assert all(sign["text"] in sight for sign in laser["immediate"]["stop_at"])
    assert "Near a limit" in sight
    assert "a limit is near" in sight


def test_spots_for_another_light_of_the_same_rank_are_told_where_they_are_asked_for() -> None:
    plan = sample_plan()
    plan["test_spots"].append(plan["test_spots"][0] | {"device": "ktp-532", "device_title": "Other laser, 532 nm"})
    page = Page(render_html(read_plan(plan), sample_figures()))
    assert "Test spots for other lights of the same rank" in " ".join(page.in_sight)
    assert "Other laser, 532 nm" not in " ".join(page.in_sight)
    assert "Or, if this light is used: test spots, cheeks: Other laser, 532 nm" in page.words


def test_a_limit_that_a_published_dose_does_not_keep_is_not_said_to_be_one_that_skins_have_to_keep() -> None:
    """ "1 of 100 such skins keep it, 10 of 100 have to" stood beside the dose that was planned all the same."""
    plan = sample_plan()
    laser = next(one for one in plan["concerns"][0]["options"] if "device" in one)
    laser["limits"] = [laser["limits"][0] | {"status": "warn", "share": 0.01, "share_required": 0.1}]
    words = Page(render_html(read_plan(plan), sample_figures())).words
    assert "not kept, as at published doses: 1 of 100 such skins keep it, 10 of 100 would have to" in words
    assert "1 of 100 such skins keep it, 10 of 100 have to" not in words


def test_the_two_sentences_of_a_concern_are_plain_enough_to_be_read_aloud() -> None:
    for concern in sample().concerns:
        summary = spoken_summary(concern)
        assert len(summary) == 2
        assert reading_age_years(summary) <= 15.0  # two sentences hold what the leaflet has a page for


def test_read_aloud_in_german_a_name_keeps_its_capital() -> None:
    with use_language("de"):
        helps, _ = spoken_summary(sample().concerns[0])
    assert helps[0].isupper()
    assert re.search(r"Die erste Wahl: [A-ZÄÖÜ]", helps)


def texts_of(value: Any) -> list[str]:
    """Every sentence and every reason for an unknown in a plan."""
    if isinstance(value, dict):
        own = [value[key] for key in ("text", "unknown", "message") if isinstance(value.get(key), str)]
        return own + [t for key, item in value.items() for t in texts_of(item)]
    return [t for item in value for t in texts_of(item)] if isinstance(value, list) else []


def test_every_sentence_and_every_reason_of_the_plan_is_on_the_page(page: Page) -> None:
    plan = sample_plan()
    for option in (option for concern in plan["concerns"] for option in concern["options"]):
        if "device" not in option:
            option.pop("immediate")  # it says only that there is no device
    missing = [text for text in texts_of(plan) if " ".join(text.split()) not in page.words]
    assert missing == []


def test_the_page_carries_banner_hash_options_and_refusals(page: Page) -> None:
    plan = sample_plan()
    assert page.words.count(plan["intended_use"]["text"]) == 2
    assert plan["plan_sha256"] in page.words
    for concern in plan["concerns"]:
        for option in (*concern["options"], *concern["refused"]):
            assert option["title"] in page.words
    assert "Suitable with caution" in page.words


def test_the_kinds_of_a_concern_are_named_where_it_has_some(page: Page) -> None:
    assert page.words.count("Kind:") == 2
    kinds = f"{subtype_description('fine-red')} {subtype_description('over-1-mm')}"
    assert f"Severity: moderate · Kind: {kinds}" in page.words
    assert "Severity: moderate · Kind: Unknown: the kind was not stated" in page.words


def test_every_printed_page_carries_the_banner_in_its_margin() -> None:
    css = render_html(sample(), FigureData()).split("@page")[1].split("@media")[0]
    content = css.split('content: "')[1].split('"')[0]
    decoded = re.sub(r"\\([0-9a-f]{6})", lambda m: chr(int(m[1], 16)), content)
    assert sample_plan()["intended_use"]["text"] in decoded
    assert sample_plan()["plan_sha256"][:16] in decoded


def test_visits_name_what_they_treat_in_words(page: Page) -> None:
    for visit in sample_plan()["course"]:
        for treated in visit["treats"]:
            assert treated not in page.words
    assert "Visible facial veins, cheeks; Age spots (solar lentigines), cheeks" in page.words


def test_advice_for_one_concern_names_it() -> None:
    """Two concerns may have the same advice, or one of them about shaving: whose it is has to stand there."""
    plan = sample_plan()
    for key, concern in zip(("aftercare", "when_to_call"), plan["concerns"], strict=False):
        place = f"{concern['condition']} at {concern['site']}"
        plan[key] = [plan[key][0] | {"text": f"Advice of {key}.", "treats": [place]}]
    words = Page(render_html(read_plan(plan), sample_figures())).words
    assert "Visible facial veins, cheeks: Advice of aftercare." in words
    assert "Age spots (solar lentigines), cheeks: Advice of when_to_call." in words


def test_options_stand_in_the_order_of_rank() -> None:
    plan = sample_plan()
    plan["concerns"][0]["options"].reverse()
    rows = [
        Page(render_html(one, sample_figures())).words.replace(one.plan_sha256, "").replace(one.plan_sha256[:12], "")
        for one in (read_plan(plan), sample())
    ]
    assert rows[0] == rows[1]


def test_markup_in_a_plan_stays_text() -> None:
    plan = sample_plan()
    evil = '</style><script>alert("x")</script>'
    plan["intended_use"]["text"] = evil
    plan["case_sha256"] = evil
    plan["concerns"][0]["title"] = evil
    plan["concerns"][0]["options"][0]["device_title"] = evil
    html = render_html(read_plan(plan), sample_figures())
    assert "<script>alert" not in html
    assert evil in Page(html).words


def test_parts_without_content_say_so() -> None:
    """A plan that holds next to nothing still has every part."""
    full = Page(render_html(sample(), sample_figures()))
    empty = {key: [] if isinstance(value, list) else value for key, value in sample_plan().items()}
    bare = Page(render_html(read_plan(empty), FigureData()))
    heads = [a["id"] for _, a in full.elements if a.get("id", "").isalpha()]
    assert [a["id"] for _, a in bare.elements if a.get("id", "").isalpha()] == heads
    assert "Nothing was reported." in bare.words
    assert "No source was used." in bare.words
    assert "No visit is planned" in bare.words


def gaps(record: Any, place: str = "plan") -> Iterator[tuple[str, Any]]:
    """Every record with one of its fields unknown, wherever the type of the field allows that, with its place."""
    for field in fields(record):
        value, where = getattr(record, field.name), f"{place}.{field.name}"
        if Unknown in get_args(get_type_hints(type(record))[field.name]):
            yield where, replace(record, **{field.name: Unknown("the reason for this gap")})
        elif isinstance(value, tuple):
            for index, one in enumerate(value):
                for inside, changed in gaps(one, f"{where}[{index}]") if is_dataclass(one) else ():
                    yield inside, replace(record, **{field.name: (*value[:index], changed, *value[index + 1 :])})
        elif isinstance(value, Mapping):
            for key in value:
                gap = {**value, key: Unknown("the reason for this gap")}
                yield f"{where}.{key}", replace(record, **{field.name: gap})
        elif is_dataclass(value) and not isinstance(value, Message):
            yield from ((inside, replace(record, **{field.name: changed})) for inside, changed in gaps(value, where))


# What the report tells of an expected result.
SHOWN_NUMBERS = (
    r"p_at_least\.\d+|mean_improvement_pct|net_of_untreated_pct|(pih|satisfaction)\.p|downtime_days|durability\.\d+"
)


def test_any_part_that_may_be_unknown_is_printed_with_its_reason() -> None:
    plan = sample()
    part = replace(plan.concerns[0], options=plan.concerns[0].options[:1])
    found = dict(gaps(replace(plan, concerns=(part,))))
    assert {"plan.assessment.ita_deg", "plan.concerns[0].options[0].expected.p_at_least.50"} <= set(found)
    for place, changed in found.items():
        _, _, of_trials = place.partition(".expected.")
        if not of_trials or re.fullmatch(SHOWN_NUMBERS, of_trials):
            assert "the reason for this gap" in Page(render_html(changed, FigureData())).words, place


@pytest.mark.parametrize(
    ("numbers", "lengths_ms", "expected"),
    [
        ([8], [0.1], "Sub-pulses that make a pulse 8 of 0.1 ms made by the device, not set"),
        ([3, 4, 8], [0.25, 0.2, 0.1], "Sub-pulses that make a pulse 3 of 0.25 ms, 4 of 0.2 ms or 8 of 0.1 ms"),
    ],
)
def test_the_sub_pulses_of_a_train_are_shown_with_the_settings(
    page: Page, numbers: list[int], lengths_ms: list[float], expected: str
) -> None:
    assert "Sub-pulses" not in page.words
    plan = copy.deepcopy(sample_plan())
    plan["concerns"][0]["options"][0]["settings"] |= {"subpulses": numbers, "subpulse_ms": lengths_ms}
    words = Page(render_html(read_plan(plan), sample_figures())).words
    assert expected in words
    assert ("which of these applies is not known" in words) == (len(numbers) > 1)


def test_a_source_that_nobody_knows_is_a_fault(page: Page) -> None:
    assert "The source synthetic2000 is not in the bibliography" in page.words
    assert "Kincaid" in page.words


def test_overlays_are_shown_and_missing_ones_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "redness.png").write_bytes(b"\x89PNG made up")
    (tmp_path.parent / "secret.png").write_bytes(b"outside")
    few_pixels = QualityProblem("few-pixels", StoredMessage("", {}, "45 px between the pupils"), "colour")
    unknown = Unknown("no reference in the picture")
    photo = PhotoReport(
        case_sha256="0" * 64,
        seed=0,
        faces=1,
        face=unknown,
        quality=PhotoQuality(True, (few_pixels,), ""),
        regions={},
        regions_note="",
        regions_left_out={},
        maps={"redness": "redness.png", "brown": "gone.png", "bad": "../secret.png"},
        colour=unknown,
        card=unknown,
        findings=(unknown_finding("spots", "no scale", "cheeks"),),
        scale_mm_per_px=unknown,
    )
    html = render_html(sample(), sample_figures(), photo=photo, photo_folder=tmp_path)
    shown = Page(html)
    assert sum(image["alt"].startswith("Overlay") for image in shown.all("img")) == 1
    assert "the overlay brown was not found" in shown.words
    assert "the overlay bad was not found" in shown.words
    assert "45 px between the pupils" in shown.words
    assert "no reference in the picture" in shown.words


def test_what_the_photograph_changes_and_suggests_stands_beside_its_overlays() -> None:
    taken = Message("photo-plan.melanin_unknown", {"site": "Cheeks"})
    seen = Message("finding.told_spots", {"count": 3, "low": 2.0, "high": 5.0})
    plan = sample()
    suggestion = ConcernSuggestion("age-spots", "forehead", (seen,), "mild")
    with_photo = replace(plan, assessment=replace(plan.assessment, photo_told=(taken,)), suggested=(suggestion,))
    words = Page(render_html(with_photo, sample_figures())).words
    assert f"What the plan took from it {taken.text}" in words
    assert f"What else it suggests Age spots (solar lentigines), forehead, mild, {seen.text}" in words
    assert "not a diagnosis" in words
    assert "What else it suggests" not in Page(render_html(plan, sample_figures())).words
