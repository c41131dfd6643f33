"""What a photograph may ask of its decoder, and the refusal of one that asks for more or is none."""

from dataclasses import dataclass

__all__ = ["DecoderBudget", "RefusedPictureError"]


@dataclass(frozen=True)
class DecoderBudget:
    """What a photograph may ask for: pixels, least of them on a side, scans of a JPEG, bytes and processor seconds."""

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
    """A file that is no photograph, or one that asks for too much; `code` and `params` are those of its message."""

    def __init__(self, code: str, **params: int | str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
