"""Page records of the report and the leaflet: frozen dataclasses whose fields carry their help as annotation.

The HTML and Typst templates read these records. A test compares the names that the templates read with the fields
that are defined, in both directions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from skinbeam.preview.page import PreviewPage

__all__ = [
    "ConcernPart",
    "DecisionPart",
    "DisplayValue",
    "HarmLine",
    "HealingDay",
    "KnowledgeGap",
    "LeafletChoice",
    "LeafletConcern",
    "LeafletOption",
    "LeafletOutcome",
    "LeafletPage",
    "LimitLine",
    "LiveFigure",
    "NearestPart",
    "OptionCard",
    "OptionGlance",
    "ReasonLine",
    "RefusedOptions",
    "ReportFact",
    "ReportFault",
    "ReportPage",
    "ReportPicture",
    "ReportReference",
    "ShareBar",
    "SpotLadder",
    "VisitLine",
]


@dataclass(frozen=True)
class DisplayValue:
    """A value formatted for display."""

    text: Annotated[str, "the value with its interval and unit, or the word for unknown"]
    note: Annotated[str, "what the interval means and where it is from, or why the value is unknown; may be empty"]
    is_known: Annotated[bool, "false when the value is unknown"]


@dataclass(frozen=True)
class ReportFact:
    """A named value."""

    name: Annotated[str, "what the value is, without unit"]
    value: Annotated[DisplayValue, "the value"]


@dataclass(frozen=True)
class ReasonLine:
    """A sentence that supports a decision."""

    lead: Annotated[str, "how it begins: what stays in sight"]
    rest: Annotated[str, "what it says after that; empty when it is short"]
    decision: Annotated[str, "the decision that it argues for, as a word; empty where it decides nothing"]
    strength: Annotated[str, "how strong the rule is; may be empty"]
    sources: Annotated[tuple[str, ...], "source keys"]
    subject: Annotated[str, "the concern or the option that it speaks about; empty when it speaks about all"] = ""
    number: Annotated[str, "its number in the table of the decision; empty elsewhere"] = ""


@dataclass(frozen=True)
class DecisionPart:
    """The decision whether light treatment is suitable for this person."""

    state: Annotated[str, "suitable, with-caution, refer or not-suitable: picks the colour, never the only sign of it"]
    title: Annotated[str, "the decision in words"]
    text: Annotated[str, "what the decision means"]
    practice_warnings: Annotated[tuple[str, ...], "options shown first whose settings are beyond practice"]
    refusal_reasons: Annotated[
        tuple[str, ...], "why it is no or not yet, in plain words and this person's facts; empty when it is yes"
    ]
    reasons_heading: Annotated[
        str, "what the reasons are: what comes before the first pulse, or the rules that applied"
    ]
    reasons: Annotated[
        tuple[ReasonLine, ...], "what leads: all that refuses or refers, else what changes most what is done"
    ]
    further_reasons: Annotated[
        tuple[ReasonLine, ...], "the other rules that argue for care, and cautions about what is shown first"
    ]
    further_reasons_label: Annotated[str, "how many more there are; empty where there are none"]
    standing_rules: Annotated[
        tuple[ReasonLine, ...], "rules that argue for yes and ask for something; their numbers go on"
    ]


@dataclass(frozen=True)
class LimitLine:
    """One limit that was checked on the simulated skins."""

    name: Annotated[str, "quantity in words with its unit"]
    state: Annotated[str, "met, warn, not_met or unknown"]
    status: Annotated[str, "the state in words"]
    value: Annotated[DisplayValue, "the simulated value"]
    bounds: Annotated[str, "where the limit warns and where it stops"]
    share: Annotated[DisplayValue, "the share of skins that met it"]
    text: Annotated[str, "why the limit stands"]
    sources: Annotated[tuple[str, ...], "source keys"]


@dataclass(frozen=True)
class HarmLine:
    """One thing that may go wrong."""

    name: Annotated[str, "what may go wrong"]
    p: Annotated[DisplayValue, "how many of 100 people"]
    text: Annotated[str, "what it looks like and how long it stays"]


@dataclass(frozen=True)
class HealingDay:
    """One line of the healing calendar."""

    day: Annotated[str, "the day or days"]
    text: Annotated[str, "what is to be expected"]


@dataclass(frozen=True)
class ReportPicture:
    """A figure file, or the reason why there is no figure."""

    file: Annotated[str, "path below the report's folder; empty when there is no figure"]
    alt: Annotated[str, "what the figure shows, for those who cannot see it"]
    caption: Annotated[str, "caption with units"]
    unknown: Annotated[str, "why there is no figure; empty when there is one"]


@dataclass(frozen=True)
class ShareBar:
    """A share of people drawn as a bar, in per cent: median and range between clinics."""

    low: Annotated[float, "low end"]
    median: Annotated[float, "what is likely"]
    high: Annotated[float, "high end"]
    number: Annotated[str, "people of 100, as a number"]
    bar_text: Annotated[str, "the same in words, for those who cannot see the bar"]


@dataclass(frozen=True)
class OptionGlance:
    """One option in one line of the overview."""

    anchor: Annotated[str, "id of the heading of the concern, or in its own table of the option"]
    no_laser_headline: Annotated[str, "that the concern has no laser; empty where it has one, and in its own table"]
    concern: Annotated[str, "concern and site"]
    option: Annotated[str, "the option with its device and light"]
    name: Annotated[str, "its device and light alone; without a device the option"]
    setting: Annotated[str, "dose, spot, pulse and cooling, and that they are beyond practice; empty without a device"]
    has_values: Annotated[bool, "whether anything of what follows is known"]
    good: Annotated[DisplayValue, "people of 100 who improve by at least half"]
    bad: Annotated[DisplayValue, "people of 100 with the most frequent known harm"]
    sessions: Annotated[DisplayValue, "number of sessions"]
    downtime: Annotated[DisplayValue, "days that anything shows, the longest that is known, and what it is"]
    trials: Annotated[str, "trials and people behind the good share; empty without a trial"]
    evidence: Annotated[str, "how many of them had this light and phototype, and how near their dose is; may be empty"]
    good_span: Annotated[ShareBar | None, "the good share as a bar; none where it is unknown"]
    bad_name: Annotated[str, "the most frequent known harm; empty where none is known"]
    bad_span: Annotated[ShareBar | None, "its share as a bar; none where it is unknown"]
    visits: Annotated[str, "sessions as a number; empty where they are unknown"]
    days: Annotated[str, "days that anything shows as a number; empty where they are unknown"]


@dataclass(frozen=True)
class LiveFigure:
    """Sliders over the dose and the pulse, or density, of an option, with the answers of every place.

    Parameters
    ----------
    dose_last, row_last : the last place of each slider; 0 for one without a choice.
    dose_start, row_start : the places of the plan.
    """

    dose_label: Annotated[str, "quantity of the dose"]
    row_label: Annotated[str, "pulse length or density"]
    dose_last: Annotated[int, "last place of the slider of the dose"]
    dose_start: Annotated[int, "place of the planned dose"]
    row_last: Annotated[int, "last place of the slider of pulse or density; 0 without one"]
    row_start: Annotated[int, "place of the planned pulse or density"]
    data: Annotated[str, "JSON: labels of the places, answers by row and dose, and sentences"]


@dataclass(frozen=True)
class OptionCard:
    """The card of one treatment option, which may be no treatment."""

    anchor: Annotated[str, "id of the heading"]
    rank: Annotated[str, "place in the order; several places where options say the same"]
    title: Annotated[str, "what it is, or all of which the same is said"]
    device: Annotated[str, "the device; empty without one"]
    line: Annotated[OptionGlance, "the option in one line"]
    rank_reason: Annotated[str, "why it stands at this place"]
    trial_comparison: Annotated[str, "what was computed beside what trials counted; empty without a device"]
    practice: Annotated[str, "where the setting stands beside published ones; empty without a device"]
    shared_patterns: Annotated[tuple[str, ...], "which columns are fired where one pass treats several; may be empty"]
    icon_rows: Annotated[tuple[ReportPicture, ...], "rows of icon arrays: good and bad of 100 people"]
    results: Annotated[tuple[ReportFact, ...], "expected result: known values"]
    settings: Annotated[tuple[ReportFact, ...], "what to set on the device; empty without one"]
    facts: Annotated[
        tuple[ReportFact, ...], "probabilities of the physical target and of injury, sessions, time, pain, downtime"
    ]
    limits: Annotated[tuple[LimitLine, ...], "limits checked"]
    limit_warnings: Annotated[tuple[str, ...], "limits that are not plainly met, each in a few words"]
    clinical_endpoint: Annotated[str, "the immediate reaction that shows a hit; empty without a device"]
    stop_signs: Annotated[tuple[str, ...], "signs that stop treatment"]
    first_pulses: Annotated[str, "how to begin"]
    healing: Annotated[tuple[HealingDay, ...], "healing day by day"]
    harms: Annotated[tuple[HarmLine, ...], "known harms with their probability"]
    reasons: Annotated[tuple[ReasonLine, ...], "rules about this option that are not listed with the decision"]
    shared_rules: Annotated[
        str, "rules told with the decision that speak about this option too, by number; may be empty"
    ]
    live: Annotated[LiveFigure | None, "sliders of a further laser option; none without"] = None


@dataclass(frozen=True)
class RefusedOptions:
    """Options that were refused for the same reasons."""

    title: Annotated[str, "what they are"]
    reasons: Annotated[tuple[str, ...], "why it was refused"]


@dataclass(frozen=True)
class KnowledgeGap:
    """A reason why something is unknown, listed once for all options of a concern."""

    reason: Annotated[str, "why it is not known"]
    unknowns: Annotated[tuple[str, ...], "what that leaves open, and of which options"]


@dataclass(frozen=True)
class NearestPart:
    """The setting nearest to being offered, where none was offered."""

    summary: Annotated[str, "why none is offered, in one sentence"]
    setting: Annotated[str, "its device and what is set on it"]
    target_share: Annotated[str, "how many of such skins reach the target there, and how many have to"]
    obstacle: Annotated[str, "the dose that would be enough, and what bars it"]
    practice: Annotated[str, "where the setting stands beside published ones"]
    trials: Annotated[str, "people of 100 who improved by half in trials of such light, or why that is unknown"]
    evidence: Annotated[str, "those trials, their people, and how near they are; empty without a trial"]
    span: Annotated[ShareBar | None, "the same share as a bar; none where it is unknown"]


@dataclass(frozen=True)
class ConcernPart:
    """The section of one concern."""

    anchor: Annotated[str, "id of the heading"]
    title: Annotated[str, "concern and site"]
    subtypes: Annotated[str, "which kinds of it; empty where none are told apart"]
    severity: Annotated[str, "how marked it is"]
    spoken_summary: Annotated[tuple[str, ...], "two plain sentences to be read aloud"]
    target: Annotated[tuple[ReportFact, ...], "what has to be reached: chromophore, depth, size"]
    target_text: Annotated[str, "the target in a sentence"]
    capability: Annotated[str, "what light can do for it"]
    limitation: Annotated[str, "what light cannot do for it"]
    section: Annotated[ReportPicture, "skin section with light and temperature"]
    window: Annotated[ReportPicture, "therapeutic window"]
    live: Annotated[LiveFigure | None, "sliders below the window; none where a probability is not known"]
    options: Annotated[tuple[OptionCard, ...], "options in order of rank"]
    no_laser_headline: Annotated[str, "that no laser is offered, or that no setting was found; empty when one is"]
    no_laser_reasons: Annotated[tuple[str, ...], "why no laser is offered, in plain words; empty when one is"]
    nearest: Annotated[NearestPart | None, "the setting that came nearest; none where none was tried or one is offered"]
    possible_changes: Annotated[tuple[str, ...], "what could change that; empty when nothing that is known does"]
    refusals: Annotated[
        tuple[RefusedOptions, ...], "options that were refused, without the reasons told with the decision"
    ]
    gaps: Annotated[tuple[KnowledgeGap, ...], "what is not known of its options, each reason once"]


@dataclass(frozen=True)
class VisitLine:
    """One visit of the course."""

    session: Annotated[str, "number of the visit"]
    week: Annotated[str, "week counted from the first visit"]
    concern_names: Annotated[str, "what is treated"]
    steps: Annotated[tuple[str, ...], "what is done, in order"]


@dataclass(frozen=True)
class SpotLadder:
    """Test spots of one light at one site."""

    line: Annotated[str, "device, place, doses and when they are read, in one line"]
    text: Annotated[str, "where, how and when to read them"]
    text_below: Annotated[str, "the same for a page that gives the rules of all ladders with its first"]
    spots: Annotated[tuple[ReportFact, ...], "how many of 100 each spot burns, and the field once all are clean"]
    alternative: Annotated[bool, "whether they are made in place of those of a first light, if this one is used"]


@dataclass(frozen=True)
class ReportReference:
    """One cited source."""

    key: Annotated[str, "key of the source"]
    text: Annotated[str, "authors, year, title and where to find it"]


@dataclass(frozen=True)
class ReportFault:
    """A fault: something that went wrong or was left out."""

    code: Annotated[str, "short name of the kind of fault"]
    text: Annotated[str, "what happened"]


@dataclass(frozen=True)
class ReportPage:
    """The clinician's report."""

    language_code: Annotated[str, "the language that it is in"]
    banner: Annotated[str, "intended use: stands on every page"]
    provenance: Annotated[tuple[ReportFact, ...], "mode, version, seed and hashes"]
    plan_sha256: Annotated[str, "the plan's name"]
    decision: Annotated[DecisionPart, "suitability"]
    glance: Annotated[tuple[OptionGlance, ...], "the first option of each concern, and its first laser"]
    person: Annotated[tuple[ReportFact, ...], "who was assessed"]
    risks: Annotated[tuple[str, ...], "risks found in the questionnaire"]
    medications: Annotated[tuple[ReportFact, ...], "medications and the name each was matched to"]
    photo: Annotated[tuple[ReportFact, ...], "what the photograph could and could not tell"]
    overlays: Annotated[tuple[ReportPicture, ...], "overlays of the photograph"]
    preview: Annotated[PreviewPage | None, "pictures of what may come; None without a photograph of a face"]
    concerns: Annotated[tuple[ConcernPart, ...], "one part for each concern"]
    calendar: Annotated[ReportPicture, "the course as a calendar"]
    course: Annotated[tuple[VisitLine, ...], "visits in order"]
    recurring_steps: Annotated[tuple[str, ...], "steps of each visit after the first, told once"]
    course_total: Annotated[tuple[ReportFact, ...], "visits, weeks, time in the chair and downtime in total"]
    maintenance: Annotated[tuple[str, ...], "what keeps the gain, and what is not known of it"]
    test_spots: Annotated[tuple[SpotLadder, ...], "test spots to make"]
    titration: Annotated[tuple[ReasonLine, ...], "how to come to the reaction that is sought"]
    anaesthesia: Annotated[tuple[ReasonLine, ...], "what numbs, without doses"]
    photographs: Annotated[tuple[ReasonLine, ...], "photographs to take"]
    complications: Annotated[tuple[ReasonLine, ...], "what may go wrong, and what is done then"]
    consent: Annotated[tuple[ReasonLine, ...], "what is asked and written down"]
    aftercare: Annotated[tuple[ReasonLine, ...], "what to do afterwards"]
    call_advice: Annotated[tuple[ReasonLine, ...], "when the person should call"]
    unknowns: Annotated[tuple[str, ...], "what is not known"]
    limits: Annotated[tuple[ReportFact, ...], "limits checked, counted for each option"]
    methods: Annotated[tuple[str, ...], "how the numbers were made"]
    earlier: Annotated[tuple[str, ...], "what earlier sessions and test spots showed"]
    faults: Annotated[tuple[ReportFault, ...], "what went wrong"]
    references: Annotated[tuple[ReportReference, ...], "sources used"]
    words: Annotated[Mapping[str, str], "headings and labels of the page, by name"]
    embedded_figures: Annotated[Mapping[str, str], "figure file → data URI; empty for the PDF, which reads files"]


@dataclass(frozen=True)
class LeafletOutcome:
    """One outcome of a choice, good or bad, of 100 people."""

    label: Annotated[str, "the outcome"]
    file: Annotated[str, "its dots, below the report's folder"]
    alt: Annotated[str, "what the dots show, for those who cannot see them"]
    number: Annotated[str, "people of 100, or that it is not known"]
    span: Annotated[str, "the range between clinics; empty when there is none"]


@dataclass(frozen=True)
class LeafletOption:
    """One choice of a concern."""

    name: Annotated[str, "the choice in plain words, of a laser with its light"]
    good: Annotated[LeafletOutcome, "people of 100 who get at least half better"]
    bad: Annotated[LeafletOutcome, "people of 100 with the most frequent known harm"]
    harms: Annotated[str, "the other harms: how many of 100, or not known; then those of a fault; may be empty"]
    visits: Annotated[str, "number of visits"]
    days: Annotated[str, "days that anything shows, the longest that is known"]


@dataclass(frozen=True)
class LeafletChoice:
    """The advantages and disadvantages of a choice, for any patient."""

    name: Annotated[str, "the choice in plain words"]
    plus: Annotated[str, "what is good about it"]
    minus: Annotated[str, "what is bad about it"]


@dataclass(frozen=True)
class LeafletConcern:
    """One concern in plain words."""

    title: Annotated[str, "concern and site in plain words"]
    text: Annotated[tuple[str, ...], "what it is, what light can do, what it cannot do"]
    follow_up: Annotated[str, "when the trials looked; empty where no number comes from a trial"]
    options: Annotated[tuple[LeafletOption, ...], "choices in order, no treatment the last of them"]
    no_laser_headline: Annotated[str, "that no laser is offered, or that a doctor must see a mark; empty when one is"]
    no_laser_text: Annotated[str, "why no laser is offered; empty when one is"]
    creams: Annotated[str, "which cream is for somebody pregnant; empty for everybody else"]
    personal_harms: Annotated[tuple[str, ...], "harms likelier for this person or by this light; empty without a laser"]
    preparations: Annotated[tuple[str, ...], "visits, test spots, and weeks without a tan; empty without a laser"]
    healing: Annotated[str, "how long the first laser shows, and its pain; empty without a laser"]
    choices: Annotated[tuple[LeafletChoice, ...], "good and bad sides of each choice in words"]
    studies: Annotated[str, "studies behind its numbers in short; empty when no number comes from one"]


@dataclass(frozen=True)
class LeafletPage:
    """The patient's leaflet: a general page, then one page for each concern."""

    banner: Annotated[str, "intended use: stands on every page"]
    plan_sha256: Annotated[str, "the plan's name"]
    title: Annotated[str, "title"]
    intro: Annotated[tuple[str, ...], "what laser treatment is, whom the leaflet is for, what is to be decided"]
    state: Annotated[str, "suitable, with-caution, refer or not-suitable"]
    decision: Annotated[tuple[str, ...], "what the decision means for the reader"]
    refusal_reasons: Annotated[
        tuple[str, ...], "why it is no or not yet, in the reader's own facts; empty when it is yes"
    ]
    key: Annotated[str, "what a picture of dots shows: of whom, which colours"]
    concerns: Annotated[tuple[LeafletConcern, ...], "at most four concerns in full"]
    other_concerns: Annotated[str, "further concerns by name; empty when there are none"]
    reading: Annotated[tuple[str, ...], "how to read the dots, and how sure the numbers are"]
    unknowns: Annotated[tuple[str, ...], "what is not known"]
    healing: Annotated[
        tuple[str, ...], "the days after: how it looks and feels, and how life is with it; empty without a laser"
    ]
    aftercare: Annotated[tuple[str, ...], "what to do afterwards"]
    call_advice: Annotated[tuple[str, ...], "when to call"]
    phone: Annotated[str, "whom to call, or a line to write it on"]
    questions: Annotated[tuple[str, ...], "questions to ask"]
    preview: Annotated[PreviewPage | None, "pictures of what may come; None without a photograph of a face"]
    imprint: Annotated[tuple[str, ...], "version and date, newer versions, funding"]
    words: Annotated[Mapping[str, str], "headings and labels, by name"]
