"""Reads the table of published doses, `data/practice.csv`, and refuses rows that cannot be.

A range stands in two columns, `fluence_low_J_cm2` and `fluence_high_J_cm2`: alike where one value is printed, one of
them empty where the source prints a bound. An empty cell was not printed; nothing is filled in. `harm_origin` tells
whether a count is `printed` or worked out from a rounded `per-cent`.
"""

from functools import cache

from skinbeam.csv_row import CsvRow
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
from skinbeam.shipped import shipped_text
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
    return read_rows(shipped_text(f"data/{FILE}"))


def read_rows(text: str) -> tuple[PracticeRow, ...]:
    """Return the rows of a table in CSV.

    Raises
    ------
    InputError : an unknown word or key, a number out of range, or figures that contradict each other.
    """
    return tuple(record.row() for record in _Record.each(text))


class _Record(CsvRow):
    """One record on its way to a row."""

    file, code = FILE, "wrong-practice-row"

    def row(self) -> PracticeRow:
        text = self.record
        row = PracticeRow(
            row=self.name,
            source=self.one_of("source", bibliography()),
            grade=self.one_of("grade", GRADES),
            kind=self.one_of("kind", KINDS),
            condition=self.one_of("condition", (*table("condition"), *OTHER_CONDITIONS)),
            site=text["site"],
            phototype=self._phototype(),
            people=text["people"],
            patients=self.whole("patients"),
            treatments=self.whole("treatments"),
            sessions=self._span("sessions", "", 1.0, 200.0),
            wavelength_nm=self.number("wavelength_nm", 200.0, 20_000.0),
            band_nm=self._span("band", "_nm", 200.0, 20_000.0),
            device=text["device"],
            pulse_ms=self._span("pulse", "_ms", 1e-8, 1e4),
            spot_mm=self._span("spot", "_mm", 0.05, 50.0),
            fluence_J_cm2=self._span("fluence", "_J_cm2", 0.01, 1e3),
            mean_fluence_J_cm2=self.number("fluence_mean_J_cm2", 0.01, 1e3),
            microbeam_mJ=self._span("microbeam", "_mJ", 0.1, 1e3),
            density_per_cm2=self._span("density", "_per_cm2", 1.0, 1e4),
            density_of=self.one_of("density_of", DENSITIES_OF, empty=True),
            coverage_pct=self._span("coverage", "_pct", 0.1, 100.0),
            passes=self._span("passes", "", 1.0, 20.0),
            cooling=self.one_of("cooling", COOLINGS, empty=True),
            cooling_detail=text["cooling_detail"],
            spurt_ms=self._span("spurt", "_ms", 1.0, 200.0),
            delay_ms=self._span("delay", "_ms", 0.0, 200.0),
            harm=self._harm(),
            effect=text["effect"],
            effect_count=self.whole("effect_count"),
            effect_of=self.whole("effect_of"),
            downtime_days=self._span("downtime", "_days", 0.0, 365.0),
            note=text["note"],
        )
        self._agree(row)
        return row

    def _agree(self, row: PracticeRow) -> None:
        """Check that the figures of one row do not contradict each other."""
        if row.wavelength_nm is not None and row.band_nm is not None:
            raise self.fault("band_low_nm", "stands beside wavelength_nm", "One wavelength, or the band of a lamp.")
        if row.cooling != "spray" and (row.spurt_ms or row.delay_ms):
            raise self.fault("spurt_low_ms", f'belongs to a spray, not to "{row.cooling}"', "cooling: spray.")
        if row.cooling == "none" and row.cooling_detail:
            raise self.fault("cooling_detail", "says how nothing was cooled", "Leave it out.")
        if row.density_of and row.density_per_cm2 is None:
            raise self.fault("density_of", "has no density", "The density, or nothing.")
        if row.fluence_J_cm2 is not None and row.mean_fluence_J_cm2 is not None:
            low, high = row.fluence_J_cm2
            if not (low or 0.0) <= row.mean_fluence_J_cm2 <= (high or row.mean_fluence_J_cm2):
                raise self.fault("fluence_mean_J_cm2", f"is not from {low} to {high}", "A mean within the range.")
        if row.effect_count is not None and row.effect_of is not None and row.effect_count > row.effect_of:
            raise self.fault("effect_count", f"{row.effect_count} of {row.effect_of} cannot be", "A count of those.")
        harm = row.harm
        in_people = harm is not None and harm.unit == "patients" and harm.of is not None
        if in_people and row.patients is not None and harm is not None and (harm.of or 0) > row.patients:
            raise self.fault("harm_of", f"{harm.of} are more than the {row.patients} patients", "At most all of them.")

    def _harm(self) -> Harm | None:
        kind = self.one_of("harm", HARMS, empty=True)
        events, of = self.whole("harm_count"), self.whole("harm_of")
        days = self.number("harm_days", 0.0, _MOST_DAYS)
        if not kind:
            for column in ("harm_count", "harm_of", "harm_unit", "harm_origin", "harm_days", "harm_days_is"):
                if self.record[column]:
                    raise self.fault(column, "counts a harm that is not named", f"harm: one of {', '.join(HARMS)}.")
            return None
        if of is not None and (events is None or of == 0 or events > of):
            raise self.fault("harm_count", f"{events} of {of} cannot be", "A count and the number it is among.")
        told = events is not None
        return Harm(
            kind=kind,
            events=events,
            of=of,
            unit=self.one_of("harm_unit", HARM_UNITS if told else ("",)),
            from_per_cent=self.one_of("harm_origin", HARM_ORIGINS if told else ("",)) == "per-cent",
            days=days,
            days_are=self.one_of("harm_days_is", ("",) if days is None else DAYS_ARE),
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
            raise self.fault("phototype", f'cannot read "{value}"', "I to VI, or a range such as III-V.")
        return value

    def _span(self, name: str, unit: str, least: float, most: float) -> Span | None:
        """Read two columns; an end that is not printed is None."""
        low = self.number(f"{name}_low{unit}", least, most)
        high = self.number(f"{name}_high{unit}", least, most)
        if low is None and high is None:
            return None
        if low is not None and high is not None and low > high:
            raise self.fault(f"{name}_low{unit}", f"{low:g} to {high:g} cannot be", "The lower end first.")
        return low, high
