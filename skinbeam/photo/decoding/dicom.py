"""Decode the photograph in a DICOM file: one colour frame, in the encodings that the installed libraries decode.

Only the tags that describe the storage of pixels are read; names, places and private sequences are skipped. Encoded
frames are passed to the decoder of ordinary pictures, with the same limits.
"""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from skinbeam.photo.decoding.budget import DecoderBudget, RefusedPictureError

__all__ = ["dicom_picture", "is_dicom"]

_PREAMBLE, _MAGIC = 128, b"DICM"
_TAGS = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "BurnedInAnnotation",
    "ICCProfile",
    "PixelData",
)
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_RUN_LENGTHS = "1.2.840.10008.1.2.5"
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
# Adobe's segment after the start of a JPEG specifies whether its components are RGB (0) or luminance and chroma (1).
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"

# Function that decodes a JPEG or JPEG 2000 from its bytes and its possible formats.
ImageDecoder = Callable[[bytes, tuple[str, ...]], Image.Image]


def is_dicom(data: bytes) -> bool:
    """Whether the bytes of a file begin with the DICOM preamble and magic number (PS3.10, 7.1)."""
    return data[_PREAMBLE : _PREAMBLE + 4] == _MAGIC


def dicom_picture(data: bytes, limits: DecoderBudget, decode: ImageDecoder) -> tuple[Image.Image, bytes | None]:
    """Return the one picture of a DICOM file as stored, and its colour profile.

    Raises
    ------
    RefusedPictureError : pydicom is not installed, several frames, no colour, an unsupported encoding, text burned into
        the picture, too many or too few pixels.
    """
    try:
        from pydicom import dcmread
    except ImportError:
        raise RefusedPictureError("dicom_absent") from None
    dataset = dcmread(io.BytesIO(data), specific_tags=list(_TAGS))
    if "PixelData" not in dataset:
        raise RefusedPictureError("dicom_empty")
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise RefusedPictureError("animated")
    if str(dataset.get("BurnedInAnnotation", "NO")).upper() == "YES":
        raise RefusedPictureError("dicom_text")
    interpretation = str(dataset.get("PhotometricInterpretation", ""))
    if interpretation not in _COLOURS or int(dataset.get("SamplesPerPixel", 0)) != 3:
        raise RefusedPictureError("dicom_grey", interpretation=interpretation[:20])
    limits.check_size(int(dataset.Columns), int(dataset.Rows))
    profile = bytes(dataset.ICCProfile) if dataset.get("ICCProfile") else None
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in (*_JPEG, *_JPEG_2000):
        from pydicom.encaps import generate_frames

        frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
        if syntax in _JPEG_2000:
            return decode(frame, ("JPEG2000",)), profile
        return decode(_mark_components(frame, interpretation), ("JPEG", "MPO")), profile
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated and syntax != _RUN_LENGTHS:
        raise RefusedPictureError("dicom_coding", coding=dataset.file_meta.TransferSyntaxUID.name[:60])
    return _pixels(dataset, interpretation), profile


def _mark_components(frame: bytes, interpretation: str) -> bytes:
    """Add a marker of the colour components to a JPEG where only the DICOM file specifies them."""
    if b"Adobe\x00" in frame[:4096] or b"JFIF\x00" in frame[:64]:
        return frame
    return frame[:2] + _ADOBE + (b"\x00" if interpretation == "RGB" else b"\x01") + frame[2:]


def _pixels(dataset: Any, interpretation: str) -> Image.Image:
    """Return pixels that are stored uncompressed or run-length encoded."""
    import numpy as np
    from pydicom.pixels.processing import convert_color_space
    from pydicom.pixels.utils import pixel_array

    # Only pydicom's own decoder: other installed decoders may have licences that this program must not load.
    coded = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    values = pixel_array(dataset, raw=True, decoding_plugin="pydicom" if coded else "")
    stored = int(dataset.BitsStored)
    if values.dtype.kind != "u" or not 8 <= stored <= 16:
        raise RefusedPictureError("deep")
    rgb = np.asarray(values >> (stored - 8), np.uint8)
    if interpretation != "RGB":
        rgb = convert_color_space(rgb, "YBR_FULL", "RGB")
    return Image.fromarray(np.ascontiguousarray(rgb))
