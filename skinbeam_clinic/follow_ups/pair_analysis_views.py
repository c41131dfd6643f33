"""What was measured on a pair of photographs, in words, and the requests for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam.model.errors import InputError
from skinbeam.text import Formatter, current_language, render_message
from skinbeam_clinic.consultations.photograph_marks import region_title
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.follow_ups.pair_analyses import MarkResult, PairAnalysis, RegionResult
from skinbeam_clinic.jobs.queue import FAILED, OPEN_STATES
from skinbeam_clinic.jobs.worker import PAIR_JOB
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["PairAnalysisView", "request_pair_analyses", "request_pair_analysis", "view_pair_analyses"]

# What became of marks, in the order in which it is told.
_OUTCOMES = ("gone", "weaker", "unchanged", "stronger", "new", "not-told")


@dataclass(frozen=True)
class _MarkView:
    """A mark: what and where it is, what became of it, and how sure that is."""

    title: str
    outcome: str
    confidence: str
    needs_examination: bool


@dataclass(frozen=True)
class PairAnalysisView:
    """What was measured on a pair, or why there is nothing yet.

    Parameters
    ----------
    number : of the pair on the page, from 1.
    state : `measured`, `refused`, `waiting`, `failed`, or `none` where nobody has asked.
    summary : how many marks had each outcome, in words.
    reason : why the pictures cannot be compared, or why the comparison failed; empty otherwise.
    hint : what to do then.
    """

    pair: str
    number: int
    state: str
    summary: tuple[str, ...] = ()
    marks: tuple[_MarkView, ...] = ()
    regions: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""
    measured: PairAnalysis | None = None


def request_pair_analyses(request: ClinicRequest, follow_up: FollowUp) -> None:
    """Put every pair of a follow-up that may be measured and is not yet into the queue.

    The grade is stored by then, so a queue that is full or a database that is cut off is no reason to say that it is
    not: whoever opens the follow-up may ask again.
    """
    try:
        if not request.repositories.pair_analyses.may_measure(follow_up.id):
            return
        measured = request.repositories.pair_analyses.list_measured(follow_up.id)
        for pair in follow_up.pairs:
            if pair.id not in measured:
                request_pair_analysis(request, follow_up.id, pair.id)
    except InputError:
        return


def request_pair_analysis(request: ClinicRequest, follow_up_id: str, pair_id: str) -> None:
    """Put a pair into the queue.

    Raises
    ------
    RecordNotFoundError : the follow-up has no such pair.
    InputError : `not-graded-blind`, or `queue-full`.
    """
    repositories = request.repositories
    repositories.pair_analyses.open_pair(follow_up_id, pair_id)
    consultation = repositories.follow_ups.get(
        follow_up_id
    ).consultation_id  # by it the job goes when the patient is erased
    names = {"consultation": consultation, "follow_up": follow_up_id, "pair": pair_id, "language": current_language()}
    repositories.jobs.add(PAIR_JOB, names)
    request.services.worker.wake()


def view_pair_analyses(request: ClinicRequest, follow_up: FollowUp) -> tuple[PairAnalysisView, ...]:
    """Return what was measured on each pair of a follow-up, or may be; nothing before the grade that it waits for."""
    analyses = request.repositories.pair_analyses
    measured = {analysis.pair_id: analysis for analysis in analyses.of(follow_up.id)}
    may_measure = analyses.may_measure(follow_up.id)
    return tuple(
        _view_measured(measured[pair.id], number) if pair.id in measured else _view_job(request, pair.id, number)
        for number, pair in enumerate(follow_up.pairs, 1)
        if may_measure or pair.id in measured
    )


def _view_job(request: ClinicRequest, pair_id: str, number: int) -> PairAnalysisView:
    job = request.repositories.jobs.find_last(PAIR_JOB, "pair", pair_id)
    if job is not None and job.state in OPEN_STATES:
        return PairAnalysisView(pair_id, number, "waiting")
    if job is None or job.state != FAILED:
        return PairAnalysisView(pair_id, number, "none")
    fault = job.progress.fault
    assert isinstance(fault, dict)  # of a comparison
    return PairAnalysisView(pair_id, number, "failed", reason=fault["message"], hint=fault.get("hint", ""))


def _view_measured(analysis: PairAnalysis, number: int) -> PairAnalysisView:
    content = analysis.content
    if content.refusal is not None:
        reason = content.refusal.text
        return PairAnalysisView(analysis.pair_id, number, "refused", reason=reason, measured=analysis)
    counts = {name: sum(mark.outcome == name for mark in content.marks) for name in _OUTCOMES}
    summary = tuple(
        render_message(f"followed-measured.count-{name}", {"count": count}) for name, count in counts.items() if count
    )
    marks = sorted(content.marks, key=lambda mark: (not mark.needs_examination, _OUTCOMES.index(mark.outcome)))
    return PairAnalysisView(
        analysis.pair_id,
        number,
        "measured",
        summary,
        tuple(map(_view_mark, marks)),
        tuple(map(_describe_region, content.regions)),
        measured=analysis,
    )


def _view_mark(mark: MarkResult) -> _MarkView:
    about = {"what": _kind(mark.kind), "where": region_title(mark.site, mark.region), "mm": round(mark.size_mm)}
    title = render_message("followed-measured.mark", about)
    return _MarkView(title, mark.message.text, _describe_confidence(mark), mark.needs_examination)


def _describe_confidence(mark: MarkResult) -> str:
    """Return how often the mark came back on copies of its pictures, and the interval of its change."""
    parts = []
    if mark.finds is not None and mark.copies is not None:
        parts.append(render_message("followed-measured.repeated", {"finds": mark.finds, "copies": mark.copies}))
    if mark.contrast_change is not None:
        number = Formatter().number
        middle, low, high = (number(round(value, 2)) for value in mark.contrast_change)
        about = {"median": middle, "low": low, "high": high, "percent": round(100 * mark.level)}
        parts.append(render_message("followed-measured.interval", about))
    return "; ".join(parts)


def _describe_region(result: RegionResult) -> str:
    about: Mapping[str, str] = {
        "what": _kind(result.kind),
        "where": region_title(result.site, result.region),
        "told": result.message.text,
    }
    return render_message("followed-measured.region", about)


def _kind(kind: str) -> str:
    return render_message(f"finding-kind.{kind}")
