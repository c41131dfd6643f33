"""Records of a preview strip: removals, harms, panels, close-ups, and what is not drawn and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam.model.estimate import Estimate, Value
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.preview.rendering import Float
from skinbeam.text import Message

__all__ = [
    "PERCENTILES",
    "ChangeRow",
    "CloseUp",
    "HarmSign",
    "Omission",
    "Panel",
    "PanelMoment",
    "PreviewStrip",
    "Removal",
    "UndrawnHarm",
]

PERCENTILES = (10, 50, 90)  # of the improvement of one patient: of 10 people 9 gain more, 5 gain less, 9 gain less


@dataclass(frozen=True)
class Omission:
    """Something that is not drawn, and why."""

    subjects: tuple[Message, ...]
    reason: Message


@compared_by_value
@dataclass(frozen=True, kw_only=True)
class Removal:
    """Removal of the findings of a concern from one map by a treatment.

    Parameters
    ----------
    concern, title : condition and site, and both in words.
    finding, count : kind of the marks, and their number.
    map_name : the map.
    ln_light : (height, width, 3) of the view: ln of the factor on light when the marks are gone entirely, 0 elsewhere.
    treatment : modality of the option that is drawn.
    improvement_pct : of one patient.
    most_counted_pct : the greatest improvement that a trial of the condition printed.
    remaining_fraction : share of the gain that remains in the last picture.
    """

    concern: str
    title: Message
    finding: str
    count: int
    map_name: str
    ln_light: Float
    treatment: str
    improvement_pct: Estimate
    most_counted_pct: float
    remaining_fraction: Value

    def improvement_at(self, percentile: int) -> float:
        """Return the improvement of a patient of a percentile; the interval's ends are the 10th and the 90th."""
        made = self.improvement_pct
        return {10: made.low, 50: made.median, 90: made.high}[percentile]

    def is_bounded(self, percentile: int) -> bool:
        """Return whether a patient of a percentile improves by more than any trial of the condition printed."""
        return self.improvement_at(percentile) > self.most_counted_pct

    def share_removed(self, percentile: int, exponent: float) -> float:
        """Return the removed share of contrast: the grade as a share, to a power.

        It is 0 where the skin becomes worse, and never more than trials printed.
        """
        made = min(max(self.improvement_at(percentile), 0.0), self.most_counted_pct)
        return float((made / 100.0) ** exponent)


@compared_by_value
@dataclass(frozen=True, kw_only=True)
class HarmSign:
    """A harm that is drawn: a change of light over the treated skin.

    Parameters
    ----------
    name : dark-mark, lasting-erythema or purpura.
    harm : name of the harm in the plan.
    map_name : the map that is raised.
    ln_light : (height, width, 3) of the view: ln of the factor on light.
    size : what was added, in words.
    frequency : share of people who have it.
    days : its longest duration in days, where the plan tells one.
    sources : of its size and frequency.
    """

    name: str
    harm: str
    concern: str
    title: Message
    treatment: str
    map_name: str
    ln_light: Float
    size: Message
    frequency: Estimate
    days: float | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class UndrawnHarm:
    """A harm without a picture, and the share of people who have it where that is highest, or why it is unknown.

    Parameters
    ----------
    harm : name of the harm in the plan.
    concern, treatment : after which it has this share.
    """

    harm: str
    concern: str
    treatment: str
    p: Value


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
    harm, size : of a harm.
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
    months: int | None = None
    harm: str | None = None
    size: str | None = None
    frequency: Value | None = None
    sources: tuple[str, ...] = ()


@compared_by_value
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
class CloseUp:
    """An enlarged part of the photograph, before and after: where a removal or a harm is seen best.

    Parameters
    ----------
    title : what changes, in words.
    harm : whether it is a harm; otherwise a gain, with a picture for each percentile.
    panels : before, then after.
    """

    title: Message
    harm: bool
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class PreviewStrip:
    """All pictures of a plan on a photograph.

    Parameters
    ----------
    panels : in order: before, the days, the results by percentile, harms.
    close_ups : in order: gains, harms.
    change_rows : every change of every picture.
    omissions : what is not drawn.
    undrawn_harms : harms of the treatments that have no picture.
    visit : the session after which the days are counted; None where nothing is treated.
    assumption : the assumption that converts a grade to a picture.
    """

    panels: tuple[Panel, ...]
    close_ups: tuple[CloseUp, ...]
    change_rows: tuple[ChangeRow, ...]
    omissions: tuple[Omission, ...]
    undrawn_harms: tuple[UndrawnHarm, ...]
    visit: Message | None
    assumption: Message
    notes: tuple[Message, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def files(self) -> Mapping[str, Panel]:
        """File → panel, of those that have a picture."""
        parts = (panel for close_up in self.close_ups for panel in close_up.panels)
        return {panel.file: panel for panel in (*self.panels, *parts) if panel.file is not None}
