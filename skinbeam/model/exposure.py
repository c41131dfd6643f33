"""Case file tables of a pulse: skin, vessels, lesions, laser, settings, cooling; and trains of sub-pulses."""

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from skinbeam.model.document import round_significant
from skinbeam.model.fields import (
    FieldError,
    InputTable,
    choice,
    exact_length,
    flag,
    number,
    text,
    value_or_list,
    vocabulary_name,
    whole_number,
)
from skinbeam.model.units import DAY_S, MS

__all__ = [
    "LESION_KINDS",
    "MAX_TRAINS",
    "PRESETS",
    "RESTING_TEMPERATURE_RANGE_C",
    "Bath",
    "Cooling",
    "Laser",
    "Layer",
    "Lesion",
    "Microbeam",
    "PulseTrain",
    "Reflectance",
    "RepeatedSubpulseCounts",
    "Settings",
    "Skin",
    "SubpulseCounts",
    "SubpulseLengths",
    "Vessel",
    "check_trains_fit",
    "combine_trains",
    "equal_area_mm",
    "train_length_ms",
]

# Pulses that are trains of short sub-pulses, in a case file or a device file.
#
# A nominal pulse lasts from the beginning of its first sub-pulse to the end of the last. If the sub-pulses of a machine
# are not known, several pairs of number and length are given, all equally likely.

MAX_TRAINS = 8
SAME_SIZE = 1e-6  # relative: a size that is stated twice
TRAIN_SLACK = 1e-9  # relative: rounding error of lengths that were read as decimals
SubpulseCounts = Annotated[list[int], value_or_list(whole_number(1, 1000), MAX_TRAINS)]
RepeatedSubpulseCounts = Annotated[list[int], value_or_list(whole_number(2, 1000), MAX_TRAINS)]
SubpulseLengths = Annotated[list[float], value_or_list(number(1e-9, 1e4, "ms"), MAX_TRAINS)]


class PulseTrain(NamedTuple):
    """Number of sub-pulses, and the length of each in ms; they are spread evenly over the nominal pulse."""

    number: int
    length_ms: float


def combine_trains(numbers: Sequence[int] | None, lengths_ms: Sequence[float] | None) -> tuple[PulseTrain, ...]:
    """Return the trains that the two keys `subpulses` and `subpulse_ms` define; empty if either is left out.

    Raises
    ------
    FieldError : lengths without numbers, or not as many lengths as numbers.
    """
    if lengths_ms is not None and numbers is None:
        raise FieldError(
            "no-subpulses", "subpulse_ms without subpulses", "Give subpulses, their number.", field="subpulses"
        )
    if numbers is None or lengths_ms is None:
        return ()
    if len(numbers) != len(lengths_ms):
        raise FieldError(
            "not-paired",
            f"{len(numbers)} in subpulses, {len(lengths_ms)} in subpulse_ms",
            "One length for each number of sub-pulses.",
            field="subpulse_ms",
        )
    return tuple(map(PulseTrain, numbers, lengths_ms))


def train_length_ms(train: PulseTrain, delay_ms: float) -> float:
    """Return the length of a train from the beginning of its first sub-pulse to the end of the last."""
    return round_significant(train.number * train.length_ms + (train.number - 1) * delay_ms, 9)


def equal_area_mm(footprint_mm: Sequence[float]) -> float:
    """Return the diameter of the disc with the area of a rectangular window, to three digits, as machines state sizes.

    The digits dropped change the area by at most 1 %.
    """
    width, height = footprint_mm
    return round_significant(math.sqrt(4.0 / math.pi * width * height), 3)


def check_trains_fit(trains: Sequence[PulseTrain], pulse_ms: float) -> None:
    """Reject trains that do not fit into a pulse of this length.

    Raises
    ------
    FieldError : sub-pulses longer than their spacing, or a single sub-pulse shorter than the pulse.
    """
    for n, length_ms in trains:
        most_ms = pulse_ms / n
        if length_ms > most_ms * (1 + TRAIN_SLACK):
            raise FieldError(
                "subpulses-overlap",
                f"{n} sub-pulses of {length_ms:g} ms overlap in a pulse of {pulse_ms:g} ms",
                f"With {n} in {pulse_ms:g} ms each lasts at most {most_ms:.4g} ms.",
                field="subpulse_ms",
            )
        if n == 1 and length_ms < pulse_ms * (1 - TRAIN_SLACK):
            raise FieldError(
                "lone-subpulse",
                f"one sub-pulse of {length_ms:g} ms in a pulse of {pulse_ms:g} ms",
                "A single one is the pulse itself; several last from the first to the end of the last.",
                field="subpulse_ms",
            )


PRESETS = (
    "human",
    "pig",
    "minipig",
    "guinea-pig",
    "guinea-pig-albino",
    "rat",
    "hamster",
    "hamster-window",
    "mouse-ear",
    "chick-membrane",
    "blood",
    "melanosome",
    "phantom",
)
LESION_KINDS = (
    "lentigo",
    "freckle",
    "naevus-of-ota",
    "telangiectasia",
    "port-wine-stain",
    "spider",
    "scar",
    "hair",
    "undiagnosed",
)


class Reflectance(InputTable):
    """A spectrophotometer's or melanin meter's reading of untreated skin."""

    wavelength_nm: list[Annotated[float, number(300, 2500, "nm")]] = Field(min_length=1, max_length=10_000)
    value: list[Annotated[float, number(0, 1, "")]] = Field(min_length=1, max_length=10_000)
    specular: Annotated[str, choice("included", "excluded")] = "included"

    @model_validator(mode="after")
    def _same_length(self) -> "Reflectance":
        if len(self.wavelength_nm) != len(self.value):
            raise FieldError(
                "lengths-differ",
                f"{len(self.wavelength_nm)} wavelengths and {len(self.value)} values",
                "As many values as wavelengths.",
            )
        return self


class Layer(InputTable):
    """A skin layer with all its properties, at the wavelength of the laser."""

    name: Annotated[str, text(100, min_length=1)]
    thickness_um: Annotated[float, number(0, 1e6, "µm", exclude_low=True)] | None = None
    mua_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    mus_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    g: Annotated[float, number(-0.999, 0.999, "")]
    n: Annotated[float, number(1, 3, "")]
    # Lower limits are near those of air at rest (1.2 kg/m³, 0.026 W/(m K)) and gold (129 J/(kg K)): no material below
    # skin has less.
    density_kg_m3: Annotated[float, number(1, 20_000, "kg/m³")] = 1109.0
    heat_capacity_J_kgK: Annotated[float, number(100, 10_000, "J/(kg K)")] = 3391.0
    conductivity_W_mK: Annotated[float, number(0.01, 500, "W/(m K)")] = 0.37


# Temperature before a pulse. Below 0 °C the water of tissue may be ice, whose heat of melting and fourfold conduction
# are not modelled. Above 45 °C skin is not at rest: half of people feel pain (45.7 °C, `tissue/pain.toml`), and by
# Henriques' rate (`tissue/kinetics.toml`) it burns within two hours without any pulse. Thermal properties were measured
# within these ends (water and tissue 3 to 45 °C).
RESTING_TEMPERATURE_RANGE_C = (0.0, 45.0)


class Skin(InputTable):
    """The skin; values that are left out follow from the preset and the patient."""

    preset: Annotated[str, choice(*PRESETS)] = "human"
    site: Annotated[str, vocabulary_name("site")] | None = None
    ita_deg: Annotated[float, number(-90, 90, "degrees")] | None = None
    temperature_C: Annotated[float, number(*RESTING_TEMPERATURE_RANGE_C, "°C")] | None = None
    hydration: Annotated[float, number(0, 1, "")] | None = None
    melanosome: Annotated[str, choice("retinal", "cutaneous")] | None = None
    reflectance: Reflectance | None = None
    layer: list[Layer] = Field(default=[], max_length=100)


class Vessel(InputTable):
    """A blood vessel parallel to the surface."""

    depth_um: Annotated[float, number(0, 1e5, "µm", exclude_low=True)]
    diameter_um: Annotated[float, number(1, 1e4, "µm")]  # of the lumen; blood cells do not enter narrower vessels
    wall_um: Annotated[float, number(0, 1000, "µm", exclude_low=True)] | None = None
    haematocrit: Annotated[float, number(0, 1, "", exclude_low=True)] | None = None
    oxygenation: Annotated[float, number(0, 1, "")] | None = None

    @property
    def outer_radius_um(self) -> float:
        """Radius of the lumen and, if given, the wall."""
        return self.diameter_um / 2 + (self.wall_um or 0.0)

    @model_validator(mode="after")
    def _below_surface(self) -> "Vessel":
        if self.depth_um < self.outer_radius_um:
            thick = "" if self.wall_um is None else f" with a wall of {self.wall_um:g} µm"
            raise FieldError(
                "vessel-above-surface",
                f"a vessel of {self.diameter_um:g} µm{thick} and its axis at {self.depth_um:g} µm stands out of the "
                "skin",
                "depth_um is the depth of the axis: at least half the diameter, and the wall on top of it.",
                field="depth_um" if self.depth_um < self.diameter_um / 2 else "wall_um",
            )
        return self


class Lesion(InputTable):
    """A pigment spot, scar or similar lesion in the beam."""

    kind: Annotated[str, choice(*LESION_KINDS)]
    diameter_mm: Annotated[float, number(0, 1000, "mm", exclude_low=True)] | None = None
    melanin_ratio: Annotated[float, number(0, 100, "", exclude_low=True)] | None = None


class Laser(InputTable):
    """A device by name or file, or a wavelength without a device."""

    device: Annotated[str, text(200)] | None = None
    wavelength_nm: Annotated[float, number(193, 12_000, "nm")] | None = None

    @model_validator(mode="after")
    def _something(self) -> "Laser":
        if self.device is None and self.wavelength_nm is None:
            raise FieldError(
                "laser-empty", "neither device nor wavelength_nm is given", "Give device, or wavelength_nm."
            )
        return self


class Settings(InputTable):
    """The settings of the device."""

    overlap_fraction: Annotated[float, number(0, 0.95, "")] = 0.0
    fluence_J_cm2: Annotated[float, number(0, 1000, "J/cm²", exclude_low=True)] | None = None
    energy_J: Annotated[float, number(0, 1000, "J", exclude_low=True)] | None = None
    power_W: Annotated[float, number(0, 10_000, "W", exclude_low=True)] | None = None
    pulse_ms: Annotated[float, number(1e-9, 1e4, "ms")] | None = None
    spot_mm: Annotated[float, number(0, 200, "mm", exclude_low=True)] | None = None
    footprint_mm: Annotated[list[Annotated[float, number(0, 200, "mm", exclude_low=True)]], exact_length(2)] | None = (
        None
    )
    profile: Annotated[str, choice("top-hat", "gaussian")] = "top-hat"
    pulses: Annotated[int, whole_number(1, 10_000)] = 1
    repetition_Hz: Annotated[float, number(0, 1e6, "Hz")] = 0.0
    passes: Annotated[int, whole_number(1, 100)] = 1
    pass_interval_s: Annotated[float, number(0, 86_400, "s")] = 0.0
    subpulses: SubpulseCounts | None = None
    subpulse_ms: SubpulseLengths | None = None
    subpulse_delay_ms: Annotated[float, number(0, 10_000, "ms", exclude_low=True)] | None = None

    @property
    def diameter_mm(self) -> float | None:
        """Diameter of the spot; of a rectangular window that of the disc of equal area; None if neither is given."""
        return self.spot_mm if self.footprint_mm is None else equal_area_mm(self.footprint_mm)

    @property
    def length_ms(self) -> float | None:
        """Length of the pulse, or of the whole train where the time between its sub-pulses is given."""
        if self.subpulse_delay_ms is None:
            return self.pulse_ms
        (train,) = combine_trains(self.subpulses, self.subpulse_ms)
        return train_length_ms(train, self.subpulse_delay_ms)

    @model_validator(mode="after")
    def _one_footprint(self) -> "Settings":
        if self.footprint_mm is None or self.spot_mm is None:
            return self
        if abs(self.spot_mm - equal_area_mm(self.footprint_mm)) > SAME_SIZE * self.spot_mm:
            width, height = self.footprint_mm
            raise FieldError(
                "two-footprints",
                f"spot_mm = {self.spot_mm:g} beside a footprint of {width:g} by {height:g} mm",
                "Give footprint_mm for a rectangular window, spot_mm for a disc.",
                field="footprint_mm",
            )
        return self

    @model_validator(mode="after")
    def _delayed_train(self) -> "Settings":
        if self.subpulse_delay_ms is None:
            return self
        trains = combine_trains(self.subpulses, self.subpulse_ms)
        if len(trains) != 1 or trains[0].number < 2:
            raise FieldError(
                "no-subpulses",
                "subpulse_delay_ms without one number of sub-pulses and their length",
                "Give subpulses and subpulse_ms, one value of each.",
                field="subpulse_delay_ms",
            )
        length = train_length_ms(trains[0], self.subpulse_delay_ms)
        if self.pulse_ms is not None and abs(self.pulse_ms - length) > SAME_SIZE * length:
            raise FieldError(
                "two-pulses",
                f"pulse_ms = {self.pulse_ms:g} beside a train of {length:g} ms",
                "Leave pulse_ms out: the train lasts from its first sub-pulse to the end of the last.",
                field="pulse_ms",
            )
        return self

    @model_validator(mode="after")
    def _one_dose(self) -> "Settings":
        given = [n for n in ("fluence_J_cm2", "energy_J", "power_W") if getattr(self, n) is not None]
        if len(given) > 1:
            raise FieldError(
                "two-doses",
                f"{' and '.join(given)} are both given",
                "Keep one of fluence_J_cm2, energy_J, power_W.",
            )
        if self.pulses > 1 and self.repetition_Hz == 0:
            raise FieldError("no-rate", f"{self.pulses} pulses at 0 Hz", "Give repetition_Hz for a train of pulses.")
        if self.pulse_ms is not None and self.pulse_ms * MS * self.repetition_Hz > 1:
            raise FieldError(
                "pulses-overlap",
                f"pulses of {self.pulse_ms:g} ms at {self.repetition_Hz:g} Hz overlap in time",
                "pulse_ms x repetition_Hz / 1000 at most 1.",
                field="repetition_Hz",
            )
        return self

    @model_validator(mode="after")
    def _within_a_day(self) -> "Settings":
        """Reject pulses and passes that take more than a day.

        The damage model only accumulates. Over days skin repairs and renews itself, and the model would count even
        resting skin as burnt.
        """
        pulses_s = (self.pulses - 1) / self.repetition_Hz if self.pulses > 1 else 0.0
        whole_s = self.passes * pulses_s + (self.passes - 1) * self.pass_interval_s
        if whole_s > DAY_S:
            slow = self.passes * pulses_s > DAY_S
            raise FieldError(
                "too-long",
                f"the pulses and passes take {whole_s:.4g} s",
                f"At most {DAY_S:,.0f} s in all: what comes on later days is another session.",
                field="repetition_Hz" if slow else "pass_interval_s",
            )
        return self

    @model_validator(mode="after")
    def _train(self) -> "Settings":
        if self.subpulses is not None and self.subpulses != [1] and self.subpulse_ms is None:
            raise FieldError(
                "no-subpulse-length", "subpulses without subpulse_ms", "Give subpulse_ms.", field="subpulse_ms"
            )
        trains = combine_trains(self.subpulses, self.subpulse_ms)
        if self.pulse_ms is not None:
            check_trains_fit(trains, self.pulse_ms)
        return self


class Microbeam(InputTable):
    """The microbeams of a fractional device: energy, diameter and density."""

    energy_mJ: Annotated[float, number(0, 10_000, "mJ", exclude_low=True)] | None = None
    diameter_um: Annotated[float, number(1, 5000, "µm")]
    density_per_cm2: Annotated[float, number(0, 100_000, "1/cm²", exclude_low=True)]
    profile: Annotated[str, choice("top-hat", "gaussian")] = "gaussian"


class Cooling(InputTable):
    """Surface cooling: its kind and timing."""

    kind: Annotated[str, choice("none", "air", "contact", "spray")]
    cryogen: Annotated[str, choice("R134a", "R404A")] | None = None
    temperature_C: Annotated[float, number(-80, 60, "°C")] | None = None
    coefficient_W_m2K: Annotated[float, number(0, 1e5, "W/(m² K)")] | None = None
    before_ms: Annotated[float, number(0, 60_000, "ms")] = 0.0
    delay_ms: Annotated[float, number(0, 60_000, "ms")] = 0.0
    during: Annotated[bool, flag()] = False
    after_ms: Annotated[float, number(0, 600_000, "ms")] = 0.0


class Bath(InputTable):
    """A surface held at a temperature: a contact burn experiment."""

    temperature_C: Annotated[float, number(-80, 300, "°C")]
    exposure_s: Annotated[float, number(0, 1e6, "s", exclude_low=True)] | None = None
