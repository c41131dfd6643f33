"""Scenarios in which a published dose may have been given, and the ratio of the dose to computed doses that burn.

Only burns of an epidermis that is not itself the target are modelled. For a setting that the source does not print, all
values of `data/practice.toml` are used, all equally likely. Burns that were counted without a dose are not modelled;
they are still evidence of how often clinics burn (`undosed_count_family`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.burn_calibration.assumptions import UsualSettings, practice_assumptions
from skinbeam.laser.beam import Beam
from skinbeam.laser.beam_of_case import lamp_lines
from skinbeam.laser.cooling import CoolingPlan, resolve_cooling
from skinbeam.model.exposure import PulseTrain
from skinbeam.model.units import J_CM2
from skinbeam.published_doses.calibration import laser_family
from skinbeam.published_doses.rows import GROWTHS, PracticeRow, PrintedSpan, wavelength_from_name_nm
from skinbeam.simulate.light.lighting import illuminate, light_first_skin
from skinbeam.simulate.light.spot import spot_shares
from skinbeam.simulate.pulse.damage_dose import cell_death_dose
from skinbeam.simulate.pulse.locations import basal_layer_response
from skinbeam.simulate.pulse.response import PulseResponse, simulate_pulse
from skinbeam.skin.distribution import SkinDistribution

__all__ = [
    "PIGMENT_CONDITIONS",
    "SHORTEST_PULSE_MS",
    "WAVELENGTH_RANGE_NM",
    "BurnObservation",
    "DoseScenario",
    "LogDoseRatio",
    "burn_observation",
    "dose_scenarios",
    "exclusion_reason",
    "log_dose_ratios",
    "simulate_responses",
    "undosed_count_family",
]

# Conditions in which epidermal pigment is the target, or in which ink or black lesions absorb the light.
PIGMENT_CONDITIONS: Final = frozenset(
    (
        "age-spots",
        "freckles",
        "melasma",
        "post-inflammatory-hyperpigmentation",
        "pigmented-lesions",
        "dermatosis-papulosa-nigra",
        "hori-naevus",
        "naevus-of-ota",
        "seborrhoeic-keratosis",
        "tattoo",
    )
)
_Pulse = tuple[float, tuple[PulseTrain, ...]]
SHORTEST_PULSE_MS: Final = 0.1
WAVELENGTH_RANGE_NM: Final = (500.0, 1200.0)
# Harms that begin with a burn of the epidermis: hypopigmentation begins when its melanocytes die.
_FIRST_SIGNS: Final = ("blister", "burn", "hypopigmentation")


@dataclass(frozen=True)
class DoseScenario:
    """A possible scenario of the treatment in a row.

    Parameters
    ----------
    fluence_J_cm2 : least and greatest dose; within this range people with lighter skin received more.
    """

    skin: SkinDistribution
    beam: Beam
    cooling: CoolingPlan
    fluence_J_cm2: tuple[float, float]


@dataclass(frozen=True)
class BurnObservation:
    """The observation of burns in a row.

    Parameters
    ----------
    kind : `counted`, events among people; `begins`, a dose at which harm was observed to begin; `recommended` or
        `used`, a dose that is recommended or was given, without a count.
    events, total : number of burns, and of people or treatments.
    sessions : number in which each of those counted could be burnt; 1 if treatments are counted.
    """

    kind: str
    events: int = 0
    total: int = 0
    sessions: float = 1.0


def burn_observation(row: PracticeRow) -> BurnObservation | None:
    """Return the observation of burns in a row, or None if it has none."""
    if row.kind == "recommended":
        return BurnObservation("recommended")
    if row.harm is not None and row.harm.counts_skin_injury:
        return BurnObservation("counted", row.harm.events or 0, row.harm.total or 0, _sessions_per_person(row))
    if row.kind == "threshold":
        return BurnObservation("begins") if row.harm is not None and row.harm.kind in _FIRST_SIGNS else None
    return BurnObservation("used") if row.kind in ("used", "tolerated") else None


def _sessions_per_person(row: PracticeRow) -> float:
    """Return the sessions of each person if people are counted: treatments over people, else the middle of the range.

    1 if treatments are counted.
    """
    if row.harm is None or row.harm.unit != "patients":
        return 1.0
    if row.treatments and row.patients:
        return max(1.0, row.treatments / row.patients)
    return _span_middle(row.sessions, 1.0)


def undosed_count_family(row: PracticeRow) -> str | None:
    """Return the laser family of a row that counts burns without printing the dose; None for other rows."""
    observation = burn_observation(row)
    if (
        observation is None
        or observation.kind != "counted"
        or exclusion_reason(row) not in ("no-fluence", "no-wavelength")
    ):
        return None
    if (
        row.condition in PIGMENT_CONDITIONS | GROWTHS
        or row.condition == "venous-lake"
        or row.row in practice_assumptions().given_otherwise
    ):
        return None
    if row.lamp:
        return "lamp"
    nm = row.wavelength_nm or wavelength_from_name_nm(row.device)
    is_computed = nm is not None and WAVELENGTH_RANGE_NM[0] <= nm <= WAVELENGTH_RANGE_NM[1] and not _is_short_pulse(row)
    return laser_family(nm, lamp=False) if nm is not None and is_computed else None


def exclusion_reason(row: PracticeRow) -> str | None:
    """Return why a row cannot be modelled, as a key of the practice page; None if it can be modelled."""
    lines = _spectral_lines(row)
    if row.microbeam_mJ is not None or row.coverage_pct is not None or row.density_per_cm2 is not None:
        return "microbeams"
    if not lines:
        return "no-wavelength"
    if not all(WAVELENGTH_RANGE_NM[0] <= nm <= WAVELENGTH_RANGE_NM[1] for nm, _ in lines):
        return "other-light"
    if _is_short_pulse(row):
        return "short-pulses"
    if row.condition in PIGMENT_CONDITIONS:
        return "pigment-is-the-target"
    if row.condition in GROWTHS:
        return "growth-is-the-target"
    if row.condition == "venous-lake":
        return "lip"  # its melanin has not been measured
    if row.row in practice_assumptions().given_otherwise:
        return "given-otherwise"
    if row.fluence_J_cm2 is None and row.mean_fluence_J_cm2 is None:
        return "no-fluence"
    if burn_observation(row) is None:
        return "burns-not-counted"
    return None


def dose_scenarios(row: PracticeRow) -> tuple[DoseScenario, ...]:
    """Return the possible scenarios of a row that can be modelled, all equally likely."""
    lines = _spectral_lines(row)
    middle = sum(nm * share for nm, share in lines)
    assumed = practice_assumptions()
    usual = assumed.lamp if row.lamp else assumed.usual_settings(middle)
    spots = _span_ends(row.spot_mm) if row.spot_mm is not None else usual.spot_mm
    phototype = row.phototype or assumed.phototypes.get(row.ethnic_group)
    skin = SkinDistribution(site=_row_site(row), phototype=phototype, vessel_kind="normal")
    return tuple(
        DoseScenario(skin, _scenario_beam(middle, lines, pulse, spot), _scenario_cooling(kind, row), _dose_range(row))
        for pulse, spot, kind in product(_possible_pulses(row, usual), spots, _possible_coolings(row, usual))
    )


def _spectral_lines(row: PracticeRow) -> tuple[tuple[float, float], ...]:
    """Return the wavelengths of a row with their shares of the energy; empty if they are not printed.

    Lasers of two wavelengths or more, in one pulse or for one person each, count as half of either end.
    """
    if row.wavelength_nm is not None:
        return ((row.wavelength_nm, 1.0),)
    low, high = row.band_nm or (None, None)
    if low is None:
        return ()
    if not row.lamp and high is not None:
        return (low, 0.5), (high, 0.5)
    return lamp_lines(low, high or practice_assumptions().longest_lamp_nm)


def _is_short_pulse(row: PracticeRow) -> bool:
    """Return whether pulses last nano- or picoseconds, by the name of the device if their length is not printed."""
    if row.pulse_ms is not None:
        return min(_span_ends(row.pulse_ms)) < SHORTEST_PULSE_MS
    return bool(row.pulse_class)


def _possible_pulses(row: PracticeRow, usual: UsualSettings) -> tuple[_Pulse, ...]:
    """Return each possible pulse of a row: its whole length and its sub-pulses."""
    trains = practice_assumptions().trains.get(row.row)
    if trains is not None:
        return tuple(
            (
                train.pulses * train.length_ms + (train.pulses - 1) * train.pause_ms,
                (PulseTrain(train.pulses, train.length_ms),),
            )
            for train in trains
        )
    lengths = _span_ends(row.pulse_ms) if row.pulse_ms is not None else usual.pulse_ms
    return tuple((length, ()) for length in lengths)


def _possible_coolings(row: PracticeRow, usual: UsualSettings) -> tuple[str, ...]:
    """Return the printed cooling, else the usual coolings; not `none` if the row mentions some cooling."""
    if row.cooling:
        return (row.cooling,)
    return tuple(kind for kind in usual.cooling if kind != "none" or not row.cooling_detail)


def _span_ends(span: PrintedSpan) -> tuple[float, ...]:
    """Return the ends of a range, or a single value if they are equal; an end that is not printed is left out."""
    return tuple(dict.fromkeys(end for end in span if end is not None))


def _dose_range(row: PracticeRow) -> tuple[float, float]:
    """Return the ends of the range of doses: the mean if it is printed, the middle of a recommended range.

    An end that is not printed follows from the other end by a fixed factor.
    """
    if row.mean_fluence_J_cm2 is not None:
        return row.mean_fluence_J_cm2, row.mean_fluence_J_cm2
    assert row.fluence_J_cm2 is not None  # `exclusion_reason` checks this
    low, high = row.fluence_J_cm2
    factor = practice_assumptions().open_range_factor
    if low is None or high is None:
        low, high = (low, low * factor) if low is not None else ((high or 0.0) / factor, high or 0.0)
    middle = (low * high) ** 0.5
    return (middle, middle) if row.kind == "recommended" else (low, high)


def _row_site(row: PracticeRow) -> str:
    assumed, words = practice_assumptions(), row.site.lower()
    for word, site in assumed.site_words:
        if word in words:
            return site
    return assumed.site_of_condition.get(row.condition, assumed.other_site)


def _scenario_beam(middle_nm: float, lines: tuple[tuple[float, float], ...], pulse: _Pulse, spot_mm: float) -> Beam:
    pulse_ms, trains = pulse
    return Beam(
        wavelength_nm=middle_nm,
        spectrum=lines,
        pulse_ms=pulse_ms,
        fluence_J_cm2=None,
        energy_J=None,
        spot_mm=spot_mm,
        profile="top-hat",
        pulses=1,
        repetition_Hz=1.0,
        passes=1,
        pass_interval_s=0.0,
        overlap_fraction=0.0,
        pulse_shape="train" if trains else "square",
        trains=trains,
        trains_from_case=bool(trains),
        microbeam=None,
        device=None,
    )


def _scenario_cooling(kind: str, row: PracticeRow) -> CoolingPlan:
    if kind == "none":
        return resolve_cooling(None)
    usual = practice_assumptions().cooling[kind]
    if kind == "spray":
        printed = {
            "before_ms": _span_middle(row.spurt_ms, usual.before_ms),
            "delay_ms": _span_middle(row.delay_ms, usual.delay_ms),
        }
        return resolve_cooling(usual.model_copy(update=printed))
    return resolve_cooling(usual)


def _span_middle(span: PrintedSpan | None, otherwise: float) -> float:
    ends = _span_ends(span) if span is not None else ()
    return sum(ends) / len(ends) if ends else otherwise


# Ratios of published doses to the doses that the model computes to burn such people, person by person.

Floats = NDArray[np.float64]

_DRAWS: Final = 480  # over all scenarios of a row
_MIN_DRAWS: Final = 64
_SEED: Final = 0


@dataclass(frozen=True)
class LogDoseRatio:
    """ln(dose given / computed dose that burns) of the people of a row in a single scenario.

    Parameters
    ----------
    mean, spread : mean and standard deviation over the people.
    """

    spot_mm: float
    mean: float
    spread: float


def log_dose_ratios(row: PracticeRow) -> tuple[LogDoseRatio, ...]:
    """Return the ratios of the doses of a row to the computed doses, for each scenario of the row.

    Within a range of doses more tolerant skin received more, as in every clinic: doses are evenly spaced in the
    logarithm and assigned in the order of the computed doses.
    """
    ways = dose_scenarios(row)
    draws = max(_MIN_DRAWS, _DRAWS // len(ways))
    ratios = []
    for way in ways:
        low, high = way.fluence_J_cm2
        logs = np.log(np.geomspace(low, high, draws)) - np.log(np.sort(_burn_doses_J_cm2(way, draws)))
        assert way.beam.spot_mm is not None  # microbeams are not modelled
        ratios.append(LogDoseRatio(way.beam.spot_mm, float(logs.mean()), float(logs.std())))
    return tuple(ratios)


def simulate_responses(row: PracticeRow, draws: int) -> Iterator[PulseResponse]:
    """Yield the simulated response of a number of drawn skins to the pulse of each scenario of a row."""
    for way in dose_scenarios(row):
        yield _simulate_response(way, draws)


def _burn_doses_J_cm2(scenario: DoseScenario, draws: int) -> Floats:
    """Return the computed doses at which the basal layer of drawn skins dies, (sample,)."""
    response = _simulate_response(scenario, draws)
    doses: Floats = cell_death_dose(response, basal_layer_response(response)) / J_CM2
    return doses


def _simulate_response(scenario: DoseScenario, draws: int) -> PulseResponse:
    middle = scenario.skin.median()
    skins = replace(scenario.skin.sample(draws, _SEED), typical_m=middle["thickness_m"][0])
    lit = illuminate(skins, scenario.beam.spectrum).narrow_to_spot(
        spot_shares(middle, scenario.beam), light_first_skin(middle, scenario.beam.spectrum)
    )
    return simulate_pulse(skins, scenario.beam, scenario.cooling, illumination=lit)
