"""Compare two photographs in a subprocess, which can be killed at any moment and has neither the database nor its key.

Photographs come from outside: a picture that crashes a decoder, or needs more memory than there is, ends this process
alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from skinbeam._version import __version__
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.comparison.change import PhotoChange, compare_or_refuse
from skinbeam.photo.comparison.mark_tracking import MarkChange
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.text import ENGLISH, use_language
from skinbeam_clinic.follow_ups.pair_analyses import MarkResult, PairAnalysisContent, RegionResult
from skinbeam_clinic.plans.worker_process import compute_in_subprocess, send_result

__all__ = ["AFTER_FILE", "BEFORE_FILE", "measure_pair", "measure_pair_in_subprocess"]

BEFORE_FILE, AFTER_FILE = "before", "after"  # error messages name these files
_CONTENT = TypeAdapter(PairAnalysisContent)


def measure_pair_in_subprocess(
    home: Path, on_progress: Callable[[str], None], language: str = ENGLISH
) -> PairAnalysisContent:
    """Compare two photographs.

    Parameters
    ----------
    home : a folder for this pair alone, which contains both photographs.
    on_progress : called at least twice a second; an exception that it raises ends the subprocess.
    language : of errors; results are messages, which are told in any language later.

    Raises
    ------
    InputError : a photograph cannot be read.
    ProcessEndedError : the subprocess ended without a result.
    ProcessDefectError : the subprocess met a defect.
    """
    return _CONTENT.validate_python(compute_in_subprocess(__name__, home, language, lambda _: on_progress("")))


def measure_pair(before: PhotoAnalysis, after: PhotoAnalysis) -> PairAnalysisContent:
    """Return what became of each mark and region between two pictures, or why they cannot be compared."""
    change = compare_or_refuse(before, after)
    if not isinstance(change, PhotoChange):
        return PairAnalysisContent(change, (), (), __version__)
    # Roundish marks are told one by one, everything else by region.
    single = {mark.kind for mark in change.marks}
    regions = tuple(
        RegionResult(finding.kind, finding.region, finding.site, finding.direction, finding.message)
        for finding in change.findings
        if finding.kind not in single
    )
    return PairAnalysisContent(None, tuple(map(_mark_result, change.marks)), regions, __version__)


def _mark_result(mark: MarkChange) -> MarkResult:
    change = mark.contrast_change
    return MarkResult(
        kind=mark.kind,
        region=mark.region,
        site=mark.site,
        outcome=mark.outcome.value,
        size_mm=mark.size_mm.median,
        finds=mark.finds,
        copies=mark.copies,
        contrast_change=None if isinstance(change, Unknown) else (change.median, change.low, change.high),
        level=0.0 if isinstance(change, Unknown) else change.level,
        needs_examination=mark.needs_examination,
        message=mark.message,
    )


def _measure(home: Path, language: str, _: object) -> Any:
    """Run in the subprocess: compare the photographs of a folder."""
    with use_language(language):
        pictures = [read_photograph(home / name, field="photograph") for name in (BEFORE_FILE, AFTER_FILE)]
    content = measure_pair(*map(analyse_photograph, pictures))
    return _CONTENT.dump_python(content, mode="json", fallback=float)


if __name__ == "__main__":
    send_result(_measure)
