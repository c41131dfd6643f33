"""The readability of what a patient reads: its running sentences, and their Flesch-Kincaid grade.

grade = 0.39 words/sentences + 11.8 syllables/words - 15.59 (Kincaid et al. 1975, key `kincaid1975`). A grade is a
year at school in the United States, which begins at the age of five: reading age = grade + 5. Syllables are counted
by rule, since the formula needs their mean only.
"""

import re
from collections.abc import Iterable
from dataclasses import fields

from skinbeam.report.consent_context import ConsentPage
from skinbeam.report.context import LeafletPage

_NO_LEAFLET_SENTENCES = ("plan_sha256", "title", "state", "words", "concerns", "phone", "preview")
_NO_CONSENT_SENTENCES = (
    "plan_sha256", "footer", "label", "title", "choices", "results", "questions", "permissions", "points",
    "teach_back_note", "person", "clinician", "date", "signature", "words",
)  # fmt: skip

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?|\d+(?:\.\d+)?")
_END = re.compile(r"[.!?]+(?=\s|$)")
_VOWELS = re.compile(r"[aeiouy]+")
_AGE_AT_GRADE_0_YEARS = 5.0


def syllables(word: str) -> int:
    """Return the number of syllables of an English word; a number counts as one word of one syllable.

    Groups of vowels are counted; a final silent e and the e of a final -es or -ed are subtracted unless they are
    pronounced (`-le` after a consonant, `-ted`, `-ded`, `-ses`, `-ches` and the like).
    """
    if word[0].isdigit():
        return 1
    word = re.sub(r"['’].*", "", word.lower())
    count = len(_VOWELS.findall(word))
    silent_e = (
        word.endswith("e")
        and not re.search(r"[^aeiouy]le$", word)
        and not word.endswith(("ee", "ie", "ye", "oe", "ue"))
    )
    silent_ed = re.search(r"[^aeiouytd]ed$", word)
    silent_es = re.search(r"[^aeiouysxzlhgc]es$", word)
    if silent_e or silent_ed or silent_es:
        count -= 1
    # Vowels that meet but do not join: ra-di-o, do-ing, qui-et; in -tion, -cial, -sion, -gion and -llion they do.
    apart = re.sub(r"[ct]i[ao]|sio|gio|llio", "", word)
    count += len(re.findall(r"i[ao]|uie|[aeouy]ing", apart))
    return max(1, count)


def grade(texts: Iterable[str]) -> float:
    """Return the Flesch-Kincaid grade of texts; the end of a text ends its last sentence.

    Raises
    ------
    ValueError : no word in any text.
    """
    sentence_count = word_count = syllable_count = 0
    for text in texts:
        for part in _END.split(text):
            found = _WORD.findall(part)
            if found:
                sentence_count += 1
                word_count += len(found)
                syllable_count += sum(map(syllables, found))
    if not word_count:
        raise ValueError("a text without words has no grade")
    return 0.39 * word_count / sentence_count + 11.8 * syllable_count / word_count - 15.59


def reading_age_years(texts: Iterable[str]) -> float:
    """Return the reading age in years: the grade plus five."""
    return grade(texts) + _AGE_AT_GRADE_0_YEARS


def leaflet_sentences(page: LeafletPage) -> list[str]:
    """Return every running sentence, to compute the reading age; headings and names in tables are not sentences."""
    found: list[str] = []
    for name in (field.name for field in fields(page) if field.name not in _NO_LEAFLET_SENTENCES):
        value = getattr(page, name)
        found += [value] if isinstance(value, str) else value
    for concern in page.concerns:
        found += [
            *concern.text,
            concern.follow_up,
            concern.no_laser_headline,
            concern.no_laser_text,
            concern.creams,
            *concern.personal_harms,
            *concern.preparations,
            concern.healing,
            *(option.harms for option in concern.options),
            *(line for choice in concern.choices for line in (choice.plus, choice.minus)),
        ]
    return [line for line in found if line]


def consent_sentences(page: ConsentPage) -> list[str]:
    """Return every running sentence for the patient, to compute the reading age.

    Names and numbers in tables are left out.
    """
    found: list[str] = []
    for name in (field.name for field in fields(page) if field.name not in _NO_CONSENT_SENTENCES):
        value = getattr(page, name)
        found += [value] if isinstance(value, str) else value
    found += [permission.text for permission in page.permissions]
    found += [line for question in page.questions for line in (question.question, *question.answers)]
    return [line for line in found if line]
