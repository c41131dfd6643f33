"""The patient's leaflet against the criteria for patient decision aids: every one that qualifies and certifies is met.

The criteria are those of IPDASi 4.0 (josephwilliams2014), worded as in legare2016. Each is checked on leaflets that
`consult` wrote, and each check is seen to fail on a leaflet that lacks the part.
"""

import datetime
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from consultations import PERSON, concern, devices, loaded
from pypdf import PdfReader

from skinbeam._version import __date__
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan.case_check import check_consultation
from skinbeam.report.context import LeafletChoice, LeafletOutcome, LeafletPage
from skinbeam.report.leaflet.choices import dot_files
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.pdf import print_page
from skinbeam.report.plain_words import numbered_sentences, plain_name
from skinbeam.text import Formatter, render_message
from skinbeam.workflow import consult

NOT_KNOWN = render_message("leaflet.not_known")


@dataclass(frozen=True)
class Leaflet:
    """A leaflet as it is read: its page, the text of its PDF, the dots that it draws."""

    page: LeafletPage
    text: str
    dots: Mapping[str, str]

    def says(self, *lines: str) -> bool:
        """Whether each line is there and stands in the PDF, where a line may break after a hyphen."""
        text = self.text.replace("- ", "-")
        return all(line and " ".join(line.split()).replace("- ", "-") in text for line in lines)

    @property
    def outcomes(self) -> list[LeafletOutcome]:
        return [one for c in self.page.concerns for option in c.options for one in (option.good, option.bad)]

    def printed(self, page: LeafletPage) -> "Leaflet":
        """The same leaflet with another page, printed anew."""
        files = {name: svg.encode() for name, svg in self.dots.items()}
        return Leaflet(page, words_of(print_page("leaflet", page, files)), self.dots)


@dataclass(frozen=True)
class Criterion:
    """What a decision aid must hold, how the leaflet is checked for it, and a leaflet that lacks it."""

    wording: str
    met: Callable[[Leaflet], bool]
    without: Callable[[LeafletPage], LeafletPage]


def words_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def each_concern(page: LeafletPage, **changes: Any) -> LeafletPage:
    return replace(page, concerns=tuple(replace(c, **changes) for c in page.concerns))


def each_option(page: LeafletPage, change: Callable[[Any], Any]) -> LeafletPage:
    return replace(
        page, concerns=tuple(replace(c, options=tuple(change(option) for option in c.options)) for c in page.concerns)
    )


def describes_condition(leaflet: Leaflet) -> bool:
    return all(leaflet.says(c.title, *c.text) for c in leaflet.page.concerns)


def states_decision(leaflet: Leaflet) -> bool:
    start = render_message("leaflet.to_decide", {"concerns": ""}).split(":")[0]
    return leaflet.says(*leaflet.page.decision) and any(leaflet.says(i) and start in i for i in leaflet.page.intro)


def describes_options(leaflet: Leaflet) -> bool:
    nothing = render_message("leaflet_choice.no-treatment")
    return all(
        len(c.options) > 1 and nothing in [o.name for o in c.options] and leaflet.says(*(o.name for o in c.options))
        for c in leaflet.page.concerns
    )


def sides(page: LeafletPage) -> list[LeafletChoice]:
    return [choice for c in page.concerns for choice in c.choices]


def shows(leaflet: Leaflet, tone: str, side: str) -> bool:
    """Whether each drawn choice has its outcome in dots and number, and each choice its side in words."""
    drawn = [getattr(option, tone) for c in leaflet.page.concerns for option in c.options]
    named = {option.name.partition(" (")[0] for c in leaflet.page.concerns for option in c.options}
    return (
        all(leaflet.says(one.label, one.number) and one.file in leaflet.dots for one in drawn)
        and named <= {choice.name for choice in sides(leaflet.page)}
        and all(leaflet.says(getattr(choice, side)) for choice in sides(leaflet.page))
    )


def tells_what_it_is_like(leaflet: Leaflet) -> bool:
    """Physical, psychological and social: how skin feels after a laser, what people worry about, work and company."""
    lived = " ".join(line for line in leaflet.page.healing if leaflet.says(line))
    has_laser = any(concern.healing for concern in leaflet.page.concerns)
    felt = ("red", "hot") if has_laser else ()
    return all(word in lived for word in (*felt, "worry", "stay at home", "work", "do nothing", "Creams"))


def equal_detail(leaflet: Leaflet) -> bool:
    """As many dots in the same places, a label, a number and a range for the good and the bad, sides of like length."""
    for c in leaflet.page.concerns:
        for option in c.options:
            places = [set(re.findall(r"M\d+ \d+", leaflet.dots[one.file])) for one in (option.good, option.bad)]
            sizes = {re.search(r"viewBox=\S+ \S+ \S+ \S+", leaflet.dots[o.file])[0] for o in (option.good, option.bad)}  # type: ignore[index]  # an SVG has one
            if places[0] != places[1] or len(places[0]) != 100 or len(sizes) != 1:
                return False
    labels = {one.label for one in leaflet.outcomes}
    counted = all(leaflet.text.count(label) >= sum(o.label == label for o in leaflet.outcomes) for label in labels)
    lengths = [(len(choice.plus), len(choice.minus)) for choice in sides(leaflet.page)]
    return counted and all(min(pair) > 0 and max(pair) <= 4 * min(pair) for pair in lengths)


def cites(leaflet: Leaflet) -> bool:
    """Every number has studies to it on its page; without a number there may be none."""
    numbers = [
        any(one.number != NOT_KNOWN for o in c.options for one in (o.good, o.bad)) for c in leaflet.page.concerns
    ]
    return all(
        leaflet.says(concern.studies) if number or concern.studies else True
        for concern, number in zip(leaflet.page.concerns, numbers, strict=True)
    )


def dated(leaflet: Leaflet) -> bool:
    return leaflet.says(Formatter().date(datetime.date.fromisoformat(__date__)))


def tells_of_updates(leaflet: Leaflet) -> bool:
    return render_message("leaflet.about_update") in leaflet.page.imprint and leaflet.says(
        render_message("leaflet.about_update")
    )


def tells_uncertainty(leaflet: Leaflet) -> bool:
    """A range at every number, how to read it, and the word for what is not known."""
    known = [one for one in leaflet.outcomes if one.number != NOT_KNOWN]
    unknown = [one for one in leaflet.outcomes if one.number == NOT_KNOWN]
    return (
        all(leaflet.says(one.span) for one in known)
        and leaflet.text.count(NOT_KNOWN) >= len(unknown)
        and leaflet.says(*numbered_sentences("reading"), *leaflet.page.unknowns)
    )


def tells_funding(leaflet: Leaflet) -> bool:
    return render_message("leaflet.about_funding") in leaflet.page.imprint and leaflet.says(
        render_message("leaflet.about_funding")
    )


def for_whom(leaflet: Leaflet) -> bool:
    return any("for adults who think about laser" in line and leaflet.says(line) for line in leaflet.page.intro)


def without_about(start: str) -> Callable[[LeafletPage], LeafletPage]:
    """A leaflet without the line `leaflet.about_<start>`."""
    begins = (
        render_message(f"leaflet.about_{start}").split(".")[0]
        if start != "date"
        else render_message("leaflet.about_date", DATED)[:20]
    )
    return lambda page: replace(page, imprint=tuple(line for line in page.imprint if not line.startswith(begins)))


DATED = {"version": "0", "date": datetime.date(2000, 1, 1), "data": "0"}


def no_good(option: Any) -> Any:
    return replace(option, good=replace(option.good, number=""))


def no_bad(option: Any) -> Any:
    return replace(option, bad=replace(option.bad, number=""))


def no_range(option: Any) -> Any:
    return replace(option, good=replace(option.good, span=""), bad=replace(option.bad, span=""))


def shorter_bad(page: LeafletPage) -> LeafletPage:
    return replace(
        page,
        concerns=tuple(replace(c, choices=tuple(replace(one, minus="") for one in c.choices)) for c in page.concerns),
    )


QUALIFYING = {
    "1.1.1": Criterion(
        "describes the health condition or problem",
        describes_condition,
        lambda page: each_concern(page, text=("",)),
    ),
    "1.1.2": Criterion(
        "explicitly states the decision that needs to be considered",
        states_decision,
        lambda page: replace(page, intro=page.intro[:-1]),
    ),
    "1.1.3": Criterion(
        "describes the options available",
        describes_options,
        lambda page: replace(page, concerns=tuple(replace(c, options=c.options[:-1]) for c in page.concerns)),
    ),
    "1.1.4": Criterion(
        "describes the positive features (benefits, advantages) of each option",
        lambda leaflet: shows(leaflet, "good", "plus"),
        lambda page: each_option(page, no_good),
    ),
    "1.1.5": Criterion(
        "describes the negative features (harms, side effects, or disadvantages) of each option",
        lambda leaflet: shows(leaflet, "bad", "minus"),
        lambda page: each_option(page, no_bad),
    ),
    "1.2.1": Criterion(
        "describes what it is like to experience the consequences of the options (physical, psychological, social)",
        tells_what_it_is_like,
        lambda page: replace(page, healing=page.healing[:-2]),
    ),
}
CERTIFYING = {
    "2.1.1": Criterion(
        "shows the negative and positive features of options in equal detail",
        equal_detail,
        shorter_bad,
    ),
    "2.2.1": Criterion(
        "provides citations to the evidence selected",
        cites,
        lambda page: each_concern(page, studies=""),
    ),
    "2.2.2": Criterion("provides a production or publication date", dated, without_about("date")),
    "2.2.3": Criterion("provides information about the update policy", tells_of_updates, without_about("update")),
    "2.2.4": Criterion(
        "provides information about the levels of uncertainty around event or outcome probabilities",
        tells_uncertainty,
        lambda page: each_option(page, no_range),
    ),
    "2.3.1": Criterion(
        "provides information about the funding source used for development", tells_funding, without_about("funding")
    ),
}
# Asked of decision aids about a test alone. The leaflet is about treatments of what somebody has already seen.
ABOUT_TESTS = {
    "2.4.1": "describes what the test is designed to measure",
    "2.4.2": "describes the next steps typically taken if the test detects the condition",
    "2.4.3": "describes the next steps if the condition is not detected",
    "2.4.4": "tells the consequences of detecting what would never have caused problems without screening",
}
# Not among the six, and asked for when a decision aid is developed.
FURTHER = {
    "audience": Criterion("identifies the target audience", for_whom, lambda page: replace(page, intro=page.intro[:1])),
}
CRITERIA = QUALIFYING | CERTIFYING | FURTHER
CASES = {
    "with laser": PERSON
    + concern("age-spots")
    + concern("acne-scars")
    + devices("qs-ndyag-532-1064", "fractional-co2-10600", "fractional-1550"),
    "refer": PERSON.replace('sex = "female"', 'sex = "female"\nhistory = ["skin-cancer"]') + concern("age-spots"),
    "not suitable": PERSON.replace('sex = "female"', 'sex = "female"\npregnant = true') + concern("melasma"),
}
DECISIONS = {"with laser": {"suitable", "with-caution"}, "refer": {"refer"}, "not suitable": {"not-suitable"}}


@pytest.fixture(scope="module")
def leaflets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Leaflet]:
    made = {}
    for name, case in CASES.items():
        folder: Path = tmp_path_factory.mktemp("consultation")
        plan, _ = consult(check_consultation(loaded(case)), folder, draws=100)
        dots = {file: svg.decode() for c in plan.concerns for file, svg in dot_files(c).items()}
        made[name] = Leaflet(leaflet_page(plan), words_of((folder / "leaflet.pdf").read_bytes()), dots)
    return made


def test_the_checklist_is_whole() -> None:
    assert (len(QUALIFYING), len(CERTIFYING) + len(ABOUT_TESTS)) == (6, 10)


def test_nothing_that_the_leaflet_offers_is_a_test() -> None:
    """Why the four criteria about tests do not apply."""
    assert not [name for name in vocabulary_table("modality") if re.search("test|screen|biops|diagnos", name)]


@pytest.mark.parametrize("case", CASES)
def test_the_consultations_differ_in_what_they_lead_to(leaflets: dict[str, Leaflet], case: str) -> None:
    leaflet = leaflets[case]
    assert leaflet.page.state in DECISIONS[case]
    # What helps without a laser, and the course of what is left alone, may be known whatever is decided.
    without = {
        plain_name("choice", name, "") for name, entry in vocabulary_table("modality").items() if not entry["laser"]
    }
    offered = [o for c in leaflet.page.concerns for o in c.options if o.name not in without]
    assert any(option.good.number != NOT_KNOWN for option in offered) == (case == "with laser")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", CRITERIA)
def test_the_leaflet_meets_the_criterion(leaflets: dict[str, Leaflet], name: str, case: str) -> None:
    assert CRITERIA[name].met(leaflets[case]), CRITERIA[name].wording


@pytest.mark.parametrize("name", CRITERIA)
def test_a_leaflet_that_lacks_the_part_fails(leaflets: dict[str, Leaflet], name: str) -> None:
    whole = leaflets["with laser"]
    assert not CRITERIA[name].met(whole.printed(CRITERIA[name].without(whole.page)))


def test_fewer_dots_on_one_side_fail(leaflets: dict[str, Leaflet]) -> None:
    whole = leaflets["with laser"]
    first = next(one.file for one in whole.outcomes if one.number != NOT_KNOWN)
    # A dot in the range is drawn twice, a pale one on a dark one: five people are taken out of every layer.
    gone = list(dict.fromkeys(re.findall(r"M\d+ \d+h.01", whole.dots[first])))[:5]
    assert len(gone) == 5
    fewer = whole.dots | {first: re.sub("|".join(map(re.escape, gone)), "", whole.dots[first])}
    assert not equal_detail(Leaflet(whole.page, whole.text, fewer))
