"""Keys: what is sealed opens with the right key, at its place, unaltered, and in no other way."""

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.model.errors import InputError
from skinbeam_clinic.database.encryption import (
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    DatabaseSecret,
    EncryptionKeys,
    generate_key,
    read_keys,
)
from skinbeam_clinic.errors import WrongKeyError

KEYS = read_keys({KEY_VARIABLE: generate_key()})


@given(st.binary(max_size=300), st.text(max_size=50))
def test_what_is_sealed_opens_at_its_place(data: bytes, place: str) -> None:
    sealed = KEYS.seal(data, place)
    assert KEYS.open(sealed, place) == data
    assert data == b"" or len(data) < 4 or data not in sealed
    assert KEYS.seal(data, place) != sealed
    with pytest.raises(InputError, match="altered"):
        KEYS.open(sealed, f"{place}x")


@given(st.binary(min_size=1, max_size=40), st.data())
def test_one_changed_bit_opens_nothing(data: bytes, chosen: st.DataObject) -> None:
    sealed = bytearray(KEYS.seal(data, "here"))
    sealed[chosen.draw(st.integers(0, len(sealed) - 1))] ^= 1 << chosen.draw(st.integers(0, 7))
    with pytest.raises(InputError) as found:
        KEYS.open(bytes(sealed), "here")
    assert found.value.code in ("altered-data", "wrong-key")


@pytest.mark.parametrize("length", range(34))
def test_what_is_too_short_was_altered(length: int) -> None:
    sealed = KEYS.seal(b"", "here")[:length]
    with pytest.raises(InputError):
        KEYS.open(sealed if len(sealed) == length else b"", "there")


def test_a_replaced_key_still_opens_and_no_longer_seals() -> None:
    old, new = os.urandom(32), os.urandom(32)
    sealed = EncryptionKeys([old]).seal(b"x", "here")
    both = EncryptionKeys([new, old])
    assert both.open(sealed, "here") == b"x"
    assert EncryptionKeys([new]).open(both.seal(b"y", "here"), "here") == b"y"
    with pytest.raises(WrongKeyError):
        EncryptionKeys([new]).open(sealed, "here")


@pytest.mark.parametrize("written", ["short", "é" * 44, base64.urlsafe_b64encode(b"x" * 31).decode(), "=", ",", "a b"])
def test_a_key_that_is_none_is_refused_with_a_fresh_one(written: str) -> None:
    with pytest.raises(InputError, match="32 random bytes") as found:
        read_keys({KEY_VARIABLE: written})
    read_keys({KEY_VARIABLE: found.value.hint.split(f"{KEY_VARIABLE}=")[1]})


def test_without_a_key_a_fresh_one_is_offered() -> None:
    with pytest.raises(InputError, match="no key") as found:
        read_keys({})
    read_keys({KEY_VARIABLE: found.value.hint.split(f"{KEY_VARIABLE}=")[1]})


def test_signatures_are_of_one_purpose_and_one_secret() -> None:
    signatures = {
        DatabaseSecret(secret).signature(purpose, b"x")
        for secret in (b"a" * 32, b"b" * 32)
        for purpose in ("row", "file")
    }
    assert len(signatures) == 4


def test_a_key_may_lie_in_a_file_that_the_environment_names(tmp_path: Path) -> None:
    written, file = generate_key(), tmp_path / "key"
    file.write_text(f"{written}\n", encoding="ascii")
    sealed = read_keys({KEY_VARIABLE: written}).seal(b"x", "here")
    assert read_keys({KEY_FILE_VARIABLE: str(file)}).open(sealed, "here") == b"x"
    assert read_keys({KEY_VARIABLE: written, KEY_FILE_VARIABLE: "/nowhere"}).open(sealed, "here") == b"x"
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError) as found:
            read_keys({KEY_FILE_VARIABLE: str(missing)})
        assert (found.value.code, found.value.field) == ("no-key-file", KEY_FILE_VARIABLE)
        assert written not in str(found.value)
