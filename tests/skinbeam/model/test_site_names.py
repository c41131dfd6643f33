"""A part of the body is never taken for another one whose name is alike."""

import pytest

from skinbeam.model import suggestions
from skinbeam.model.errors import InputError
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import resolve_name, vocabulary_table

OTHERS = load_package_table("data/other_words.toml")["other_body_parts"]
NAMES = {word: name for name, site in vocabulary_table("site").items() for word in (name, *site["aliases"])}


def hint_of(word: str) -> str:
    with pytest.raises(InputError) as refused:
        resolve_name("site", word, field="concern[0].site")
    return str(refused.value.hint)


@pytest.mark.parametrize("word", [*OTHERS, "Ears", "upper limb", "breast", "tongue", "Stirn", ""])
def test_another_part_of_the_body_gets_the_list_of_sites(word: str) -> None:
    """ "ears" was asked whether it meant "arms", and "knee" whether it meant "nose"."""
    hint = hint_of(word)
    assert hint.startswith("Known: ")
    assert all(name in hint for name in vocabulary_table("site"))


@pytest.mark.parametrize(("word", "site"), [("lips", "perioral"), ("upper arm", "arms"), ("Upper arms", "arms")])
def test_everyday_words_for_a_site_are_read(word: str, site: str) -> None:
    assert resolve_name("site", word, field="site") == site


@pytest.mark.parametrize("word", [word for word in NAMES if len(word) > 4 and word.isalpha()])
def test_a_letter_left_out_is_a_slip_of_its_own_site(word: str) -> None:
    for place in range(1, len(word)):
        slip = word[:place] + word[place + 1 :]
        try:
            found = resolve_name("site", slip, field="site")
        except InputError as error:
            near = str(error.hint).removeprefix('Did you mean "').removesuffix('"?')
            assert near in NAMES, slip
            found = NAMES[near]
        assert found == NAMES[word], slip


def test_a_text_of_another_length_is_compared_with_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand letters in a field of a form took a second of the processor for each reading."""
    monkeypatch.delattr(suggestions, "edit_distance")
    assert hint_of("x" * 100_000).startswith("Known: ")
    with pytest.raises(NameError):
        hint_of("cheecks")


def test_what_is_no_site_is_none_of_the_names_of_one() -> None:
    assert not set(OTHERS) & set(NAMES)
