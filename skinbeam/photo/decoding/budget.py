"""Limits on size, time and memory for the decoder of photographs, and the error for pictures that exceed them."""

from dataclasses import dataclass

__all__ = ["DecoderBudget", "RefusedPictureError"]


@dataclass(frozen=True)
class DecoderBudget:
    """Limits for decoding: number of pixels, least pixels per side, scans of a JPEG, bytes and processor seconds."""

    pixels: int
    side_px: int
    scans: int
    memory_bytes: int
    seconds: int

    def check_size(self, width: int, height: int) -> None:
        """Raise `RefusedPictureError` for a picture with too many pixels, or too few on a side."""
        if width * height > self.pixels:
            raise RefusedPictureError("pixels", width=width, height=height, most=self.pixels)
        if min(width, height) < self.side_px:
            raise RefusedPictureError("small", width=width, height=height, least=self.side_px)


class RefusedPictureError(Exception):
    """A file that is no photograph, or exceeds a limit; `code` and `params` are those of its message."""

    def __init__(self, code: str, **params: int | str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
