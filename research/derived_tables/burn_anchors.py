"""Make the table of factors that anchor P(burn) of each light of each machine to what clinics counted."""

from typing import Any

from research.derived_table import DerivedTable
from research.derived_tables.reference_burns import REFERENCE_BURNS
from skinbeam.laser.device import devices
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan.burn_anchor import compute_burn_anchors
from skinbeam.published_doses.burn_anchors import ANCHOR_TABLE
from skinbeam.response.settings import SearchMachine

__all__ = ["BURN_ANCHORS"]

_DECIMALS = 3

HEADER = """\
# Factors on computed doses that burn, at which the usual doses of all conditions that sources treat with a light of a
# machine at a site burn as many people as clinics counted: of phototypes I to VI.
# Made by `make derived` from data/guideline*.csv and data/practice.csv; not to be edited.
"""


def _make_table() -> dict[str, Any]:
    return {site: made for site in vocabulary_table("site") if (made := _site_factors(site))}


def _site_factors(site: str) -> dict[str, dict[str, list[float]]]:
    made = {name: compute_burn_anchors(SearchMachine(name, device), site) for name, device in devices().items()}
    return {
        name: {light: [round(factor, _DECIMALS) for factor in factors] for light, factors in lights.items()}
        for name, lights in made.items()
        if lights
    }


BURN_ANCHORS = DerivedTable(
    name=ANCHOR_TABLE,
    header=HEADER,
    inputs=(
        "data/lasers/",
        "data/practice.csv",
        "data/guideline.csv",
        "data/guideline_doses.csv",
        "data/guideline_choices.csv",
        "data/lending.toml",
        "data/envelopes.toml",
        "data/lamps.toml",
        "data/derived/practice_doses.toml",
        *(f"data/derived/{table.name}.toml" for table in REFERENCE_BURNS),
    ),
    version=2,
    make=_make_table,
    selection=lambda: load_derived_table("burn_calibration"),  # fitted after the other tables, from some of them
)
