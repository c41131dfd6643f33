"""Bring the files of translations up to the English ones: `python -m research.translation_files`.

A sentence that has no entry yet gets one with an empty `msgstr`. An entry whose English has changed gets the new
English and the mark `fuzzy`, which its translator takes away again. An entry whose English is gone is removed. All
other text of a file stays as it is. Until somebody translates an entry, pages show it in English.

A language of `LANGUAGES` that has no folder yet gets one with every file.
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, get_args

import skinbeam
from skinbeam.assessment.medicines import medications
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.design import arms_for
from skinbeam.laser.device import devices
from skinbeam.model.conditions import known_conditions
from skinbeam.model.sources import SourcedValue
from skinbeam.model.vocabulary import NameKind, vocabulary_table
from skinbeam.text import ENGLISH, LANGUAGES
from skinbeam.text.translation import NAMES_FILE

__all__ = ["HEADER", "MESSAGES", "english_messages", "main", "updated_translation"]

MESSAGES: Final = Path(skinbeam.__file__).parent / "data" / "messages"
HEADER: Final = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
_CONTEXT = re.compile(r'^msgctxt "(.+)"$', re.MULTILINE)
_ENGLISH = re.compile(r'^msgid ((?:".*"\n)+)', re.MULTILINE)
_BRACES, _FUZZY = "#, python-brace-format\n", "#, fuzzy\n"


@cache
def english_messages() -> Mapping[str, Mapping[str, str]]:
    """Return the English by message id of every file of translations: the messages, and the names of the data files."""
    messages = {NAMES_FILE: _names_of_data()}
    for file in sorted((MESSAGES / ENGLISH).glob("*.toml")):
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
        messages[file.stem] = {
            f"{section}.{key}": text for section, held in sections.items() for key, text in held.items()
        }
    return messages


def _names_of_data() -> dict[str, str]:
    """Return the titles of the data files, the reasons why trials are left out, and what values of targets refer to."""
    names = {
        f"{kind}.{name}": entry["title"]
        for kind in get_args(NameKind)
        for name, entry in vocabulary_table(kind).items()
    }
    names |= {f"medication.{name}": medicine.title for name, medicine in medications().items()}
    names |= {f"device.{name}": device.title for name, device in devices().items()}
    names |= _notes_on_targets()
    # A plan gives the reason of a trial where no trial of the treatment counts: each under the first row that has it.
    first: dict[str, str] = {}
    for arm in trial_arms():
        if not arms_for(arm.condition, arm.modality):
            first.setdefault(arm.excluded, arm.row)
    return names | {f"trial-left-out.{row}": reason for reason, row in first.items()}


def _notes_on_targets() -> dict[str, str]:
    """Return what the depths, sizes and ratios of targets refer to, each under the first condition that has it."""
    first: dict[str, str] = {}
    for name, condition in known_conditions().items():
        for place, target in enumerate(condition.targets, 1):
            for quantity in ("depth_um", "size_um", "melanin_ratio"):
                value: SourcedValue | None = getattr(target, quantity)
                if value is not None:
                    first.setdefault(value.conditions, f"{name}-{place}-{quantity}")
    return {f"target-note.{about}": note for note, about in first.items()}


def updated_translation(held: str, english: Mapping[str, str]) -> str:
    """Return the text of a gettext file with an entry for each English message, and with no other entry."""
    head, *entries = re.split(r"\n\n(?=[#m])", held.rstrip("\n"))
    left = dict(english)
    kept = [head]
    for entry in entries:
        id = "".join(_CONTEXT.findall(entry))
        if id in left:
            kept.append(_with_english(entry, left.pop(id)))
    new = [f'{_flags(text)}msgctxt "{id}"\nmsgid {_quoted(text)}\nmsgstr ""' for id, text in left.items()]
    return "\n\n".join([*kept, *new]) + "\n"


def _with_english(entry: str, english: str) -> str:
    """Return an entry with its English as it is today; with the mark `fuzzy` if that is another one."""
    written = _ENGLISH.search(entry)
    assert written is not None
    if "".join(re.findall(r'"(.*)"', written[1])) == _quoted(english)[1:-1]:
        return entry
    # In a lambda, because a replacement text would read its backslashes.
    changed = _ENGLISH.sub(lambda _: f"msgid {_quoted(english)}\n", entry.replace(_BRACES, ""))
    return f"{'' if _FUZZY in changed else _FUZZY}{_flags(english)}{changed}"


def _flags(english: str) -> str:
    return _BRACES if "{" in english else ""


def _quoted(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def main() -> int:
    """Write every file that is not up to date, and return the exit code."""
    for language in LANGUAGES:
        for stem, english in english_messages().items() if language != ENGLISH else ():
            file = MESSAGES / language / f"{stem}.po"
            before = file.read_text(encoding="utf-8") if file.exists() else HEADER.format(language=language)
            text = updated_translation(before, english)
            if text != before:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8")
                print(f"wrote {file.relative_to(MESSAGES)}: fill in each empty msgstr, and take away each `fuzzy`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
