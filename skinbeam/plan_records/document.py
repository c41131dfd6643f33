"""Restore the records of a plan from its JSON document.

A document that is made from a plan much later, such as a consent form, uses the stored document, so that the sentences
stay as they were written.
"""

import datetime
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from skinbeam.assessment.risks import PersonalRisk
from skinbeam.evidence.expectation.expectation import Expectation, NaturalCourse
from skinbeam.model.conditions import known_conditions, known_modalities
from skinbeam.model.document import sha256_hex
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.findings.finding import ConcernSuggestion
from skinbeam.plan_records.course import DeviceSetup, TestSpotLadder
from skinbeam.plan_records.plan import PLAN_SCHEMA, TRANSLATION_HASH, Advice, NearestOption, Option, Plan
from skinbeam.suitability.table import RuleReason
from skinbeam.text import ENGLISH, LANGUAGES, DocumentWarning, Message, current_language, translate, use_language

__all__ = ["StoredMessage", "is_altered", "read_plan"]

_EARLIER_SCHEMAS = ("skinbeam.plan/1",)  # without `language`: English
_HASH = re.compile(r"[0-9a-f]{64}")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")

_PLAIN_TYPES: Mapping[Any, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}


@dataclass(frozen=True)
class StoredMessage(Message):
    """A message whose sentence is the stored one, whatever the catalogue of today contains.

    It can be translated as long as the catalogue still has the same sentence.

    Parameters
    ----------
    stored_text : the sentence. stored_language : its language.
    """

    stored_text: str = ""
    stored_language: str = ENGLISH

    @property
    def text(self) -> str:
        """The stored sentence, in the current language."""
        if current_language() == self.stored_language:
            return self.stored_text
        same = Message(
            self.id, {name: _restore_parameter(value, self.stored_language) for name, value in self.params.items()}
        )
        try:
            with use_language(self.stored_language):
                is_unchanged = same.text == self.stored_text
            if is_unchanged:
                return same.text
        except (KeyError, ValueError):  # the catalogue has no such sentence any more, or with other parameters
            pass
        return translate(self.stored_text) if self.stored_language == ENGLISH else self.stored_text


def read_plan(document: Mapping[str, Any]) -> Plan:
    """Return the records of a plan's document, `skinbeam.plan/2` or `skinbeam.plan/1`.

    A plan that was stored in another language than English keeps its hash, which is that of the English plan and is
    not computed again. Its titles of devices, and sentences without an id, as of values that are unknown, stay in that
    language.

    Raises
    ------
    ValueError : a schema or field that is not known, a field that is missing or of another type, with its path.
    """
    schema, language = document.get("schema"), document.get("language", ENGLISH)
    _expect(schema in (PLAN_SCHEMA, *_EARLIER_SCHEMAS), "plan.schema", PLAN_SCHEMA, schema)
    is_known = isinstance(language, str) and language in LANGUAGES
    _expect(is_known, "plan.language", f"one of {', '.join(LANGUAGES)}", language)
    read: Plan = _PlanReader(language).value(Plan, _hashed_content(document), "plan")
    if language != ENGLISH:
        identity = document.get("plan_sha256")
        _expect(isinstance(identity, str) and bool(_HASH.fullmatch(identity)), "plan.plan_sha256", "a hash", identity)
        vars(read)["plan_sha256"] = identity
    return read


def is_altered(document: Mapping[str, Any]) -> bool:
    """Return whether the content of a plan is no longer that of its hash.

    `plan_sha256` is the hash of English sentences, so a document in another language has one of its own as well.
    """
    if document.get("language", ENGLISH) == ENGLISH:
        return document.get("plan_sha256") != sha256_hex(_hashed_content(document))
    written = {name: value for name, value in document.items() if name != TRANSLATION_HASH}
    return document.get(TRANSLATION_HASH) != sha256_hex(written)


def _hashed_content(document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("language", "plan_sha256", TRANSLATION_HASH)
    return {name: value for name, value in document.items() if name not in names}


@dataclass(frozen=True)
class _PlanReader:
    """Reads the records of a document whose sentences are in a language."""

    language: str

    def value(self, kind: Any, value: Any, path: str) -> Any:
        """Return a value of the type of its field; `path` names it in errors."""
        if kind in _PLAIN_TYPES:
            _expect(isinstance(value, _PLAIN_TYPES[kind]), path, kind.__name__, value)
            return value
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self._union(get_args(kind), value, path)
        if origin is tuple:
            (inner, *_), plain = get_args(kind), _PLAIN_TYPES.get(get_args(kind)[0])
            _expect(isinstance(value, list), path, "a list", value)
            if plain and all(isinstance(item, plain) for item in value):  # most of a plan: curves of numbers
                return tuple(value)
            return tuple(self.value(inner, item, f"{path}[{index}]") for index, item in enumerate(value))
        if origin is Literal:
            _expect(value in get_args(kind), path, f"one of {get_args(kind)}", value)
            return value
        if origin is Mapping:
            _expect(isinstance(value, dict), path, "an object", value)
            return {name: self.value(get_args(kind)[1], item, f"{path}.{name}") for name, item in value.items()}
        return self._record(kind, value, path)

    def _union(self, kinds: tuple[Any, ...], value: Any, path: str) -> Any:
        if isinstance(value, dict) and set(value) == {"unknown"} and Unknown in kinds:
            return Unknown(value["unknown"])
        others = [kind for kind in kinds if kind not in (Unknown, types.NoneType)]
        fitting = [kind for kind in others if (get_origin(kind) is tuple) == isinstance(value, list)]
        if len(fitting) > 1 and isinstance(value, dict):  # of several records the smallest that has these fields
            fitting = [
                kind for kind in fitting if is_dataclass(kind) and set(value) <= {field.name for field in fields(kind)}
            ]
            fitting = sorted(fitting, key=lambda kind: len(fields(kind)))[:1]
        _expect(len(fitting) == 1, path, f"one of {others}", value)
        return self.value(fitting[0], value, path)

    def _record(self, kind: Any, value: Any, path: str) -> Any:
        _expect(isinstance(value, dict), path, f"a {kind.__name__}", value)
        if kind is Unknown:
            return Unknown(value["unknown"])
        if kind is Message:
            return StoredMessage(value["id"], value["params"], value["text"], self.language)
        entries = dict(value)
        if kind in (Expectation, NaturalCourse):
            entries["abstains"] = _sentence_record(entries["abstains"]) if entries["abstains"] else None
        elif kind is DocumentWarning:
            entries["message"] = _sentence_record(entries["message"])
        elif kind is ConcernSuggestion:
            entries["seen"] = [_sentence_record(sentence) for sentence in entries["seen"]]
        if kind in (RuleReason, Advice, PersonalRisk, TestSpotLadder):
            entries["message"] = entries["message"] | {"text": entries.pop("text")}
            entries |= {"name": entries.pop("risk")} if kind is PersonalRisk else {}
        elif kind in (Option, NearestOption):
            setup = {
                name: entries.pop(name) for name in (field.name for field in fields(DeviceSetup)) if name in entries
            }
            entries["setup"] = setup if "device" in setup else None
            _expect("device" in setup or setup == {"settings": {}}, path, "a device with its settings", setup)
        if self.language != ENGLISH:
            entries |= _english_title(entries)
        shape = _record_shape(kind)
        for name in entries:
            _expect(name in shape.hints, f"{path}.{name}", "a known field", entries[name])
        for name in shape.needed:
            _expect(name in entries, f"{path}.{name}", "a value", "nothing")
        for name in shape.optional:
            entries.setdefault(name, None)
        return kind(
            **{
                name: None if item is None else self.value(shape.hints[name], item, f"{path}.{name}")
                for name, item in entries.items()
            }
        )


def _restore_parameter(value: Any, language: str) -> Any:
    """Return a parameter of a message with its type before it was written in a language."""
    if isinstance(value, list):
        return [_restore_parameter(item, language) for item in value]
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        return datetime.date.fromisoformat(value)
    if not isinstance(value, dict):
        return value
    if "unknown" in value:
        return Unknown(value["unknown"])
    if "params" in value:
        return StoredMessage(value["id"], value["params"], value["text"], language)
    return Estimate(**value)


def _english_title(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the English title of a record that has the name of a condition or modality."""
    condition, modality = str(values.get("condition")), str(values.get("modality"))
    if "title" in values and condition in known_conditions():
        return {"title": known_conditions()[condition].title}
    if "title" in values and modality in known_modalities():
        return {"title": known_modalities()[modality].title}
    return {}


def _sentence_record(sentence: str) -> dict[str, str | dict[str, str]]:
    """Return the record of a message of which a document has the sentence alone."""
    return {"id": "", "params": {}, "text": sentence}


@dataclass(frozen=True)
class _RecordShape:
    """The fields of a record type: their types, the required ones, and the optional ones."""

    hints: Mapping[str, Any]
    needed: tuple[str, ...]
    optional: tuple[str, ...]


@cache
def _record_shape(kind: Any) -> _RecordShape:
    """Return the fields of a record type, cached, because a plan has thousands of records."""
    hints = get_type_hints(kind)
    optional = tuple(field.name for field in fields(kind) if types.NoneType in get_args(hints[field.name]))
    given = {field.name for field in fields(kind) if (field.default, field.default_factory) != (MISSING, MISSING)}
    needed = tuple(field.name for field in fields(kind) if field.name not in {*given, *optional})
    return _RecordShape(hints, needed, optional)


def _expect(holds: bool, path: str, wanted: str, value: Any) -> None:
    if not holds:
        raise ValueError(f"{path}: {wanted} was expected, {value!r} was read")
