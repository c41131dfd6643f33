"""Read and validate the table of trial arms, `data/studies.csv`, and load the shipped table and its settings.

Columns: `bins` holds counts by improvement, `lower cut:count` from the best class down, the last class open below
(`50:26;25:15;low:19`); `mean_pct` a mean improvement with its standard deviation or 95 % confidence interval; `pih` and
`harms` patients who were harmed; `pih_per` the unit that `pih` counts where that is not patients; `design` words of a
closed list. `location` is the place of the figures in the paper, `second_reading` the result of a second reader.
`excluded` is the reason why the improvement of a row is left out, `harms_excluded` the same for its harms. Rows of one
`cohort` are the same people.
"""

import math
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.trial_arm import (
    GRADES,
    PULSE_CLASSES,
    RATERS,
    UNITS,
    Arm,
    EventCount,
    Grades,
    parse_grades,
)
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.model.csv_rows import CsvRow
from skinbeam.model.package_data import load_package_text
from skinbeam.model.vocabulary import PHOTOTYPES, SEVERITIES, condition_subtypes

__all__ = [
    "DESIGNS",
    "HARM_COLUMNS",
    "STUDIES_FILE",
    "dark_phototype_fraction",
    "read_arms",
    "treatment_arms",
    "trial_arms",
]

STUDIES_FILE = "studies.csv"
DESIGNS = ("randomised", "split", "controlled", "prospective", "retrospective", "sponsor", "completers")
HARM_COLUMNS = (
    "hypopigmentation",
    "scar",
    "infection",
    "prolonged-erythema",
    "acne-flare",
    "herpes",
    "blister",
    "atrophy",
)
DOWNTIME_KINDS = ("crusting", "re-epithelialisation", "oedema", "social")
# "remainder": a printed mean of all people without those of another row, by their numbers.
MEAN_ORIGINS = ("printed", "scores", "class-middle", "range-middle", "remainder")
_CUT_LOWEST, _CUT_HIGHEST = 0.0, 100.0
# Student's t at 97.5 % for 1, 2, ... degrees of freedom; beyond the table 1.96 + 2.4 / df is within 0.3 %.
_T975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


def read_arms(text: str) -> tuple[Arm, ...]:
    """Return the arms of a table in CSV.

    Raises
    ------
    InputError : an unknown name or key, or figures that contradict each other.
    """
    arms = [(row, row.arm()) for row in _ArmRow.read_rows(text)]
    _check_harm_rows_unique(arms)
    return tuple(arm for _, arm in arms)


def _check_harm_rows_unique(rows: "list[tuple[_ArmRow, Arm]]") -> None:
    """Refuse a cohort whose harmed patients are printed in two rows, since they would be counted twice."""
    seen: set[tuple[str, ...]] = set()
    for row, arm in rows:
        if arm.harms_excluded:
            continue
        for harm in (*(["pih"] if arm.pih else []), *arm.harms):
            counted = (arm.cohort, arm.modality, row.record["wavelength_nm"], row.record["device"], harm)
            if counted in seen:
                column = "pih" if harm == "pih" else "harms"
                raise row.error(column, f"cohort {arm.cohort} is counted twice", "Harms once per cohort and treatment.")
            seen.add(counted)


class _ArmRow(CsvRow):
    """One CSV record, parsed and validated into an arm."""

    file, code = STUDIES_FILE, "wrong-study-row"

    def arm(self) -> Arm:
        text = self.record
        arm = Arm(
            row=self.name,
            study=self.source_key("study"),
            cohort=text["cohort"] or text["study"],
            condition=self.known_word("condition", known_conditions(), empty=bool(text["excluded"])),
            subtypes=self.known_words("subtype", condition_subtypes(text["condition"])),
            modality=self.known_word("modality", known_modalities()),
            sites=self.known_words("sites", known_sites()),
            severity=self._grades("severity", SEVERITIES),
            phototypes=self._grades("phototype", PHOTOTYPES),
            dark_fraction=self.number("dark_fraction", 0.0, 1.0),
            wavelength_nm=self.number("wavelength_nm", 200.0, 20_000.0),
            device=text["device"],
            design=self.known_words("design", DESIGNS, separator=None),
            rater=self.known_word("rater", RATERS, empty=True),
            combined_with=text["combined_with"],
            patients=self.whole_number("patients"),
            unit=self.known_word("unit", UNITS),
            units=self.whole_number("units"),
            sessions=self._span("sessions", 0.5, 100.0),
            interval_weeks=self.number("interval_weeks", 0.1, 520.0),
            fluence_J_cm2=self._printed_span("fluence_J_cm2", 1e4),
            pulse_ms=self.number("pulse_ms", 1e-10, 1e5),
            pulse_class=self.known_word("pulse_class", PULSE_CLASSES, empty=True),
            microbeam_mJ=self._printed_span("microbeam_mJ", 1e4),
            spot_mm=self.number("spot_mm", 0.01, 100.0),
            followup_months=self.number("followup_months", 0.0, 600.0),
            bins=self._bins(),
            mean_pct=self.number("mean_pct", -_CUT_HIGHEST, _CUT_HIGHEST),
            mean_sd_pct=self._sd(),
            satisfied=self._count("satisfied", "satisfied_of"),
            pih=self._count("pih", "pih_of"),
            pih_per=self.known_word("pih_per", UNITS, empty=True) or "patients",
            harms=self._harms(),
            harms_months=self.number("harms_months", 0.0, 600.0),
            pain_0_10=self._span("pain", 0.0, 10.0),
            downtime_days=self._span("downtime_days", 0.0, 365.0),
            downtime_kind=self.known_word("downtime_kind", DOWNTIME_KINDS, empty=True),
            gain_kept_pct=self._parse_gain_kept(),
            grade=self.known_word("grade", GRADES),
            excluded=text["excluded"],
            harms_excluded=text["harms_excluded"],
        )
        self.known_word("mean_origin", MEAN_ORIGINS, empty=arm.mean_pct is None)
        self._count("recurred", "recurred_of")
        self._span("pih_weeks", 0.0, 520.0)
        self._printed_span("density_pct", _CUT_HIGHEST)
        self._check_consistency(arm)
        return arm

    def _check_consistency(self, arm: Arm) -> None:
        """Check that the figures of one row do not contradict each other."""
        total = arm.graded_count
        if arm.bins and total != (arm.units or arm.patients):
            raise self.error(
                "bins", f"adds up to {total}, not {arm.units or arm.patients}", "The counts of all who were graded."
            )
        if arm.is_fitted and arm.patients is None:
            raise self.error("patients", "is missing", "The number of patients, or a reason under `excluded`.")
        if arm.is_fitted and not arm.bins and arm.mean_pct is None:
            raise self.error("bins", "neither counts nor a mean", "Counts, a mean, or a reason under `excluded`.")
        printed, cut = (
            self.number("printed_share_pct", 0.0, _CUT_HIGHEST),
            self.number("printed_cut_pct", 0.0, _CUT_HIGHEST),
        )
        if printed is None or not arm.bins or arm.excluded:
            return
        if cut is None or cut not in arm.cuts:
            raise self.error(
                "printed_cut_pct", "is not one of the cut points", "The cut that the printed share belongs to."
            )
        share = _CUT_HIGHEST * arm.count_reaching(cut) / total
        decimals = len(self.record["printed_share_pct"].partition(".")[2])
        # A printed share is rounded or truncated: it differs from the true one by less than one unit of its last digit.
        if abs(share - printed) >= 10.0**-decimals:
            raise self.error(
                "printed_share_pct",
                f"prints {printed:g} % for counts that give {share:.2f} %",
                "Exclude the row as an arithmetic slip.",
            )

    def _grades(self, column: str, order: tuple[str, ...]) -> Grades | None:
        value = self.record[column]
        try:
            return parse_grades(value, order) if value else None
        except ValueError as error:
            raise self.error(column, f'cannot read "{value}"', f"One of {', '.join(order)}, or a range.") from error

    def _count(self, column: str, of_column: str) -> EventCount | None:
        events, of = self.whole_number(column), self.whole_number(of_column)
        if events is None and of is None:
            return None
        if events is None or of is None or of == 0 or events > of:
            raise self.error(column, f"{events} of {of} cannot be", "A count and the number of patients it is among.")
        return EventCount(events, of)

    def _sd(self) -> float | None:
        """Return the standard deviation between patients, printed or from the 95 % confidence interval of the mean."""
        printed = self.number("mean_sd_pct", 0.0, _CUT_HIGHEST)
        low, high = (self.number(f"mean_ci95_{end}_pct", -_CUT_HIGHEST, _CUT_HIGHEST) for end in ("low", "high"))
        if low is None and high is None:
            return printed
        mean, n = self.number("mean_pct", -_CUT_HIGHEST, _CUT_HIGHEST), self.whole_number("patients")
        if low is None or high is None or mean is None or n is None or n < 2 or not low <= mean <= high:
            raise self.error(
                "mean_ci95_low_pct", f"{low} to {high} is no interval of {mean}", "Both ends, the mean between them."
            )
        t = _T975[n - 2] if n - 2 < len(_T975) else 1.96 + 2.4 / (n - 1)
        return (high - low) / 2.0 * math.sqrt(n) / t

    def _printed_span(self, column: str, most: float) -> tuple[float, float] | None:
        """Parse a range as printed, such as `7-9`; both ends above 0."""
        value = self.record[column]
        if not value:
            return None
        ends = value.split("-")
        try:
            low, high = float(ends[0]), float(ends[-1])
        except ValueError:
            low, high = 0.0, 0.0
        if len(ends) > 2 or not 0.0 < low <= high <= most:
            raise self.error(column, f'cannot read "{value}"', "A number or a range such as 7-9.")
        return low, high

    def _span(self, column: str, least: float, most: float) -> tuple[float, float] | None:
        """Return a range of which both ends are printed."""
        span = self.number_range(column, least, most)
        if span is None:
            return None
        low, high = span
        if low is None or high is None:
            raise self.error(f"{column}_low", f"{low} to {high} cannot be", "Both ends, the lower one first.")
        return low, high

    def _bins(self) -> tuple[tuple[float | None, int], ...]:
        text = self.record["bins"]
        if not text:
            return ()
        bins: list[tuple[float | None, int]] = []
        for part in text.split(";"):
            cut, _, count = part.partition(":")
            if not count.isdecimal() or not (cut == "low" or cut.isdecimal()):
                raise self.error(
                    "bins", f'cannot read "{part}"', "lower cut:count from the best class down, the last low:count."
                )
            bins.append((None if cut == "low" else float(cut), int(count)))
        cuts = [cut for cut, _ in bins[:-1]]
        whole = bins[-1][0] is None and None not in cuts
        falling = whole and all(a > b for a, b in pairwise(cuts) if a is not None and b is not None)
        if not falling or not cuts or not all(_CUT_LOWEST <= cut <= _CUT_HIGHEST for cut in cuts if cut is not None):
            raise self.error(
                "bins", f'classes overlap or have gaps: "{text}"', "Falling cuts from 100 to 0, the last class low."
            )
        return tuple(bins)

    def _harms(self) -> Mapping[str, EventCount]:
        harms: dict[str, EventCount] = {}
        for part in filter(None, self.record["harms"].split(";")):
            name, _, fraction = part.partition(":")
            events, _, of = fraction.partition("/")
            if not (events.isdecimal() and of.isdecimal() and int(events) <= int(of)) or name not in HARM_COLUMNS:
                hint = f"name:events/patients, parted by semicolons; names: {', '.join(HARM_COLUMNS)}."
                raise self.error("harms", f'cannot read "{part}"', hint)
            harms[name] = EventCount(int(events), int(of))
        return harms

    def _parse_gain_kept(self) -> Mapping[int, float]:
        """Parse `3:80;12-24:70`: months, or the two ends of a span of months, and per cent."""
        shares: dict[int, float] = {}
        for part in filter(None, self.record["gain_kept_pct"].split(";")):
            span, _, share = part.partition(":")
            try:
                shares |= dict.fromkeys(map(int, span.split("-")), float(share))
            except ValueError as error:
                hint = "months:per cent, parted by semicolons."
                raise self.error("gain_kept_pct", f'cannot read "{part}"', hint) from error
        return shares


# The shipped table of trial arms, and the assumption where phototypes are not printed.

_DARK_FROM = PHOTOTYPES.index("IV")


@cache
def trial_arms() -> tuple[Arm, ...]:
    """Return every arm of the shipped table.

    Raises
    ------
    InputError : an invalid row; the field is `row.column`.
    """
    return read_arms(load_package_text(f"data/{STUDIES_FILE}"))


@cache
def treatment_arms(condition: str, modality: str) -> tuple[Arm, ...]:
    """Return the arms of the shipped table that treated a condition with a modality."""
    return tuple(arm for arm in trial_arms() if (arm.condition, arm.modality) == (condition, modality))


def dark_phototype_fraction(phototypes: Grades | None) -> float:
    """Return the share of phototypes IV to VI in a range, counting each type once; the stated assumption for None."""
    if phototypes is None:
        return evidence_settings().unknown_dark_fraction
    low, high = phototypes
    return sum(k >= _DARK_FROM for k in range(low, high + 1)) / (high - low + 1)
