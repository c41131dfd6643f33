"""Lower the density of columns after columns hurt this skin.

Half of the density left dark marks in less than half as many people, and gained as much in twice the sessions. A lower
energy alone leaves as many columns, and that of one device says nothing about another, so that after a burn, a blister
or a mark that stayed under columns every device of columns is set to half of its usual density at most. Columns that
helped in a later session were halved by then, and are not halved once more. After redness that stayed for more than
four weeks such columns are no denser than those that left it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from skinbeam.assessment.earlier_sessions import may_follow
from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern, EarlierSession
from skinbeam.model.vocabulary import COLUMN_MODALITIES, usable_modalities
from skinbeam.suitability.bounds import RuleBound
from skinbeam.suitability.history import possible_modalities, reaction_message
from skinbeam.suitability.table import RuleReason

__all__ = ["column_harm_reasons", "is_hurt_since", "without_repeated_bound"]

_SOURCE: Final = "chan2011mini"
_PRACTICE: Final = "rulepractice"
_OF_REDNESS: Final = "columns that left redness for more than four weeks: judgement"
_SHARE: Final = 0.5
_OF_MARKS: Final = "pih-history-resurfacing"  # the rule on marks in the history, which bounds the density too
_CONDITIONS: Final = (
    "found in Asian people, 1550 nm, before any harm; carried over to whoever was hurt by columns, to every device of"
    " columns, and to burns and pale marks: judgement"
)


def column_harm_reasons(case: Case, concern: Concern | None, modality: str | None) -> list[RuleReason]:
    """Return the reasons that follow from harm under columns for a kind of columns.

    Without a kind they bound nothing, and are reported where columns may treat the concern.
    """
    if modality is None:
        is_told = concern is not None and not set(usable_modalities(concern.condition)).isdisjoint(COLUMN_MODALITIES)
    else:
        is_told = modality in COLUMN_MODALITIES
    if not is_told:
        return []
    reasons = [_reason(harm, case, modality) for harm in _column_harms(case)]
    reasons += [
        _redness_reason(red, case, modality) for red in earlier_reactions(case) if _is_column_redness(red, case)
    ]
    return list({reason.message.text: reason for reason in reasons}.values())


def without_repeated_bound(reasons: Iterable[RuleReason], case: Case) -> list[RuleReason]:
    """Return reasons of which none bounds the density a second time for marks that columns left.

    Such a mark counts as a history of marks, and the rule on that halves the density too.
    """
    marks = [reaction for reaction in earlier_reactions(case) if reaction.history == "pih"]
    in_history = case.patient is not None and "pih" in case.patient.history
    is_repeated = not in_history and bool(marks) and all(_is_column_harm(mark, case) for mark in marks)
    return [replace(reason, bounds=()) if is_repeated and reason.rule == _OF_MARKS else reason for reason in reasons]


def is_hurt_since(case: Case, session: EarlierSession) -> bool:
    """Return whether columns may have hurt this skin in a later session than a given one."""
    harms = (case.session[harm.index] for harm in _column_harms(case) if not harm.is_test_spot)
    return any(may_follow(case, harmful, session) for harmful in harms)


def _column_harms(case: Case) -> list[EarlierReaction]:
    """Return the first harm of each test spot and session under columns, which is enough: all of them halve once."""
    first: dict[str, EarlierReaction] = {}
    for reaction in earlier_reactions(case):
        if _is_column_harm(reaction, case):
            first.setdefault(reaction.entry, reaction)
    return list(first.values())


def _is_column_harm(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether columns burnt this skin or left a mark that stayed; after a scar no columns are planned at all."""
    is_harm = reaction.meaning == "harm" and (reaction.is_burn or reaction.is_lasting_mark) and reaction.kind != "scar"
    return is_harm and not possible_modalities(reaction, case).isdisjoint(COLUMN_MODALITIES)


def _is_column_redness(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether columns of a known density left redness that stayed too long."""
    is_of_columns = not possible_modalities(reaction, case).isdisjoint(COLUMN_MODALITIES)
    return reaction.is_long_redness and reaction.density_per_cm2 is not None and is_of_columns


def _redness_reason(reaction: EarlierReaction, case: Case, modality: str | None) -> RuleReason:
    """Return the reason of redness that stayed too long: such columns are no denser than those that left it."""
    density = reaction.density_per_cm2
    message = reaction_message("earlier.columns-redness", reaction, density=density or 0.0)
    bounds: tuple[RuleBound, ...] = ()
    if modality in possible_modalities(reaction, case):
        bounds = (RuleBound("density_per_cm2", _PRACTICE, _OF_REDNESS, maximum=density, after_harm=True),)
    return RuleReason("earlier-sign", "with-caution", message, _PRACTICE, "practice", bounds=bounds)


def _reason(reaction: EarlierReaction, case: Case, modality: str | None) -> RuleReason:
    """Return the reason of one reaction, with half of its own density as a bound for columns of the same kind."""
    halved = RuleBound("density_per_cm2", _SOURCE, _CONDITIONS, factor=_SHARE, after_harm=True)
    share = {"share_pct": 100.0 * _SHARE}
    density = reaction.density_per_cm2
    message = reaction_message("earlier.columns", reaction, **share)
    bounds: tuple[RuleBound, ...] = (halved,)
    if density is not None:
        most = _SHARE * density
        message = reaction_message("earlier.columns-density", reaction, **share, density=density, most=most)
        if modality in possible_modalities(reaction, case):
            own = RuleBound("density_per_cm2", _SOURCE, _CONDITIONS, maximum=most, after_harm=True)
            bounds = (halved, own)
    bounds = () if modality is None else bounds
    return RuleReason("earlier-columns", "with-caution", message, _SOURCE, "trial", bounds=bounds)
