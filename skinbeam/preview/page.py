"""Page records of the preview of a plan: rows of pictures, days in words, and footnotes.

As of the other page records, their fields carry their help as annotation.
"""

from dataclasses import dataclass
from typing import Annotated

__all__ = ["PreviewDay", "PreviewLabels", "PreviewPage", "PreviewPicture", "PreviewRow"]


@dataclass(frozen=True)
class PreviewPicture:
    """One preview picture with its words."""

    file: Annotated[str, "path of the figure below the report's folder"]
    alt: Annotated[str, "what the figure shows, for those who cannot see it"]
    label: Annotated[str, "its name in two words"]
    words: Annotated[tuple[str, ...], "how many people see more or less, and remarks"]
    altered: Annotated[bool, "whether it is an illustration, not the photograph"]


@dataclass(frozen=True)
class PreviewRow:
    """Preview pictures of the same skin side by side: the photograph first."""

    title: Annotated[str, "what is shown"]
    pictures: Annotated[tuple[PreviewPicture, ...], "from left to right"]


@dataclass(frozen=True)
class PreviewDay:
    """What shows on a day after a session."""

    label: Annotated[str, "the day"]
    words: Annotated[str, "what shows on it"]


@dataclass(frozen=True)
class PreviewLabels:
    """Headings and labels of preview pictures."""

    photograph: Annotated[str, "mark of the photograph"]
    illustration: Annotated[str, "mark of every other picture"]
    harms: Annotated[str, "heading of what may go wrong"]
    pictures_show: Annotated[str, "heading of the footnotes"]
    slider: Annotated[str, "what the slider of a picture does"]
    whole_face: Annotated[str, "heading of the pictures that are not close-ups"]


@dataclass(frozen=True)
class PreviewPage:
    """Preview pictures, row by row, with the days in words and the notes printed below them."""

    gains: Annotated[
        tuple[PreviewRow, ...], "the whole face and close-ups after the course; empty where no gain is drawn"
    ]
    harms: Annotated[tuple[PreviewRow, ...], "close-ups of what may go wrong, a pair each"]
    undrawn_harms: Annotated[tuple[str, ...], "what else may go wrong, with its counts, without a picture"]
    days_title: Annotated[str, "the session after which days are counted"]
    days: Annotated[tuple[PreviewDay, ...], "what shows on each day"]
    footnotes: Annotated[tuple[str, ...], "the assumption behind the pictures, and what is not drawn"]
    labels: Annotated[PreviewLabels, "headings and labels"]
