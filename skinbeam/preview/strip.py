"""Records of a preview strip: removals, healing signs, panels, and what is not drawn and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam.model.estimate import Estimate, Value
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.preview.rendering import Float
from skinbeam.text import Message

__all__ = ["PERCENTILES", "ChangeRow", "HealingSign", "Omission", "Panel", "PanelMoment", "PreviewStrip", "Removal"]

PERCENTILES = (10, 50, 90)  # of the improvement of one patient: of 10 people 9 gain more, 5 gain less, 9 gain less


@dataclass(frozen=True)
class Omission:
    """Something that is not drawn, and why."""

    subjects: tuple[Message, ...]
    reason: Message


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Removal of the findings of a concern from one map by a treatment.

    Parameters
    ----------
    concern, title : condition and site, and both in words.
    finding, count : kind of the marks, and their number.
    map_name : the map.
    excess : (height, width) of the view: how far the marks raise the map, faded at their edges, 0 elsewhere.
    treatment : modality of the option that is drawn.
    improvement_pct : of one patient.
    remaining_fraction : share of the gain that remains in the last picture.
    """

    concern: str
    title: Message
    finding: str
    count: int
    map_name: str
    excess: Float
    treatment: str
    improvement_pct: Estimate
    remaining_fraction: Value

    def improvement_at(self, percentile: int) -> float:
        """Return the improvement of a patient of a percentile; the interval's ends are the 10th and the 90th."""
        made = self.improvement_pct
        return {10: made.low, 50: made.median, 90: made.high}[percentile]

    def share_removed(self, percentile: int, exponent: float) -> float:
        """Return the removed share of contrast: the grade as a share, to a power; 0 where the skin becomes worse."""
        return float(min(max(self.improvement_at(percentile), 0.0) / 100.0, 1.0) ** exponent)


@dataclass(frozen=True, kw_only=True)
class HealingSign:
    """A temporary sign after a session, or a harm: a map that is raised over the treated skin.

    Parameters
    ----------
    name : erythema, purpura, dark-mark, ...
    map_name : the map.
    map_change : (height, width) of the view.
    last_day : the last day on which it is drawn; None for a harm, which has a picture of its own.
    size : what was added, in words, with its source.
    frequency : share of people who have it; None where everyone has.
    sources : of size and duration.
    """

    name: str
    concern: str
    title: Message
    treatment: str
    map_name: str
    map_change: Float
    last_day: float | None
    size: Message
    frequency: Value | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class PanelMoment:
    """The moment that a picture shows: before, day N, end, months, or a harm."""

    kind: str
    day: int | None = None
    months: int | None = None
    percentile: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """One change in one picture, with its origin.

    Parameters
    ----------
    picture : file.
    map : the map that changes.
    finding, count, share_removed, percentile, estimate : of a removal.
    healing_sign, size : of a healing sign.
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
    """One panel of a strip: a picture, or why there is none.

    Parameters
    ----------
    file : name of the picture; None where there is none.
    picture : (height, width, 3), without words; None likewise.
    label : its name in two words.
    frequency : how many people improve more or less; None where that does not apply.
    notes : remarks on the picture.
    reason : why there is no picture.
    """

    moment: PanelMoment
    label: Message
    file: str | None
    picture: Picture | None
    frequency: Message | None = None
    notes: tuple[Message, ...] = ()
    reason: Message | None = None


@dataclass(frozen=True)
class PreviewStrip:
    """All pictures of a plan on a photograph.

    Parameters
    ----------
    panels : in order: before, the days, the results by percentile, harms.
    change_rows : every change of every picture.
    omissions : what is not drawn.
    visit : the session after which the days are counted; None where nothing is treated.
    assumption : the assumption that converts a grade to a picture.
    """

    panels: tuple[Panel, ...]
    change_rows: tuple[ChangeRow, ...]
    omissions: tuple[Omission, ...]
    visit: Message | None
    assumption: Message
    notes: tuple[Message, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def files(self) -> Mapping[str, Panel]:
        """File → panel, of those that have a picture."""
        return {panel.file: panel for panel in self.panels if panel.file is not None}
