"""Which rows are independent: those whose paper and laboratory set no number of the model."""

from collections.abc import Mapping
from functools import cache

from skinbeam.schema.fields import Section
from skinbeam.shipped import shipped_table
from skinbeam.validation.rows import calibrators

__all__ = ["calibrator_of", "laboratories", "origin"]


class _Laboratory(Section):
    """Papers of one laboratory, and why they are taken to be."""

    name: str
    sources: list[str]
    reason: str


class _Unknown(Section):
    sources: list[str]
    reason: str


class _LaboratoriesFile(Section):
    laboratory: list[_Laboratory]
    unknown: _Unknown


@cache
def laboratories() -> Mapping[str, str]:
    """Return the laboratory of each source key, or the key itself where the laboratory is not known.

    Raises
    ------
    ValueError : a source stands in two laboratories.
    """
    file = _LaboratoriesFile.model_validate(shipped_table("validation/laboratories.toml"))
    found = {key: key for key in file.unknown.sources}
    for one in file.laboratory:
        if twice := found.keys() & set(one.sources):
            raise ValueError(f"validation/laboratories.toml: {', '.join(sorted(twice))} in two laboratories")
        found |= dict.fromkeys(one.sources, one.name)
    return found


def origin(source: str) -> str:
    """Return what counts as one source: the laboratory, or the paper where that is not known."""
    return laboratories().get(source, source)


def calibrator_of(source: str) -> str | None:
    """Return a calibrator of the same paper, or else of the same laboratory; None where the source is independent."""
    if source in calibrators():
        return source
    return next((key for key in calibrators() if origin(key) == origin(source)), None)
