"""What a picture of an expected result is made of: what is taken away, what is added, and what is not drawn and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam.model.estimate import Estimate, Value
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.preview.rendering import Float
from skinbeam.text import Message

__all__ = ["PERCENTILES", "ChangeRow", "HealingSign", "Omission", "Panel", "PanelMoment", "PreviewStrip", "Removal"]

PERCENTILES = (10, 50, 90)  # of what one patient improves by: of 10 people 9 gain more, 5 gain less, 9 gain less


@dataclass(frozen=True)
class Omission:
    """What is not drawn, and why."""

    about: tuple[Message, ...]
    why: Message


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What a treatment takes away from one map: the excess of the findings of a concern.

    Parameters
    ----------
    concern, title : condition and site, and both in words.
    finding, count : kind of the marks, and how many there are.
    carried_by : the map.
    excess : (height, width) of the view: how far the marks raise the map, faded at their edges, 0 elsewhere.
    treatment : modality of the option that is drawn.
    improvement_pct : of one patient.
    kept_fraction : share of the gain that is there at the last picture.
    """

    concern: str
    title: Message
    finding: str
    count: int
    carried_by: str
    excess: Float
    treatment: str
    improvement_pct: Estimate
    kept_fraction: Value

    def improved_pct(self, percentile: int) -> float:
        """Return what a patient of a percentile improves by; the interval's ends are the 10th and the 90th."""
        made = self.improvement_pct
        return {10: made.low, 50: made.median, 90: made.high}[percentile]

    def share(self, percentile: int, exponent: float) -> float:
        """Return the share of contrast that is taken away: the grade as a share, to a power; none where it is worse."""
        return float(min(max(self.improved_pct(percentile), 0.0) / 100.0, 1.0) ** exponent)


@dataclass(frozen=True, kw_only=True)
class HealingSign:
    """What a session leaves for a time, or a harm does: a map that is raised over the treated skin.

    Parameters
    ----------
    name : erythema, purpura, dark-mark, ...
    carried_by : the map.
    added : (height, width) of the view.
    until_day : the last day on which it is drawn; None of a harm, which has a picture of its own.
    size : what was added, in words, with its source.
    p : share of people who have it; None where everyone has.
    sources : of size and duration.
    """

    name: str
    concern: str
    title: Message
    treatment: str
    carried_by: str
    added: Float
    until_day: float | None
    size: Message
    p: Value | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class PanelMoment:
    """When a picture is: before, day N, end, months, or a harm."""

    kind: str
    day: int | None = None
    months: int | None = None
    percentile: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """One change of one picture, and where it comes from.

    Parameters
    ----------
    picture : file.
    map : that changes.
    finding, count, share_removed, percentile, estimate : of what is taken away.
    healing_sign, size : of what is added.
    sources : keys.
    """

    picture: str
    concern: str
    treatment: str
    map: str
    finding: str | None = None
    count: int | None = None
    share_removed: float | None = None
    percentile: int | None = None
    estimate: Estimate | None = None
    day: int | None = None
    months: int | None = None
    healing_sign: str | None = None
    size: str | None = None
    frequency: Value | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One place of a strip: a picture, or why there is none.

    Parameters
    ----------
    file : name of the picture; None where there is none.
    picture : (height, width, 3), without words; None likewise.
    label : what it is, in two words.
    frequency : how many people see more or less; None where it says nothing of that.
    notes : what is to be known of it.
    why : why there is no picture.
    """

    moment: PanelMoment
    label: Message
    file: str | None
    picture: Picture | None
    frequency: Message | None = None
    notes: tuple[Message, ...] = ()
    why: Message | None = None


@dataclass(frozen=True)
class PreviewStrip:
    """All pictures of a plan on a photograph.

    Parameters
    ----------
    panels : in order: before, the days, the results by percentile, harms.
    rows : every change of every picture.
    left : what is not drawn.
    visit : after which session the days are counted; None where nothing is treated.
    assumption : what stands between a grade and a picture.
    """

    panels: tuple[Panel, ...]
    rows: tuple[ChangeRow, ...]
    left: tuple[Omission, ...]
    visit: Message | None
    assumption: Message
    notes: tuple[Message, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def files(self) -> Mapping[str, Panel]:
        """Return file → panel, of those that have a picture."""
        return {panel.file: panel for panel in self.panels if panel.file is not None}
