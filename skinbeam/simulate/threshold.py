"""Threshold doses of sampled skins in the unit that is asked for."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, unknown_name
from skinbeam.estimate import Unknown
from skinbeam.messages import text
from skinbeam.schema.case import Case
from skinbeam.simulate.dose_search import DOSE_RANGE_J_M2
from skinbeam.simulate.endpoints import named_endpoint
from skinbeam.simulate.heated_blood import why_no_methaemoglobin, why_unheated
from skinbeam.simulate.microlesion import ENERGY_RANGE_mJ, energy_for
from skinbeam.simulate.pulse import Response, respond
from skinbeam.simulate.removal import dose_for
from skinbeam.simulate.scene import Scene, axis_ratio
from skinbeam.units import J_CM2

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "BEAM_RANGE_S",
    "DOSE_NAMES",
    "EXPOSURE_RANGE_S",
    "bracket_of",
    "default_dose",
    "effect_of_heated_blood",
    "effect_of_methaemoglobin",
    "threshold_doses",
]

Floats = NDArray[np.float64]

DOSE_NAMES: Final = ("fluence_J_cm2", "microbeam_mJ", "exposure_s")
EXPOSURE_RANGE_S: Final = (0.01, 1e5)  # of a bath
BEAM_RANGE_S: Final = (1e-8, 1e5)  # of a beam of constant irradiance
OF_VESSELS: Final = ("vessel-closure", "vessel-rupture", "purpura", "purpura-immediate")


def default_dose(case: Case, of: str | None) -> str:
    """Return the dose that a case varies, or check the one that is asked for.

    Raises
    ------
    InputError : an unknown dose, or one that the case does not have.
    """
    micro, beam = case.microbeam is not None, case.bath is None
    own = "microbeam_mJ" if micro else "fluence_J_cm2" if beam else "exposure_s"
    if of is not None and of not in DOSE_NAMES:
        raise unknown_name("dose", of, DOSE_NAMES, field="--of")
    if beam and case.laser is None and case.settings is None:
        raise InputError(
            "no-dose",
            "cooling alone has no dose to vary",
            field="laser",
            hint="Give [laser] and [settings], or [bath].",
        )
    if of is None:
        return own
    if of != own and not (of == "exposure_s" and beam and not micro):
        raise InputError("wrong-dose", f"this case has no {of} to vary", field="--of", hint=f"This case varies {own}.")
    return of


def bracket_of(case: Case, name: str) -> tuple[float, float]:
    """Return the range that is searched, in the unit of `name`."""
    if name == "exposure_s":
        return EXPOSURE_RANGE_S if case.bath is not None else BEAM_RANGE_S
    if name == "microbeam_mJ":
        return ENERGY_RANGE_mJ
    low, high = DOSE_RANGE_J_M2
    return low / J_CM2, high / J_CM2


def threshold_doses(scene: Scene, skins: "xr.Dataset", endpoint: str) -> tuple[Floats, Floats]:
    """Return the dose of each draw, J/cm² or mJ, and the weights.

    Raises
    ------
    InputError, NotAvailable : an unknown endpoint, or one that cannot be judged.
    """
    named_endpoint(endpoint)
    weights = np.asarray(skins["weight"].values, dtype=np.float64)
    beam = scene.beam
    assert beam is not None  # `default_dose` refused anything else
    if beam.microbeam is not None:
        return energy_for(endpoint, skins, beam, scene.middle), weights
    doses = dose_for(endpoint, respond(skins, beam, scene.cooling, lit=scene.light(skins)), beam)
    return doses / J_CM2 / axis_ratio(beam), weights


def effect_of_heated_blood(scene: Scene, endpoint: str, name: str) -> float | Unknown:
    """Return the dose of the middle skin over that with blood that absorbs no more as it heats.

    1 where no vessel decides; unknown where the rise of absorption is not known, where no dose is enough, and of times.

    Raises
    ------
    NotAvailable : as `threshold_doses`.
    """
    if not _vessels_decide(scene, endpoint):
        return 1.0
    if name == "exposure_s":
        return Unknown(text("simulate.heated-blood-of-time"))
    response = _of_middle(scene)
    cold = replace(response, heated_blood=False)
    return _dose_over(endpoint, response, cold, unless=why_unheated)


def effect_of_methaemoglobin(scene: Scene, endpoint: str) -> float | Unknown:
    """Return the dose of the middle skin if blood that coagulates turned into methaemoglobin, over that if it does not.

    A bound: how much of it turns was not measured. 1 where no vessel decides; unknown where it is not known what
    methaemoglobin absorbs, and where no dose is enough.

    Raises
    ------
    NotAvailable : as `threshold_doses`.
    """
    if not _vessels_decide(scene, endpoint):
        return 1.0
    response = _of_middle(scene)
    turned = replace(response, methaemoglobin=1.0)
    return _dose_over(endpoint, turned, response, unless=why_no_methaemoglobin)


def _vessels_decide(scene: Scene, endpoint: str) -> bool:
    return endpoint in OF_VESSELS and scene.beam is not None and scene.beam.microbeam is None


def _of_middle(scene: Scene) -> Response:
    assert scene.beam is not None  # `_vessels_decide` said so
    return respond(scene.middle, scene.beam, scene.cooling, lit=scene.light(scene.middle))


def _dose_over(
    endpoint: str, changed: Response, plain: Response, *, unless: Callable[[Response], Unknown | None]
) -> float | Unknown:
    """The dose of one response over that of another; unknown with the reason, or where either reaches nothing."""
    assert plain.beam is not None  # of vessels that are lit
    below = dose_for(endpoint, plain, plain.beam)[0]  # refuses before a reason is told
    if (reason := unless(plain)) is not None:
        return reason
    found = dose_for(endpoint, changed, plain.beam)[0]
    if not (np.isfinite(below) and np.isfinite(found)):
        return Unknown(text("simulate.not-reached"))
    return float(found / below)
