"""Records of the guideline: the choice of one source, a cell made of many choices, and a dose that a cell gives."""

import re
from dataclasses import dataclass

__all__ = ["GuidelineCell", "GuidelineChoice", "GuidelineDose", "GuidelineTreatment"]


_DIAMETER = re.compile(r"\b(\d+) um\b")


@dataclass(frozen=True)
class GuidelineChoice:
    """What one source says about one treatment of a condition.

    Parameters
    ----------
    row : name of the row.
    condition, subtypes, site : what is treated; no subtype means any, and an empty site any.
    phototype : as `III` or `I-III`; empty if the source does not limit it.
    place : `first`, `second`, `third`, `adjunct`, `avoid` or `contraindicated`.
    treatment : a modality, or another treatment of `data/guideline.toml`.
    device_classes : alternatives; a class with `+` is a combination.
    statement : what the source says, in one sentence.
    grade : kind of the source, from `guideline` to `maker`.
    source : key of the bibliography.
    note : remarks for readers of the table.
    """

    row: str
    condition: str
    subtypes: tuple[str, ...]
    site: str
    phototype: str
    place: str
    treatment: str
    device_classes: tuple[str, ...]
    statement: str
    grade: str
    source: str
    note: str


@dataclass(frozen=True)
class GuidelineTreatment:
    """One place of a cell: the treatment, the classes of devices that may do it, and the setting as printed.

    Parameters
    ----------
    treatment : a modality, or another treatment of `data/guideline.toml`.
    device_classes : alternatives, the usual one first; a class with `+` is a combination, such as
        `pdl-595+ndyag-1064`.
    setting_text : what the sources print of the setting; empty if they print none.
    """

    treatment: str
    device_classes: tuple[str, ...]
    setting_text: str


@dataclass(frozen=True)
class GuidelineCell:
    """The first three treatments of a condition, kind, site and group of phototypes, and what to avoid.

    Parameters
    ----------
    row : name of the cell.
    condition, subtype, site, phototype : what the cell is about; an empty subtype or site means any.
    first, second, third : by place; None if no source gives one.
    endpoint_text, sessions_text : endpoint and number of sessions of the first treatment, as printed.
    adjuncts : treatments that go with these.
    avoid : classes of devices and modalities that sources advise against.
    firmness : of the first place: `firm`, `fair`, `thin` or `none`.
    choice_ids : rows of `guideline_choices.csv` and `practice.csv` behind the cell.
    sources : keys of the bibliography behind the cell, each once.
    note : remarks for readers of the table.
    """

    row: str
    condition: str
    subtype: str
    site: str
    phototype: str
    first: GuidelineTreatment | None
    second: GuidelineTreatment | None
    third: GuidelineTreatment | None
    endpoint_text: str
    sessions_text: str
    adjuncts: tuple[str, ...]
    avoid: tuple[str, ...]
    firmness: str
    choice_ids: tuple[str, ...]
    sources: tuple[str, ...]
    note: str

    @property
    def is_graded(self) -> bool:
        """Whether it rests on enough sources to refuse a treatment by, and to judge a plan by."""
        return self.firmness in ("firm", "fair")

    @property
    def treatments(self) -> tuple[GuidelineTreatment, ...]:
        """The treatments that have a place, the first place first."""
        return tuple(treatment for treatment in (self.first, self.second, self.third) if treatment is not None)


@dataclass(frozen=True)
class GuidelineDose:
    """One dose that a cell gives for one class of device.

    Parameters
    ----------
    row, cell : names of the dose and of its cell.
    place : `first`, `second` or `third`: whose setting it belongs to.
    device_class : class of device; a class with `+` is a combination.
    component : the part of a combination that the dose is of; empty for a single device.
    quantity : `fluence_J_cm2`, `energy_mJ` or `coverage_percent`.
    low, high : the printed range in the unit of `quantity`; equal if a single value is printed.
    setting_text : pulse, spot, diameter of microbeams, passes and cooling as printed beside the dose.
    sources : keys of the bibliography that print the dose.
    """

    row: str
    cell: str
    place: str
    device_class: str
    component: str
    quantity: str
    low: float
    high: float
    setting_text: str
    sources: tuple[str, ...]

    @property
    def diameter_um(self) -> float | None:
        """The printed diameter of microbeams; None where none is printed."""
        found = _DIAMETER.search(self.setting_text)
        return None if found is None else float(found[1])
