"""Virtual patients: of the age, sex, colour and site of people who come for treatment, as far as anybody counted."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from skinbeam.errors import InputError
from skinbeam.evidence.studies.shipped import arms
from skinbeam.schema.names import resolve
from skinbeam.shipped import shipped_table
from skinbeam.sweeps.axes import Axis, Quantile, Value, drawn_axis

__all__ = ["PERSON", "population_axis"]

PERSON = "person"  # the name of the axis


def population_axis(n: int, seed: int, tables: Mapping[str, Any], answer: str) -> Axis:
    """Return the axis of `n` people: their age, sex and colour in a plan, their skin in anything else, and the site.

    Age, sex and colour are drawn by `data/population.toml`, the site by the people in trials of the condition, or of
    any condition where the case names none. Row k is the same whatever `n`.

    Raises
    ------
    InputError : a plan of several concerns: nobody counted which come together.
    """
    told = shipped_table("data/population.toml")
    colour, quantiles = "skin.ita_deg", tuple(told["ita_deg"]["quantiles"])
    fields: dict[str, Quantile] = {}
    site, condition = "skin.site", None
    if answer == "consult":
        concerns = tables.get("concern", ())
        if len(concerns) != 1:
            raise InputError(
                "wrong-value",
                f"{len(concerns)} concerns, and nobody counted which come together",
                field="population",
                hint="A case with one concern, or [sample] with distributions of your own.",
            )
        condition = resolve("condition", str(concerns[0].get("condition", "")), field="concern[0].condition")
        colour, site = "patient.ita_deg", "concern.0.site"
        fields["patient.age_years"] = _between(**{key: told["age_years"][key] for key in ("from", "to", "share")})
        fields["patient.sex"] = _among(told["sex"]["words"], told["sex"]["share"])
    fields[colour] = lambda share: _along(quantiles, share)
    sites = _sites(condition)
    fields[site] = _among(list(sites), list(sites.values()))
    return drawn_axis(PERSON, n, seed, fields)


def _sites(condition: str | None) -> dict[str, float]:
    """How many people of trials were treated at each site, an arm at several of them counted in equal parts."""
    people: dict[str, float] = defaultdict(float)
    for arm in arms():
        if arm.sites and arm.patients and condition in (None, arm.condition):
            for site in arm.sites:
                people[site] += arm.patients / len(arm.sites)
    if not people:
        raise InputError(
            "wrong-value",
            f'no trial says where people with "{condition}" were treated',
            field="population",
            hint='[axes] with "concern.0.site".',
        )
    return dict(sorted(people.items()))


def _among(words: Sequence[str], weights: Sequence[float]) -> Quantile:
    ends = list(accumulate(weights))
    return lambda share: words[min(bisect_right(ends, share * ends[-1]), len(words) - 1)]


def _between(**groups: Sequence[float]) -> Quantile:
    """Evenly within each group, the groups by their shares."""
    low, high, ends = groups["from"], groups["to"], list(accumulate(groups["share"]))

    def at(share: float) -> Value:
        place = share * ends[-1]
        k = min(bisect_right(ends, place), len(ends) - 1)
        begin = ends[k - 1] if k else 0.0
        return round(low[k] + (place - begin) / (ends[k] - begin) * (high[k] - low[k]), 1)

    return at


def _along(quantiles: Sequence[float], share: float) -> Value:
    """Straight between quantiles that stand at even shares."""
    place = share * (len(quantiles) - 1)
    k = min(int(place), len(quantiles) - 2)
    return round(quantiles[k] + (place - k) * (quantiles[k + 1] - quantiles[k]), 1)
