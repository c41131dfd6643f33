"""Is the photograph fit to be read: light, clipping, sharpness, colour, size; each check names what it takes away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.messages import Message
from skinbeam.photo.card.calibration import Calibration
from skinbeam.photo.colour import brightest, lab, linear
from skinbeam.photo.face.regions import Regions
from skinbeam.photo.face.view import FaceView
from skinbeam.photo.gates import entry, limit
from skinbeam.photo.reading.read import Picture
from skinbeam.photo.suspicion import suspicions
from skinbeam.photo.view import View

__all__ = ["Problem", "check", "coarse", "dim", "exposure", "sharpness"]

Takes = Literal[
    "all", "colour", "tone", "detail", "nothing"
]  # "colour": maps, redness and tone; "tone": lightness alone

_CHANNELS = ("red", "green", "blue")
_ALONE = 0.5  # of the share of one channel: another that clips less than this does not share the blame
_SHARPNESS_PUPIL_PX = 40.0  # a sharpness compares between pictures only at one size of the face


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: its code, its sentence, and what can no longer be read."""

    code: str
    message: Message
    takes: Takes

    def as_record(self) -> Mapping[str, str]:
        """Return the JSON shape."""
        return {"code": self.code, "message": self.message.english, "takes": self.takes}


def exposure(rgb: Picture) -> Problem | None:
    """Return what is wrong with the mean brightness (0 to 255) of a picture or a part of one."""
    mean = float(rgb.mean())
    least, most = limit("gate", "mean_min"), limit("gate", "mean_max")
    if mean < least:
        return Problem("too-dark", Message("photo-quality.dark", {"mean": round(mean), "least": least}), "all")
    if mean > most:
        return Problem("too-bright", Message("photo-quality.bright", {"mean": round(mean), "most": most}), "all")
    return None


def dim(rgb: Picture) -> Problem | None:
    """Return a problem when nothing in the whole picture is bright, whatever the skin: then the exposure is unknown."""
    bright, least = float(np.quantile(brightest(rgb), 0.995)), limit("gate", "bright_min")
    if bright >= least:
        return None
    return Problem("dim-picture", Message("photo-quality.dim", {"brightest": round(bright), "least": least}), "tone")


def sharpness(seen: View) -> float:
    """Return the variance of the Laplacian over that of brightness, face reduced to 40 px between the pupils.

    Dividing by the variance makes it the same for a darker or flatter copy. A smaller face is not enlarged.
    """
    gray = cv2.cvtColor(_box(seen), cv2.COLOR_RGB2GRAY).astype(np.float64)
    scale = min(1.0, _SHARPNESS_PUPIL_PX / seen.place.pupil_px)
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    spread = float(small.var())
    return float(cv2.Laplacian(small, cv2.CV_64F).var()) / spread if spread > 0 else 0.0


def _box(seen: View) -> Picture:
    """Return what light and sharpness are judged on."""
    x0, y0, x1, y1 = seen.place.judged
    return seen.rgb[y0:y1, x0:x1]


def check(seen: View, regions: Regions, card: Calibration) -> list[Problem]:
    """Return what is wrong with a photograph whose skin was found, the gravest first.

    `card` corrects linear light.
    """
    problems = [problem] if (problem := exposure(_box(seen))) else []
    sharp, least = sharpness(seen), limit("gate", "sharpness_min")
    if sharp < least:
        problems.append(
            Problem("blurred", Message("photo-quality.blurred", {"sharpness": sharp, "least": least}), "all")
        )
    if not regions.masks:
        return [*problems, Problem("no-regions", Message("photo-quality.no_regions"), "all")]
    skin = seen.rgb[regions.skin]
    problems += _clipped(skin)
    problems += _cast(card(linear(skin)))
    if regions.far_side:
        problems.append(Problem("turned-away", Message("photo-quality.turned_away"), "nothing"))
    doubts = suspicions(seen, regions, calibrated=card.corrects)
    return problems + [Problem(code, message, "nothing") for code, message in doubts]


def coarse(seen: View) -> Problem | None:
    """Return a problem when a picture of known scale has too few pixels for what is fine."""
    pupil_px, least = seen.place.pupil_px / seen.scale, limit("gate", "pupil_px_detail")
    if pupil_px >= least:
        return None
    message = Message("photo-quality.no_detail", {"pupils": round(pupil_px), "least": least})
    if not isinstance(seen, FaceView):
        pupils_mm = float(entry("scale", "pupil_distance_mm")["value"])
        message = Message("photo-site.no_detail", {"mm": pupils_mm / pupil_px, "most": pupils_mm / least})
    return Problem("too-small-for-detail", message, "detail")


def _clipped(skin: Picture) -> list[Problem]:
    """Return that skin (n, 3) lies at the end of a channel, and of which one where it is not all of them."""
    ends = {"full": skin >= 254, "black": skin <= 1}
    share, most = float(np.mean((ends["full"] | ends["black"]).any(axis=1))), limit("gate", "clipped_fraction_max")
    if share <= most:
        return []
    params: dict[str, Any] = {"percent": round(100 * share), "most": round(100 * most)}
    of = {(name, end): float(at[:, k].mean()) for end, at in ends.items() for k, name in enumerate(_CHANNELS)}
    (name, end), largest = max(of.items(), key=lambda item: item[1])
    alone = all(part <= _ALONE * largest for place, part in of.items() if place != (name, end))
    message = Message("photo-quality.clipped", params)
    if alone:
        channel = Message(f"photo-quality.channel_{name}")
        message = Message(f"photo-quality.clipped_{end}", {**params, "channel": channel})
    return [Problem("clipped", message, "colour")]


def _cast(light: NDArray[np.float64]) -> list[Problem]:
    """Return what is wrong with the colour of skin as linear light (n, 3)."""
    _, a, b = np.median(lab(light), axis=0)
    if float(np.hypot(a, b)) < limit("gate", "chroma_min"):
        return [Problem("no-colour", Message("photo-quality.grey"), "colour")]
    hue, low, high = float(np.degrees(np.arctan2(b, a))), limit("gate", "hue_low_deg"), limit("gate", "hue_high_deg")
    if not low <= hue <= high:
        params = {"hue": round(hue), "low": low, "high": high}
        return [Problem("colour-cast", Message("photo-quality.cast", params), "colour")]
    return []
