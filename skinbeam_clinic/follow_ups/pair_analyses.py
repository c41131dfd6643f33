"""Store what the program measured on a pair of photographs, sealed, and read it once the pair is graded.

A rater who knew what was measured would no longer be blind. So nothing is measured before a blind grade is in, and
nothing is read before: neither by a page nor by an export. A member who has not graded yet is not shown it afterwards
either (`follow_ups.routes.may_see_answers`).

Where nobody of the clinic is left who could grade blind, as where one doctor works alone, a blind grade can never come.
There the pair is measured after a grade that is not blind, and what was measured says so.
"""

import datetime
import itertools
from dataclasses import dataclass

from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.follow_up_tables import FollowUpRow, PairAnalysisRow, PhotographPairRow
from skinbeam_clinic.database.sealed_record import RecordMessage, SealedRecord
from skinbeam_clinic.database.tables import MemberRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.follow_ups.follow_up_grades import list_treating_members, load_follow_up
from skinbeam_clinic.follow_ups.models import BeforeAfterPair, FollowUp

__all__ = [
    "PAIR_ANALYSIS_CONTENT",
    "MarkResult",
    "PairAnalysis",
    "PairAnalysisContent",
    "PairAnalysisRepository",
    "RegionResult",
]


@dataclass(frozen=True)
class MarkResult:
    """What became of one mark, as `skinbeam.photo.comparison.mark_tracking.MarkChange`.

    Parameters
    ----------
    finds, copies : on how many copies of its picture the mark was found again; None where it is not looked for.
    contrast_change : median, low and high in optical density; None where it is not known.
    level : probability of that interval.
    """

    kind: str
    region: str
    site: str
    outcome: str
    size_mm: float
    finds: int | None
    copies: int | None
    contrast_change: tuple[float, float, float] | None
    level: float
    needs_examination: bool
    message: RecordMessage


@dataclass(frozen=True)
class RegionResult:
    """The change of lines, patches or redness of a region, as `skinbeam.photo.comparison.change.FindingChange`."""

    kind: str
    region: str
    site: str
    direction: str
    message: RecordMessage


@dataclass(frozen=True)
class PairAnalysisContent:
    """What was measured on a pair, as in the sealed column.

    Parameters
    ----------
    refusal : the message why the two pictures cannot be compared; None where they were.
    version : of the program that measured.
    """

    refusal: RecordMessage | None
    marks: tuple[MarkResult, ...]
    regions: tuple[RegionResult, ...]
    version: str


PAIR_ANALYSIS_CONTENT = SealedRecord(PairAnalysisContent, PairAnalysisRow.result_sealed)


@dataclass(frozen=True)
class PairAnalysis:
    """A stored analysis of a pair, with who asked for it.

    Parameters
    ----------
    graded_blind : whether a blind grade was in before; otherwise nobody of the clinic could give one.
    """

    pair_id: str
    content: PairAnalysisContent
    measured_at: datetime.datetime
    requested_by: str
    graded_blind: bool


class PairAnalysisRepository(Repository):
    """The analyses of a clinic's pairs of photographs."""

    def open_pair(self, follow_up_id: str, pair_id: str) -> BeforeAfterPair:
        """Return a pair that may be measured.

        Raises
        ------
        RecordNotFoundError : the follow-up has no such pair.
        InputError : `not-graded-blind`: nothing is measured before, as long as somebody could.
        """
        with self._access.reading(AccessRight.TREAT) as work:
            work.log("follow-up.seen", f"follow_up/{follow_up_id}")
            return _open_pair(work, follow_up_id, pair_id)

    def add(self, follow_up_id: str, pair_id: str, content: PairAnalysisContent) -> PairAnalysis:
        """Store what was measured on a pair; a pair that was measured already keeps its first analysis.

        Raises
        ------
        RecordNotFoundError : the follow-up has no such pair.
        InputError : `not-graded-blind`.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            pair, follow_up = _open_pair(work, follow_up_id, pair_id), _load(work, follow_up_id)
            if found := work.rows(PairAnalysisRow, PairAnalysisRow.pair_id == pair.id):
                return _read_analysis(work, found[0], follow_up)
            row = work.new_row(
                PairAnalysisRow,
                id=pair.id,
                consultation_id=follow_up.consultation_id,
                pair_id=pair.id,
                measured_at=now(),
                requested_by=work.actor,
            )
            work.seal_record(row, PAIR_ANALYSIS_CONTENT, content)
            work.save(row, "photographs.measured")
            return _read_analysis(work, row, follow_up)

    def of(self, follow_up_id: str) -> tuple[PairAnalysis, ...]:
        """Return the analyses of a follow-up's pairs; none before the grade that they waited for."""
        with self._access.reading(AccessRight.READ) as work:
            follow_up = _load(work, follow_up_id)
            rows = _list_rows(work, follow_up)
            work.log("photographs.measured.seen" if rows else "follow-up.seen", f"follow_up/{follow_up_id}")
            return tuple(_read_analysis(work, row, follow_up) for row in rows)

    def may_measure(self, follow_up_id: str) -> bool:
        """Return whether the pairs of a follow-up may be measured: after a blind grade, or where none can come."""
        with self._access.reading_row(FollowUpRow, follow_up_id, "follow-up.seen") as (work, row):
            return _may_measure(work, load_follow_up(work, row))

    def list_measured(self, follow_up_id: str) -> frozenset[str]:
        """Return the ids of the measured pairs of a follow-up, not the results; none before the grade."""
        with self._access.reading_row(FollowUpRow, follow_up_id, "follow-up.seen") as (work, row):
            return frozenset(analysis.pair_id for analysis in _list_rows(work, load_follow_up(work, row)))


def _load(work: ClinicTransaction, follow_up_id: str) -> FollowUp:
    return load_follow_up(work, work.get(FollowUpRow, follow_up_id))


def _list_rows(work: ClinicTransaction, follow_up: FollowUp) -> list[PairAnalysisRow]:
    """Return the rows of what was measured, each only once the grade is in that it waited for."""
    rows_by_pair = work.rows_by(PairAnalysisRow, PairAnalysisRow.pair_id, [pair.id for pair in follow_up.pairs])
    rows = itertools.chain(*rows_by_pair.values())
    blind = any(grade.blinded for grade in follow_up.grades)
    # A row that was measured after a grade that is not blind was stored when nobody could give a blind one. It stays
    # readable when somebody joins the clinic who could: whoever has not graded yet is not shown it.
    return [row for row in rows if blind or any(grade.graded_at <= row.measured_at for grade in follow_up.grades)]


def _open_pair(work: ClinicTransaction, follow_up_id: str, pair_id: str) -> BeforeAfterPair:
    follow_up = _load(work, follow_up_id)
    pair = next((pair for pair in follow_up.pairs if pair.id == pair_id), None)
    if pair is None:
        raise clinic_error("absent", PhotographPairRow.__tablename__.replace("_", ""))
    if not _may_measure(work, follow_up):
        raise clinic_error("not-graded-blind", "follow-up")
    return pair


def _may_measure(work: ClinicTransaction, follow_up: FollowUp) -> bool:
    """Return whether a blind grade is in, or some grade where nobody is left who could give a blind one."""
    if any(grade.blinded for grade in follow_up.grades):
        return True
    return bool(follow_up.grades) and not _can_be_graded_blind(work, follow_up)


def _can_be_graded_blind(work: ClinicTransaction, follow_up: FollowUp) -> bool:
    """Return whether somebody may grade who neither treated, nor knows the order, nor has seen the answers."""
    raters = [MemberRow.role.in_(PERMITTED_ROLES[AccessRight.TREAT]), MemberRow.disabled_at.is_(None)]
    treating = list_treating_members(work, work.get(FollowUpRow, follow_up.id))
    partial = {*treating, *follow_up.paired_by, *follow_up.opened_by}
    return any(row.id not in partial for row in work.rows(MemberRow, *raters))


def _read_analysis(work: ClinicTransaction, row: PairAnalysisRow, follow_up: FollowUp) -> PairAnalysis:
    content, by = work.open_record(row, PAIR_ANALYSIS_CONTENT), work.actor_name(row.requested_by)
    blind = any(grade.blinded and grade.graded_at <= row.measured_at for grade in follow_up.grades)
    return PairAnalysis(row.pair_id, content, row.measured_at, by, blind)
