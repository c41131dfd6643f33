"""Rank the options of a concern, laser or not, and give the reason for each rank in words.

The ranking quantity is the share of people with at least half improvement in trials of this condition and this kind of
light. Results of simulated skins only check that a setting is like that of the trials, and do not affect the rank. The
order is:

1. the setting of an earlier session that helped this skin; then treatments by their place in the guideline for such
   skin: first, second, third. Other treatments that sources begin with stand behind the first, and so does light that
   creams come before in such skin. A light that reaches its target in fewer than a tenth of such skins stands behind
   everything but no treatment. At a dose that clinics use in such
   skin, and with trials of its own on this kind of the condition, it keeps its place in the guideline, and without one
   stands before treatments whose effect nobody counted: there the model alone does not outweigh what people saw.
   Light for pigment at a computed dose that reaches fewer than a quarter has no place where no trial treated the
   condition with it: where it misses the spot it may still darken the skin.
   Columns that the guideline names for this kind of skin keep their place too, behind those of the same place that
   reach more skins. Columns that it does not name, and that scar or darken such skin sooner, stand behind columns that
   leave the skin closed. Those that renew the same field for another concern stand before these;
2. treatments with trials of their own on this condition, at doses like theirs; then the others, whose numbers are
   borrowed;
3. usual treatments of clinics, then those used where these fail; of treatments whose results nobody counted those done
   at home, since a wound and a laser need a reason: a usual one of these counts as one used where others fail;
4. the greater share of people. Options that trials cannot distinguish share a rank, unless one left lasting marks in
   clearly more people: an option that helps no more and harms more is ranked behind. Of those that share a rank
   treatments done at home are written first, then the one with the fewest marks, then the one with the most trials,
   because their shares cannot distinguish them.

A last resort, such as a peel with phenol, stands behind all these. No treatment comes last: it is always a choice, and
nobody improves by it beyond the natural course.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.assessment.questionnaire import fact_tables
from skinbeam.evidence.comparison.compare import helps_significantly_more, joint_shares, treatment_studies
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.conditions import LaserUse, known_modalities
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.per_hundred import estimate_per_hundred, per_hundred
from skinbeam.model.vocabulary import PIGMENT_MODALITIES
from skinbeam.plan.guideline_place import GuidelinePlace
from skinbeam.response.column_energy import HEATED_COLUMNS
from skinbeam.response.goals import kind_names
from skinbeam.response.limits import effect_target
from skinbeam.text import Message

__all__ = ["LEAST_REACHED", "OptionRank", "OptionStanding", "rank_options"]

_NO_TREATMENT: Final = "no-treatment"
_USE_ORDER: Final[tuple[LaserUse, ...]] = ("first", "usual", "possible")
# Difference in the share of people with a lasting mark that is ignored: trials measure it to a few of 100 at best.
_SIMILAR_MARKS = 0.05
_UNCOUNTED = 7  # the ranking group of treatments whose results nobody counted
_BORROWED = 5  # that of treatments whose results are borrowed, the last of those that the ranking supports
LEAST_REACHED = 0.1  # share of such skins below which no light leads


_Order = tuple[int, int, bool, bool, bool]


@dataclass(frozen=True)
class OptionStanding:
    """The values by which an option is ranked.

    Parameters
    ----------
    title : of the option, as written inside a sentence.
    question : the question to the trials, with the setting.
    use : how it is used for the condition.
    half_improved : share of people with at least half improvement.
    lasting_marks : share of people with dark marks, light marks or scars, of whichever trials counted most; None where
        nobody counted any, which is no reassurance.
    difference : how the setting differs from those of trials and clinics; None where it does not.
    place : place in the guideline; None where it does not name the treatment.
    reached : share of the simulated skins that reach the target; None where nothing was simulated.
    at_usual_dose : whether its dose is one that sources print for such skin, not moved down from their middle.
    is_kind_tried : whether its trials are of the stated kind of the condition, such as the width of veins.
    procedure : what was done in the trials behind its number, where the modality has several kinds; else None.
    is_last_resort : whether it is done only where no other treatment is left.
    is_adjunct : whether sources give it beside other treatments alone.
    waits_for_creams : whether a rule has creams and sun protection before it, so that it does not lead.
    comes_before_light : whether it is one of these creams in skin for which the rule holds.
    are_named_columns : whether it is columns whose place in the guideline holds for the site.
    scars_sooner : whether a rule warns of its columns on such skin: they scar or darken it sooner.
    shares_field : whether its columns renew this field for another concern, too, in the same visits.
    helped_in : number of the earlier session whose setting it is and which helped this skin; None where none did.
    """

    title: str
    question: EvidenceQuestion
    use: LaserUse
    half_improved: Value
    lasting_marks: float | None
    difference: Message | None = None
    place: GuidelinePlace | None = None
    reached: float | None = None
    at_usual_dose: bool = False
    is_kind_tried: bool = True
    procedure: Message | None = None
    is_last_resort: bool = False
    is_adjunct: bool = False
    waits_for_creams: bool = False
    comes_before_light: bool = False
    are_named_columns: bool = False
    scars_sooner: bool = False
    shares_field: bool = False
    helped_in: int | None = None

    @cached_property
    def own_studies(self) -> int:
        """Number of studies that treated this condition with this kind of treatment, or light."""
        return len(treatment_studies(self.question))

    @property
    def rank_group(self) -> int:
        """Number of the ranking group, the best first."""
        if self.question.modality == _NO_TREATMENT:
            return 10
        if self.helped_in is not None:
            return -1
        if self.is_last_resort:
            return 9
        if self.is_out_of_reach and not self.is_counted_in_practice and not self.are_named_columns:
            return 8
        if self.place is not None and not self.is_untried:
            first = 2 if self.waits_for_creams else 0
            return first if self.place.number == 1 else self.place.number
        if self.is_out_of_reach:
            return 6
        if self.use == "first" or self.comes_before_light:
            return 1
        if isinstance(self.half_improved, Unknown):
            return _UNCOUNTED
        return 4 if self.own_studies and self.difference is None else _BORROWED

    @property
    def is_at_home(self) -> bool:
        """Whether the person does it at home."""
        return self.question.modality in fact_tables().modality_groups["at-home"]

    @property
    def is_wounding(self) -> bool:
        """Whether it leaves a wound on purpose."""
        return self.question.modality in fact_tables().modality_groups["wounding"]

    @property
    def is_laser(self) -> bool:
        """Whether it is light of a laser or a lamp."""
        return known_modalities()[self.question.modality].laser

    @property
    def is_uncounted(self) -> bool:
        """Whether only its usual use supports it: no place in the guideline and no counted result."""
        return self.rank_group == _UNCOUNTED

    @property
    def is_out_of_reach(self) -> bool:
        """Whether its light reaches the target in too few of such skins to lead."""
        return self.reached is not None and self.reached < LEAST_REACHED

    @property
    def is_untried(self) -> bool:
        """Whether it is light for pigment at a computed dose that reaches few, and no trial treated the condition so.

        Where it misses the spot it may still darken the skin.
        """
        is_weak = self.reached is not None and self.reached < effect_target().least
        is_for_pigment = self.question.modality in PIGMENT_MODALITIES
        return is_for_pigment and is_weak and not self.at_usual_dose and not self.own_studies

    @property
    def is_counted_in_practice(self) -> bool:
        """Whether people were counted after it at such a dose, so that the model alone does not outweigh them."""
        is_counted = bool(self.own_studies) and self.is_kind_tried and isinstance(self.half_improved, Estimate)
        return self.at_usual_dose and is_counted

    @property
    def has_place(self) -> bool:
        """Whether it is ranked by its place in the guideline."""
        is_kept = not self.is_out_of_reach or self.is_counted_in_practice or self.are_named_columns
        return self.place is not None and is_kept

    @property
    def yields_to_closed(self) -> bool:
        """Whether columns that leave the skin closed come before it."""
        return self.scars_sooner and self.place is None and self.helped_in is None

    @property
    def order(self) -> _Order:
        """What options are sorted by before trials distinguish them: the ranking group, the use, and the reach.

        Of treatments in one place of the guideline those that it names alone for such skin come before part of a
        combination, before a light that is like one it names, and before what it names for lighter and for darker skin.
        """
        use = 0 if self.has_place or self.comes_before_light else _USE_ORDER.index(self.use)
        if self.is_uncounted and (self.is_wounding or self.is_laser):
            use = max(use, _USE_ORDER.index("possible"))
        is_part = self.has_place and self.place is not None and self.place.is_indirect
        is_deep = self.are_named_columns and self.is_out_of_reach
        return self.rank_group, use, is_part, is_deep, self.is_uncounted and not self.is_at_home


@dataclass(frozen=True)
class OptionRank:
    """The rank of an option: its index in the given list, its rank from 1, and the reason."""

    index: int
    rank: int
    reason: Message


def rank_options(standings: Sequence[OptionStanding]) -> list[OptionRank]:
    """Return the options in order; tied ones share a rank, and the next rank counts them all."""
    shares = joint_shares([option.question for option in standings])
    orders = _orders_among_columns(standings)
    ordered: list[OptionRank] = []
    for tied, lighter in _tied_groups(standings, orders, shares):
        rank = len(ordered) + 1
        for index in tied:
            others = [standings[other].title for other in tied if other != index]
            ahead = standings[ordered[0].index].title if ordered else ""
            fewer = standings[lighter[index]].title if index in lighter else ""
            _, turn = orders[index]
            place = _rank_message(standings[index], rank, others, ahead, fewer, is_behind_closed=turn > 0)
            ordered.append(OptionRank(index, rank, _rank_reason(standings[index], place)))
    return ordered


def _orders_among_columns(standings: Sequence[OptionStanding]) -> list[tuple[_Order, int]]:
    """Return the order of each option, and its turn among those of that order: -1, 0 or 1.

    Columns that renew the field for another concern, too, take the order of columns that leave the skin closed and come
    just before these; those that yield to them come just behind.
    """
    closed = min((one.order for one in standings if one.question.modality == HEATED_COLUMNS), default=None)

    def order(option: OptionStanding) -> tuple[_Order, int]:
        if closed is None:
            return option.order, 0
        if option.shares_field:
            return (closed, -1) if option.order >= closed else (option.order, 0)
        if option.yields_to_closed and option.order <= closed and closed[0] <= _BORROWED:
            return closed, 1
        return option.order, 0

    return [order(option) for option in standings]


def _tied_groups(
    standings: Sequence[OptionStanding],
    orders: Sequence[tuple[_Order, int]],
    shares: Sequence[NDArray[np.float64] | None],
) -> Iterator[tuple[list[int], dict[int, int]]]:
    """Yield groups of tied options, the best first; in each the fewest lasting marks first, then the most trials.

    With each group goes a mapping from the index of a member to the index of the option that it would tie with if it
    left as few marks.
    """

    def marked(index: int) -> tuple[float, int, int, float]:
        option = standings[index]
        marks = 1.0 if option.lasting_marks is None else option.lasting_marks
        order = 0 if option.place is None else option.place.order
        return round(marks / _SIMILAR_MARKS), order, -option.own_studies, -_median_share(option.half_improved)

    for _, alike in groupby(sorted(range(len(standings)), key=orders.__getitem__), key=orders.__getitem__):
        left = sorted(alike, key=lambda index: -_median_share(standings[index].half_improved))
        lighter: dict[int, int] = {}
        while left:
            best = shares[left[0]]
            tied = [left[0]]
            for index in left[1:]:
                share = shares[index]
                if (best is None) == (share is None) and (
                    best is None or share is None or not helps_significantly_more(best, share)
                ):
                    tied.append(index)
            least = min(tied, key=marked)
            group = [index for index in tied if not _leaves_more_marks(standings[index], standings[least])]
            yield sorted(group, key=lambda index: (not standings[index].is_at_home, marked(index))), lighter
            left = [index for index in left if index not in group]
            lighter = {index: least for index in tied if index not in group}


def _leaves_more_marks(option: OptionStanding, other: OptionStanding) -> bool:
    """Return whether an option left marks in clearly more people than another; uncounted marks do not matter."""
    return (
        option.lasting_marks is not None
        and other.lasting_marks is not None
        and option.lasting_marks - other.lasting_marks > _SIMILAR_MARKS
    )


def _median_share(half: Value) -> float:
    return half.median if isinstance(half, Estimate) else -1.0


def _rank_reason(option: OptionStanding, place: Message) -> Message:
    """Return the result of trials and the reason for the rank: two sentences that a patient can follow."""
    if option.question.modality == _NO_TREATMENT:
        return Message("plan.rank-none")
    if isinstance(option.half_improved, Unknown):
        found = Message("plan.rank-uncounted")
    elif option.own_studies:
        found = Message(
            "plan.rank-counted", {**estimate_per_hundred(option.half_improved), "studies": option.own_studies}
        )
    else:
        found = Message("plan.rank-borrowed", estimate_per_hundred(option.half_improved))
    if option.procedure is not None:
        found = Message("plan.rank-done", {"found": found, "done": option.procedure})
    return Message("plan.rank", {"found": found, "place": place})


def _rank_message(
    option: OptionStanding, rank: int, tied: Sequence[str], ahead: str, fewer: str, *, is_behind_closed: bool
) -> Message:
    if option.helped_in is not None:
        return Message("plan.place-helped-before", {"session": option.helped_in})
    if option.is_last_resort:
        return Message("plan.place-last-resort")
    if option.is_out_of_reach and not option.has_place:
        message_id = "plan.place-out-of-reach-counted" if option.is_counted_in_practice else "plan.place-out-of-reach"
        return Message(message_id, {"least": per_hundred(LEAST_REACHED)})
    if option.place is not None:
        where = "between" if option.place.is_between else "guideline"
        place = Message(f"plan.place-{where}-{option.place.number}", {"sources": option.place.sources})
        if option.place.partners:
            partners = [Message(f"device-class.{part}") for part in option.place.partners]
            place = Message("plan.place-in-combination", {"place": place, "partners": partners})
        if option.place.is_of_alike:
            named = Message(f"device-class.{option.place.device_class}")
            place = Message("plan.place-of-alike", {"place": place, "named": named})
        if option.place.kinds:
            place = Message("plan.place-of-kinds", {"place": place, "kinds": kind_names(option.place.kinds)})
        if option.waits_for_creams and option.place.number == 1:
            return Message("plan.place-after-creams", {"place": place})
        if option.shares_field:
            shared = Message("plan.place-shares-field")
            place = Message("plan.place-and-field", {"place": place, "shared": shared})
        if not option.is_out_of_reach:
            return place
        least = per_hundred(LEAST_REACHED)
        if option.are_named_columns:
            return Message("plan.place-despite-depth", {"place": place, "least": least})
        return Message("plan.place-despite-model", {"place": place, "least": least, "studies": option.own_studies})
    if option.shares_field:
        return Message("plan.place-shares-field")
    if is_behind_closed:
        return Message("plan.place-behind-closed")
    if option.use == "first":
        return Message("plan.place-first-line")
    if option.comes_before_light:
        return Message("plan.place-before-light")
    if option.difference is not None:
        return Message("plan.place-unlike", {"unlike": option.difference})
    if isinstance(option.half_improved, Estimate) and not option.own_studies:
        return Message("plan.place-borrowed")
    if isinstance(option.half_improved, Unknown):
        needs_reason = option.is_wounding or option.is_laser
        return Message("plan.place-uncounted-wound" if needs_reason else "plan.place-uncounted")
    if fewer:
        return Message("plan.place-marked", {"fewer": fewer})
    if tied:
        return Message("plan.place-tied", {"others": list(tied)})
    if option.is_adjunct:
        return Message("plan.place-adjunct")
    if rank == 1:
        return Message("plan.place-leads")
    return Message("plan.place-after", {"ahead": ahead})
