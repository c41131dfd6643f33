"""A photograph is read upright and without its metadata, and what is not one is refused with the reason."""

import io
import resource
import struct
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT, TESTS
from PIL import Image, ImageCms

from skinbeam.model.errors import InputError
from skinbeam.photo.decoding import photograph as reading
from skinbeam.photo.decoding.budget import DecoderBudget, RefusedPictureError
from skinbeam.photo.decoding.decoder import count_scans, decode_picture
from skinbeam.photo.decoding.photograph import decode_photograph, decoder_budget, read_photograph

BROKEN = TESTS / "data" / "broken" / "photo"
EXPECTED = tomllib.loads((BROKEN / "expected.toml").read_text(encoding="utf-8"))
PORTRAIT = ROOT / "examples" / "first-consultation" / "face.jpg"


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_photograph_gets_its_message(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_photograph(BROKEN / name)
    error = caught.value
    assert {"code": error.code, "message": error.message, "hint": error.hint} == EXPECTED[name]
    assert (error.field, error.file) == ("photo", name)


def test_every_broken_photograph_has_its_message() -> None:
    assert {file.name for file in BROKEN.iterdir()} - {"expected.toml"} == set(EXPECTED)


def test_a_folder_a_missing_file_and_a_large_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read_photograph(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read_photograph(tmp_path / "none.jpg")
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(30_000_001)
    with pytest.raises(InputError, match="30,000,001 bytes"):
        read_photograph(tmp_path / "large.jpg")


@pytest.mark.parametrize("progressive", [False, True])
def test_the_scans_of_a_jpeg_are_counted_and_what_its_segments_hold_is_not(progressive: bool) -> None:
    """A photograph with a copy of itself in a segment, as cameras write it, and one behind its end."""
    data = saved(Image.open(PORTRAIT).resize((200, 200)), "JPEG", progressive=progressive)
    inner = b"\xff\xe1" + (len(data[:60_000]) + 2).to_bytes(2, "big") + data[:60_000]
    told = count_scans(data)
    assert told == (10 if progressive else 1)  # the ten of the script that libjpeg takes for three colours
    assert count_scans(data[:2] + inner + data[2:] + data) == told
    for cut in range(0, len(data), 97):
        assert count_scans(data[:cut]) <= told


def many_scans(side_px: int, times: int) -> bytes:
    """A progressive JPEG that goes over its picture again and again."""
    data = saved(Image.new("L", (side_px, side_px), 128), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + data[-2:]


def test_a_jpeg_of_thousands_of_scans_is_refused_at_once() -> None:
    data = many_scans(7000, 200)
    assert len(data) < 30_000_000
    begun = time.monotonic()
    with pytest.raises(InputError) as caught:
        decode_photograph(data, name="scans.jpg")
    assert (caught.value.code, caught.value.file) == ("too-many-scans", "scans.jpg")
    assert time.monotonic() - begun < 10.0  # it would take minutes


@pytest.mark.parametrize(
    ("tighter", "code"),
    [({"seconds": 1}, "too-slow-picture"), ({"memory_bytes": 300_000_000}, "too-much-memory")],
    ids=["time", "memory"],
)
def test_a_photograph_that_takes_too_much_is_given_up(
    tighter: dict[str, int], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = decoder_budget() | {"scans": 10**6} | tighter
    monkeypatch.setattr(reading, "decoder_budget", lambda: whole)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with pytest.raises(InputError) as caught:
        decode_photograph(many_scans(7000, 60 if "seconds" in tighter else 1), name="much.jpg")
    assert (caught.value.code, caught.value.file) == (code, "much.jpg")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.5, "the work was done elsewhere"


def test_a_decoder_that_crashes_is_a_damaged_photograph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_DECODER", "import os, sys; sys.stdin.buffer.read(1); os.abort()")
    with pytest.raises(InputError) as caught:
        read_photograph(PORTRAIT)
    assert (caught.value.code, caught.value.file) == ("truncated-picture", "face.jpg")


def test_nothing_of_the_folder_it_runs_in_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "PIL.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert read_photograph(PORTRAIT).rgb.size


def test_damage_anywhere_is_refused_or_a_picture() -> None:
    """Bytes overwritten at any place either still decode or are refused; nothing else may come out."""
    data, allowed = PORTRAIT.read_bytes(), DecoderBudget(**decoder_budget())
    rng = np.random.default_rng(3)
    for turn in range(25):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data) if turn % 2 else 700, 12):
            damaged[place] = int(rng.integers(256))
        try:
            picture = decode_picture(bytes(damaged), allowed)
        except RefusedPictureError:
            continue
        assert picture.mode == "RGB"


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)  # type: ignore[arg-type]  # Pillow's options differ by format
    return file.getvalue()


@pytest.fixture
def stripes() -> Image.Image:
    """A picture that no turn or flip leaves as it is: 80 x 70, each quarter with its own colour."""
    pixels = np.zeros((70, 80, 3), np.uint8)
    pixels[:35, :40], pixels[:35, 40:], pixels[35:, :40] = (200, 30, 10), (20, 190, 60), (40, 50, 210)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(stripes: Image.Image, orientation: int) -> None:
    # What a camera stores for each orientation: the inverse of what a viewer has to do (TIFF 6.0, tag 274).
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = stripes.transpose(inverse[orientation]) if orientation > 1 else stripes
    exif = Image.Exif()
    exif[274] = orientation
    np.testing.assert_array_equal(decode_photograph(saved(stored, "PNG", exif=exif), name="x.png"), np.asarray(stripes))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_other_modes_become_eight_bit_colour(stripes: Image.Image, mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(stripes.convert("L")).astype(np.uint16) * 257)
        expected = np.repeat(np.asarray(stripes.convert("L"))[..., None], 3, axis=2)
    else:
        image = stripes.convert(mode)
        expected = np.asarray(image.convert("RGB"))
    picture = decode_photograph(saved(image, "TIFF" if mode == "CMYK" else "PNG"), name="x")
    np.testing.assert_array_equal(picture, expected)


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (70, 70), (10, 20, 30, 0))
    assert (decode_photograph(saved(clear, "PNG"), name="x.png") == 255).all()


def test_an_embedded_profile_is_applied_and_a_broken_one_ignored(stripes: Image.Image) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = np.asarray(stripes).astype(int)
    same = decode_photograph(saved(stripes, "PNG", icc_profile=srgb), name="x.png").astype(int)
    assert np.abs(same - plain).max() <= 1  # one step of 8-bit rounding
    # The same profile with the names of its red and blue primaries exchanged: red and blue change places.
    crossed = srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    swapped = decode_photograph(saved(stripes, "PNG", icc_profile=crossed), name="x.png").astype(int)
    assert np.abs(swapped[..., ::-1] - plain).max() <= 1
    broken = decode_photograph(saved(stripes, "PNG", icc_profile=b"nothing"), name="x.png").astype(int)
    np.testing.assert_array_equal(broken, plain)


def display_p3() -> bytes:
    """The profile of sRGB with the primaries of Display P3, adapted to D50."""
    primaries = {b"rXYZ": (0.51512, 0.24120, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189)}
    primaries[b"bXYZ"] = (0.15710, 0.06657, 0.78407)
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for k in range(struct.unpack_from(">I", profile, 128)[0]):
        tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * k)
        if tag in primaries:
            struct.pack_into(">3i", profile, offset + 8, *(round(65536 * value) for value in primaries[tag]))
    return bytes(profile)


def test_what_a_wide_gamut_ends_is_not_called_clipped_and_what_the_file_clips_is() -> None:
    matrix = np.array(
        [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    )  # P3 to sRGB, linear
    orange = (252, 60, 20)
    linear = np.power(np.array(orange) / 255, 2.2)
    assert (matrix @ linear > 1).any() or (matrix @ linear < 0).any(), "a colour that sRGB has not"
    profile = display_p3()
    decoded = [
        decode_photograph(saved(Image.new("RGB", (80, 80), colour), "PNG", icc_profile=profile), name="x.png")[0, 0]
        for colour in (orange, (255, 60, 20), (252, 60, 0))
    ]
    inside, full, black = ((int(colour.min()), int(colour.max())) for colour in decoded)
    assert inside[0] >= 2
    assert inside[1] <= 253
    assert full[1] >= 254
    assert black[0] <= 1
