"""One row of the table of trial arms: a group of patients, one treatment, one outcome."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["GRADES", "PULSE_CLASSES", "RATERS", "UNITS", "Arm", "EventCount", "Grades", "parse_grades"]

RATERS = ("blinded", "physician", "patient")
UNITS = ("patients", "lesions", "areas", "treatments")
PULSE_CLASSES = ("ps", "ns", "us", "ms")  # class of a pulse, where its duration is not printed
GRADES = ("full-text", "abstract", "secondary", "unverified")

Grades = tuple[int, int]  # first and last index of a range in an ordered list such as `PHOTOTYPES`


@dataclass(frozen=True)
class EventCount:
    """A count of `events` among `patients` patients."""

    events: int
    patients: int


@dataclass(frozen=True)
class Arm:
    """One row of the table of trial arms.

    `bins` are (lower cut in per cent, count) from the best class down; the last cut is None, open below. Spans are
    (low, high). `severity` and `phototypes` are indices in `SEVERITIES` and `PHOTOTYPES`. `gain_kept_pct` is months →
    per cent. Empty strings and None mean not printed.
    """

    row: str
    study: str
    cohort: str
    condition: str
    subtypes: tuple[str, ...]
    modality: str
    sites: tuple[str, ...]
    severity: Grades | None
    phototypes: Grades | None
    dark_fraction: float | None
    wavelength_nm: float | None
    device: str
    design: tuple[str, ...]
    rater: str
    combined_with: str
    patients: int | None
    unit: str
    units: int | None
    sessions: tuple[float, float] | None
    interval_weeks: float | None
    fluence_J_cm2: tuple[float, float] | None
    pulse_ms: float | None
    pulse_class: str
    microbeam_mJ: tuple[float, float] | None
    spot_mm: float | None
    followup_months: float | None
    bins: tuple[tuple[float | None, int], ...]
    mean_pct: float | None
    mean_sd_pct: float | None
    satisfied: EventCount | None
    pih: EventCount | None
    pih_per: str
    harms: Mapping[str, EventCount]
    harms_months: float | None
    pain_0_10: tuple[float, float] | None
    downtime_days: tuple[float, float] | None
    downtime_kind: str
    gain_kept_pct: Mapping[int, float]
    grade: str
    excluded: str
    harms_excluded: str

    @property
    def is_fitted(self) -> bool:
        """Whether the improvement of this arm is included in the fit."""
        return not self.excluded

    @property
    def cuts(self) -> tuple[float, ...]:
        """The cuts of the classes in per cent, in descending order."""
        return tuple(cut for cut, _ in self.bins if cut is not None)

    @property
    def graded_count(self) -> int:
        """How many patients or lesions were sorted into classes."""
        return sum(count for _, count in self.bins)

    def count_reaching(self, cut_pct: float) -> int:
        """Return how many of the graded improved by at least `cut_pct`, one of the `cuts`."""
        return sum(count for cut, count in self.bins if cut is not None and cut >= cut_pct)

    @property
    def units_per_patient(self) -> float:
        """Graded lesions or areas per patient, at least 1."""
        if self.patients is None or not self.units:
            return 1.0
        return max(1.0, self.units / self.patients)


def parse_grades(value: str, order: tuple[str, ...]) -> Grades:
    """Return the first and last index in `order` of a grade or range such as `III-IV`.

    Raises
    ------
    ValueError : not a grade, not a range, or its ends exchanged.
    """
    ends = [part.strip() for part in value.split("-")]
    if len(ends) > 2:
        raise ValueError(f"{value} is no range")
    low, high = order.index(ends[0]), order.index(ends[-1])
    if low > high:
        raise ValueError(f"{value} has its ends exchanged")
    return low, high
