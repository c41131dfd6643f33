"""Does a setting lie where the trials treated? Their printed doses make a span for each kind of light.

A radiant exposure means little without its pulse, so it is compared only with trials of the same wavelengths whose
pulse was alike; a fractional beam is compared by the energy of a microbeam. Outside the span nothing is shifted: the
answer is widened by the spread between studies, and by twice that far outside. It is not refused: too few trials
printed their dose to say where the others treated.
"""

from skinbeam.evidence.expectation.records import Placed
from skinbeam.evidence.question import Question
from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.studies.shipped import arms, settings
from skinbeam.evidence.synthesis.design import same_family
from skinbeam.messages import Formatter, Message

__all__ = ["place", "widening"]

_SPREADS = {"outside": 1.0, "far-outside": 2.0}


def place(question: Question) -> Placed | None:
    """Return where the setting of a question lies among the trials of its modality; None when it names no setting."""
    if question.microbeam_mJ is not None:
        return _placed(question, question.microbeam_mJ, [(a, a.microbeam_mJ) for a in _alike(question)], "mJ")
    if question.fluence_J_cm2 is None:
        return None
    same_pulse = [a for a in _alike(question) if _pulse_alike(a, question)]
    return _placed(question, question.fluence_J_cm2, [(a, a.fluence_J_cm2) for a in same_pulse], "J/cm²")


def widening(question: Question) -> float:
    """Return how many spreads between studies an answer is widened by, for where its setting lies."""
    placed = place(question)
    return 0.0 if placed is None else _SPREADS.get(placed.where, 0.0)


def _alike(question: Question) -> list[Arm]:
    return [a for a in arms() if a.modality == question.modality and same_family(a, question)]


def _pulse_alike(arm: Arm, question: Question) -> bool:
    if arm.pulse_ms is None or question.pulse_ms is None:
        return False
    alike = float(settings()["rule"]["alike_pulse"])
    return 1.0 / alike <= arm.pulse_ms / question.pulse_ms <= alike


def _placed(
    question: Question, dose: float, printed: list[tuple[Arm, tuple[float, float] | None]], unit: str
) -> Placed:
    spans = [(arm.study, span) for arm, span in printed if span is not None]
    if not spans:
        return Placed("unknown", Message("evidence.dose-unknown"))
    low, high = min(span[0] for _, span in spans), max(span[1] for _, span in spans)
    studies = tuple(dict.fromkeys(study for study, _ in spans))
    write = Formatter().number
    light = f"{write(question.wavelength_nm)} nm, " if question.wavelength_nm is not None else ""
    setting = f"{light}{write(dose)} {unit}"
    params = {"setting": setting, "low": low, "high": high, "unit": unit, "studies": list(studies)}
    if low <= dose <= high:
        return Placed("inside", Message("evidence.dose-inside", params), studies)
    factor = float(settings()["rule"]["outside_dose"])
    if low / factor <= dose <= high * factor:
        return Placed("outside", Message("evidence.dose-outside", params), studies)
    return Placed("far-outside", Message("evidence.dose-far-outside", params), studies)
