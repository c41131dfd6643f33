"""Computed doses that burn the skin that sources treated, with which a person's own skin is compared.

Sources print doses for people of a phototype, so that skin has the phototype and the site, and is untanned; its age is
that of the published thicknesses. Its doses at the settings that plans begin with are shipped, in a derived table for
each site; those of any other setting are computed when they are needed.
"""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.document import round_significant
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import cache_with_sources
from skinbeam.response.candidate import BurnDoses, burn_doses
from skinbeam.response.response_table import basal_burn_doses
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.skins.ensemble import weighted_quantiles
from skinbeam.skin.distribution import SkinDistribution

__all__ = [
    "compute_reference_doses",
    "reference_burn_doses",
    "reference_burn_median_J_cm2",
    "reference_setting_key",
    "reference_table_name",
    "shipped_reference_doses",
]

Floats = NDArray[np.float64]

_DRAWS: Final = 64
_SEED: Final = 1
# Quantiles that stand for the drawn skins: the middles of equal shares of them. P(burn) of the skins differs from that
# of these by less than half a share, and smoothly, since the calibration is wider than a share.
_SHARES: Final = 16
_DIGITS: Final = 4  # the doses of a draw vary by more than that with the seed


def reference_burn_doses(site: str, phototype: str, beam: Beam, cooling: CoolingPlan) -> BurnDoses:
    """Return the doses of a beam that burn the skin that sources treated, J/cm², for equally likely skins."""
    doses = shipped_reference_doses(site, phototype, beam, cooling)
    if doses is None:
        doses = np.asarray(compute_reference_doses(site, phototype, beam, cooling))
    return burn_doses(beam, doses)


def reference_burn_median_J_cm2(site: str, phototype: str, beam: Beam, cooling: CoolingPlan) -> float:
    """Return the median of the doses as `reference_burn_doses` has them."""
    return float(np.median(reference_burn_doses(site, phototype, beam, cooling).computed_J_cm2))


def shipped_reference_doses(site: str, phototype: str, beam: Beam, cooling: CoolingPlan) -> Floats | None:
    """Return the doses as `reference_burn_doses` has them, ascending; None where they are not shipped."""
    shipped = load_derived_table(reference_table_name(site)).get(phototype, {})
    doses = shipped.get(reference_setting_key(beam, cooling))
    return None if doses is None else np.asarray(doses, dtype=np.float64)


def compute_reference_doses(site: str, phototype: str, beam: Beam, cooling: CoolingPlan) -> tuple[float, ...]:
    """Return the computed doses of equally likely skins, as `reference_burn_doses` has them, from simulated skins."""
    skins = _reference_skins(site, phototype)
    computed = basal_burn_doses(beam, skins, cooling).computed_J_cm2
    levels = [(share + 0.5) / _SHARES for share in range(_SHARES)]
    return tuple(round_significant(dose, _DIGITS) for dose in weighted_quantiles(computed, skins.weights[1], levels))


def reference_table_name(site: str) -> str:
    """Return the name of the derived table of a site."""
    return f"reference_burns_{site.replace('-', '_')}"


def reference_setting_key(beam: Beam, cooling: CoolingPlan) -> str:
    """Return the key of a light, its pulse and its cooling in the derived tables.

    It ends in a hash of everything that the computed doses depend on, so that no device of the same name is taken for
    another.
    """
    pulse = (beam.pulse_ms, beam.trains, beam.pulses, beam.repetition_Hz, beam.passes, beam.pass_interval_s)
    exact = hashlib.sha256(repr((beam.spectrum, beam.spot_mm, beam.profile, pulse, cooling)).encode()).hexdigest()[:12]
    return f"{beam.wavelength_nm:g} nm, {beam.pulse_ms:g} ms, {beam.spot_mm:.3g} mm, {exact}"


@cache_with_sources(4)  # skins of 64 draws, whose light many settings share
def _reference_skins(site: str, phototype: str) -> SiteSkins:
    skins = SkinDistribution(site=site, phototype=phototype, vessel_kind="normal").sample(_DRAWS, _SEED)
    return SiteSkins(site, skins, skins)
