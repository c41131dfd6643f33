"""Write and read photographs as DICOM files (VL Photographic Image Storage), one file each.

An upright baseline JPEG is embedded unchanged. Any other picture is decoded once and stored as pixels, so that no
further quality is lost. Region and side of the body are left out, since the records do not know them.
"""

import datetime
import io
import zipfile
from dataclasses import dataclass

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit, VLPhotographicImageStorage

from skinbeam.text import to_local_time
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.exchange.deidentification import DeidentifiedDossier, derive_id
from skinbeam_clinic.exchange.image_metadata import JpegFrame, PixelImage, decode_pixels, read_jpeg_frame
from skinbeam_clinic.models import ConsultationRecord, PatientRecord, PhotographRecord

__all__ = ["DicomPhotograph", "make_dicom_archive", "make_dicom_file", "read_dicom"]

_UUIDS = "2.25."  # root of UIDs that are UUIDs as decimal numbers
_SEPARATOR = "\\"  # separates several values in one field, so no value may contain it
_JPEG = "ISO_10918_1"


@dataclass(frozen=True)
class DicomPhotograph:
    """A photograph read from a DICOM file: pseudonym, ids, the day it was added, and JPEG bytes or pixels."""

    pseudonym: str
    photograph_id: str
    consultation_id: str
    day: datetime.date
    picture: bytes | PixelImage


def make_dicom_archive(deidentified: DeidentifiedDossier) -> tuple[bytes, tuple[str, ...]]:
    """Return the photographs of a patient as a ZIP of DICOM files, and the ids of those that cannot be decoded.

    Raises
    ------
    InputError : `not-in-dicom`: a pseudonym that a DICOM field cannot contain.
    """
    packed, unread = io.BytesIO(), list(deidentified.unreadable_photograph_ids)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for place, consultation in enumerate(deidentified.dossier.consultations, 1):
            for number, (photograph, content) in enumerate(consultation.photographs, 1):
                made = make_dicom_file(
                    deidentified.dossier.patient, consultation.consultation, photograph, content, number
                )
                if made is None:
                    unread.append(photograph.id)
                else:
                    about = zipfile.ZipInfo(f"{place:03}/photograph-{number:02}.dcm")
                    archive.writestr(about, made)
    return packed.getvalue(), tuple(unread)


def make_dicom_file(
    patient: PatientRecord, consultation: ConsultationRecord, photograph: PhotographRecord, content: bytes, number: int
) -> bytes | None:
    """Return a de-identified photograph as a DICOM file; None where it cannot be decoded.

    Parameters
    ----------
    number : of the photograph within its consultation.
    """
    image = _image_elements(content, jpeg=photograph.media_type == "image/jpeg")
    if image is None:
        return None
    if _SEPARATOR in patient.pseudonym:
        raise clinic_error("not-in-dicom", "patient", hint={"sign": _SEPARATOR})
    image.update(_describe_photograph(patient, consultation, photograph, number))
    written = io.BytesIO()
    dcmwrite(written, image, enforce_file_format=True)
    return written.getvalue()


def read_dicom(content: bytes) -> DicomPhotograph:
    """Read a photograph from a DICOM file.

    Raises
    ------
    InputError : `bad-dicom`: it is no photograph that `make_dicom_file` has made.
    """
    try:
        image = dcmread(io.BytesIO(content))
        picture: bytes | PixelImage
        if image.file_meta.TransferSyntaxUID == JPEGBaseline8Bit:
            frame = next(generate_frames(image.PixelData, number_of_frames=1))
            picture = frame[: frame.rindex(b"\xff\xd9") + 2]  # without the padding to an even length
        else:
            size = 3 * image.Rows * image.Columns
            picture = PixelImage(image.Columns, image.Rows, image.PixelData[:size])
        return DicomPhotograph(
            pseudonym=str(image.PatientID),
            photograph_id=_parse_uid(image.SOPInstanceUID),
            consultation_id=_parse_uid(image.StudyInstanceUID),
            day=datetime.datetime.strptime(str(image.ContentDate), "%Y%m%d").date(),
            picture=picture,
        )
    except (InvalidDicomError, AttributeError, ValueError, StopIteration, EOFError):
        raise clinic_error("bad-dicom", "photograph") from None


def _describe_photograph(
    patient: PatientRecord, consultation: ConsultationRecord, photograph: PhotographRecord, number: int
) -> Dataset:
    """Return the elements about patient, consultation and date; required elements without a known value are empty."""
    about = Dataset()
    about.SpecificCharacterSet = "ISO_IR 192"  # UTF-8
    about.SOPClassUID = VLPhotographicImageStorage
    about.SOPInstanceUID = _make_uid(photograph.id)
    about.StudyInstanceUID = _make_uid(consultation.id)
    about.SeriesInstanceUID = _make_uid(derive_id(consultation.id, "photographs"))
    # Days as the clinic's pages show them; without times they have no offset from UTC.
    about.StudyDate = f"{to_local_time(consultation.created_at):%Y%m%d}"
    about.ContentDate = f"{to_local_time(photograph.added_at):%Y%m%d}"
    about.PatientID = patient.pseudonym
    about.PatientIdentityRemoved = "NO"  # the photograph itself may identify the patient
    about.Modality = "XC"  # external-camera photography
    about.SeriesNumber, about.InstanceNumber = 1, number
    about.AcquisitionContextSequence = []
    empty = ("PatientName", "PatientBirthDate", "PatientSex", "StudyTime", "StudyID", "AccessionNumber")
    for keyword in (*empty, "ReferringPhysicianName", "Manufacturer", "PatientOrientation", "Laterality"):
        setattr(about, keyword, "")
    return about


def _image_elements(content: bytes, *, jpeg: bool) -> Dataset | None:
    frame = read_jpeg_frame(content) if jpeg else None
    if frame is not None and _fits_dicom(frame):
        image = _picture(frame.width, frame.height, frame.components, _colour_space(frame), JPEGBaseline8Bit)
        image.PixelData = encapsulate([content])
        image["PixelData"].VR = "OB"
        image["PixelData"].is_undefined_length = True
    else:
        pixels = decode_pixels(content)
        if pixels is None:
            return None
        image = _picture(pixels.width, pixels.height, 3, "RGB", ExplicitVRLittleEndian)
        image.PixelData = pixels.rgb + b"\0" * (len(pixels.rgb) % 2)
        image["PixelData"].VR = "OB"
    image.LossyImageCompression = "01" if jpeg else ""
    if jpeg:
        raw = image.Rows * image.Columns * image.SamplesPerPixel
        image.LossyImageCompressionRatio = f"{raw / len(content):.4g}"
        image.LossyImageCompressionMethod = _JPEG
    return image


def _picture(width: int, height: int, samples: int, colours: str, syntax: UID) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = syntax
    image.ImageType = ["ORIGINAL", "PRIMARY"]
    image.SamplesPerPixel, image.PhotometricInterpretation = samples, colours
    if samples > 1:
        image.PlanarConfiguration = 0
    image.Rows, image.Columns = height, width
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 8, 8, 7, 0
    return image


def _fits_dicom(frame: JpegFrame) -> bool:
    """Return whether a JPEG can be embedded unchanged; DICOM has no orientation tag for turned pictures."""
    return frame.baseline and frame.bits == 8 and frame.components in (1, 3) and frame.orientation == 1


def _colour_space(frame: JpegFrame) -> str:
    if frame.components == 1:
        return "MONOCHROME2"
    return "YBR_FULL_422" if frame.ycc else "RGB"


def _make_uid(id: str) -> UID:
    return UID(f"{_UUIDS}{int(id, 16)}")


def _parse_uid(uid: str) -> str:
    if not uid.startswith(_UUIDS):
        raise ValueError("no UUID")
    return f"{int(uid.removeprefix(_UUIDS)):032x}"
