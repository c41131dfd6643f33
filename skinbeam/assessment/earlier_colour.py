"""Whether skin was lighter at an earlier pulse than it is today, so that its doses say nothing of today's skin."""

from functools import partial

from skinbeam.model.case import Case
from skinbeam.model.package_data import load_package_table

__all__ = ["was_skin_lighter"]

_facts = partial(load_package_table, "data/facts.toml")


def was_skin_lighter(case: Case, ita_deg: float | None) -> bool:
    """Return whether skin of an earlier colour was lighter than today's, by more than a usual step of dose makes up.

    False where either was not measured: a phototype is the same on tanned skin.

    Parameters
    ----------
    ita_deg : the colour that was measured then; None where the case has none.
    """
    today = min(case.measured_ita_deg, default=None)
    if today is None or ita_deg is None:
        return False
    return ita_deg - today > float(_facts()["earlier_colour"]["lighter_by_deg"])
