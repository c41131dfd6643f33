"""Writes docs/planning-review.md: the first two options of every demonstration consultation beside the guideline.

Run `python docs/planning_review.py` after a change of the planner or of its data; it takes two to three minutes.
`docs/planning_review.toml` holds what a reader found strange; a remark on an option that is gone is an error.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from skinbeam.course.setting_words import describe_settings
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import device_classes, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.input_files import load_case
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan.guideline_place import concern_cells, concern_kinds, guideline_place
from skinbeam.plan.planner import make_plan
from skinbeam.plan_records.plan import Option

__all__ = ["PAGE", "consultations", "main", "remarks"]

HERE: Final = Path(__file__).parent
PAGE: Final = HERE / "planning-review.md"
_CASES: Final = HERE.parent / "examples" / "consultations"
_SHOWN: Final = 2  # options of a consultation
_PLACES: Final = {1: "first choice", 2: "second choice", 3: "third choice"}
_SOURCES_SHOWN: Final = 2
_HEAD: Final = """# Plans read as a doctor

The first two options of every consultation of `examples/consultations`, by `python docs/planning_review.py`. The place
is that of the [guideline](guideline.md) for such skin, with the number of sources behind it and the first of them; a
dash stands where the guideline does not name the treatment. "Reaches" is how many of 100 simulated skins the light
reaches its target in, "burns" the probability of a burn in 100; both are missing where nothing was simulated. What a
reader found strange stands below the tables, with what would mend it.
"""


@dataclass(frozen=True)
class _Row:
    """An option of a consultation beside the guideline."""

    consultation: str
    number: int
    cells: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.consultation}.{self.number}"


def consultations() -> list[Path]:
    """Return the case files of the demonstration consultations."""
    return sorted(_CASES.glob("*.toml"))


def remarks() -> dict[str, str]:
    """Return what was found strange: consultation and number of the option → a sentence."""
    found = tomllib.loads((HERE / "planning_review.toml").read_text(encoding="utf-8"))
    return {f"{name}.{number}": text for name, own in found.items() for number, text in own.items()}


def _rows(file: Path) -> Iterator[_Row]:
    loaded = load_case(file)
    plan = make_plan(loaded).plan
    for concern, planned in zip(loaded.case.concern, plan.concerns, strict=True):
        treated = [option for option in planned.options if option.modality != "no-treatment"]
        for number, option in enumerate(treated[:_SHOWN], 1):
            yield _Row(file.stem, number, _cells(loaded.case, concern, option, file.stem if number == 1 else ""))


def _cells(case: Case, concern: Concern, option: Option, name: str) -> tuple[str, ...]:
    about = ", ".join(filter(None, (concern.site, *concern_kinds(concern)))) if name else ""
    return (
        name,
        about,
        _option_in_words(option),
        _share(option.p_effective),
        _share(option.p_harm),
        _place(concern_cells(case, concern), option),
    )


def _option_in_words(option: Option) -> str:
    if option.setup is None:
        return option.title
    settings = describe_settings(option.setup.settings, lamp=option.setup.lamp)
    return f"{option.setup.device_title}: {settings}{'' if option.basis == 'simulated' else ' (not simulated)'}"


def _share(value: object) -> str:
    median = getattr(value, "median", None)
    return "" if median is None else f"{100 * median:.1f}" if median < 0.1 else f"{100 * median:.0f}"


def _place(cells: Sequence[GuidelineCell], option: Option) -> str:
    classes = _classes(option)
    place = guideline_place(cells, option.modality, classes)
    if place is None:
        return "–"
    cell = next(one for one in cells if replace(place, kinds=()) == guideline_place((one,), option.modality, classes))
    shown = ", ".join(f"[{key}](sources.md#{key})" for key in cell.sources[:_SOURCES_SHOWN])
    return f"{_PLACES[place.number]} ({place.sources} sources: {shown} ...)"


def _classes(option: Option) -> frozenset[str] | None:
    """Return the classes of the device at the setting that is nearest to that of an option; None without a device."""
    if option.setup is None:
        return None
    device, settings = devices()[option.setup.device], option.setup.settings
    able = [one for one in iterate_settings(device) if one.wavelength_nm == option.setup.wavelength_nm]
    return device_classes(device, min(able, key=lambda one: abs(one.pulse_ms - settings.pulse_ms)))


def _page(rows: list[_Row], said: Mapping[str, str]) -> str:
    gone = sorted(set(said) - {row.key for row in rows})
    if gone:
        raise ValueError(f"planning_review.toml: no such option: {', '.join(gone)}")
    titles = {name: entry["title"] for name, entry in vocabulary_table("condition").items()}
    found, condition = [_HEAD], ""
    for row in rows:
        own = row.consultation.rpartition("-")[0]
        if own != condition:
            condition = own
            found.append(
                f"\n## {titles[condition]}\n\n| consultation | where | option | reaches | burns | guideline |\n"
            )
            found.append("|---|---|---|---|---|---|\n")
        found.append(f"| {' | '.join(row.cells)} |\n")
    found.append("\n## What is strange\n\n| consultation | option | remark |\n|---|---|---|\n")
    found += [f"| {row.consultation} | {row.number} | {said[row.key]} |\n" for row in rows if row.key in said]
    return "".join(found)


def main() -> None:
    """Write the page."""
    rows = [row for file in consultations() for row in _rows(file)]
    PAGE.write_text(_page(rows, remarks()), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
