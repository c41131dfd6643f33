"""Threshold doses of sampled skins in the requested unit, and the effect of heated blood on them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.case import Case
from skinbeam.model.errors import InputError, unknown_name_error
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import J_CM2
from skinbeam.simulate.endpoints.crater import endpoint_fluence_with_removal
from skinbeam.simulate.endpoints.registry import endpoint_function
from skinbeam.simulate.light.illumination import axis_fluence_ratio
from skinbeam.simulate.pulse.damage_dose import DOSE_RANGE_J_M2
from skinbeam.simulate.pulse.response import PulseResponse, simulate_pulse
from skinbeam.simulate.removal.microlesion import ENERGY_RANGE_mJ, endpoint_energy_mJ
from skinbeam.simulate.scene import PulseScene
from skinbeam.simulate.vessels.heated_blood import methaemoglobin_unknown_reason, unheated_reason
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = [
    "BEAM_RANGE_S",
    "DOSE_NAMES",
    "EXPOSURE_RANGE_S",
    "MedianVesselEffects",
    "default_dose",
    "search_bracket",
    "threshold_doses",
]

Floats = NDArray[np.float64]

DOSE_NAMES: Final = ("fluence_J_cm2", "microbeam_mJ", "exposure_s")
EXPOSURE_RANGE_S: Final = (0.01, 1e5)  # of a bath
BEAM_RANGE_S: Final = (1e-8, 1e5)  # of a beam of constant irradiance
VESSEL_ENDPOINTS: Final = ("vessel-closure", "vessel-rupture", "purpura", "purpura-immediate")


def default_dose(case: Case, requested: str | None) -> str:
    """Return the dose that a case varies, or check the requested dose.

    Raises
    ------
    InputError : an unknown dose, or one that the case does not have.
    """
    micro, beam = case.microbeam is not None, case.bath is None
    own = "microbeam_mJ" if micro else "fluence_J_cm2" if beam else "exposure_s"
    if requested is not None and requested not in DOSE_NAMES:
        raise unknown_name_error("dose", requested, DOSE_NAMES, field="of")
    if beam and case.laser is None and case.settings is None:
        raise InputError(
            "no-dose",
            "cooling alone has no dose to vary",
            field="laser",
            hint="Give [laser] and [settings], or [bath].",
        )
    if requested is None:
        return own
    if requested != own and not (requested == "exposure_s" and beam and not micro):
        raise InputError(
            "wrong-dose", f"this case has no {requested} to vary", field="of", hint=f"This case varies {own}."
        )
    return requested


def search_bracket(case: Case, name: str) -> tuple[float, float]:
    """Return the searched range of a dose, in the unit of `name`."""
    if name == "exposure_s":
        return EXPOSURE_RANGE_S if case.bath is not None else BEAM_RANGE_S
    if name == "microbeam_mJ":
        return ENERGY_RANGE_mJ
    low, high = DOSE_RANGE_J_M2
    return low / J_CM2, high / J_CM2


def threshold_doses(scene: PulseScene, skins: SkinSample, endpoint: str) -> tuple[Floats, Floats]:
    """Return the threshold dose of each draw, J/cm² or mJ, and the weights of the draws.

    Raises
    ------
    InputError, NotAvailable : an unknown endpoint, or one that is not modelled for this case.
    """
    endpoint_function(endpoint)
    weights = skins["weight"]
    beam = scene.beam
    assert beam is not None  # `default_dose` refused anything else
    if beam.microbeam is not None:
        return endpoint_energy_mJ(endpoint, skins, beam, scene.median_skin), weights
    doses = endpoint_fluence_with_removal(
        endpoint, simulate_pulse(skins, beam, scene.cooling, illumination=scene.illuminate(skins)), beam
    )
    return doses / J_CM2 / axis_fluence_ratio(beam), weights


@dataclass(frozen=True)
class MedianVesselEffects:
    """Effect of heated blood and of methaemoglobin on the dose of an endpoint in the median skin.

    The ratios are 1 where the endpoint does not depend on vessels.
    """

    scene: PulseScene
    endpoint: str

    def heated_blood_ratio(self, name: str) -> float | Unknown:
        """Return the dose over that with blood whose absorption does not rise with temperature.

        `name` is the name of the dose. Unknown where the rise of absorption is not known, where no dose suffices, and
        for times.

        Raises
        ------
        NotAvailable : as `threshold_doses`.
        """
        if not self._depends_on_vessels:
            return 1.0
        if name == "exposure_s":
            return Unknown(render_message("simulate.heated-blood-of-time"))
        dose = self._dose  # raises NotAvailable before a reason is returned
        if (reason := unheated_reason(self._response)) is not None:
            return reason
        return _ratio_or_unknown(dose, self._endpoint_dose(replace(self._response, heated_blood=False)))

    def methaemoglobin_ratio(self) -> float | Unknown:
        """Return the dose if blood that coagulates turns into methaemoglobin, over the dose if it does not.

        This is a bound: the share that turns was not measured. Unknown where the absorption of methaemoglobin is not
        known, and where no dose suffices.

        Raises
        ------
        NotAvailable : as `threshold_doses`.
        """
        if not self._depends_on_vessels:
            return 1.0
        dose = self._dose
        if (reason := methaemoglobin_unknown_reason(self._response)) is not None:
            return reason
        return _ratio_or_unknown(self._endpoint_dose(replace(self._response, methaemoglobin=1.0)), dose)

    @property
    def _depends_on_vessels(self) -> bool:
        beam = self.scene.beam
        return self.endpoint in VESSEL_ENDPOINTS and beam is not None and beam.microbeam is None

    @cached_property
    def _response(self) -> PulseResponse:
        scene = self.scene
        return simulate_pulse(
            scene.median_skin, scene.beam, scene.cooling, illumination=scene.illuminate(scene.median_skin)
        )

    @cached_property
    def _dose(self) -> float:
        return self._endpoint_dose(self._response)

    def _endpoint_dose(self, response: PulseResponse) -> float:
        assert response.beam is not None  # only for lit vessels
        return float(endpoint_fluence_with_removal(self.endpoint, response, response.beam)[0])


def _ratio_or_unknown(dose: float, reference_dose: float) -> float | Unknown:
    if not (np.isfinite(reference_dose) and np.isfinite(dose)):
        return Unknown(render_message("simulate.not-reached"))
    return dose / reference_dose
