"""The cells of the atlas: skins of virtual patients, each distinct cell once, and an even grid of colours."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from research.atlas.setting_comparison import ATLAS_OUTPUTS, AtlasChoice, answer_cell, atlas_choices, atlas_table
from skinbeam.model.case_tables import CaseTables
from skinbeam.sweeps.axes import Axis, population_axis
from skinbeam.sweeps.sweep_file import Sweep, SweepQuestion

__all__ = ["AtlasPlace", "VirtualPatient", "atlas_cells", "atlas_people", "atlas_sweep", "person_at"]

_AXIS = "cell"
_FIELDS = ("clinic.devices.0", "concern.0.condition", "concern.0.site", "patient.ita_deg")


@dataclass(frozen=True, order=True)
class AtlasPlace:
    """A device, the condition that it treats, and a skin."""

    device: str
    condition: str
    site: str
    ita_deg: float


@dataclass(frozen=True)
class VirtualPatient:
    """A virtual patient between two cells.

    Parameters
    ----------
    ita_deg : the measured skin colour.
    cells : the cells of the nearest darker and lighter colour.
    share : position between them: 0 at the first cell, 1 at the second; beyond the last colour it is clipped.
    """

    ita_deg: float
    cells: tuple[AtlasPlace, AtlasPlace]
    share: float

    @property
    def nearest(self) -> AtlasPlace:
        """The nearer of the two cells."""
        return self.cells[round(self.share)]


def atlas_people(choice: AtlasChoice, n: int) -> list[VirtualPatient]:
    """Return `n` virtual patients with the condition of a device."""
    tables = CaseTables({"concern": [{"condition": choice.condition}]})
    axis = population_axis(n, atlas_table()["asked"]["seed"], tables, "consult")
    site, colour = (axis.fields.index(field) for field in _FIELDS[2:])
    return [person_at(choice, str(row[site]), float(row[colour])) for row in axis.rows]


def person_at(choice: AtlasChoice, site: str, ita_deg: float) -> VirtualPatient:
    """Return the virtual patient with this site and colour."""
    colours = _grid_colours(choice, site)
    after = min(max(bisect_right(colours, ita_deg), 1), len(colours) - 1)
    low, high = colours[after - 1 : after + 1]
    share = min(max((ita_deg - low) / (high - low), 0.0), 1.0)
    darker, lighter = (AtlasPlace(choice.name, choice.condition, site, colour_deg) for colour_deg in (low, high))
    return VirtualPatient(ita_deg, (darker, lighter), share)


def atlas_cells(n: int) -> tuple[AtlasPlace, ...]:
    """Return the cells for `n` virtual patients, without duplicates, the devices in their order."""
    places: list[AtlasPlace] = []
    for choice in atlas_choices():
        grid = {
            AtlasPlace(choice.name, choice.condition, site, ita)
            for site in choice.sites
            for ita in _grid_colours(choice, site)
        }
        places += sorted(grid.union(*(person.cells for person in atlas_people(choice, n))))
    return tuple(places)


def _grid_colours(choice: AtlasChoice, site: str) -> Sequence[float]:
    """Return the colours of the grid at a site, ascending."""
    colours: Sequence[float] = atlas_table()["cells"]["first_deg" if site == choice.sites[0] else "other_deg"]
    return colours


def atlas_sweep(cells: Sequence[AtlasPlace]) -> Sweep:
    """Return the sweep that answers the cells."""
    table = atlas_table()
    concern: dict[str, Any] = {
        "condition": cells[0].condition,
        "site": cells[0].site,
        "severity": "moderate",
        # Without dermoscopy a pigmented spot is referred, whatever its colour.
        "diagnosed": True,
        "diagnosed_by": "dermatologist",
        "diagnosis_method": "dermoscopy",
        "diagnosis_date": table["person"]["diagnosis_date"],
    }
    person = {name: table["person"][name] for name in ("age_years", "sex")}
    tables = {
        "patient": {**person, "ita_deg": cells[0].ita_deg},
        "concern": [concern],
        "clinic": {"devices": [cells[0].device]},
    }
    draws, seed = table["asked"]["draws"], table["asked"]["seed"]
    varied = CaseTables(tables)
    question = SweepQuestion(
        "atlas", varied, Path(), "atlas.toml", ATLAS_OUTPUTS, draws, seed, None, None, answerer=answer_cell
    )
    return Sweep(question, (Axis(_AXIS, _FIELDS, tuple(astuple(cell) for cell in cells)),))
