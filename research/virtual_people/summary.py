"""Count how many virtual people are burnt and treated, beside the predictions of their plans."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.virtual_people.offers import regimes
from research.virtual_people.outcomes import VirtualOutcomes
from research.virtual_people.people import CLASSES, design
from skinbeam.laser.device import devices
from skinbeam.model.document import round_significant
from skinbeam.model.estimate import wilson_interval
from skinbeam.model.vocabulary import vocabulary_table

__all__ = ["ALL", "Z_95", "summary"]

Bools = NDArray[np.bool_]

ALL: Final = "all"
Z_95: Final = 1.959963984540054
_DIGITS: Final = 4


def summary(outcomes: VirtualOutcomes) -> dict[str, Any]:
    """Return the counts of all groups of people in JSON types.

    Each has `people`, of them `offered`, and shares of those with an offer: `burnt` with `burnt_low` and `burnt_high`
    (95 %, Wilson) beside `burnt_expected`, their probability over all clinics, and `burnt_said`, the mean prediction of
    plans; `treated` (the target is reached and they are not burnt) beside `treated_by_book` at textbook settings and
    `reached_said` by plans, with `gain_error`, the standard error of the difference of the first two; `clean`, the
    number whose test spots are all clean, and of these `burnt_after_clean` with its ends, where every field shares the
    error of its spots, `burnt_unshared`, where the share of fields that do not is as plans assume, and
    `burnt_after_said`.
    """
    return {
        name: [{"group": label, **_group_counts(outcomes, members)} for label, members in groups]
        for name, groups in _groups(outcomes).items()
    }


def _groups(outcomes: VirtualOutcomes) -> Mapping[str, Sequence[tuple[str, Bools]]]:
    people = outcomes.people
    measured = np.array([isinstance(colour, float) for colour in people.reported_colour])
    classes = list(_index_groups(CLASSES, people.colour_class))
    treatments = [
        f"{vocabulary_table('condition')[regime.condition]['title']}, {devices()[regime.device].title}"
        for regime in regimes()
    ]
    return {
        "measured": [*((name, group & measured) for name, group in classes), (ALL, measured)],
        "told": [*((name, group & ~measured) for name, group in classes), (ALL, ~measured)],
        "treatment": [*_index_groups(treatments, people.regime), (ALL, np.ones_like(measured))],
        "skin": [
            *_index_groups([f"kinetics `{name}`" for name in design()["epidermis"]], people.kinetics),
            ("melanin in the basal cells", ~people.even_melanin),
            ("melanin even", people.even_melanin),
        ],
    }


def _index_groups(names: Sequence[str], index: NDArray[np.int64]) -> Iterator[tuple[str, Bools]]:
    return ((name, index == place) for place, name in enumerate(names))


def _group_counts(outcomes: VirtualOutcomes, members: Bools) -> dict[str, Any]:
    among = members & outcomes.offered
    offered = int(among.sum())
    counts: dict[str, Any] = {"people": int(members.sum()), "offered": offered}
    if not offered:
        return counts
    treated, by_book = outcomes.reached & ~outcomes.burnt, outcomes.book_reached & ~outcomes.book_burnt
    only, only_book = (
        int((first & ~second & among).sum()) for first, second in ((treated, by_book), (by_book, treated))
    )
    counts |= {
        **_share("burnt", outcomes.burnt[among]),
        "burnt_expected": outcomes.p_true[among].mean(),
        "burnt_said": outcomes.p_burn[among].mean(),
        "treated": treated[among].mean(),
        "treated_by_book": by_book[among].mean(),
        "gain_error": np.sqrt(only + only_book) / offered,
        "reached_said": outcomes.p_effective[among].mean(),
        "clean": int((among & outcomes.clean).sum()),
    }
    clean = among & outcomes.clean
    if clean.any():
        counts |= {
            **_share("burnt_after_clean", outcomes.burnt[clean]),
            "burnt_unshared": outcomes.p_burnt_after_clean[clean].mean(),
            "burnt_after_said": outcomes.p_burn_if_clean[clean].mean(),
        }
    return {
        key: value if isinstance(value, int) else round_significant(float(value), _DIGITS)
        for key, value in counts.items()
    }


def _share(name: str, met: Bools) -> dict[str, float]:
    """Return a share with the ends of its interval."""
    p = float(met.mean())
    low, high = wilson_interval(p, p * (1.0 - p), met.size, Z_95)
    return {name: p, f"{name}_low": min(max(low, 0.0), p), f"{name}_high": max(min(high, 1.0), p)}
