"""Every line that names a setting names its light: a machine may emit two, and a line is read alone."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options
from plan_reading import read_plan
from readability import leaflet_sentences
from report_samples import leaflet_pdf, sample, sample_figures, sample_plan

from skinbeam.laser.device import load_device, names_light
from skinbeam.report.graphics.figure_data import FigureData, WindowData
from skinbeam.report.graphics.window import draw_window
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.report_files import render_html
from skinbeam.report.terminal import plan_summary

pytestmark = pytest.mark.usefixtures("charts_drawn_once")

TWO = PERSON + concern("age-spots") + devices("qs-ndyag-532-1064")
LAMP = PERSON + concern("facial-telangiectasia") + devices("ipl")
COLUMNS = PERSON + concern("acne-scars") + devices("fractional-1550")
CASES = {"two-wavelengths": TWO, "lamp": LAMP, "microbeams": COLUMNS}
every_case = pytest.mark.parametrize("made", CASES, indirect=True)

DOSE = re.compile(r"\d J/cm²|mJ per microbeam|energy per microbeam")
_LINES = {"tr", "li", "p", "figcaption", "dd", "h4", "td"}


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Any:
    found = document(CASES[request.param])
    assert laser_options(found), "the tests walk over what is offered"
    return found


class Lines(HTMLParser):
    """The lines of a page as they are read: rows of tables, items of lists, paragraphs, captions."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.done: list[str] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LINES:
            self._open.append((tag, []))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            _, words = self._open.pop()
            if tag != "td":  # a cell is read with its row
                self.done.append(" ".join(" ".join(words).split()))
            if self._open and tag == "td":
                self._open[-1][1].extend(words)

    def handle_data(self, data: str) -> None:
        for _, words in self._open[-1:]:
            words.append(data)


def _light(option: dict[str, Any]) -> str:
    nm = f"{option['wavelength_nm']:,g} nm" if option["wavelength_nm"] >= 10_000 else f"{option['wavelength_nm']:g} nm"
    return f"from {nm}" if "band_nm" in option else nm


def _unnamed(lines: list[str], made: dict[str, Any]) -> list[str]:
    """Lines that name a dose and no light; the title of a device that lists two names neither."""
    lights = {_light(option) for option in laser_options(made)}
    titles = {
        option["device_title"]
        for option in laser_options(made)
        if not names_light(option["device_title"], option["wavelength_nm"], lamp="band_nm" in option)
    }
    bare = [line for line in lines if DOSE.search(line)]
    assert bare  # a walk that meets no setting proves nothing
    for title in titles:
        bare = [line.replace(title, "") for line in bare]
    return [line for line in bare if not any(light in line for light in lights)]


def test_the_walk_sees_a_line_that_names_no_light() -> None:
    made = document(TWO)
    title = laser_options(made)[0]["device_title"]
    assert _unnamed([f"{title}: 1.6 J/cm², spot 3 mm"], made)
    assert not _unnamed([f"{title}: 532 nm, 1.6 J/cm²", f"{title}: 1064 nm, 1.6 J/cm²"], _both(made))


def _both(made: dict[str, Any]) -> dict[str, Any]:
    """The plan with both wavelengths of the device offered."""
    (first,) = laser_options(made)
    options = [first | {"wavelength_nm": nm} for nm in (532.0, 1064.0)]
    return made | {"concerns": [made["concerns"][0] | {"options": options}]}


def test_the_device_of_the_first_case_emits_two_wavelengths() -> None:
    (option,) = laser_options(document(TWO))
    assert len(load_device(option["device"]).wavelengths_nm) == 2


@every_case
def test_the_settings_of_a_plan_hold_the_wavelength(made: dict[str, Any]) -> None:
    for option in laser_options(made):
        assert option["settings"]["wavelength_nm"] == option["wavelength_nm"]
        assert ("band_nm" in option) == (option["device"] == "ipl")
        assert (
            option.get("band_nm", [option["wavelength_nm"]])[0] == option["wavelength_nm"]
        )  # the cut-off of the filter
        assert _light(option) in option["immediate"]["first_pulses"]["text"]


@every_case
def test_every_step_of_the_course_and_every_test_spot_names_the_light(made: dict[str, Any]) -> None:
    steps = [step["text"] for visit in made["course"] for step in visit["steps"]]
    assert not _unnamed(steps, made)
    lights = {_light(option) for option in laser_options(made)}
    for spot in made["test_spots"]:
        assert any(f"light: {light}" in spot["text"] for light in lights)


@every_case
def test_every_line_of_the_report_that_names_a_dose_names_its_light(made: dict[str, Any]) -> None:
    assert not _unnamed(Lines(render_html(read_plan(made), FigureData())).done, made)


@every_case
def test_the_terminal_names_the_light_of_each_dose(made: dict[str, Any]) -> None:
    plan = read_plan(made)
    printed = plan_summary(plan).splitlines()
    lights = {_light(option) for option in laser_options(made)}
    dosed = [line for line in printed if re.search(r"\d m?J\b", line)]
    assert dosed
    assert all(any(light in line for light in lights) for line in dosed)
    for part in plan.concerns:
        _, setup = part.first_laser or (None, None)
        assert setup is None or any(setup.light in line and setup.device_title in line for line in printed)


@every_case
def test_the_leaflet_says_which_light_a_choice_is(made: dict[str, Any]) -> None:
    pages = leaflet_pdf(read_plan(made)).pages
    printed = " ".join(" ".join(page.extract_text() for page in pages).split())
    lights = {_light(option) for option in laser_options(made)}
    for line in leaflet_sentences(leaflet_page(read_plan(made))):
        assert not DOSE.search(line) or any(light in line for light in lights)
    for option in laser_options(made):
        light = f"{'lamp' if 'band_nm' in option else 'laser'} light"
        (name,) = (o.name for c in leaflet_page(read_plan(made)).concerns for o in c.options if light in o.name)
        assert _light(option) in name
        assert name in printed
    days = [one.healing for one in leaflet_page(read_plan(made)).concerns]
    assert any(_light(laser_options(made)[0]) in line for line in days)


def test_two_choices_of_one_kind_and_light_are_distinguished_by_their_device() -> None:
    plan = sample_plan()
    first, second = plan["concerns"][0]["options"][:2]
    second["wavelength_nm"] = first["wavelength_nm"]
    names = [one.name for one in leaflet_page(read_plan(plan)).concerns[0].options[:2]]
    assert names[0] != names[1]
    assert all("595 nm" in name for name in names)


def test_figures_name_the_light_in_caption_and_axis() -> None:
    for pictures in list(draw_report_figures(sample(), sample_figures()).pictures.values())[:3]:
        assert all(re.search(r"\d nm", picture.caption) for picture in pictures)
    drawn = WindowData("fluence_J_cm2", [1, 2], [1.0], [[0, 1]], [[0, 0]], "a", "b", chosen_dose=1.5, light="532 nm")
    assert "fluence (532 nm)" in draw_window(drawn)  # text is drawn as paths, with the words in a comment
