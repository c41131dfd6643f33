"""The device file: the settings that a machine can emit, in clinical units. It does not say which settings are safe.

A head is one mode of operation: a wavelength, its pulse lengths, and either spots with a fluence each or tips that
emit microbeams. Each setting of a head is offered as a list of values, or as a range with or without steps.
"""

import itertools
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, model_validator

from skinbeam.model.conditions import known_modalities
from skinbeam.model.exposure import (
    PulseTrain,
    RepeatedSubpulseCounts,
    SubpulseLengths,
    check_trains_fit,
    combine_trains,
    equal_area_mm,
)
from skinbeam.model.fields import (
    FieldError,
    InputTable,
    choice,
    exact_length,
    flag,
    number,
    text,
    vocabulary_name,
    whole_number,
)
from skinbeam.model.package_data import load_package_table

__all__ = ["CoolingHead", "DeviceFile", "DeviceHead", "MicrobeamOutput", "Offer", "SpotOutput", "TrainOutput"]

Number = TypeVar("Number")
DELAY_SLACK = 1e-4  # relative: a delay is the small difference of a train and its pulses, each read as a decimal
STEP_SLACK = 1e-9  # of a step: the rounding error of low + n·step


Wavelength = Annotated[float, number(193, 12_000, "nm")]
Pulse = Annotated[float, number(1e-9, 1e4, "ms")]
SpotSize = Annotated[float, number(0.01, 200, "mm")]
Fluence = Annotated[float, number(0, 1000, "J/cm²", exclude_low=True)]
Energy = Annotated[float, number(0, 10_000, "mJ", exclude_low=True)]
Diameter = Annotated[float, number(1, 5000, "µm")]
Density = Annotated[float, number(0, 100_000, "1/cm²", exclude_low=True)]
Power = Annotated[float, number(0, 10_000, "W", exclude_low=True)]
Rate = Annotated[float, number(0, 1e6, "Hz", exclude_low=True)]
Delay = Annotated[float, number(0, 600_000, "ms", exclude_low=True)]
TrainCount = Annotated[int, whole_number(2, 1000)]
Celsius = Annotated[float, number(-80, 60, "°C")]
Time = Annotated[float, number(0, 600_000, "ms")]
Title = Annotated[str, text(100, min_length=1)]
Modality = Annotated[str, vocabulary_name("modality")]
DeviceClass = Annotated[str, choice(*load_package_table("data/device_classes.toml"))]
Flag = Annotated[bool, flag()]


class Offer(InputTable, Generic[Number]):
    """Selectable values of a setting: `values`, or `low` to `high`, in steps of `step` from `low` if it has steps."""

    values: Annotated[list[Number], Field(min_length=1, max_length=500)] | None = None
    low: Number | None = None
    high: Number | None = None
    step: Number | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # The class of an offer with bounds has no name in this module; a copy in another process is one without them.
        return partial(Offer.model_construct, self.model_fields_set, **self.__dict__), ()

    @model_validator(mode="after")
    def _one_way(self) -> "Offer[Number]":
        values: Any = self.values
        low: Any = self.low
        high: Any = self.high
        step: Any = self.step
        hint = "Either values = [...], or low and high, with or without step."
        if values is not None:
            if (low, high, step) != (None, None, None):
                raise FieldError("offer-twice", "values stands beside low, high or step", hint)
            if any(b <= a for a, b in itertools.pairwise(values)):
                raise FieldError(
                    "not-ascending", f"values do not ascend, read {values}", "Each value once, in ascending order."
                )
        elif low is None or high is None:
            raise FieldError("offer-empty", "neither values nor low with high are given", hint)
        elif low > high:
            raise FieldError("ends-exchanged", f"low = {low:g} is above high = {high:g}", "low at most high.")
        elif step is not None and not 0 < step <= high - low:
            raise FieldError(
                "wrong-step", f"step = {step:g} from {low:g} to {high:g}", f"Above 0, at most {high - low:g}."
            )
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest selectable value."""
        if self.values is not None:
            values: Any = self.values
            return values[0], values[-1]
        low: Any = self.low
        high: Any = self.high
        return low, high

    def contains(self, value: float, slack: float = 1e-6) -> bool:
        """Return whether `value` can be set, to a relative `slack`."""
        if self.values is not None:
            values: Any = self.values
            return any(abs(value - v) <= slack * abs(v) for v in values)
        low, high = self.ends
        if value < low - slack * abs(low) or value > high + slack * abs(high):
            return False
        step: Any = self.step
        return step is None or abs((value - low) / step - round((value - low) / step)) <= max(
            STEP_SLACK, slack * value / step
        )


class SpotOutput(InputTable):
    """A full-field spot: its diameter, or the width and height of a rectangular window, and its fluence."""

    spot_mm: SpotSize | None = None
    footprint_mm: Annotated[list[SpotSize], exact_length(2)] | None = None
    fluence_J_cm2: Offer[Fluence]

    @model_validator(mode="after")
    def _one_size(self) -> "SpotOutput":
        if (self.spot_mm is None) == (self.footprint_mm is None):
            read = "neither spot_mm nor footprint_mm" if self.spot_mm is None else "both spot_mm and footprint_mm"
            raise FieldError(
                "spot-or-footprint", f"holds {read}", "spot_mm for a disc, footprint_mm for a rectangular window."
            )
        return self

    @property
    def diameter_mm(self) -> float:
        """Diameter of the spot; of a rectangular window that of the disc of equal area."""
        if self.footprint_mm is not None:
            return equal_area_mm(self.footprint_mm)
        assert self.spot_mm is not None  # one of the two is given
        return self.spot_mm


class MicrobeamOutput(InputTable):
    """Microbeams of one diameter: energy of each, density per square centimetre and pass, power during the pulse."""

    diameter_um: Diameter
    energy_mJ: Offer[Energy]
    density_per_cm2: Offer[Density]
    power_W: Offer[Power] | None = None


class TrainOutput(InputTable):
    """Trains that can be set in place of one pulse: how many pulses, each of a length of the head, and the time between
    them.
    """

    pulses: Offer[TrainCount]
    delay_ms: Offer[Delay]


class DeviceHead(InputTable):
    """One mode of operation. `band_nm` marks a filtered lamp, whose `wavelength_nm` is the cut-off of the filter."""

    classes: list[DeviceClass] = Field(default=[], max_length=10)
    wavelength_nm: Wavelength
    band_nm: Annotated[list[Wavelength], exact_length(2)] | None = None
    pulse_ms: Offer[Pulse]
    pulse_shape: Annotated[str, choice("square", "smooth", "spiked", "train")]
    subpulses: RepeatedSubpulseCounts | None = None
    subpulse_ms: SubpulseLengths | None = None
    train: TrainOutput | None = None
    spot: list[SpotOutput] = Field(default=[], max_length=100)
    tip: list[MicrobeamOutput] = Field(default=[], max_length=100)

    @model_validator(mode="after")
    def _whole(self) -> "DeviceHead":
        if bool(self.spot) == bool(self.tip):
            read = "both [[head.spot]] and [[head.tip]]" if self.spot else "neither [[head.spot]] nor [[head.tip]]"
            raise FieldError("spot-or-tip", f"holds {read}", "Spots for a full field, tips for microbeams.")
        sizes = [spot.diameter_mm for spot in self.spot]
        if len(set(sizes)) < len(sizes):
            raise FieldError(
                "spot-twice",
                f"a spot stands twice, read {sizes}",
                "Each size once a head; a rectangular window counts as the disc of equal area.",
            )
        if self.train is not None and (self.tip or self.pulse_shape == "train"):
            raise FieldError(
                "train-twice",
                f"[head.train] with {'tips' if self.tip else 'pulse_shape = train'}",
                "Trains are set on heads with spots whose single pulses are no trains.",
            )
        if self.subpulses is not None and self.pulse_shape != "train":
            raise FieldError(
                "no-train", f'subpulses with pulse_shape = "{self.pulse_shape}"', 'Only with pulse_shape = "train".'
            )
        check_trains_fit(self.trains, self.pulse_ms.ends[0])
        if self.band_nm is not None and not self.wavelength_nm == self.band_nm[0] < self.band_nm[1]:
            raise FieldError(
                "wrong-band",
                f"band_nm = {self.band_nm} with wavelength_nm = {self.wavelength_nm:g}",
                "[cut-off, end], ascending, with wavelength_nm at the cut-off.",
            )
        return self

    def offers_train(self, train: PulseTrain, pulse_ms: float) -> bool:
        """Return whether a train that lasts `pulse_ms` from its first pulse to the end of the last can be set."""
        if self.train is None or train.number < 2:
            return False
        delay_ms = (pulse_ms - train.number * train.length_ms) / (train.number - 1)
        return (
            self.train.pulses.contains(train.number)
            and self.pulse_ms.contains(train.length_ms)
            and self.train.delay_ms.contains(delay_ms, slack=DELAY_SLACK)
        )

    @property
    def trains(self) -> tuple[PulseTrain, ...]:
        """The sub-pulses of its pulses; empty if pulses are not divided, or if the sub-pulses are not fully stated."""
        return combine_trains(self.subpulses, self.subpulse_ms)


class CoolingHead(InputTable):
    """Built-in cooling and its selectable timings; a timing that is left out is not offered."""

    kind: Annotated[str, choice("air", "contact", "spray")]
    cryogen: Annotated[str, choice("R134a", "R404A")] | None = None
    temperature_C: Offer[Celsius] | None = None
    before_ms: Offer[Time] | None = None
    delay_ms: Offer[Time] | None = None
    during: Flag = False
    after_ms: Offer[Time] | None = None

    @model_validator(mode="after")
    def _cryogen_sprays(self) -> "CoolingHead":
        if (self.cryogen is not None) != (self.kind == "spray"):
            raise FieldError(
                "wrong-cryogen",
                f'kind = "{self.kind}" '
                + ("without a cryogen" if self.cryogen is None else f'with cryogen = "{self.cryogen}"'),
                "A spray names its cryogen; nothing else does.",
            )
        return self


class DeviceFile(InputTable):
    """A whole device file.

    `emission` is `lens-array` where an optic splits each spot into many small beams of unknown energy: the fluence is
    the mean over the spot, as the machine shows it. `stated` is the origin of the ranges: `maker`, `typical of the
    class` (the range that such machines are reported to offer) or `unverified` (common knowledge that no opened source
    states). `classes` are the classes of all heads that state none of their own; where neither states any, they follow
    from the light. `compression` is a window that is pressed on the skin during the pulse.
    """

    title: Title
    modalities: Annotated[list[Modality], Field(min_length=1, max_length=10)]
    classes: list[DeviceClass] = Field(default=[], max_length=10)
    emission: Annotated[str, choice("full-field", "microbeam", "lens-array")]
    profile: Annotated[str, choice("top-hat", "gaussian")]
    repetition_Hz: Offer[Rate]
    eyewear_nm: Annotated[list[Annotated[list[Wavelength], exact_length(2)]], Field(min_length=1, max_length=20)]
    compression: Annotated[str, choice("glass")] | None = None
    stated: Annotated[str, choice("maker", "typical of the class", "unverified")]
    source: Annotated[list[Annotated[str, text(200)]], Field(min_length=1, max_length=50)]
    head: Annotated[list[DeviceHead], Field(min_length=1, max_length=50)]
    cooling: list[CoolingHead] = Field(default=[], max_length=5)

    @model_validator(mode="after")
    def _fits_together(self) -> "DeviceFile":
        if dark := [name for name in self.modalities if not known_modalities()[name].laser]:
            raise FieldError(
                "not-light",
                f"modalities holds {', '.join(dark)}, which no light does",
                f"Done by light: {', '.join(name for name, known in known_modalities().items() if known.laser)}.",
                field="modalities",
            )
        for index, head in enumerate(self.head):
            if bool(head.tip) != (self.emission == "microbeam"):
                raise FieldError(
                    "wrong-emission",
                    f'head[{index}] holds {"tips" if head.tip else "spots"} with emission = "{self.emission}"',
                    "Tips go with microbeam, spots with full-field.",
                    field=f"head[{index}]",
                )
            low, high = head.band_nm or (head.wavelength_nm, head.wavelength_nm)
            if not any(band[0] <= low and high <= band[1] for band in self.eyewear_nm):
                raise FieldError(
                    "eyewear-gap",
                    f"no eyewear band covers the {low:g} to {high:g} nm of head[{index}]",
                    "eyewear_nm = [[low, high], ...] covers every wavelength that is emitted.",
                    field="eyewear_nm",
                )
        kinds = [head.kind for head in self.cooling]
        if self.compression is not None and "spray" in kinds:
            raise FieldError(
                "glass-and-spray",
                f'compression = "{self.compression}" with a cooling of kind "spray"',
                "A spray cannot reach skin below a window: one device file for each hand piece.",
                field="compression",
            )
        if len(set(kinds)) < len(kinds):
            raise FieldError(
                "cooling-twice",
                f"a kind of cooling stands twice, read {', '.join(kinds)}",
                "Each kind once.",
                field="cooling",
            )
        return self
