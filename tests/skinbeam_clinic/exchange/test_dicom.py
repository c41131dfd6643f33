"""DICOM: each photograph is a whole image of its class, names nobody, and shows what it showed."""

import csv
import io
import zipfile
from dataclasses import replace

import pytest
from exchange_samples import CONSULTATION, JPEGS, OWNER, PATIENT, PHOTOGRAPH, dossiers, picture
from hypothesis import assume, given, settings
from paths import TESTS
from PIL import Image, ImageOps
from pydicom import Dataset, dcmread

from skinbeam.model.errors import InputError
from skinbeam.text import to_local_time
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.dicom import make_dicom_archive, make_dicom_file, read_dicom
from skinbeam_clinic.exchange.image_metadata import PixelImage, strip_metadata
from skinbeam_clinic.models import ConsultationContents, Dossier, PatientRecord

# Of PS3.3, Table A.32.4-1: attributes of the mandatory modules of the VL Photographic Image that must be there.
FILE = TESTS / "data" / "dicom-vl-photographic.csv"
TABLE = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))


def files(dossier: Dossier) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(make_dicom_archive(deidentify_dossier(dossier))[0])) as archive:
        return [archive.read(name) for name in archive.namelist()]


def made(content: bytes, kind: str, patient: PatientRecord = PATIENT) -> bytes:
    """A DICOM file of a photograph."""
    stripped = strip_metadata(content, kind)
    assert stripped is not None
    photograph = replace(PHOTOGRAPH, media_type=stripped[1])
    written = make_dicom_file(patient, CONSULTATION, photograph, stripped[0], 1)
    assert written is not None
    return written


@settings(max_examples=15)
@given(dossiers())
def test_every_photograph_comes_back_with_its_names_and_its_picture(dossier: Dossier) -> None:
    assume("\\" not in dossier.patient.pseudonym)
    # Other JPEGs are decoded in a process of their own, which takes a third of a second each: below.
    consultations = tuple(
        ConsultationContents(
            one.consultation, tuple(each for each in one.photographs if each[1] in (JPEGS[0], JPEGS[2]))
        )
        for one in dossier.consultations
    )
    dossier = replace(dossier, consultations=consultations)
    expected = [
        (
            dossier.patient.pseudonym,
            photograph.id,
            one.consultation.id,
            to_local_time(photograph.added_at).date(),
            strip_metadata(content, "image/jpeg"),
        )
        for one in dossier.consultations
        for photograph, content in one.photographs
    ]
    read = map(read_dicom, files(dossier))
    assert [
        (one.pseudonym, one.photograph_id, one.consultation_id, one.day, (one.picture, "image/jpeg")) for one in read
    ] == expected


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (JPEGS[0], "image/jpeg"),
        (JPEGS[1], "image/jpeg"),
        (JPEGS[2], "image/jpeg"),
        (JPEGS[3], "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
    ],
    ids=["jpeg", "turned", "grey", "progressive", "png", "webp"],
)
def test_it_is_a_whole_image_of_its_class_and_shows_the_same(content: bytes, kind: str) -> None:
    written = made(content, kind)
    image = dcmread(io.BytesIO(written))
    for one in TABLE:
        assert one["keyword"] in image, one
        if one["type"] == "1":
            assert image[one["keyword"]].value not in (None, "", b""), one
    assert ("PlanarConfiguration" in image) == (image.SamplesPerPixel > 1)
    assert OWNER.encode() not in written
    with Image.open(io.BytesIO(content)) as taken:
        upright = ImageOps.exif_transpose(taken)
        assert (image.Columns, image.Rows) == upright.size
        shown = read_dicom(written).picture
        if isinstance(shown, PixelImage):
            assert shown.rgb == upright.convert("RGB").tobytes()
        else:
            assert Image.open(io.BytesIO(shown)).tobytes() == upright.tobytes()
            assert image.LossyImageCompression == "01"
    assert isinstance(shown, bytes) == (content in (JPEGS[0], JPEGS[2])), "what can be put in as it is, is"
    assert shown_by_reader(image) == (upright if isinstance(shown, bytes) else upright.convert("RGB")).tobytes()


def shown_by_reader(image: Dataset) -> bytes:
    """The pixels as pydicom shows them, in red, green and blue."""
    return bytes(image.pixel_array.tobytes())


def test_it_tells_no_more_than_the_pseudonym() -> None:
    image = dcmread(io.BytesIO(made(JPEGS[0], "image/jpeg")))
    about = {
        element.keyword: element.value for element in image if element.VR in ("PN", "LO", "SH", "DA", "LT", "ST", "AS")
    }
    filled = {keyword for keyword, value in about.items() if value}
    assert filled == {"PatientID", "StudyDate", "ContentDate"}
    assert image.PatientID == PATIENT.pseudonym
    assert not any(element.tag.is_private for element in image)


def test_what_cannot_be_is_refused_or_reported() -> None:
    with pytest.raises(InputError, match="cannot contain this pseudonym"):
        made(JPEGS[0], "image/jpeg", replace(PATIENT, pseudonym="a\\b"))
    for content in (b"", b"no file", b"\0" * 128 + b"DICM"):
        with pytest.raises(InputError, match="not a DICOM photograph"):
            read_dicom(content)
    for cut in (2, 30, 200, len(JPEGS[0]) - 3):
        assert strip_metadata(bytes(JPEGS[0][:cut]), "image/jpeg") is None
