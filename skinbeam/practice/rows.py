"""Reads the table of published doses, `data/practice.csv`, and refuses rows that cannot be.

A range stands in two columns, `fluence_low_J_cm2` and `fluence_high_J_cm2`: alike where one value is printed, one of
them empty where the source prints a bound. An empty cell was not printed; nothing is filled in. `harm_origin` tells
whether a count is `printed` or worked out from a rounded `per-cent`.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from skinbeam.errors import InputError
from skinbeam.practice.row import (
    COOLINGS,
    GRADES,
    HARM_UNITS,
    HARMS,
    KINDS,
    OTHER_CONDITIONS,
    Harm,
    PracticeRow,
    Span,
)
from skinbeam.schema.fields import phototype_range
from skinbeam.schema.names import table
from skinbeam.sources import bibliography

__all__ = ["FILE", "practice_rows", "read_rows"]

FILE = "practice.csv"
DAYS_ARE = ("mean", "at-most", "at-least")
DENSITIES_OF = ("pass", "total")
HARM_ORIGINS = ("printed", "per-cent")
_MOST_DAYS = 3650.0


@cache
def practice_rows() -> tuple[PracticeRow, ...]:
    """Return every row of the shipped table.

    Raises
    ------
    InputError : a row that cannot be; the field is `row.column`.
    """
    file = resources.files("skinbeam") / "data" / FILE
    return read_rows(file.read_text(encoding="utf-8"))


def read_rows(text: str) -> tuple[PracticeRow, ...]:
    """Return the rows of a table in CSV.

    Raises
    ------
    InputError : an unknown word or key, a number out of range, or figures that contradict each other.
    """
    found: dict[str, PracticeRow] = {}
    for record in csv.DictReader(io.StringIO(text)):
        row = _Record(record).row()
        if row.row in found:
            raise _fault(row.row, "row", "stands twice", "A name of its own for each row.")
        found[row.row] = row
    return tuple(found.values())


def _fault(row: str, column: str, message: str, hint: str) -> InputError:
    return InputError("wrong-practice-row", message, field=f"{row}.{column}", hint=hint, file=FILE)


class _Record:
    """One record on its way to a row; every complaint names row and column."""

    def __init__(self, record: Mapping[str, str]) -> None:
        self.record = record
        self.name = record["row"]

    def row(self) -> PracticeRow:
        text = self.record
        row = PracticeRow(
            row=self.name,
            source=self._one_of("source", bibliography()),
            grade=self._one_of("grade", GRADES),
            kind=self._one_of("kind", KINDS),
            condition=self._one_of("condition", (*table("condition"), *OTHER_CONDITIONS)),
            site=text["site"],
            phototype=self._phototype(),
            people=text["people"],
            patients=self._whole("patients"),
            treatments=self._whole("treatments"),
            sessions=self._span("sessions", "", 1.0, 200.0),
            wavelength_nm=self._number("wavelength_nm", 200.0, 20_000.0),
            band_nm=self._span("band", "_nm", 200.0, 20_000.0),
            device=text["device"],
            pulse_ms=self._span("pulse", "_ms", 1e-8, 1e4),
            spot_mm=self._span("spot", "_mm", 0.05, 50.0),
            fluence_J_cm2=self._span("fluence", "_J_cm2", 0.01, 1e3),
            mean_fluence_J_cm2=self._number("fluence_mean_J_cm2", 0.01, 1e3),
            microbeam_mJ=self._span("microbeam", "_mJ", 0.1, 1e3),
            density_per_cm2=self._span("density", "_per_cm2", 1.0, 1e4),
            density_of=self._one_of("density_of", DENSITIES_OF, empty=True),
            coverage_pct=self._span("coverage", "_pct", 0.1, 100.0),
            passes=self._span("passes", "", 1.0, 20.0),
            cooling=self._one_of("cooling", COOLINGS, empty=True),
            cooling_detail=text["cooling_detail"],
            spurt_ms=self._span("spurt", "_ms", 1.0, 200.0),
            delay_ms=self._span("delay", "_ms", 0.0, 200.0),
            harm=self._harm(),
            effect=text["effect"],
            effect_count=self._whole("effect_count"),
            effect_of=self._whole("effect_of"),
            downtime_days=self._span("downtime", "_days", 0.0, 365.0),
            note=text["note"],
        )
        self._agree(row)
        return row

    def _agree(self, row: PracticeRow) -> None:
        """Check that the figures of one row do not contradict each other."""
        if row.wavelength_nm is not None and row.band_nm is not None:
            raise self._fault("band_low_nm", "stands beside wavelength_nm", "One wavelength, or the band of a lamp.")
        if row.cooling != "spray" and (row.spurt_ms or row.delay_ms):
            raise self._fault("spurt_low_ms", f'belongs to a spray, not to "{row.cooling}"', "cooling: spray.")
        if row.cooling == "none" and row.cooling_detail:
            raise self._fault("cooling_detail", "says how nothing was cooled", "Leave it out.")
        if row.density_of and row.density_per_cm2 is None:
            raise self._fault("density_of", "has no density", "The density, or nothing.")
        if row.fluence_J_cm2 is not None and row.mean_fluence_J_cm2 is not None:
            low, high = row.fluence_J_cm2
            if not (low or 0.0) <= row.mean_fluence_J_cm2 <= (high or row.mean_fluence_J_cm2):
                raise self._fault("fluence_mean_J_cm2", f"is not from {low} to {high}", "A mean within the range.")
        if row.effect_count is not None and row.effect_of is not None and row.effect_count > row.effect_of:
            raise self._fault("effect_count", f"{row.effect_count} of {row.effect_of} cannot be", "A count of those.")
        harm = row.harm
        in_people = harm is not None and harm.unit == "patients" and harm.of is not None
        if in_people and row.patients is not None and harm is not None and (harm.of or 0) > row.patients:
            raise self._fault("harm_of", f"{harm.of} are more than the {row.patients} patients", "At most all of them.")

    def _harm(self) -> Harm | None:
        kind = self._one_of("harm", HARMS, empty=True)
        events, of = self._whole("harm_count"), self._whole("harm_of")
        days = self._number("harm_days", 0.0, _MOST_DAYS)
        if not kind:
            for column in ("harm_count", "harm_of", "harm_unit", "harm_origin", "harm_days", "harm_days_is"):
                if self.record[column]:
                    raise self._fault(column, "counts a harm that is not named", f"harm: one of {', '.join(HARMS)}.")
            return None
        if of is not None and (events is None or of == 0 or events > of):
            raise self._fault("harm_count", f"{events} of {of} cannot be", "A count and the number it is among.")
        told = events is not None
        return Harm(
            kind=kind,
            events=events,
            of=of,
            unit=self._one_of("harm_unit", HARM_UNITS if told else ("",)),
            from_per_cent=self._one_of("harm_origin", HARM_ORIGINS if told else ("",)) == "per-cent",
            days=days,
            days_are=self._one_of("harm_days_is", ("",) if days is None else DAYS_ARE),
        )

    def _phototype(self) -> str:
        value = self.record["phototype"]
        if not value:
            return ""
        try:
            low, high = phototype_range(value)
        except ValueError:
            low, high = 1, 0
        if low > high or value.count("-") > 1:
            raise self._fault("phototype", f'cannot read "{value}"', "I to VI, or a range such as III-V.")
        return value

    def _fault(self, column: str, message: str, hint: str) -> InputError:
        return _fault(self.name, column, message, hint)

    def _one_of(self, column: str, known: Iterable[str], *, empty: bool = False) -> str:
        value, words = self.record[column], list(known)
        if value in words or (empty and not value):
            return value
        raise self._fault(column, f'unknown value "{value}"', f"Known: {', '.join(words[:40])}.")

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

    def _span(self, name: str, unit: str, least: float, most: float) -> Span | None:
        """Read two columns; an end that is not printed is None."""
        low = self._number(f"{name}_low{unit}", least, most)
        high = self._number(f"{name}_high{unit}", least, most)
        if low is None and high is None:
            return None
        if low is not None and high is not None and low > high:
            raise self._fault(f"{name}_low{unit}", f"{low:g} to {high:g} cannot be", "The lower end first.")
        return low, high
