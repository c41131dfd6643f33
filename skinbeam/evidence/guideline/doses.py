"""Read and validate `data/guideline_doses.csv`, the doses that the guideline gives."""

from collections.abc import Mapping
from functools import cache

from skinbeam.evidence.guideline.device_classes import class_parts
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineDose
from skinbeam.evidence.guideline.table import load_cells
from skinbeam.model.csv_rows import CsvRow
from skinbeam.model.package_data import load_package_text

__all__ = ["DOSES_FILE", "QUANTITIES", "doses_of_cell", "load_doses", "read_doses"]

DOSES_FILE = "guideline_doses.csv"
QUANTITIES = {"fluence_J_cm2": (0.05, 300.0), "energy_mJ": (1.0, 200.0), "coverage_percent": (1.0, 100.0)}
_DOSE_PLACES = ("first", "second", "third")


@cache
def load_doses() -> tuple[GuidelineDose, ...]:
    """Return every dose of the shipped table.

    Raises
    ------
    InputError : an invalid row; the field is `row.column`.
    """
    return read_doses(load_package_text(f"data/{DOSES_FILE}"))


def read_doses(text: str) -> tuple[GuidelineDose, ...]:
    """Return the doses of a table in CSV.

    Raises
    ------
    InputError : an unknown cell, class or source, a class that the place of the cell does not have, or a wrong range.
    """
    return tuple(record.to_dose() for record in _DoseRecord.read_rows(text))


def doses_of_cell(cell: GuidelineCell) -> tuple[GuidelineDose, ...]:
    """Return the doses that a cell gives, in the order of its places."""
    return tuple(dose for dose in load_doses() if dose.cell == cell.row)


class _DoseRecord(CsvRow):
    """Validator of a row of `data/guideline_doses.csv`."""

    file, code = DOSES_FILE, "wrong-guideline-dose"

    def to_dose(self) -> GuidelineDose:
        cell = _cells_by_row()[self.known_word("cell", _cells_by_row())]
        place = self.known_word("place", _DOSE_PLACES)
        treatment = getattr(cell, place)
        classes = () if treatment is None else treatment.device_classes
        device_class = self.known_word("device_class", classes)
        combination = class_parts(device_class)
        component = self.known_word("component", combination if len(combination) > 1 else ("",))
        quantity = self.known_word("quantity", QUANTITIES)
        least, most = QUANTITIES[quantity]
        low, high = self.number("low", least, most), self.number("high", least, most)
        if low is None or high is None or low > high:
            raise self.error("low", f"{low} to {high} cannot be", "The lower end first; both ends alike for one value.")
        if not (sources := self.source_keys("sources")):
            raise self.error("sources", "is empty", "One key of the bibliography or more, separated by semicolons.")
        return GuidelineDose(
            row=self.name,
            cell=cell.row,
            place=place,
            device_class=device_class,
            component=component,
            quantity=quantity,
            low=low,
            high=high,
            setting_text=self.record["setting"],
            sources=sources,
        )


@cache
def _cells_by_row() -> Mapping[str, GuidelineCell]:
    return {cell.row: cell for cell in load_cells()}
