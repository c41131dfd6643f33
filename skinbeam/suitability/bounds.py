"""Numeric bounds that rules put on a setting: a share of the value chosen without the rule, or a greatest value.

A rule that asks for less either has such a bound, which the search obeys, or its sentence says that it is advice. Where
several rules bound the same quantity the strictest counts alone: no source says how two of them act together. A share
for the skin of a site is one of the face's density, and the strictest share for the person is taken of what it leaves.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from skinbeam.model.errors import nearest_name

__all__ = ["NO_BOUNDS", "BoundQuantity", "RuleBound", "RuleBounds", "read_bound"]

BoundQuantity = Literal["beam_coverage_fraction", "density_per_cm2", "effective_share", "energy_mJ"]
_BOUND_QUANTITIES: tuple[BoundQuantity, ...] = get_args(BoundQuantity)
_BOUND_KEYS = ("quantity", "factor", "maximum", "diameter_um", "source", "conditions")
_FLAGS = ("spares_printed", "of_site")
_SHARES: tuple[BoundQuantity, ...] = ("beam_coverage_fraction", "effective_share")


@dataclass(frozen=True)
class RuleBound:
    """One number by which a rule bounds columns, or a dose that heats.

    Parameters
    ----------
    quantity : share of the skin under the beams of one pass, as machines show it, columns on a cm², energy of one
        column in mJ, or the share of skins in which a dose of light that heats reaches its target.
    factor : share of the value chosen without the rule; of densities alone, since there the rest stays as it is.
    maximum : greatest allowed value, in the unit of the quantity.
    diameter_um : width of the columns that an energy was given for; columns of another width get the same energy per
        area.
    spares_printed : whether a density that sources print for such skin stays as it is, since they chose it for it.
    of_site : whether the factor is for the skin of a site, so that one for the person is taken of what it leaves.
    after_harm : whether columns hurt this skin, so that it bounds what is left by all other bounds.
    source : key of its source.
    conditions : in whom, with what, and which part of it is judgement.
    """

    quantity: BoundQuantity
    source: str
    conditions: str
    factor: float | None = None
    maximum: float | None = None
    diameter_um: float | None = None
    spares_printed: bool = False
    of_site: bool = False
    after_harm: bool = False

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape; fields that do not apply are left out."""
        named = ((name, getattr(self, name)) for name in _BOUND_KEYS)
        return {name: value for name, value in named if value is not None}


def read_bound(table: Any) -> RuleBound:
    """Return the bound in a TOML table.

    Raises
    ------
    ValueError : a key, quantity or number that is not allowed, or none or both of factor and maximum.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"bound: a table with quantity, factor or maximum, source and conditions, read {table!r}")
    for key in table:
        if key not in (*_BOUND_KEYS, *_FLAGS):
            raise ValueError(f"bound: unknown key {key}, nearest {nearest_name(key, (*_BOUND_KEYS, *_FLAGS))}")
    for key in ("quantity", "source", "conditions"):
        if not isinstance(table.get(key), str) or not table[key]:
            raise ValueError(f"bound: {key} is missing")
    quantity = table["quantity"]
    if quantity not in _BOUND_QUANTITIES:
        raise ValueError(f'bound: quantity = "{quantity}" is not one of {", ".join(_BOUND_QUANTITIES)}')
    if ("factor" in table) == ("maximum" in table):
        raise ValueError(f"bound: {quantity} takes either a factor or a maximum")
    most = 1.0 if "factor" in table or quantity in _SHARES else math.inf
    for key in ("factor", "maximum", "diameter_um"):
        value = table.get(key, 0.5)
        top = math.inf if key == "diameter_um" else most
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < top:
            raise ValueError(
                f"bound: {key} of {quantity} is above 0{'' if top == math.inf else ' and below 1'}, read {value!r}"
            )
    if "factor" in table and quantity != "density_per_cm2":
        raise ValueError(f"bound: a factor holds density_per_cm2 alone, read {quantity}")
    for flag in _FLAGS:
        if flag in table and (table[flag] is not True or "factor" not in table):
            raise ValueError(f"bound: {flag} is true or left out, and belongs to a factor, read {table[flag]!r}")
    if ("diameter_um" in table) != (quantity == "energy_mJ"):
        raise ValueError("bound: diameter_um belongs to energy_mJ, which needs one")
    return RuleBound(**table)


@dataclass(frozen=True)
class RuleBounds:
    """The bounds of all rules that apply."""

    bounds: tuple[RuleBound, ...] = ()

    def density_per_cm2(self, chosen: float, *, is_printed: bool = False, is_scar: bool = False) -> float:
        """Return the greatest density where `chosen` would be taken without rules, whatever columns did before.

        Parameters
        ----------
        is_printed : whether sources print the chosen one for such skin.
        is_scar : whether a scar is treated, which is thicker than the skin around: the strictest share counts alone.
        """
        factors = [
            (bound.factor, bound.of_site)
            for bound in self.bounds
            if bound.factor is not None and not bound.after_harm and not (is_printed and bound.spares_printed)
        ]
        of_site, of_person = (
            min((factor for factor, is_of_site in factors if is_of_site is wanted), default=1.0)
            for wanted in (True, False)
        )
        share = min(of_site, of_person) if is_scar else of_site * of_person
        return min(chosen * share, *self._most("density_per_cm2"), chosen)

    def density_after_harm_per_cm2(self, usual: float) -> float:
        """Return the greatest density where the usual one would be taken if columns had not hurt this skin."""
        after_harm = [bound for bound in self.bounds if bound.after_harm]
        shares = (bound.factor * usual for bound in after_harm if bound.factor is not None)
        most = (bound.maximum for bound in after_harm if bound.maximum is not None)
        return min([usual, *shares, *most])

    def energy_mJ(self, diameter_um: float) -> float:
        """Return the greatest energy of a column of this width; inf where no rule bounds it."""
        maxima = [
            bound.maximum * (diameter_um / bound.diameter_um) ** 2
            for bound in self.bounds
            if bound.quantity == "energy_mJ" and bound.maximum is not None and bound.diameter_um is not None
        ]
        return min(maxima, default=math.inf)

    @property
    def bounds_energy(self) -> bool:
        """Whether a rule bounds the energy of a column."""
        return any(bound.quantity == "energy_mJ" for bound in self.bounds)

    @property
    def effective_share(self) -> float:
        """The share of skins beyond which no dose is raised; inf where no rule bounds it."""
        return min(self._most("effective_share"), default=math.inf)

    @property
    def beam_coverage_fraction(self) -> float:
        """The greatest share of the skin under the beams; inf where no rule bounds it."""
        return min(self._most("beam_coverage_fraction"), default=math.inf)

    def _most(self, quantity: BoundQuantity) -> Iterable[float]:
        return [
            bound.maximum
            for bound in self.bounds
            if bound.quantity == quantity and bound.maximum is not None and not bound.after_harm
        ]


NO_BOUNDS: Final = RuleBounds()
