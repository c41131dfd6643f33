"""Languages that nobody speaks: English with words a third longer, and the same in letters from right to left.

They take the codes of two languages without a catalogue, so that numbers and dates are theirs, too.
"""

import contextlib
import re
from collections.abc import Iterator

import pytest

from skinbeam.text import LANGUAGES, catalogues
from skinbeam.text.translation import NAMES_FILE

__all__ = ["LONGER", "RIGHT_TO_LEFT", "pseudo_languages"]

LONGER, RIGHT_TO_LEFT = "cy", "he"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשתאבגד"
# Whole words alone: no parameter in braces, no element of a page, no address.
_WORD = re.compile(r"(\{[^{}]*\}|<[^<>]*>|\S*[/@]\S*)|([A-Za-z]+)")


@contextlib.contextmanager
def pseudo_languages() -> Iterator[None]:
    """Add both to the languages of the program within the block."""
    read = catalogues._read_translation

    def translate(name: str, language: str) -> dict[str, tuple[str, str]]:
        if language not in (LONGER, RIGHT_TO_LEFT):
            return dict(read(name, language))
        if name.removesuffix(".toml") == NAMES_FILE:
            english = {id: source for id, (source, _) in read(name, "de").items()}
        else:
            english = dict(catalogues._templates_of_file(name))
        return {id: (source, _change(source, language)) for id, source in english.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogues, "_read_translation", translate)
        patch.setitem(LANGUAGES, LONGER, _change("Longer", LONGER))
        patch.setitem(LANGUAGES, RIGHT_TO_LEFT, _change("Leftward", RIGHT_TO_LEFT))
        yield


def _change(text: str, language: str) -> str:
    return _WORD.sub(lambda found: found[1] or _change_word(found[2], language), text)


def _change_word(word: str, language: str) -> str:
    longer = word + word[: round(0.3 * len(word) + 0.5)].lower()
    if language == LONGER:
        return longer
    return "".join(_HEBREW[_LATIN.index(letter)] for letter in longer.lower())
