"""Hostile pictures are refused or read within limits of time and memory, and never end the program that asked."""

import random
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import numpy as np
import pytest
from hostile_pictures import HOSTILE, SEEDS
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.model.errors import InputError
from skinbeam.photo.decoding import photograph
from skinbeam.photo.decoding.budget import DecoderBudget, RefusedPictureError
from skinbeam.photo.decoding.decoder import decode_picture
from skinbeam.photo.decoding.photograph import decode_photograph, decoder_budget

# What unpacks or repeats itself for seconds: with `make check`.
SLOW = {
    *("200-megapixel.jpg", "200-megapixel.png", "text-bomb.png", "profile-bomb.png"),
    *("deflated.dcm", "directories.tif", "says-more.jpg"),
}
# What another file does as well: with `make validate`.
LONG = {"200-megapixel.heic", "rows-bomb.png", "says-more.png", "says-more.heic"}
NAMES = [
    pytest.param(name, marks=pytest.mark.long if name in LONG else pytest.mark.check if name in SLOW else ())
    for name in HOSTILE
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_picture_is_refused_or_read_within_its_limits(name: str) -> None:
    made, allowed = HOSTILE[name]
    data, begun = made(), time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    said, refused, rgb = "read", None, None
    try:
        rgb = decode_photograph(data, name=name)
    except InputError as error:
        said, refused = error.code, error
    assert said in allowed
    if rgb is not None:
        assert rgb.dtype == np.uint8
        assert rgb.shape[0] * rgb.shape[1] <= decoder_budget()["pixels"]
    if refused is not None:
        assert refused.file == name
        assert all((refused.message, refused.hint, refused.field))
    # The processor's seconds have a limit of their own; the clock has four times that on a busy machine.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before <= decoder_budget()["seconds"] + 1
    assert time.monotonic() - begun < 4 * decoder_budget()["seconds"] + 5


def damaged(data: bytes, seed: int, flips: int) -> bytes:
    """The same file with some bytes changed, a part taken out, doubled or cut off."""
    chance, whole = random.Random(seed), bytearray(data)
    for _ in range(flips):
        # Heads decide how the rest is read, so every other change falls there.
        place = chance.randrange(min(len(whole), 600) if chance.random() < 0.5 else len(whole))
        whole[place] = chance.choice(
            (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256), whole[place] ^ 1 << chance.randrange(8))
        )
    start = chance.randrange(len(whole))
    part = slice(start, start + chance.randrange(1, 64))
    how = chance.randrange(5)
    if how == 0:
        del whole[part]
    elif how == 1:
        whole[part] = bytes(whole[part]) * 2
    elif how == 2:
        del whole[start + 64 :]
    return bytes(whole)


class DecoderProcess:
    """A process that decodes pictures one after the other, as the program does in a process of its own.

    Damaged HEIC ends libheif now and then with a segmentation fault. `decode_photograph` refuses such a file, because
    its child died; so here the death of the child counts as a refusal, and the next picture gets a new one.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def decode(self, data: bytes, limits: DecoderBudget) -> tuple[str, int] | None:
        """Return mode and number of pixels of a picture; None where it is refused."""
        self._pool = self._pool or ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            return self._pool.submit(decode_or_refuse, data, limits).result()
        except BrokenProcessPool:
            self.close()
            return None

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def decode_or_refuse(data: bytes, limits: DecoderBudget) -> tuple[str, int] | None:
    try:
        picture = decode_picture(data, limits)
    except (RefusedPictureError, MemoryError):
        return None
    return picture.mode, picture.width * picture.height


@pytest.fixture(scope="module")
def decoder() -> Iterator[DecoderProcess]:
    process = DecoderProcess()
    yield process
    process.close()


def check_promise(decoder: DecoderProcess, data: bytes, allowed: DecoderBudget) -> None:
    """Whatever the bytes are: a picture within its limits, or a refusal that a sentence is there for."""
    found = decoder.decode(data, allowed)
    if found is not None:
        mode, pixels = found
        assert mode == "RGB"
        assert pixels <= allowed.pixels


def test_a_decoder_that_dies_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `decode_photograph` answers when its child ends with a segmentation fault."""
    monkeypatch.setattr(photograph, "_DECODER", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(InputError) as refused:
        decode_photograph(SEEDS["PNG"], name="face.png")
    assert refused.value.file == "face.png"


@pytest.mark.check
@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32), flips=st.integers(0, 12))
def test_damage_to_any_format_is_refused_or_a_picture(
    decoder: DecoderProcess, kind: str, seed: int, flips: int
) -> None:
    # A million pixels: what a changed head asks for is refused before it takes this process long.
    check_promise(decoder, damaged(SEEDS[kind], seed, flips), DecoderBudget(**decoder_budget() | {"pixels": 1_000_000}))


@pytest.mark.parametrize("kind", SEEDS)
def test_a_file_that_breaks_off_anywhere_never_ends_the_reader(decoder: DecoderProcess, kind: str) -> None:
    for share in (0.02, 0.1, 0.3, 0.6, 0.9, 0.99):
        check_promise(decoder, SEEDS[kind][: int(share * len(SEEDS[kind]))], DecoderBudget(**decoder_budget()))


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_some_damage_is_refused_or_a_picture(decoder: DecoderProcess, kind: str, seed: int) -> None:
    check_promise(decoder, damaged(SEEDS[kind], seed, 6), DecoderBudget(**decoder_budget() | {"pixels": 1_000_000}))
