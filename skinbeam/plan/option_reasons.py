"""Give the reasons of a laser option: those of the rules, and cautions on its dose and what it may do to the skin.

They are about burns, columns, bruises, downtime, a window, and the dose itself.
"""

import math
from typing import Final

from skinbeam.assessment.questionnaire import (
    darkest_phototype,
)
from skinbeam.course.downtime import (
    downtime_reason,
)
from skinbeam.evidence.synthesis.regime import pulse_class_matters
from skinbeam.laser.beam import coverage_pct
from skinbeam.laser.device import Device, describe_window
from skinbeam.laser.device_class import INFRARED_FROM_NM, SHALLOW_COLUMNS_FROM_NM, SHORTEST_NANOSECOND_MS
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.document import round_significant
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.per_hundred import per_hundred
from skinbeam.outcome.dose_error import beam_burn_light
from skinbeam.published_doses.counts import count_bruises_near, count_harm_near, count_harm_that_calibrates
from skinbeam.published_doses.coverage import uncovered_warnings
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.limits import bruise_limit
from skinbeam.response.records import CoolingSetting
from skinbeam.suitability.judgement import Suitability
from skinbeam.suitability.table import DEEP_COLUMNS, INFRARED, SHALLOW_COLUMNS, RuleReason, strictest_first
from skinbeam.text import Message, render_message

__all__ = [
    "NANOSECOND",
    "SPARSER_COLUMNS",
    "bruise_share",
    "clinic_count_message",
    "days_off_accepted",
    "is_bruise_likely",
    "is_bruise_usual",
    "is_window_larger",
    "option_reasons",
    "pulse_class",
]

NANOSECOND = "nanosecond"
SPARSER_COLUMNS: Final = "columns-sparser"  # the rule of the reason that columns hurt this skin before
_DEPTH: Final = "microlesion_depth_fraction"


def option_reasons(
    case: Case,
    concern: Concern,
    modality: str,
    trial: CandidateSetting,
    judged: Suitability,
    downtime: Value,
    cooling: CoolingSetting | None,
) -> tuple[RuleReason, ...]:
    """Return the reasons of the rules and the cautions on burns, depth, bruises, downtime and dose, strictest first."""
    accepted = days_off_accepted(case)
    showing = (
        _burn_reason(concern, trial),
        _depth_reason(concern, trial),
        _sparser_reason(concern, trial),
        _bruise_reason(concern, trial, accepted),
        downtime_reason(concern, modality, downtime, accepted, pulse=pulse_class(modality, trial)),
        _window_reason(concern, trial),
        _dose_limited_reason(concern, trial),
        *_burn_coverage_reasons(case, concern, trial, cooling),
    )
    reasons = [*judged.reasons, *(reason for reason in showing if reason is not None)]
    return strictest_first(reasons)


def _burn_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return a caution where the burn probability is above its warning level, so that test spots come first."""
    near = [v for v in trial.verdicts if v.limit.id == "epidermal-burn" and v.status == "warn"]
    if not near:
        return None
    about = concern.place
    message = Message("plan.burn-near", {"burnt": per_hundred(trial.p_injury), "counted": clinic_count_message(trial)})
    return RuleReason("burn-near", "with-caution", message, near[0].limit.source, "practice", about)


def _depth_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return a caution where published columns break the limit of depth, so that they reach the fat too often."""
    deep = [
        verdict
        for verdict in trial.verdicts
        if verdict.limit.quantity == _DEPTH
        and verdict.limit.stop >= 1.0  # of the skin above the fat
        and verdict.status == "warn"
        and verdict.limit.used_fraction(verdict.share) >= 1.0
    ]
    if not deep:
        return None
    limit, reached = deep[0].limit, 1.0 - deep[0].share
    params = {"reached": per_hundred(reached), "allowed": per_hundred(1.0 - limit.share_required)}
    about = concern.place
    message = Message("plan.columns-reach-fat", params)
    return RuleReason("columns-reach-fat", "with-caution", message, limit.source, "practice", about)


def _sparser_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return the reason that columns stand further apart because columns hurt this skin before, with both densities."""
    before, density, micro = trial.density_before_harm_per_cm2, trial.density_per_cm2, trial.beam.microbeam
    if before is None or density is None or micro is None:
        return None
    params = {
        "before": before,
        "before_pct": round_significant(coverage_pct(micro.diameter_um, before), 2),
        "density": density,
        "pct": round_significant(coverage_pct(micro.diameter_um, density), 2),
    }
    about = concern.place
    message = Message("plan.columns-sparser", params)
    return RuleReason(SPARSER_COLUMNS, "with-caution", message, "chan2011mini", "trial", about)


def _burn_coverage_reasons(
    case: Case, concern: Concern, trial: CandidateSetting, cooling: CoolingSetting | None
) -> list[RuleReason]:
    """Return a caution for each way in which the burn probability leaves the published doses that calibrate it."""
    if all(verdict.limit.id != "epidermal-burn" for verdict in trial.verdicts):
        return []
    darkest = darkest_phototype(case)
    skin = None if darkest is None else (darkest, darkest)
    warnings = uncovered_warnings(beam_burn_light(trial.beam), "none" if cooling is None else cooling.kind, skin)
    about = concern.place
    return [
        RuleReason(warning.code, "with-caution", warning.message, "skinbeam2026practice", "practice", about)
        for warning in warnings
    ]


def clinic_count_message(trial: CandidateSetting) -> Message:
    """Return how many people clinics counted with a burn at such light."""
    light, lamp = (trial.beam.mean_wavelength_nm, trial.beam.pulse_ms), trial.band_nm is not None
    count = count_harm_near(*light, lamp=lamp)
    if count is None:
        return Message("plan.burns-uncounted")
    counted = Message("plan.burns-counted", {"harmed": count.harmed, "of": count.treated, "sources": count.sources})
    if count_harm_that_calibrates(*light, lamp=lamp) == count:
        return counted
    return Message("plan.burns-counted-aside", {"counted": counted})


def is_window_larger(concern: Concern, device: Device, spot_mm: float) -> bool:
    """Return whether the window of a lamp covers more than a field, whose area may not be known."""
    window_mm = device.window_mm(spot_mm)
    return window_mm is not None and concern.area_cm2 is not None and math.prod(window_mm) > 100.0 * concern.area_cm2


def _window_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return a caution where the window of a lamp is larger than the field, so that no test spot has room either."""
    device, spot_mm = trial.machine.device, trial.setting.spot_mm
    window_mm = device.window_mm(spot_mm)
    if window_mm is None or not is_window_larger(concern, device, spot_mm):
        return None
    about = concern.place
    message = Message("plan.window-larger", {"window": describe_window(window_mm)})
    return RuleReason("window-larger-than-field", "with-caution", message, "rulepractice", "practice", about)


def _dose_limited_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return the reason that the dose is not raised above that of lighter skin, where that is so."""
    if not trial.capped_by_lighter_skin:
        return None
    about = concern.place
    return RuleReason("dose-not-raised", "suitable", Message("plan.dose-not-raised"), "rulepractice", "practice", about)


def bruise_share(trial: CandidateSetting) -> Value | None:
    """Return the computed share of skins with a bruise; None where the light heats no vessels.

    It is unknown for light after which no source counted a bruise: counts that hold none calibrate no computed share,
    which was far above them.
    """
    if trial.bruising is None:
        return None
    beam = trial.beam
    counted = count_bruises_near(beam.mean_wavelength_nm, beam.pulse_ms, lamp=trial.band_nm is not None)
    if counted is None:
        return Unknown(render_message("plan.bruises-uncounted"))
    if counted.harmed:
        return trial.bruising.p
    return Unknown(render_message("plan.bruises-counted", {"of": counted.treated, "sources": counted.sources}))


def is_bruise_likely(trial: CandidateSetting) -> bool:
    """Return whether so many skins bruise that the person is warned of a likely bruise."""
    share = bruise_share(trial)
    return isinstance(share, Estimate) and share.median >= bruise_limit().likely


def is_bruise_usual(trial: CandidateSetting) -> bool:
    """Return whether most such skins bruise, so that a bruise is what the light is known by."""
    share = bruise_share(trial)
    return isinstance(share, Estimate) and share.median >= 0.5


def _bruise_reason(concern: Concern, trial: CandidateSetting, accepted: float | None) -> RuleReason | None:
    """Return a caution where a bruise is likely that lasts longer than the person accepts."""
    limit = bruise_limit()
    if accepted is None or accepted >= limit.high_days or trial.bruising is None or not is_bruise_likely(trial):
        return None
    bruised = per_hundred(trial.bruising.p.median)
    params = {"bruised": bruised, "low": limit.low_days, "high": limit.high_days, "accepted": accepted}
    about = concern.place
    message = Message("plan.bruise-likely", params)
    return RuleReason("bruise-likely", "with-caution", message, limit.source, "practice", about)


def pulse_class(modality: str, trial: CandidateSetting) -> str:
    """Return the class of a short pulse, of infrared light or of columns, by how skin looks after it; else empty."""
    if modality == "vascular" and trial.setting.wavelength_nm > INFRARED_FROM_NM:
        return INFRARED
    if modality == "non-ablative-fractional":
        return SHALLOW_COLUMNS if trial.setting.wavelength_nm > SHALLOW_COLUMNS_FROM_NM else DEEP_COLUMNS
    if not pulse_class_matters(modality):
        return ""
    return "picosecond" if trial.setting.pulse_ms < SHORTEST_NANOSECOND_MS else NANOSECOND


def days_off_accepted(case: Case) -> float | None:
    """Return how many days of downtime the person accepts; None where not stated."""
    return None if case.patient is None else case.patient.downtime_days_accepted
