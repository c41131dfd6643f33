"""The public functions and results of `skinbeam`, from their signatures and docstrings."""

import inspect
import re
import typing
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import skinbeam
from skinbeam.api.array_result import ArrayResult
from skinbeam.model.document import HEAD_FIELDS, DocumentResult
from skinbeam.public import curve, planned, questions

__all__ = ["functions", "result_classes"]

_HEADING = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_PROMPT = re.compile(r"^(?:>>>|\.\.\.) ?", re.MULTILINE)
_IMPORTS = re.compile(r"\A((?:from .*\n)+)")
_NEW_ITEM = re.compile(r"^(?=\S)|(?<=\.) (?=\w+(?:, \w+)* : )", re.MULTILINE)
_CLASSES = (
    DocumentResult,
    ArrayResult,
    curve.SettingCurve,
    *(cls for cls in vars(questions).values() if isinstance(cls, type) and issubclass(cls, DocumentResult)),
    planned.PlannedConsultation,
    planned.PlannedConcern,
    planned.PlannedOption,
    skinbeam.Estimate,
    skinbeam.Unknown,
    skinbeam.InputError,
    skinbeam.NotAvailable,
)


def functions() -> str:
    """Return every public function with its signature, its text and its example."""
    names = [name for name in skinbeam.__all__ if name[0].islower() and not name.startswith("_")]
    return "\n\n".join(_entry(name, getattr(questions, name, getattr(skinbeam, name)), "###") for name in names)


def result_classes() -> str:
    """Return every class that the functions return or raise, with its fields and methods."""
    return "\n\n".join(
        "\n\n".join(
            part
            for part in (
                _text(cls, f"### {cls.__name__}"),
                _field_list(cls),
                *(_entry(name, member, "####") for name, member in _methods(cls)),
            )
            if part
        )
        for cls in _CLASSES
    )


def _field_list(cls: type) -> str:
    """Return the fields of a result, then those of each of its groups; empty for other classes."""
    if not issubclass(cls, DocumentResult) or cls in (DocumentResult, ArrayResult):
        return ""
    hints = typing.get_type_hints(cls)
    names = [field.name for field in fields(cls) if field.name not in HEAD_FIELDS]
    groups = {name: next(filter(_is_group, _classes_in(hints[name])), None) for name in names}
    lines = [
        f"- `{name}`: {_first_sentence(group)}: {_quoted(field.name for field in fields(group))}."
        for name, group in groups.items()
        if group is not None
    ]
    return "\n".join([f"**Fields** {_quoted(names)}.", *(["", *lines] if lines else [])])


def _is_group(cls: type) -> bool:
    """Return whether a class is a group of values; estimates, unknowns and messages are values themselves."""
    return is_dataclass(cls) and not hasattr(cls, "as_record")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _classes_in(hint: Any) -> Iterator[type]:
    """Yield the classes that an annotation names, however deep."""
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for part in typing.get_args(hint):
        yield from _classes_in(part)


def _first_sentence(cls: type) -> str:
    return (inspect.getdoc(cls) or "").replace("\n", " ").partition(". ")[0].rstrip(".")


def _methods(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the methods and properties that a class itself defines and describes."""
    for name, member in vars(cls).items():
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            yield name, member


def _entry(name: str, found: Any, level: str) -> str:
    if isinstance(found, property):
        return _text(found, f"{level} {name}")
    return _text(found, f"{level} {name}", f"```text\n{_signature(name, found)}\n```")


def _signature(name: str, found: Any) -> str:
    """Return a call with its parameters and defaults: types stand in the text, in the words of the field."""
    parameters = inspect.signature(found).parameters.values()
    shown = [str(one.replace(annotation=inspect.Parameter.empty)) for one in parameters if one.name != "self"]
    marked = next((at for at, one in enumerate(parameters) if one.kind is inspect.Parameter.KEYWORD_ONLY), None)
    if marked is not None:
        shown.insert(marked - ("self" in inspect.signature(found).parameters), "*")
    return f"{name}({', '.join(shown)})"


def _text(found: Any, *head: str) -> str:
    """Return a heading and the docstring: its first part, then each section as a list, or the example as a block."""
    first, *parts = _HEADING.split(inspect.getdoc(found) or "")
    paragraphs = [*head, first.strip()]
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        if title == "Example":
            code = _IMPORTS.sub(r"\1\n", _PROMPT.sub("", body.strip()))
            paragraphs.append(f"```python\n{code}\n```")
        elif title == "Returns":
            paragraphs.append(f"**Returns** {body.strip()}")
        else:
            items = ["- " + " ".join(item.split()) for item in _NEW_ITEM.split(body) if item.strip()]
            paragraphs += [f"**{title}**", "\n".join(_bold_name(item) for item in items)]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _bold_name(item: str) -> str:
    names, colon, text = item.removeprefix("- ").partition(" : ")
    return f"- `{names}`: {text}" if colon else item
