"""Treatment offers for virtual people: by the planner, from a clinic's reading of their colour, and by the textbook."""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from research.virtual_people.people import SITE, design
from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.estimate import Estimate
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.units import MS
from skinbeam.plan.planner import make_plan
from skinbeam.published_doses.calibration import BurnLight, DoseCalibration, burn_calibration
from skinbeam.response.envelope import PracticeLight, find_envelope
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling

__all__ = ["Regime", "TreatmentOffer", "planned_offer", "regimes", "textbook_offer"]

_MIDDLE: Final = 0.5
_AREA_CM2: Final = 200.0  # a tenth of it holds spots of every session, windows of lamps included


@dataclass(frozen=True)
class Regime:
    """A condition, and the one device that a clinic treats it with."""

    condition: str
    modality: str
    device: str

    @property
    def machine(self) -> SearchMachine:
        """The device as the planner's search uses it."""
        return SearchMachine(self.device, _device(self.device))

    @property
    def light(self) -> BurnLight:
        """The light of the device's first setting, which represents the others."""
        device = _device(self.device)
        setting = next(iterate_settings(device))
        return BurnLight(setting.wavelength_nm, setting.pulse_ms * MS, setting.spot_mm, lamp=device.is_lamp)

    @property
    def error(self) -> DoseCalibration:
        """The error of computed burn doses in its light."""
        return burn_calibration(self.light)


@dataclass(frozen=True)
class TreatmentOffer:
    """A setting of the device of a regime, and the plan's predictions, which are NaN without a plan.

    Parameters
    ----------
    p_burn, p_effective : probability that such a person burns, and that the target is reached.
    spots : doses of the test spots. p_burn_if_clean : probability of a burn once all of them are clean.
    """

    regime: Regime
    setting: BeamSetting
    dose_J_cm2: float
    p_burn: float = math.nan
    p_effective: float = math.nan
    spots: tuple[float, ...] = ()
    p_burn_if_clean: float = math.nan

    @property
    def beam(self) -> Beam:
        """The beam of the setting, with the device's first dose."""
        machine = self.regime.machine
        return build_beam(machine, self.setting, machine.doses(self.setting)[0])

    @property
    def cooling(self) -> CoolingPlan:
        """The cooling of the device."""
        return built_in_cooling(_device(self.regime.device))[0]


def regimes() -> tuple[Regime, ...]:
    """Return the regimes of the design."""
    return tuple(Regime(**row) for row in design()["regime"])


def planned_offer(regime: Regime, reported_colour: float | str) -> TreatmentOffer | None:
    """Return a plan's offer for a person whose colour was read, in degrees, or who reported a phototype.

    None where the plan has no setting.
    """
    made = make_plan(_case(regime, reported_colour), draws=design()["draws"], seed=0)
    (concern,) = made.concerns
    trial = concern.trial
    if trial is None or trial.unjudged is not None:
        return None
    (ladder,) = made.plan.test_spots
    clean = ladder.p_burn_if_clean
    return TreatmentOffer(
        regime,
        trial.setting,
        trial.dose,
        p_burn=trial.p_injury,
        p_effective=trial.p_effective,
        spots=tuple(spot.fluence_J_cm2 for spot in ladder.spots if spot.fluence_J_cm2 is not None),
        p_burn_if_clean=clean.median if isinstance(clean, Estimate) else math.nan,
    )


@cache
def textbook_offer(regime: Regime, phototype: int) -> TreatmentOffer:
    """Return the middle of the settings published for a phototype, 1 to 6, at the device's nearest setting.

    The middle is taken for each quantity separately, each source counted once; rows reserved for validation are left
    out. The dose is 1 J/cm²: the comparison with a plan uses the dose at which as many people burn.
    """
    device = _device(regime.device)
    lamp = device.heads[0].band_nm is not None
    every = list(iterate_settings(device))
    light = PracticeLight(regime.modality, every[0].wavelength_nm, every[0].pulse_ms, lamp=lamp)
    envelope = find_envelope(regime.condition, light, phototype)
    if envelope is not None:
        for quantity in ("wavelength_nm", "pulse_ms", "spot_mm"):
            wanted = envelope.quantiles(quantity, [_MIDDLE]) if lamp or quantity != "wavelength_nm" else []
            every = _nearest(every, quantity, wanted[0]) if wanted else every
    return TreatmentOffer(regime, every[len(every) // 2], 1.0)


def _nearest(settings: Sequence[BeamSetting], quantity: str, wanted: float) -> list[BeamSetting]:
    """Return the settings whose value of a quantity is nearest to `wanted`."""
    nearest = min((getattr(setting, quantity) for setting in settings), key=lambda value: abs(math.log(value / wanted)))
    return [setting for setting in settings if getattr(setting, quantity) == nearest]


def _device(name: str) -> Device:
    known: Mapping[str, Device] = devices()
    return known[name]


def _case(regime: Regime, value: float | str) -> LoadedCase:
    colour = {"phototype": value} if isinstance(value, str) else {"ita_deg": value}
    concern: dict[str, Any] = {
        "condition": regime.condition,
        "site": SITE,
        "severity": "moderate",
        "area_cm2": _AREA_CM2,
    }
    named = {"diagnosed": True, "diagnosed_by": "dermatologist", "diagnosis_method": "dermoscopy"}
    tables = {
        "title": "Virtual person (synthetic)",
        "patient": {"age_years": 45.0, "sex": "female", "tan": "none", "pregnant": False, **colour},
        "concern": [concern | named | {"diagnosis_date": datetime.date(2026, 11, 2)}],
        "clinic": {"devices": [regime.device]},
    }
    return LoadedCase(parse_record(Case, tables, file="person.toml"), Path(), "person.toml")
