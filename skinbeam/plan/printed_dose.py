"""Read printed doses: those of the guideline's cells, and the nearest settings of clinics and trials.

A dose of a cell comes with the pulse, spot, filter and columns that are printed beside it; settings of clinics and
trials come as ranges of their doses at a setting that a machine has.
"""

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineDose
from skinbeam.laser.beam import density_of_coverage_per_cm2
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.units import MM, UM
from skinbeam.model.vocabulary import HEATING_MODALITIES, PHOTOTYPES
from skinbeam.published_doses.settings import PrintedColumns
from skinbeam.response.column_energy import HEATED_COLUMNS, HeatedBeam, energies_in_beam, usual_diameter_um
from skinbeam.response.envelope import PublishedRange
from skinbeam.response.practice_place import ENERGY, FLUENCE
from skinbeam.response.settings import PracticeRegion, SearchMachine

__all__ = [
    "DOSE_ROUNDING",
    "PrintedDose",
    "darker_phototype",
    "lighter_phototype",
    "log_ratio",
    "nearest_practice",
    "order_by_distance",
    "practice_doses",
    "practice_quantity",
    "read_dose",
]

DOSE_ROUNDING: Final = 1.15  # steps of machines, and rounding by sources, move a dose by so much
_MS: Final = {"ps": 1e-9, "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0}
# Of skin that no source treated so, the longer of the printed pulses and the wider of the spots: the epidermis cools
# during a longer pulse, and a wider spot needs less at the surface for the same heat at depth.
_PROTECTIVE_PLACE: Final = 0.75
_NUMBER = r"(\d+(?:\.\d+)?)"
_PULSE = re.compile(rf"{_NUMBER}(?:-{_NUMBER})?\s*(ps|ns|us|µs|ms)\b")
_SPOT = re.compile(rf"{_NUMBER}(?:-{_NUMBER})?\s*mm\b")
_BAND = re.compile(r"(\d{3})-\d{3,4} nm\b")
_DENSITY = re.compile(rf"{_NUMBER}(?:-{_NUMBER})?\s*per cm2")
_COOLED = re.compile(r"\b(?:spray|contact)\b")
_PASSES = re.compile(rf"{_NUMBER}(?:-{_NUMBER})?\s*passes\b")


@dataclass(frozen=True)
class PrintedDose:
    """A dose as sources print it, with pulse and spot, or the diameter of microbeams, where they are printed, too."""

    low: float
    high: float
    pulse_ms: float | None
    spot_mm: float | None
    cut_off_nm: float | None
    densities_per_cm2: tuple[float, float] | None
    coverages_pct: tuple[float, float] | None
    is_cooled: bool
    sources: tuple[str, ...]
    diameter_um: float | None = None
    columns: PrintedColumns | None = None

    @property
    def middle(self) -> float:
        """The geometric mean of its ends."""
        return math.sqrt(self.low * self.high)

    def usual_diameter_mm(self, wavelength_nm: float) -> float | None:
        """Return the diameter of heated columns with the middle energy, as printed or usual; None if unknown."""
        diameter_um = self.diameter_um or usual_diameter_um(wavelength_nm, self.middle)
        return None if diameter_um is None else diameter_um * UM / MM

    def in_columns_of(self, setting: BeamSetting) -> "PrintedDose":
        """Return the energies with which heated columns of a setting are as deep as the printed ones."""
        beam = HeatedBeam.of_setting(setting)
        found = energies_in_beam(self.low, self.high, setting.wavelength_nm, beam, diameter_um=self.diameter_um)
        return self if found is None else replace(self, low=found.low_mJ, high=found.high_mJ, columns=found.columns)

    def densities_at(self, spot_mm: float) -> tuple[float, float] | None:
        """The densities, 1/cm², of microbeams of a diameter: as printed, or those with the printed share under them."""
        if self.densities_per_cm2 is not None or self.coverages_pct is None:
            return self.densities_per_cm2
        low, high = (density_of_coverage_per_cm2(spot_mm * MM / UM, share) for share in self.coverages_pct)
        return low, high


def read_dose(cell: GuidelineCell, dose: GuidelineDose) -> PrintedDose:
    """Return a dose of a cell with the middle of the pulse and the spot that are printed with it, and its columns."""
    pulse = _PULSE.search(dose.setting_text)
    band = _BAND.search(dose.setting_text)
    return PrintedDose(
        dose.low,
        dose.high,
        None if pulse is None else _middle(pulse) * _MS[pulse[3]],
        None if (spot := _SPOT.search(dose.setting_text)) is None else _middle(spot),
        None if band is None else float(band[1]),
        _printed_densities_per_cm2(dose.setting_text),
        _printed_coverages_pct(cell, dose),
        _COOLED.search(dose.setting_text) is not None,
        dose.sources,
        dose.diameter_um,
    )


def _printed_densities_per_cm2(setting_text: str) -> tuple[float, float] | None:
    """Return the least and the greatest printed density of all passes together; None where none is printed."""
    density, passes = _DENSITY.search(setting_text), _PASSES.search(setting_text)
    if density is None:
        return None
    low, high = (1.0, 1.0) if passes is None else _ends(passes)
    least, most = _ends(density)
    return least * low, most * high


def _printed_coverages_pct(cell: GuidelineCell, dose: GuidelineDose) -> tuple[float, float] | None:
    """Return the least and the greatest share of the skin that a cell prints beside an energy of columns that ablate.

    Of them it is the share under the beams. Of columns that are only heated machines show the share that is injured,
    which depends on the energy.
    """
    if getattr(cell, dose.place).treatment != "fractional-ablative":
        return None
    beside = (
        (printed.low, printed.high)
        for printed in doses_of_cell(cell)
        if printed.quantity == "coverage_percent"
        and (printed.place, printed.device_class) == (dose.place, dose.device_class)
    )
    return next(beside, None)


def _ends(match: re.Match[str]) -> tuple[float, float]:
    return float(match[1]), float(match[2] or match[1])


def _middle(match: re.Match[str]) -> float:
    return math.sqrt(math.prod(_ends(match)))


# Settings of clinics and trials.


def practice_quantity(machine: SearchMachine) -> str:
    """Return the quantity of a machine's doses, as published doses name it."""
    return ENERGY if machine.device.microbeam else FLUENCE


def log_ratio(value: float, wanted: float | None) -> float:
    """Return how far a value is from a wanted one, as the logarithm of their ratio; 0 where none is wanted."""
    return 0.0 if wanted is None else abs(math.log(value / wanted))


def practice_doses(
    machine: SearchMachine, setting: BeamSetting, region: PracticeRegion, span: PublishedRange
) -> tuple[float, float]:
    """Return the middle and the greatest dose of a range; neither exceeds that of lighter skin at the same setting."""
    own_high = span.own_high or span.high  # of sources that treated such skin, beside those that treated others too
    high = min(span.usual_high, *region.lighter_highs(machine.device, setting), own_high, span.high)
    middle = span.middle
    for lighter in range((region.phototype or len(PHOTOTYPES)) - 1, 0, -1):
        lighter_region = replace(region, phototype=lighter)
        doses = lighter_region.dose_range(machine.device, setting, needs_pulse=_needs_pulse(machine, region))
        if doses is not None and doses.includes_phototype and doses.condition == span.condition:
            lighter_middle, lighter_high = practice_doses(machine, setting, lighter_region, doses)
            middle, high = min(middle, lighter_middle), min(high, lighter_high)
            break
    high = max(high, span.low)
    return max(min(middle, math.sqrt(span.low * high)), span.low), high


def _needs_pulse(machine: SearchMachine, region: PracticeRegion) -> bool:
    """Return whether a dose holds for its pulse alone, as that of a laser which heats does.

    Pulses of lamps differ less, and few sources print them.
    """
    return _heats(machine, region) and not machine.device.is_lamp


def _heats(machine: SearchMachine, region: PracticeRegion) -> bool:
    return region.modality in HEATING_MODALITIES and not machine.device.microbeam


def lighter_phototype(machine: SearchMachine, setting: BeamSetting, region: PracticeRegion) -> int | None:
    """Return the next lighter phototype that sources treated; None where they treated darker skin alone."""
    own = region.phototype or len(PHOTOTYPES)
    return _next_treated(machine, setting, region, range(own - 1, 0, -1))


def darker_phototype(machine: SearchMachine, setting: BeamSetting, region: PracticeRegion) -> int | None:
    """Return the next darker phototype that sources treated; None where they treated lighter skin alone."""
    own = region.phototype or len(PHOTOTYPES)
    return _next_treated(machine, setting, region, range(own + 1, len(PHOTOTYPES) + 1))


def _next_treated(
    machine: SearchMachine, setting: BeamSetting, region: PracticeRegion, numbers: Iterable[int]
) -> int | None:
    for number in numbers:
        span = replace(region, phototype=number).dose_range(machine.device, setting)
        if span is not None and span.includes_phototype:
            return number
    return None


def nearest_practice(
    machine: SearchMachine, settings: Sequence[BeamSetting], region: PracticeRegion
) -> tuple[BeamSetting, PublishedRange] | None:
    """Return the setting nearest to the pulse and spot of most sources, with the published range of its dose.

    Settings with a dose of such skin and this condition come first; the others have the longer pulses and wider spots.
    """
    others: dict[BeamSetting, PublishedRange] = {}
    own: dict[BeamSetting, PublishedRange] = {}  # of the condition itself, in other skin
    for setting in order_by_distance(machine, settings, region, 0.5):
        span = region.dose_range(machine.device, setting, needs_pulse=_needs_pulse(machine, region))
        if span is None or not any(span.low / DOSE_ROUNDING <= dose <= span.high for dose in machine.doses(setting)):
            continue
        if span.includes_phototype and span.condition == region.condition:
            return setting, span
        (own if span.condition == region.condition else others)[setting] = span
    others = own or others
    place = _PROTECTIVE_PLACE if _heats(machine, region) else 0.5
    nearest = next(iter(order_by_distance(machine, others, region, place)), None)
    return None if nearest is None else (nearest, others[nearest])


def order_by_distance(
    machine: SearchMachine, settings: Collection[BeamSetting], region: PracticeRegion, place: float
) -> list[BeamSetting]:
    """Return settings by their distance to a quantile of the pulses and spots that sources print beside a dose.

    Of a lamp the filter counts too, and of its windows the widest is nearest, because few sources report them. Of
    microbeams that remove columns the narrowest is nearest, since no source prints a width; of those that heat columns
    the width of the printed energies.
    """
    dose = practice_quantity(machine)
    quantities = ("pulse_ms", "wavelength_nm") if machine.device.is_lamp else ("pulse_ms", "spot_mm")
    wanted: dict[tuple[str, float, float], float] = {}

    def distance(setting: BeamSetting) -> tuple[float, float]:
        away = 0.0
        for quantity in quantities:
            if quantity == "spot_mm" and region.modality == HEATED_COLUMNS:
                away += _log_ratio_to_printed_beam(machine, setting, region)
                continue
            of_beam = setting.spot_mm if machine.device.microbeam and quantity == "pulse_ms" else 0.0
            key = quantity, setting.wavelength_nm, of_beam
            if key not in wanted:
                printed = region.published_value(quantity, machine.device, setting, place, dose)
                offered = sorted(getattr(other, quantity) for other in settings if of_beam in (0.0, other.spot_mm))
                is_width = quantity == "spot_mm" and machine.device.microbeam
                wanted[key] = printed or offered[0 if is_width else len(offered) // 2]
            away += log_ratio(getattr(setting, quantity), wanted[key])
        return away, -setting.spot_mm if machine.device.is_lamp else 0.0

    return sorted(settings, key=distance)


def _log_ratio_to_printed_beam(machine: SearchMachine, setting: BeamSetting, region: PracticeRegion) -> float:
    """Return how far the diameter of microbeams is from that of the printed energies, as the logarithm of the ratio."""
    span = region.dose_range(machine.device, setting)
    if span is None or span.columns is None:
        return 0.0
    return log_ratio(setting.spot_mm * MM / UM, math.sqrt(span.columns.low_um * span.columns.high_um))
