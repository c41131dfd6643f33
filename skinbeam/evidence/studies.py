"""The table of trial arms, `data/studies.csv`, read and checked.

Columns: `bins` holds counts by improvement, `lower cut:count` from the best class down, the last class open below
(`50:26;25:15;low:19`); `mean_pct` a mean improvement; `pih` counts of patients who darkened. A row with `excluded`
tells why its improvement is left out, `harms_excluded` the same of its harms. Rows of one `cohort` are the same people.
"""

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from skinbeam.errors import InputError
from skinbeam.schema.names import table
from skinbeam.sources import bibliography

__all__ = [
    "FILE",
    "PHOTOTYPES",
    "RATERS",
    "SEVERITIES",
    "Arm",
    "Count",
    "arms",
    "dark_fraction",
    "grades",
    "read_arms",
    "settings",
]

FILE = "studies.csv"
PHOTOTYPES = ("I", "II", "III", "IV", "V", "VI")
SEVERITIES = ("mild", "moderate", "severe")
RATERS = ("blinded", "physician", "patient")
UNITS = ("patients", "lesions", "areas", "treatments")
GRADES = ("full-text", "abstract", "secondary", "unverified")
DOWNTIME_KINDS = ("crusting", "re-epithelialisation", "oedema", "social")
MEAN_ORIGINS = ("printed", "scores", "class-middle", "range-middle")
_DARK_FROM = PHOTOTYPES.index("IV")
_CUT_LOWEST, _CUT_HIGHEST = 0.0, 100.0


@dataclass(frozen=True)
class Count:
    """`events` among `of`."""

    events: int
    of: int


@dataclass(frozen=True)
class Arm:
    """One row of the table: a group of patients, one treatment, one outcome.

    `bins` are (lower cut in per cent, count) from the best class down; the last cut is None, open below. Empty strings
    and None mean not printed.
    """

    row: str
    study: str
    cohort: str
    condition: str
    modality: str
    sites: tuple[str, ...]
    severity: str
    phototype: str
    dark_fraction: float | None
    wavelength_nm: float | None
    rater: str
    combined_with: str
    patients: int | None
    unit: str
    units: int | None
    bins: tuple[tuple[float | None, int], ...]
    mean_pct: float | None
    pih: Count | None
    harms: Mapping[str, Count]
    downtime_days: tuple[float, float] | None
    downtime_kind: str
    gain_kept_pct: Mapping[str, float]
    grade: str
    excluded: str
    harms_excluded: str

    @property
    def usable(self) -> bool:
        """Whether its improvement is fitted."""
        return not self.excluded

    @property
    def patients_per_unit(self) -> float:
        """Patients over graded lesions, at most 1: lesions of one patient are taken to respond alike."""
        if self.patients is None or not self.units:
            return 1.0
        return min(1.0, self.patients / self.units)


@cache
def settings() -> Mapping[str, Any]:
    """Return `data/evidence.toml`: priors, rules of abstention, words."""
    file = resources.files("skinbeam") / "data" / "evidence.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def arms() -> tuple[Arm, ...]:
    """Return every arm of the shipped table.

    Raises
    ------
    InputError : a row that cannot be; the field is `row.column`.
    """
    file = resources.files("skinbeam") / "data" / FILE
    return read_arms(file.read_text(encoding="utf-8"))


def read_arms(text: str) -> tuple[Arm, ...]:
    """Return the arms of a table in CSV.

    Raises
    ------
    InputError : an unknown name or key, or figures that contradict each other.
    """
    found: list[Arm] = []
    for record in csv.DictReader(io.StringIO(text)):
        arm = _Row(record).arm()
        if any(arm.row == other.row for other in found):
            raise _fault(arm.row, "row", "stands twice", "A name of its own for each row.")
        found.append(arm)
    _harms_once(found)
    return tuple(found)


def grades(value: str, order: tuple[str, ...]) -> tuple[int, int]:
    """Return the first and last place in `order` of a grade or range such as `III-IV`.

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


def dark_fraction(phototype: str) -> float:
    """Return the share of phototypes IV to VI in a range, each type counted once; unknown: the stated assumption."""
    if not phototype:
        return float(settings()["rule"]["unknown_dark_fraction"])
    low, high = grades(phototype, PHOTOTYPES)
    return sum(k >= _DARK_FROM for k in range(low, high + 1)) / (high - low + 1)


def _fault(row: str, column: str, message: str, hint: str) -> InputError:
    return InputError("wrong-study-row", message, field=f"{row}.{column}", hint=hint, file=FILE)


def _harms_once(found: list[Arm]) -> None:
    """Refuse a cohort whose darkened patients are printed in two rows: they would be counted twice."""
    seen: set[tuple[str, str]] = set()
    for arm in found:
        if arm.pih is None or arm.harms_excluded:
            continue
        if (arm.cohort, arm.modality) in seen:
            raise _fault(arm.row, "pih", f"cohort {arm.cohort} is counted twice", "Harms once per cohort.")
        seen.add((arm.cohort, arm.modality))


class _Row:
    """One record on its way to an arm; every complaint names row and column."""

    def __init__(self, record: Mapping[str, str]) -> None:
        self.record = record
        self.name = record["row"]

    def arm(self) -> Arm:
        text = self.record
        arm = Arm(
            row=self.name,
            study=self._one_of("study", bibliography()),
            cohort=text["cohort"] or text["study"],
            condition=self._one_of("condition", table("condition"), empty=bool(text["excluded"])),
            modality=self._one_of("modality", table("modality")),
            sites=tuple(self._sites()),
            severity=self._grades("severity", SEVERITIES),
            phototype=self._grades("phototype", PHOTOTYPES),
            dark_fraction=self._number("dark_fraction", 0.0, 1.0),
            wavelength_nm=self._number("wavelength_nm", 200.0, 20_000.0),
            rater=self._one_of("rater", RATERS, empty=True),
            combined_with=text["combined_with"],
            patients=self._whole("patients"),
            unit=self._one_of("unit", UNITS),
            units=self._whole("units"),
            bins=self._bins(),
            mean_pct=self._number("mean_pct", -_CUT_HIGHEST, _CUT_HIGHEST),
            pih=self._count("pih", "pih_of"),
            harms=self._harms(),
            downtime_days=self._span("downtime_days"),
            downtime_kind=self._one_of("downtime_kind", DOWNTIME_KINDS, empty=True),
            gain_kept_pct=self._pairs("gain_kept_pct"),
            grade=self._one_of("grade", GRADES),
            excluded=text["excluded"],
            harms_excluded=text["harms_excluded"],
        )
        self._one_of("mean_origin", MEAN_ORIGINS, empty=arm.mean_pct is None)
        self._satisfied()
        self._agree(arm)
        return arm

    def _agree(self, arm: Arm) -> None:
        """Check that the figures of one row do not contradict each other."""
        total = sum(count for _, count in arm.bins)
        if arm.bins and total != (arm.units or arm.patients):
            raise self._fault(
                "bins", f"adds up to {total}, not {arm.units or arm.patients}", "The counts of all who were graded."
            )
        if arm.usable and arm.patients is None:
            raise self._fault("patients", "is missing", "The number of patients, or a reason under `excluded`.")
        if arm.usable and not arm.bins and arm.mean_pct is None:
            raise self._fault("bins", "neither counts nor a mean", "Counts, a mean, or a reason under `excluded`.")
        printed, cut = (
            self._number("printed_share_pct", 0.0, _CUT_HIGHEST),
            self._number("printed_cut_pct", 0.0, _CUT_HIGHEST),
        )
        if printed is None or not arm.bins or arm.excluded:
            return
        if cut is None or cut not in [lower for lower, _ in arm.bins]:
            raise self._fault(
                "printed_cut_pct", "is not one of the cut points", "The cut that the printed share belongs to."
            )
        share = _CUT_HIGHEST * sum(count for lower, count in arm.bins if lower is not None and lower >= cut) / total
        decimals = len(self.record["printed_share_pct"].partition(".")[2])
        # A printed share is rounded or cut off at its last digit: it misses the true one by less than one unit there.
        if abs(share - printed) >= 10.0**-decimals:
            raise self._fault(
                "printed_share_pct",
                f"prints {printed:g} % for counts that give {share:.2f} %",
                "Exclude the row as an arithmetic slip.",
            )

    def _fault(self, column: str, message: str, hint: str) -> InputError:
        return _fault(self.name, column, message, hint)

    def _one_of(self, column: str, known: Any, *, empty: bool = False) -> str:
        value = self.record[column]
        if value in known or (empty and not value):
            return value
        raise self._fault(column, f'unknown value "{value}"', f"Known: {', '.join(list(known)[:40])}.")

    def _sites(self) -> list[str]:
        sites = [site for site in self.record["sites"].split(";") if site]
        for site in sites:
            if site not in table("site"):
                raise self._fault("sites", f'unknown site "{site}"', f"Known: {', '.join(table('site'))}.")
        return sites

    def _grades(self, column: str, order: tuple[str, ...]) -> str:
        value = self.record[column]
        try:
            if value:
                grades(value, order)
        except ValueError as error:
            raise self._fault(column, f'cannot read "{value}"', f"One of {', '.join(order)}, or a range.") from error
        return value

    def _number(self, column: str, low: float, high: float) -> float | None:
        value = self.record[column]
        if not value:
            return None
        try:
            number = float(value)
        except ValueError as error:
            raise self._fault(column, f'is no number: "{value}"', f"A number from {low:g} to {high:g}.") from error
        if not low <= number <= high:
            raise self._fault(column, f"is out of range: {value}", f"A number from {low:g} to {high:g}.")
        return number

    def _whole(self, column: str) -> int | None:
        value = self.record[column]
        if not value:
            return None
        if not value.isdecimal():
            raise self._fault(column, f'is no count: "{value}"', "A whole number.")
        return int(value)

    def _count(self, column: str, of_column: str) -> Count | None:
        events, of = self._whole(column), self._whole(of_column)
        if events is None and of is None:
            return None
        if events is None or of is None or of == 0 or events > of:
            raise self._fault(column, f"{events} of {of} cannot be", "A count and the number of patients it is among.")
        return Count(events, of)

    def _satisfied(self) -> None:
        self._count("satisfied", "satisfied_of")
        self._count("recurred", "recurred_of")

    def _span(self, column: str) -> tuple[float, float] | None:
        low, high = self._number(f"{column}_low", 0.0, 365.0), self._number(f"{column}_high", 0.0, 365.0)
        if low is None and high is None:
            return None
        if low is None or high is None or low > high:
            raise self._fault(f"{column}_low", f"{low} to {high} cannot be", "Both ends, the lower one first.")
        return low, high

    def _bins(self) -> tuple[tuple[float | None, int], ...]:
        text = self.record["bins"]
        if not text:
            return ()
        bins: list[tuple[float | None, int]] = []
        for part in text.split(";"):
            cut, _, count = part.partition(":")
            if not count.isdecimal() or not (cut == "low" or cut.isdecimal()):
                raise self._fault(
                    "bins", f'cannot read "{part}"', "lower cut:count from the best class down, the last low:count."
                )
            bins.append((None if cut == "low" else float(cut), int(count)))
        cuts = [cut for cut, _ in bins[:-1]]
        whole = bins[-1][0] is None and None not in cuts
        falling = whole and all(a > b for a, b in pairwise(cuts) if a is not None and b is not None)
        if not falling or not cuts or not all(_CUT_LOWEST <= cut <= _CUT_HIGHEST for cut in cuts if cut is not None):
            raise self._fault(
                "bins", f'classes overlap or have gaps: "{text}"', "Falling cuts from 100 to 0, the last class low."
            )
        return tuple(bins)

    def _harms(self) -> Mapping[str, Count]:
        harms: dict[str, Count] = {}
        for part in filter(None, self.record["harms"].split(";")):
            name, _, fraction = part.partition(":")
            events, _, of = fraction.partition("/")
            if not (events.isdecimal() and of.isdecimal() and int(events) <= int(of)):
                raise self._fault("harms", f'cannot read "{part}"', "name:events/patients, parted by semicolons.")
            harms[name] = Count(int(events), int(of))
        return harms

    def _pairs(self, column: str) -> Mapping[str, float]:
        pairs: dict[str, float] = {}
        for part in filter(None, self.record[column].split(";")):
            months, _, kept = part.partition(":")
            try:
                pairs[months] = float(kept)
            except ValueError as error:
                raise self._fault(column, f'cannot read "{part}"', "months:per cent, parted by semicolons.") from error
        return pairs
