"""HEIC, DICOM and unusual kinds of ordinary files are read as what they show; what is written beside is not kept."""

import dataclasses
import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paths import ROOT
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    VLPhotographicImageStorage,
)

from skinbeam.api.analyse_photo import report_photo
from skinbeam.model.errors import InputError
from skinbeam.photo.decoding import decoder
from skinbeam.photo.decoding import photograph as reading
from skinbeam.photo.decoding.budget import DecoderBudget, RefusedPictureError
from skinbeam.photo.decoding.decoder import decode_picture
from skinbeam.photo.decoding.photograph import DecodedPhotograph, decode_photograph, decoder_budget, read_photograph
from skinbeam.photo.decoding.srgb import ADOBE_RGB, DISPLAY_P3

HEIC = Path(__file__).parent / "heic"
PORTRAIT = ROOT / "examples" / "first-consultation" / "face.jpg"
# The quarters of the pictures in `heic`, by rows.
QUARTERS = ((200, 40, 30), (30, 180, 70), (50, 60, 200), (180, 180, 180))


def quarters() -> np.ndarray:
    pixels = np.zeros((128, 160, 3), np.uint8)
    pixels[:64, :80], pixels[:64, 80:], pixels[64:, :80], pixels[64:, 80:] = QUARTERS
    return pixels


def corners(rgb: np.ndarray) -> np.ndarray:
    """The colour in the middle of each quarter."""
    return rgb[32::64, 40::80][:2, :2].reshape(4, 3).astype(int)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def dicom(pixels: bytes | None, syntax: UID = ExplicitVRLittleEndian, **tags: Any) -> bytes:
    """A DICOM file of 160 x 128 pixels with a name, a place and a private sequence beside them."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = VLPhotographicImageStorage, UID("2.25.17")
    dataset.PatientName, dataset.PatientID = "Featherstonehaugh^Quillon", "SN-4711-0815"
    dataset.InstitutionAddress, dataset.Modality = "Zebra Lane 9", "XC"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 128, 160, 3
    dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    inner = Dataset()
    inner.PatientName = "Featherstonehaugh^Quillon"
    dataset.private_block(0x0099, "MADE UP", create=True).add_new(1, "SQ", [inner])
    if pixels is not None:
        dataset.PixelData = pixels
        dataset["PixelData"].VR = "OB" if syntax.is_encapsulated or tags.get("BitsAllocated", 8) == 8 else "OW"
        if syntax.is_encapsulated:
            dataset["PixelData"].is_undefined_length = True
    for name, value in tags.items():
        setattr(dataset, name, value)
    file = io.BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        decode_photograph(data, name="x")
    return caught.value.code


def jpeg(*, keep_rgb: bool = False) -> bytes:
    return saved(Image.fromarray(quarters()), "JPEG", quality=95, subsampling=0, keep_rgb=keep_rgb)


def bare_jpeg(*, keep_rgb: bool) -> bytes:
    """A JPEG that does not say what its three components are."""
    data, place, kept = jpeg(keep_rgb=keep_rgb), 2, b"\xff\xd8"
    while data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if not 0xE0 <= data[place + 1] <= 0xEF:
            segment = data[place:end]
            if data[place + 1] == 0xC0:  # the frame: components numbered 1, 2, 3 in place of the letters R, G, B
                segment = segment[:10] + b"\1" + segment[11:13] + b"\2" + segment[14:16] + b"\3" + segment[17:]
            kept += segment
        place = end
    scan = data[place:]
    return kept + scan[:5] + b"\1" + scan[6:7] + b"\2" + scan[8:9] + b"\3" + scan[10:]


# Quality 95 without subsampling moves a flat quarter by at most two levels.
CODED = 3


@pytest.mark.parametrize("name", ["turned.heic", "burst.heic"])
def test_a_heic_picture_is_read_upright_and_a_burst_by_its_first(name: str) -> None:
    np.testing.assert_allclose(corners(read_photograph(HEIC / name).rgb), QUARTERS, atol=CODED)


@pytest.mark.parametrize("name", ["telephone.heic", "named-p3.heic"])
def test_the_wide_colours_of_a_telephone_are_read_by_profile_or_by_number(name: str) -> None:
    linear = np.where((p3 := np.array(QUARTERS) / 255) <= 0.04045, p3 / 12.92, ((p3 + 0.055) / 1.055) ** 2.4)
    # Display P3 to sRGB in linear light.
    to_srgb = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
    light = np.clip(linear @ to_srgb.T, 0, 1)
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    np.testing.assert_allclose(corners(read_photograph(HEIC / name).rgb), expected, atol=CODED)


def test_a_heic_picture_of_high_dynamic_range_is_refused() -> None:
    assert refused((HEIC / "high-range.heic").read_bytes()) == "high-dynamic-range"


@pytest.mark.parametrize(
    ("module", "data", "code"),
    [("pi_heif", (HEIC / "burst.heic").read_bytes(), "heic_absent"), ("pydicom", dicom(bytes(61440)), "dicom_absent")],
    ids=["heic", "dicom"],
)
def test_a_format_whose_library_is_absent_says_so(
    module: str, data: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(decoder, "find_spec", lambda name: None)
    with pytest.raises(RefusedPictureError) as caught:
        decode_picture(data, DecoderBudget(**decoder_budget()))
    assert caught.value.code == code


def run_lengths(rgb: np.ndarray) -> bytes:
    options = {
        "rows": 128, "columns": 160, "samples_per_pixel": 3, "bits_allocated": 8, "bits_stored": 8,
        "pixel_representation": 0, "number_of_frames": 1, "photometric_interpretation": "RGB",
        "planar_configuration": 0,
    }  # fmt: skip
    return encapsulate([RLELosslessEncoder.encode(rgb, encoding_plugin="pydicom", **options)])


@pytest.mark.parametrize(
    ("made", "within"),
    [
        (lambda rgb: dicom(rgb.tobytes()), 0),
        (lambda rgb: dicom(rgb.tobytes(), ImplicitVRLittleEndian, SOPClassUID=SecondaryCaptureImageStorage), 0),
        (lambda rgb: dicom(rgb.transpose(2, 0, 1).tobytes(), PlanarConfiguration=1), 0),
        # Luminance and chroma are whole numbers: a level each way.
        (
            lambda rgb: dicom(
                convert_color_space(rgb, "RGB", "YBR_FULL").tobytes(), PhotometricInterpretation="YBR_FULL"
            ),
            2,
        ),
        (
            lambda rgb: dicom(
                (rgb.astype("<u2") << 4).tobytes(), BitsAllocated=16, BitsStored=12, HighBit=11
            ),
            0,
        ),
        (lambda rgb: dicom(run_lengths(rgb), RLELossless), 0),
        (
            lambda rgb: dicom(
                encapsulate([saved(Image.fromarray(rgb), "JPEG2000", irreversible=False, no_jp2=True)]),
                JPEG2000Lossless,
                PhotometricInterpretation="YBR_RCT",
            ),
            0,
        ),
        (lambda rgb: dicom(encapsulate([jpeg()]), JPEGBaseline8Bit, PhotometricInterpretation="YBR_FULL_422"), CODED),
        (
            lambda rgb: dicom(
                encapsulate([bare_jpeg(keep_rgb=False)]), JPEGBaseline8Bit, PhotometricInterpretation="YBR_FULL"
            ),
            CODED,
        ),
        (lambda rgb: dicom(encapsulate([bare_jpeg(keep_rgb=True)]), JPEGBaseline8Bit), CODED),
    ],
    ids=[
        "rgb", "secondary-capture", "planes", "ybr", "twelve-bits", "run-lengths", "jpeg-2000", "jpeg", "jpeg-bare",
        "jpeg-rgb",
    ],
)  # fmt: skip
def test_a_photograph_in_dicom_is_read(made: Callable[[np.ndarray], bytes], within: int) -> None:
    np.testing.assert_allclose(corners(decode_photograph(made(quarters()), name="x.dcm")), QUARTERS, atol=within)


def test_the_profile_of_a_dicom_file_is_applied() -> None:
    wide = decode_photograph(dicom(quarters().tobytes(), ICCProfile=ADOBE_RGB), name="x.dcm")
    same = decode_photograph(saved(Image.fromarray(quarters()), "PNG", icc_profile=ADOBE_RGB), name="x.png")
    np.testing.assert_array_equal(wide, same)
    assert np.abs(corners(wide) - QUARTERS).max() > 15, "it did something"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (dicom(bytes(20480), SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2"), "dicom-without-colour"),
        (dicom(bytes(20480), SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME1"), "dicom-without-colour"),
        (dicom(bytes(122880), NumberOfFrames=2), "animated-picture"),
        (dicom(None), "dicom-without-picture"),
        (dicom(bytes(61440), BurnedInAnnotation="YES"), "dicom-with-text"),
        (dicom(encapsulate([b"\0" * 100]), JPEGLSLossless), "dicom-coding"),
        (dicom(bytes(61440), Rows=40000, Columns=40000), "too-many-pixels"),
        (dicom(bytes(61440), Rows=1280), "truncated-picture"),
        (dicom(bytes(61440), PixelRepresentation=1), "unknown-white"),
        (dicom(encapsulate([b"no picture"]), JPEGBaseline8Bit), "not-a-picture"),
        (dicom(quarters().tobytes())[:-300], "truncated-picture"),
    ],
)
def test_a_dicom_file_without_a_photograph_in_colour_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_a_jpeg_marked_as_adobe_rgb_has_its_colours() -> None:
    """As cameras write it: no profile, and the index R03 among the numbers of interoperability (DCF 2.0)."""
    image, exif = Image.fromarray(quarters()), Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    marked = decode_photograph(saved(image, "JPEG", quality=95, subsampling=0, exif=exif), name="x.jpg")
    described = decode_photograph(saved(image, "JPEG", quality=95, subsampling=0, icc_profile=ADOBE_RGB), name="x.jpg")
    np.testing.assert_array_equal(marked, described)
    plain = decode_photograph(saved(image, "JPEG", quality=95, subsampling=0), name="x.jpg")
    assert np.abs(marked.astype(int) - plain).max() > 15


def test_sixteen_bits_of_colour_become_eight_and_numbers_without_a_white_are_refused() -> None:
    flat = quarters().astype("<u2") * 257
    tags = [
        (256, 4, 160), (257, 4, 128), (258, 3, 16), (259, 3, 1), (262, 3, 2), (273, 4, 200), (277, 3, 3),
        (278, 4, 128), (279, 4, flat.nbytes), (284, 3, 1),
    ]  # fmt: skip
    # Three depths of two bytes do not fit their field: they stand behind the tags.
    entries = b"".join(
        struct.pack("<HHII", tag, 3, 3, 150) if tag == 258 else struct.pack("<HHII", tag, kind, 1, value)
        for tag, kind, value in tags
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    tiff = head.ljust(150, b"\0") + struct.pack("<3H", 16, 16, 16)
    np.testing.assert_array_equal(decode_photograph(tiff.ljust(200, b"\0") + flat.tobytes(), name="x.tif"), quarters())
    unscaled = Image.fromarray(quarters()[..., 0].astype(np.float32))
    assert refused(saved(unscaled, "TIFF")) == "unknown-white"


def test_the_profile_of_a_grey_picture_is_applied() -> None:
    grey = Image.fromarray(np.tile(np.linspace(20, 230, 160).astype(np.uint8), (128, 1)))
    profile = bytearray(ADOBE_RGB)
    profile[16:20] = b"GRAY"
    profile = profile.replace(b"rTRC", b"kTRC")
    shown = decode_photograph(saved(grey, "PNG", icc_profile=bytes(profile)), name="x.png")
    darker = decode_photograph(saved(grey, "PNG"), name="x.png")
    assert (np.ptp(shown.astype(int), axis=2) <= 1).all()
    assert np.abs(shown.astype(int) - darker).max() >= 4  # an exponent of 2.2 and the curve of sRGB differ in shadow


SECRETS = ("Featherstonehaugh", "Quillon", "SN-4711-0815", "Zebra", "Madeupphone")


def about() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = "Madeupphone", "Model Zebra", "Quillon Featherstonehaugh"
    exif.get_ifd(0x8769).update({0xA430: "Owner Featherstonehaugh", 0xA431: "SN-4711-0815"})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.5), 3: "E", 4: (16.0, 22.0, 11.25)})
    return exif


def face() -> Image.Image:
    return Image.open(PORTRAIT).convert("RGB")


def words() -> PngInfo:
    told = PngInfo()
    told.add_text("Author", "Quillon Featherstonehaugh")
    told.add_itxt("Comment", "Zebra Lane 9")
    return told


FULL_OF_NAMES: dict[str, Callable[[], bytes]] = {
    "face.jpg": lambda: saved(face(), "JPEG", quality=95, exif=about(), comment=b"SN-4711-0815"),
    "face.png": lambda: saved(face(), "PNG", exif=about(), pnginfo=words()),
    "face.tif": lambda: saved(face(), "TIFF", exif=about(), description="Quillon", artist="Featherstonehaugh"),
    "face.heic": (HEIC / "portrait.heic").read_bytes,
    "face.dcm": lambda: dicom(face().tobytes(), Rows=512, Columns=512),
}


def holds_a_secret(content: bytes) -> bool:
    return any(secret.encode(coding) in content for secret in SECRETS for coding in ("utf-8", "utf-16-le", "utf-16-be"))


@pytest.mark.parametrize("name", FULL_OF_NAMES)
def test_the_decoder_hands_out_pixels_alone(name: str) -> None:
    """All that comes of a file is what its decoder writes: one line with width and height, and the pixels."""
    data = FULL_OF_NAMES[name]()
    assert holds_a_secret(data)
    words = [sys.executable, "-P", "-c", reading._DECODER, json.dumps(decoder_budget()), str(reading._ROOT)]
    told, pixels = subprocess.run(words, input=data, capture_output=True, check=True).stdout.split(b"\n", 1)
    assert json.loads(told) == {"width": 512, "height": 512}
    assert len(pixels) == 3 * 512 * 512
    assert {field.name for field in dataclasses.fields(DecodedPhotograph)} == {"rgb", "sha256"}


@pytest.mark.check  # of one format: the test above has each as far as the pixels, which is all that the rest is given
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "face.jpg" else pytest.mark.long) for name in FULL_OF_NAMES]
)
def test_nothing_written_beside_a_picture_enters_an_output(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FULL_OF_NAMES[name]())
    told = json.dumps(report_photo(tmp_path / name, tmp_path / "out").to_dict(), default=str).encode()
    written = [file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert written
    for content in (told, *written):
        assert not holds_a_secret(content)
        assert b"Exif" not in content
        assert b"GPS" not in content


def test_a_profile_made_here_is_one_that_its_library_reads() -> None:
    """Full white stays white, and Display P3 is sRGB with other primaries: neutral colours keep their numbers."""
    grey = Image.new("RGB", (80, 80), (128, 128, 128))
    assert (
        np.abs(decode_photograph(saved(grey, "PNG", icc_profile=DISPLAY_P3), name="x.png").astype(int) - 128).max() <= 1
    )
