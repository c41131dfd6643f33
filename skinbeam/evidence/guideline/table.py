"""Read and validate `data/guideline_choices.csv` and `data/guideline.csv`, and find the cell of a person's concern."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache

from skinbeam.evidence.guideline.device_classes import (
    class_parts,
    condition_of_site,
    default_subtype,
    guideline_classes,
    guideline_conditions,
    guideline_sites,
    guideline_treatments,
)
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineChoice, GuidelineTreatment
from skinbeam.model.csv_rows import CsvRow
from skinbeam.model.errors import unknown_name_error
from skinbeam.model.package_data import load_package_text
from skinbeam.model.vocabulary import PHOTOTYPES, phototype_range
from skinbeam.published_doses.rows import practice_rows

__all__ = [
    "CELLS_FILE",
    "CHOICES_FILE",
    "FIRMNESSES",
    "GRADES",
    "PLACES",
    "guideline_cell",
    "load_cells",
    "load_choices",
    "named_procedures",
    "read_cells",
    "read_choices",
]

CHOICES_FILE = "guideline_choices.csv"
CELLS_FILE = "guideline.csv"
PLACES = ("first", "second", "third", "adjunct", "avoid", "contraindicated")
GRADES = ("guideline", "consensus", "systematic-review", "review", "textbook", "trial", "talk", "maker")
FIRMNESSES = ("firm", "fair", "thin", "none")


@cache
def load_choices() -> tuple[GuidelineChoice, ...]:
    """Return every choice of the shipped table.

    Raises
    ------
    InputError : an invalid row; the field is `row.column`.
    """
    return read_choices(load_package_text(f"data/{CHOICES_FILE}"))


def named_procedures(condition: str, subtypes: Sequence[str], treatment: str) -> dict[str, list[str]]:
    """Return the procedures by which sources name a treatment of a condition, each with the keys of these sources.

    Parameters
    ----------
    subtypes : kinds of the condition; empty for any.
    """
    procedures: dict[str, list[str]] = {}
    for choice in load_choices():
        is_meant = not subtypes or not choice.subtypes or bool(set(subtypes) & set(choice.subtypes))
        if (choice.condition, choice.treatment) == (condition, treatment) and is_meant:
            for name in choice.device_classes:
                if name != treatment:
                    procedures.setdefault(name, []).append(choice.source)
    return procedures


@cache
def load_cells() -> tuple[GuidelineCell, ...]:
    """Return every cell of the shipped table.

    Raises
    ------
    InputError : an invalid row; the field is `row.column`.
    """
    return read_cells(load_package_text(f"data/{CELLS_FILE}"))


def read_choices(text: str) -> tuple[GuidelineChoice, ...]:
    """Return the choices of a table in CSV.

    Raises
    ------
    InputError : an unknown name, place, grade or source, or an unreadable phototype.
    """
    return tuple(record.to_choice() for record in _ChoiceRecord.read_rows(text))


def read_cells(text: str) -> tuple[GuidelineCell, ...]:
    """Return the cells of a table in CSV.

    Raises
    ------
    InputError : an unknown name or source, an unreadable phototype, or a place without the one that it needs.
    """
    return tuple(record.to_cell() for record in _CellRecord.read_rows(text))


def guideline_cell(condition: str, subtype: str, site: str, phototype: str) -> GuidelineCell | None:
    """Return the most specific cell: subtype and site, then site, then subtype, then general.

    The site comes before the subtype, since what suits deep lines of a face can scar a neck. An empty subtype takes
    the one that `data/guideline.toml` names for the condition. A condition whose cells are all of one site, such as
    poikiloderma of the neck, takes them for other sites, too; `site` of the cell then names it. Wrinkles around mouth
    and eyes take the cells of the lines there; `condition` of the cell then names them. None if there is no cell.

    Raises
    ------
    InputError : unknown condition or phototype.
    """
    if condition not in guideline_conditions():
        raise unknown_name_error("condition", condition, guideline_conditions(), field="condition")
    if phototype not in PHOTOTYPES:
        raise unknown_name_error("phototype", phototype, PHOTOTYPES, field="phototype")
    condition = condition_of_site(condition, site)
    cells = _cells_of_person(condition, phototype)
    default = default_subtype(condition)
    kind = subtype or default
    wanted = (
        (kind, site),
        *([("", site)] if site else []),
        (kind, ""),
        *(key for key in cells if kind and key[0] == kind),
        ("", ""),
        (default, site),
        (default, ""),
        *(key for key in cells if key[0] == default),
        *cells,
    )
    return next((cells[key] for key in wanted if key in cells), None)


@cache
def _cells_of_person(condition: str, phototype: str) -> Mapping[tuple[str, str], GuidelineCell]:
    """Return the cells of a condition and a phototype, by subtype and site."""
    number = PHOTOTYPES.index(phototype) + 1
    cells = {}
    for cell in load_cells():
        low, high = phototype_range(cell.phototype)
        if cell.condition == condition and low <= number <= high:
            cells[cell.subtype, cell.site] = cell
    return cells


class _GuidelineRecord(CsvRow):
    """Validator of the columns that both tables have."""

    code = "wrong-guideline-row"

    def class_words(self, column: str, known: Collection[str], separator: str = ";") -> tuple[str, ...]:
        """Return the parts of a cell; a combination of classes, such as `pdl-595+ndyag-1064`, is known by its parts."""
        parts = self.parts(column, separator)
        for part in parts:
            for word in class_parts(part):
                self.check_word(column, word, known)
        return parts


class _ChoiceRecord(_GuidelineRecord):
    """Validator of a row of `data/guideline_choices.csv`."""

    file = CHOICES_FILE

    def to_choice(self) -> GuidelineChoice:
        return GuidelineChoice(
            row=self.name,
            condition=self.known_word("condition", guideline_conditions()),
            subtypes=self.parts("subtypes"),
            site=self.known_word("site", guideline_sites(), empty=True),
            phototype=self.phototype(empty=True),
            place=self.known_word("place", PLACES),
            treatment=self.known_word("treatment", guideline_treatments()),
            device_classes=self.class_words("device_classes", guideline_classes(), "/"),
            statement=self.record["statement"],
            grade=self.known_word("grade", GRADES),
            source=self.source_key("source"),
            note=self.record["note"],
        )


class _CellRecord(_GuidelineRecord):
    """Validator of a row of `data/guideline.csv`."""

    file = CELLS_FILE

    def to_cell(self) -> GuidelineCell:
        if self.record["third"] and not self.record["second"]:
            raise self.error("third", "has no second before it", "The second place, or no third.")
        first = self._read_place("first")
        if first is None and self.record["firmness"] != "none":
            raise self.error("firmness", "grades a first place that is empty", "none.")
        choice_ids = self.known_words("choices", _sources_of_choices())
        from_choices = (_sources_of_choices()[choice] for choice in choice_ids)
        return GuidelineCell(
            row=self.name,
            condition=self.known_word("condition", guideline_conditions()),
            subtype=self.record["subtype"],
            site=self.known_word("site", guideline_sites(), empty=True),
            phototype=self.phototype(),
            first=first,
            second=self._read_place("second"),
            third=self._read_place("third"),
            endpoint_text=self.record["first_endpoint"],
            sessions_text=self.record["first_sessions"],
            adjuncts=self.known_words("adjuncts", guideline_treatments()),
            avoid=self.class_words("avoid", (*guideline_classes(), *guideline_treatments())),
            firmness=self.known_word("firmness", FIRMNESSES),
            choice_ids=choice_ids,
            sources=tuple(dict.fromkeys((*from_choices, *self.source_keys("setting_sources")))),
            note=self.record["note"],
        )

    def _read_place(self, place: str) -> GuidelineTreatment | None:
        """Return the treatment of a place; None if no source gives one."""
        treatment = self.known_word(place, guideline_treatments(), empty=True)
        classes = self.class_words(f"{place}_classes", guideline_classes(), "/")
        if not treatment:
            if classes or self.record[f"{place}_setting"]:
                raise self.error(place, "is missing", "The treatment that the classes and the setting belong to.")
            return None
        return GuidelineTreatment(treatment, classes, self.record[f"{place}_setting"])


@cache
def _sources_of_choices() -> Mapping[str, str]:
    """Return the source of every row that a cell may name: choices, and published doses of `practice.csv`."""
    return {choice.row: choice.source for choice in load_choices()} | {row.row: row.source for row in practice_rows()}
