"""Make the tables of doses that burn the skin that sources treated, one for each site. All of them take ten minutes.

A table has the settings with which plans of the site begin, of every known device and skin type. A plan computes any
other setting itself, so a table that lacks some is slow and not wrong.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from research.derived_table import DerivedTable
from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.device import devices
from skinbeam.model.vocabulary import PHOTOTYPES, vocabulary_table
from skinbeam.plan.burn_anchor import usual_proposals
from skinbeam.response.reference_burns import compute_reference_doses, reference_setting_key, reference_table_name
from skinbeam.response.settings import SearchMachine, built_in_cooling

__all__ = ["REFERENCE_BURNS", "usual_light"]

HEADER = """\
# Computed doses, J/cm², that burn untanned skin of a phototype at the site of this table: 16 equally likely skins, at
# each setting with which a plan begins. The end of a key is a hash of light, pulse and cooling.
# Made by `make derived` from the optics of skin; not to be edited.
"""


def usual_light(site: str) -> Iterator[tuple[str, Beam, CoolingPlan]]:
    """Yield phototype, beam and cooling of each published setting with which a plan of the site begins."""
    for name, device in devices().items():
        machine = SearchMachine(name, device)
        for number in range(1, len(PHOTOTYPES) + 1):
            for proposal in usual_proposals(machine, site, number):
                skin = PHOTOTYPES[(proposal.lighter_phototype or number) - 1]
                yield skin, proposal.least_beam, built_in_cooling(device)[0]


def _make_table(site: str) -> dict[str, Any]:
    made: dict[str, dict[str, tuple[float, ...]]] = {phototype: {} for phototype in PHOTOTYPES}
    for phototype, beam, cooling in usual_light(site):
        key = reference_setting_key(beam, cooling)
        if key not in made[phototype]:
            made[phototype][key] = compute_reference_doses(site, phototype, beam, cooling)
    return {phototype: dict(sorted(doses.items())) for phototype, doses in made.items() if doses}


REFERENCE_BURNS = tuple(
    DerivedTable(
        name=reference_table_name(site),
        header=HEADER,
        inputs=(
            "data/tissue/",
            "data/spectra/",
            "data/cooling.toml",
            "data/still_air.toml",
            "data/derived/melanin_by_colour.toml",
            "data/derived/melanin_by_site.toml",
            "data/derived/spot_share.toml",
        ),
        version=1,
        make=partial(_make_table, site),
    )
    for site in vocabulary_table("site")
)
