"""A proposed setting of a machine: its light, and the published doses around the one that a plan begins with."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from skinbeam.laser.beam import Beam
from skinbeam.laser.device_class import SHORTEST_NANOSECOND_MS
from skinbeam.laser.setting_grid import BeamSetting, dose_steps
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.earlier_result import EarlierResult, EndpointSeen
from skinbeam.plan.printed_dose import DOSE_ROUNDING, practice_quantity
from skinbeam.published_doses.settings import PrintedColumns
from skinbeam.response.column_energy import HEATED_COLUMNS, HeatedBeam, energy_as_deep_mJ
from skinbeam.response.envelope import PublishedRange
from skinbeam.response.practice_place import PracticePlace, columns_parameters, dose_span, place_dose
from skinbeam.response.settings import SearchMachine, build_beam
from skinbeam.text import Message

__all__ = ["Proposal", "SimilarLight", "UncooledDoses"]


@dataclass(frozen=True)
class SimilarLight:
    """Light whose published doses a light takes that nobody published a dose of.

    Parameters
    ----------
    wavelength_nm : of the light that sources print doses of.
    factor : ratio of the computed doses that burn the skin that they treated, of the light that takes them over it.
    printed : its least and its greatest dose as printed, J/cm².
    """

    wavelength_nm: float
    factor: float
    printed: tuple[float, float]

    @property
    def parameters(self) -> dict[str, float]:
        """Its wavelength and the factor, as parameters of a message."""
        return {"wavelength_nm": self.wavelength_nm, "factor": self.factor}


@dataclass(frozen=True)
class UncooledDoses:
    """Doses of a laser without cooling, moved from those that sources print for skin that was cooled.

    Parameters
    ----------
    factor : ratio of the computed doses that burn the skin that they treated, without cooling over below a spray.
    printed : the least and the greatest dose as printed, J/cm².
    """

    factor: float
    printed: tuple[float, float]


@dataclass(frozen=True)
class Proposal:
    """A setting to begin with, and the published range of its dose.

    Parameters
    ----------
    machine : the machine; its doses are those that may be tried.
    setting : wavelength, pulse and spot on the steps of the machine.
    low, middle, high : published doses, J/cm², or mJ of a microbeam.
    densities_per_cm2 : least and greatest published density of microbeams; None where none is printed.
    sources : keys of the sources of the range.
    condition : the condition that they treated with it.
    lighter_phototype : the lighter phototype, 1 to 6, whose doses are borrowed; None where they are of such skin.
    darker_phototype : the darker phototype, 1 to 6, whose doses are taken; None where they are of such skin.
    printed : least and greatest dose as printed for such skin, where the range is another; else None.
    bounding_phototype : the lighter phototype, 1 to 6, whose smaller dose at this setting it begins with, although
        sources print more for such skin, of light that is not simulated in another spot; None where there is none.
    is_own_deeper : whether sources print deeper columns for such skin of the face, and those of lighter skin are taken.
    bluer_filter_nm : the cut-off of the lamp's filter with which sources print its doses for such skin, where lighter
        skin has a redder one, which is then kept, or the guideline names a redder one; else None.
    shorter_pulse_ms : the lamp's pulse that such doses are printed with, where lighter skin has a longer one, which is
        then kept; else None.
    is_least_first : whether light of another kind injured this skin, so that it begins with the least published dose.
    facial_share : share of the doses for the face that skin away from it gets; else None.
    is_of_site : whether its source treated the site itself.
    is_least_off_face : whether it begins with the least published dose because sources treated thicker skin.
    least_of_darker : the greatest of the least doses that are published for darker skin with this light; lighter skin
        begins with no less that its own sources print, since it bears what darker skin bears.
    similar_light : the light whose doses it takes, since no source prints one of its own; else None.
    columns : the energies of microbeams as printed, where the published ones are as deep in other beams; else None.
    is_cooled : whether a source of its doses says that the skin was cooled.
    uncooled : how its doses were moved from those for cooled skin, where the machine has no cooling; else None.
    earlier : the session on this skin that it follows: its setting is given again, or its dose is raised; else None.
    raised_start : the dose to begin with after an earlier session that helped too little, or where test spots showed
        the endpoint; else 0.
    no_less_than : the session on this skin whose dose it bore and which did too little, where the doses are borrowed
        from lighter skin: they are moved to no less; else None.
    no_more_than : the session whose dose helped this skin when it was lighter, and is not exceeded; else None.
    deeper_before : the session on this skin whose columns were deeper, bore and did too little; else None.
    endpoint : the doses of these test spots; else None.
    whitened : the least dose of test spots that showed the endpoint, less than which the model calls enough of no
        skin; 0 without one.
    usual_range : the published range that holds its dose without the earlier session; None without either.
    usual_borne_density_per_cm2 : its `borne_density_per_cm2` without the earlier session; None without either.
    is_density_printed : whether sources print the density: not one of an earlier session that is above theirs.
    usual_density_per_cm2 : the greatest that the plan would try if its density were not that of an earlier session;
        infinite where none is printed, None without such a session.
    """

    machine: SearchMachine
    setting: BeamSetting
    low: float
    middle: float
    high: float
    densities_per_cm2: tuple[float, float] | None
    sources: tuple[str, ...]
    condition: str
    lighter_phototype: int | None = None
    darker_phototype: int | None = None
    printed: tuple[float, float] | None = None
    bounding_phototype: int | None = None
    is_own_deeper: bool = False
    bluer_filter_nm: float | None = None
    shorter_pulse_ms: float | None = None
    is_least_first: bool = False
    facial_share: float | None = None
    is_of_site: bool = False
    is_least_off_face: bool = False
    least_of_darker: float = 0.0
    similar_light: SimilarLight | None = None
    columns: PrintedColumns | None = None
    is_cooled: bool = False
    uncooled: UncooledDoses | None = None
    earlier: EarlierResult | None = None
    raised_start: float = 0.0
    no_less_than: EarlierResult | None = None
    deeper_before: EarlierResult | None = None
    no_more_than: EarlierResult | None = None
    endpoint: EndpointSeen | None = None
    whitened: float = 0.0
    usual_range: PublishedRange | None = None
    usual_borne_density_per_cm2: float | None = None
    is_density_printed: bool = True
    usual_density_per_cm2: float | None = None

    @property
    def has_helped(self) -> bool:
        """Whether it is the setting of an earlier session that helped this skin."""
        return self.earlier is not None and self.earlier.has_helped

    @property
    def is_borne(self) -> bool:
        """Whether this very skin bore the dose to begin with in an earlier session, without harm."""
        return self.earlier is not None and self.start <= self.earlier.dose

    @property
    def is_beyond_print(self) -> bool:
        """Whether only an earlier session supports its dose, since no source prints as much for such skin."""
        high = 0.0 if self.printed is None else self.printed[1]
        return self.has_helped and self.high > DOSE_ROUNDING * high

    @property
    def is_energy_printed(self) -> bool:
        """Whether sources print its energy of microbeams for such skin and such beams."""
        return self.lighter_phototype is None and self.columns is None and not self.is_beyond_print

    @property
    def start(self) -> float:
        """The dose to begin with, J/cm², or mJ of a microbeam."""
        if self.raised_start:
            return self.raised_start
        if self.is_least_first:
            return self.low
        most = max(self.middle, min(self.least_of_darker, self.high))
        if not self.is_least_off_face:
            return most
        # Of a single printed dose this one, although clinics vary around it.
        printed = self.low if self.printed is None else self.printed[0]
        return min(max(self.low, printed, self.least_of_darker), most)

    @property
    def is_raised_to_darker(self) -> bool:
        """Whether it begins with more than the middle for such skin, since sources print no less for darker skin."""
        return self.middle < self.start == self.least_of_darker

    @property
    def least_beam(self) -> Beam:
        """The beam of its setting, at the least dose of the machine."""
        return build_beam(self.machine, self.setting, dose_steps(self.machine.device, self.setting)[0])

    @property
    def density_per_cm2(self) -> float | None:
        """The density to begin with: the middle of the printed ones, of those for darker skin the greatest."""
        if self.densities_per_cm2 is None:
            return None
        low, high = self.densities_per_cm2
        return high if self.darker_phototype is not None else math.sqrt(low * high)

    @property
    def borne_density_per_cm2(self) -> float:
        """The density that darker skin begins with, whose doses are taken: lighter skin bears it; 0 where none is."""
        if self.usual_borne_density_per_cm2 is not None:
            return self.usual_borne_density_per_cm2
        if self.darker_phototype is None or self.densities_per_cm2 is None or self.columns is not None:
            return 0.0
        return math.sqrt(math.prod(self.densities_per_cm2))

    @property
    def is_density_of_such_skin(self) -> bool:
        """Whether sources print a density for such skin itself, and for such beams: wider ones injure more skin."""
        is_own = self.lighter_phototype is None and self.darker_phototype is None and self.columns is None
        return self.densities_per_cm2 is not None and is_own and self.is_density_printed

    def in_columns_of(self, setting: BeamSetting) -> "Proposal":
        """Return the proposal at a setting whose heated columns have another diameter, with energies that go as deep.

        Unchanged for any other light, and in the same beam.
        """
        own, wanted = HeatedBeam.of_setting(self.setting), HeatedBeam.of_setting(setting)
        if not self.machine.device.microbeam or HEATED_COLUMNS not in self.machine.device.modalities or own == wanted:
            return self
        low, middle, high, *printed = (
            energy_as_deep_mJ(energy, own, wanted) for energy in (self.low, self.middle, self.high, *self.printed_range)
        )
        return replace(
            self,
            setting=setting,
            low=low,
            middle=middle,
            high=high,
            printed=None if self.printed is None else (printed[0], printed[1]),
            columns=self.columns or PrintedColumns(*self.printed_range, own.diameter_um, own.diameter_um),
        )

    def is_less_deep(self, dose: float, other: BeamSetting, other_dose: float) -> bool:
        """Return whether its columns with an energy, mJ, are less deep than others; not of what cannot be compared."""
        own, wanted = HeatedBeam.of_setting(self.setting), HeatedBeam.of_setting(other)
        if HEATED_COLUMNS in self.machine.device.modalities and own != wanted:
            dose = energy_as_deep_mJ(dose, own, wanted)
        elif self.setting.spot_mm != other.spot_mm:
            return False
        return other_dose > DOSE_ROUNDING * dose

    @property
    def published_range(self) -> PublishedRange:
        """Its published range."""
        own = self.lighter_phototype is None
        columns = self.columns
        return PublishedRange(
            self.low, self.high, self.high, self.middle, self.sources, self.condition, own, columns=columns
        )

    @property
    def quantity(self) -> str:
        """The quantity of its doses, as published doses name it."""
        return practice_quantity(self.machine)

    @property
    def unit(self) -> Literal["J/cm²", "mJ"]:
        """The unit of its doses."""
        return "mJ" if self.machine.device.microbeam else "J/cm²"

    @property
    def printed_range(self) -> tuple[float, float]:
        """The least and the greatest dose as printed."""
        return self.printed or (self.low, self.high)

    @property
    def range_parameters(self) -> dict[str, float | str | Message]:
        """The doses as printed and the number of their sources, as parameters of a message."""
        doses = dose_span(*self.printed_range, self.unit)
        if self.similar_light is not None:
            printed = dose_span(*self.similar_light.printed, self.unit)
            doses = Message("plan.doses-moved", {"doses": doses, "printed": printed, **self.similar_light.parameters})
        if self.uncooled is not None:
            cooled = dose_span(*self.uncooled.printed, self.unit)
            doses = Message("plan.doses-uncooled", {"doses": doses, "printed": cooled, "factor": self.uncooled.factor})
        if self.columns is not None:
            doses = Message("plan.doses-columns", {"doses": doses, **columns_parameters(self.columns)})
        if self.darker_phototype is not None:
            doses = Message("plan.doses-of-darker", {"doses": doses, "darker": PHOTOTYPES[self.darker_phototype - 1]})
        return {"doses": doses, "sources": len(self.sources)}

    @property
    def printed_words(self) -> Message:
        """The printed doses in words, their skin, and the range that a plan takes around them, as a clause."""
        doses = self.range_parameters["doses"]
        printed = Message("asked.printed", {"doses": doses})
        if self.darker_phototype is not None:
            printed = Message("asked.printed-other", {"doses": doses})
        elif self.lighter_phototype is not None and self.bounding_phototype is None:
            params = {"doses": doses, "lighter": PHOTOTYPES[self.lighter_phototype - 1]}
            printed = Message("asked.printed-lighter-here" if self.is_own_deeper else "asked.printed-lighter", params)
        if self.printed in (None, (self.low, self.high)):
            return printed
        return Message("asked.printed-taken", {"printed": printed, "taken": dose_span(self.low, self.high, self.unit)})

    def place(self, condition: str, dose: float, *, is_planned: bool = True) -> PracticePlace:
        """Return the place of a dose for a condition beside its published range, as `place_dose`."""
        place = place_dose(condition, dose, self.published_range, self.quantity, is_planned=is_planned)
        if self.similar_light is None:
            return place
        moved = {"place": place.message, **self.similar_light.parameters}
        return replace(place, message=Message("practice.similar-light", moved))

    def includes(self, dose: float) -> bool:
        """Return whether a dose is in the published range, as machines and sources round doses."""
        return self.low / DOSE_ROUNDING <= dose <= 1.001 * self.high

    @property
    def is_published_only(self) -> bool:
        """Whether its light is not simulated: that of a lens array, and picosecond pulses."""
        return self.machine.device.lens_array or self.setting.pulse_ms < SHORTEST_NANOSECOND_MS

    def is_begun_with(self, dose: float) -> bool:
        """Return whether a dose is printed for such skin or darker, and no less than what plans begin with."""
        is_own = self.lighter_phototype is None and self.similar_light is None
        return is_own and self.start / DOSE_ROUNDING <= dose <= 1.001 * self.high

    def is_start(self, dose: float) -> bool:
        """Return whether a dose is the one that plans begin with, as near as the machine has it."""
        below = [step for step in dose_steps(self.machine.device, self.setting) if step <= 1.001 * self.start]
        return bool(below) and dose == below[-1]

    @property
    def published_doses(self) -> tuple[float, ...]:
        """The machine's doses in the published range, ascending.

        Of a range that is borrowed from other skin, or moved from other beams, those below it too.
        """
        is_borrowed = self.lighter_phototype is not None or self.columns is not None
        every = self.machine.doses(self.setting)
        return tuple(dose for dose in every if self.includes(dose) or (is_borrowed and dose < self.low))

    @property
    def doses(self) -> tuple[float, ...]:
        """The doses to try, ascending: the published ones; where an earlier injury bars all of them, those below."""
        return self.published_doses or tuple(dose for dose in self.machine.doses(self.setting) if dose < self.low)
