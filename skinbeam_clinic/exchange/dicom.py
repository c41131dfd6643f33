"""Photographs as DICOM: VL Photographic Image Storage, one file each, and back.

A baseline JPEG that stands upright is put in as it is. Any other picture is decoded once and stored as pixels, so that
none loses anything here. Region and side of the body are left out, since the records do not know them.
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

from skinbeam.exchange.handed_on import Handed
from skinbeam.exchange.names import derived_id
from skinbeam.exchange.pictures import Frame, Pixels, frame_of, pixels_of
from skinbeam.records.faults import fault
from skinbeam.records.kept import Consultation, Patient, Photograph

__all__ = ["Taken", "dicom_files", "dicom_of", "read_dicom"]

_UUIDS = "2.25."  # below it each UUID is a UID, as a decimal number
_SEPARATOR = "\\"  # of several values in one field: no value may hold it
_JPEG = "ISO_10918_1"


@dataclass(frozen=True)
class Taken:
    """A photograph as a DICOM file holds it: whose, of which consultation, added on which day, and JPEG or pixels."""

    pseudonym: str
    photograph_id: str
    consultation_id: str
    day: datetime.date
    picture: bytes | Pixels


def dicom_files(handed: Handed) -> tuple[bytes, tuple[str, ...]]:
    """Return the photographs of a patient as a ZIP of DICOM files, and the names of those that cannot be read.

    Raises
    ------
    InputError : `not-in-dicom`: a pseudonym that a field of DICOM cannot hold.
    """
    packed, unread = io.BytesIO(), list(handed.unread)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for place, one in enumerate(handed.dossier.consultations, 1):
            for number, (photograph, content) in enumerate(one.photographs, 1):
                made = dicom_of(handed.dossier.patient, one.consultation, photograph, content, number)
                if made is None:
                    unread.append(photograph.id)
                else:
                    about = zipfile.ZipInfo(f"{place:03}/photograph-{number:02}.dcm")
                    archive.writestr(about, made)
    return packed.getvalue(), tuple(unread)


def dicom_of(
    patient: Patient, consultation: Consultation, photograph: Photograph, content: bytes, number: int
) -> bytes | None:
    """Return a photograph that is handed on as a DICOM file; None where it cannot be read.

    Parameters
    ----------
    number : of the photograph within its consultation.
    """
    image = _image(content, jpeg=photograph.media_type == "image/jpeg")
    if image is None:
        return None
    if _SEPARATOR in patient.pseudonym:
        raise fault("not-in-dicom", "patient", hint={"sign": _SEPARATOR})
    image.update(_about(patient, consultation, photograph, number))
    written = io.BytesIO()
    dcmwrite(written, image, enforce_file_format=True)
    return written.getvalue()


def read_dicom(content: bytes) -> Taken:
    """Return what a DICOM file holds.

    Raises
    ------
    InputError : `bad-dicom`: it is no photograph that `dicom_of` has made.
    """
    try:
        image = dcmread(io.BytesIO(content))
        picture: bytes | Pixels
        if image.file_meta.TransferSyntaxUID == JPEGBaseline8Bit:
            frame = next(generate_frames(image.PixelData, number_of_frames=1))
            picture = frame[: frame.rindex(b"\xff\xd9") + 2]  # what follows makes its length even
        else:
            size = 3 * image.Rows * image.Columns
            picture = Pixels(image.Columns, image.Rows, image.PixelData[:size])
        return Taken(
            pseudonym=str(image.PatientID),
            photograph_id=_id_of(image.SOPInstanceUID),
            consultation_id=_id_of(image.StudyInstanceUID),
            day=datetime.datetime.strptime(str(image.ContentDate), "%Y%m%d").date(),
            picture=picture,
        )
    except (InvalidDicomError, AttributeError, ValueError, StopIteration, EOFError):
        raise fault("bad-dicom", "photograph") from None


def _about(patient: Patient, consultation: Consultation, photograph: Photograph, number: int) -> Dataset:
    """Whose it is and when it was added; what must stand there and is not known is empty."""
    about = Dataset()
    about.SpecificCharacterSet = "ISO_IR 192"  # UTF-8
    about.SOPClassUID = VLPhotographicImageStorage
    about.SOPInstanceUID = _uid(photograph.id)
    about.StudyInstanceUID = _uid(consultation.id)
    about.SeriesInstanceUID = _uid(derived_id(consultation.id, "photographs"))
    about.StudyDate = f"{consultation.created_at:%Y%m%d}"
    about.ContentDate = f"{photograph.added_at:%Y%m%d}"
    about.TimezoneOffsetFromUTC = "+0000"
    about.PatientID = patient.pseudonym
    about.PatientIdentityRemoved = "NO"  # what a photograph shows may tell who it is
    about.Modality = "XC"  # photographed from outside
    about.SeriesNumber, about.InstanceNumber = 1, number
    about.AcquisitionContextSequence = []
    empty = ("PatientName", "PatientBirthDate", "PatientSex", "StudyTime", "StudyID", "AccessionNumber")
    for keyword in (*empty, "ReferringPhysicianName", "Manufacturer", "PatientOrientation", "Laterality"):
        setattr(about, keyword, "")
    return about


def _image(content: bytes, *, jpeg: bool) -> Dataset | None:
    frame = frame_of(content) if jpeg else None
    if frame is not None and _fits(frame):
        image = _picture(frame.width, frame.height, frame.components, _colours(frame), JPEGBaseline8Bit)
        image.PixelData = encapsulate([content])
        image["PixelData"].VR = "OB"
        image["PixelData"].is_undefined_length = True
    else:
        pixels = pixels_of(content)
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


def _fits(frame: Frame) -> bool:
    """Whether a JPEG can be put in as it is: DICOM knows no turn beside the pixels."""
    return frame.baseline and frame.bits == 8 and frame.components in (1, 3) and frame.orientation == 1


def _colours(frame: Frame) -> str:
    if frame.components == 1:
        return "MONOCHROME2"
    return "YBR_FULL_422" if frame.ycc else "RGB"


def _uid(id: str) -> UID:
    return UID(f"{_UUIDS}{int(id, 16)}")


def _id_of(uid: str) -> str:
    if not uid.startswith(_UUIDS):
        raise ValueError("no UUID")
    return f"{int(uid.removeprefix(_UUIDS)):032x}"
