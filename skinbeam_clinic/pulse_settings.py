"""The settings of a pulse as values: ordered, delivered at an area or a test spot, and read by the next plan.

A setting becomes text only where a person or another program reads it. Stored JSON holds what is given, by the names of
the case file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from pydantic import ConfigDict, SerializerFunctionWrapHandler, model_serializer

from skinbeam.model.consultation import EarlierSession, EarlierTestSpot
from skinbeam.model.input_files import parse_record
from skinbeam.plan_records.course import LadderStep, TestSpotLadder

__all__ = [
    "DOSES",
    "SETTINGS",
    "OrderedSettings",
    "PulseSettings",
    "SpotSettings",
    "WithMeasuredColour",
    "case_session",
    "case_test_spot",
    "read_fired_settings",
    "step_settings",
]

DOSES = ("fluence_J_cm2", "energy_mJ")


@dataclass(frozen=True, kw_only=True)
class PulseSettings:
    """The settings of a pulse, in the order of display; None where a setting was not given.

    Parameters
    ----------
    energy_mJ, density_per_cm2 : of microbeams.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")  # a setting that is not known is not lost

    wavelength_nm: float | None = None
    fluence_J_cm2: float | None = None
    energy_mJ: float | None = None
    density_per_cm2: float | None = None
    spot_mm: float | None = None
    pulse_ms: float | None = None

    @classmethod
    def of_earlier(cls, pulse: EarlierTestSpot | EarlierSession) -> "PulseSettings":
        """Return the settings of an earlier test spot or session of a case."""
        return PulseSettings(**{name: getattr(pulse, name) for name in SETTINGS})

    @model_serializer
    def as_record(self) -> dict[str, float | int | str]:
        """Return what is given, as JSON holds it."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}

    def numbers(self) -> dict[str, float]:
        """Return the settings that are given, by name."""
        return {name: value for name, value in self.as_record().items() if not isinstance(value, str)}


NO_SETTINGS = PulseSettings()
SETTINGS = tuple(field.name for field in fields(PulseSettings))


@dataclass(frozen=True, kw_only=True)
class OrderedSettings(PulseSettings):
    """The settings of a treatment with its number of passes."""

    passes: float | None = None

    @property
    def pulse(self) -> PulseSettings:
        """The settings of each pulse."""
        return PulseSettings(**{name: getattr(self, name) for name in SETTINGS})


@dataclass(frozen=True, kw_only=True)
class SpotSettings(PulseSettings):
    """The settings of a test spot, with the device and the site."""

    device: str
    site: str


class WithMeasuredColour:
    """A stored record with the measured colour of the skin, `ita_deg`; without one it is stored as before there was."""

    @model_serializer(mode="wrap")
    def as_record(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return what JSON holds; without a measured colour it is what programs wrote that knew none."""
        values: dict[str, Any] = write(self)
        return {name: value for name, value in values.items() if (name, value) != ("ita_deg", None)}


def step_settings(ladder: TestSpotLadder, step: LadderStep) -> SpotSettings:
    """Return the settings of a step of a ladder."""
    return SpotSettings(
        device=ladder.device,
        site=ladder.site,
        wavelength_nm=ladder.wavelength_nm,
        fluence_J_cm2=step.fluence_J_cm2,
        energy_mJ=step.energy_mJ,
        density_per_cm2=step.density_per_cm2,
        spot_mm=step.spot_mm,
        pulse_ms=step.pulse_ms,
    )


def case_test_spot(
    settings: SpotSettings, read_after_h: float, reaction: str, *, file: str, ita_deg: float | None = None
) -> EarlierTestSpot:
    """Return a pulse and the reaction to it as the test spot of a case.

    Parameters
    ----------
    ita_deg : the measured colour of that skin then.

    Raises
    ------
    InputError : a value that no case file may have.
    """
    seen = {"read_after_h": read_after_h, "reaction": reaction} | ({} if ita_deg is None else {"ita_deg": ita_deg})
    return parse_record(EarlierTestSpot, {**settings.as_record(), **seen}, file=file)


def case_session(
    settings: PulseSettings,
    *,
    week: float,
    treats: str,
    device: str,
    response_pct: float | None,
    adverse: tuple[str, ...],
    cooling: str | None = None,
    ita_deg: float | None = None,
) -> EarlierSession:
    """Return a treatment as the earlier session of a case.

    Parameters
    ----------
    cooling : the kind that was used; None where it is not known.
    ita_deg : the measured colour of that skin then.

    Raises
    ------
    InputError : a value that no case file may have.
    """
    about = {"week": week, "treats": treats, "device": device, "response_pct": response_pct, "adverse": list(adverse)}
    values = {name: getattr(settings, name) for name in SETTINGS} | about | {"cooling": cooling}
    values["ita_deg"] = ita_deg
    given = {name: value for name, value in values.items() if value is not None}
    return parse_record(EarlierSession, given, file="records")


def read_fired_settings(planned: SpotSettings, typed: Mapping[str, float | str | None]) -> SpotSettings:
    """Return the settings of a spot with what was typed in place of what was planned.

    Parameters
    ----------
    typed : name → what was typed; None where the field was left empty.

    Raises
    ------
    InputError : a value that no case file may have.
    """
    values = {name: value for name, value in {**planned.as_record(), **typed}.items() if value is not None}
    spot = parse_record(EarlierTestSpot, {**values, "read_after_h": 0.0, "reaction": "none"}, file="test spot")
    return SpotSettings(device=planned.device, site=planned.site, **vars(PulseSettings.of_earlier(spot)))
