"""What the reception knows about a patient, compared with contact details: a name, a date of birth, a telephone.

Contact details stay sealed, and no index of them is stored: one of hashes would tell who shares a name or a day of
birth, and would have to be made again with each new key. They are opened one after the other instead.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from skinbeam.model.errors import InputError
from skinbeam.text.letters import strip_marks
from skinbeam_clinic.patients.contact_details import check_contact_details

__all__ = ["ContactQuery", "parse_contact_query"]

_LEAST_DIGITS = 4  # of a telephone number: fewer are in nearly every number
_WHOLE_DIGITS = 6  # of a stored number that may be all but the code of its country
_LEAST_LETTERS = 2  # of a name
_WORD = re.compile(r"[^\W_]+")
_BETWEEN_LETTERS = re.compile(r"[^\w\s]+|_+")  # in a word: an apostrophe, a hyphen
# Without a key for ö, some write o and others oe.
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


@dataclass(frozen=True)
class ContactQuery:
    """One question, in every way in which it can be read.

    Parameters
    ----------
    words : of a name, each of which begins a word of it, with the ways to spell it; empty if it is none.
    whole_words : the same without the signs within words: O'Donnell is one word; it is enough if these begin words.
    born : the date of birth as ISO text; empty if it is none.
    digits : of a telephone number, without zeros at the front; empty if it is none.
    number : of the patient in another program, as it was typed; empty if nothing was.
    """

    words: tuple[tuple[str, ...], ...]
    whole_words: tuple[tuple[str, ...], ...]
    born: str
    digits: str
    number: str

    def matches(self, contact: Mapping[str, str]) -> bool:
        """Return whether contact details are those of somebody who is looked for."""
        if self.born and contact.get("born") == self.born:
            return True
        if (number := contact.get("number")) and number.casefold() == self.number:
            return True
        if self.digits and self._dials(_keep_digits(contact.get("phone", ""))):
            return True
        return bool(self.words) and self._names(contact.get("name", ""))

    def _names(self, stored: str) -> bool:
        """Return whether each word of the question begins a word of a stored name."""
        # Of thousands of names most hold no such letters at all, which is told faster than their words are taken apart.
        whole = _BETWEEN_LETTERS.sub("", _fold(stored))
        plain = _spell(whole)
        asked = [
            words
            for words in (self.words, self.whole_words)
            if all(any(letters in text for text in plain for letters in word) for word in words)
        ]
        if not asked:
            return False
        spelled_words = tuple(chain(*_split_name(stored), *map(_spell, whole.split())))
        return any(all(any(spelled.startswith(word) for spelled in spelled_words) for word in words) for words in asked)

    def _dials(self, stored: str) -> bool:
        """Return whether the digits are those of a stored number, of which either may lack the code of the country."""
        local = stored.lstrip("0")
        return self.digits in stored or (len(local) >= _WHOLE_DIGITS and self.digits.endswith(local))


def parse_contact_query(text: str) -> ContactQuery:
    """Return what a typed text may mean."""
    typed = text.strip()
    try:
        born = check_contact_details({"born": typed})["born"] if typed else ""
    except InputError:
        born = ""
    digits = _keep_digits(typed).lstrip("0")
    is_phone = len(digits) >= _LEAST_DIGITS and not any(map(str.isalpha, typed))
    words = _split_name(typed)
    is_name = sum(len(word) for word, *_ in words) >= _LEAST_LETTERS and any(map(str.isalpha, typed))
    whole_words = tuple(map(_spell, _BETWEEN_LETTERS.sub("", _fold(typed)).split()))
    return ContactQuery(
        words if is_name else (), whole_words if is_name else (), born, digits if is_phone else "", typed.casefold()
    )


def _split_name(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the words of a name without capitals, each in every way in which another keyboard may spell it."""
    return tuple(map(_spell, _WORD.findall(_fold(name))))


def _fold(name: str) -> str:
    """Return a name in small letters, without what nobody sees and without marks that are no part of a letter.

    Such are the spaces of no width that copied text holds, the dot that a capital İ leaves, and vowels above Arabic.
    """
    folded = unicodedata.normalize("NFC", name).casefold()
    if folded.isascii():
        return folded
    folded = unicodedata.normalize("NFC", folded)
    return "".join(sign for sign in folded if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf")


def _spell(word: str) -> tuple[str, ...]:
    if word.isascii():
        return (word,)
    return tuple(dict.fromkeys(strip_marks(spelled) for spelled in (word, word.translate(_TWO_LETTERS))))


def _keep_digits(text: str) -> str:
    """Return the digits of a telephone number without the zero in brackets, which is not dialled from abroad."""
    text = text.replace("(0)", "")
    return "".join(filter(str.isdigit, text))
