"""Check the quality of a photograph: exposure, clipping, sharpness, colour cast, shine, pose and size.

Some checks find a fault that prevents an analysis, or part of it. Others (shine on the skin, coloured whites of the
eyes, a turned head) are only suspicions: they give a sentence for the photographer and prevent nothing. Make-up is not
checked, because no tested method detects it on a face (docs/tried.md); the user is asked instead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import cite_sources
from skinbeam.photo.alteration import hue_spread, judged_box, laplacian_share
from skinbeam.photo.colour import LUMINANCE, highest_channel, linear_to_lab, srgb_to_linear
from skinbeam.photo.colour_target import ColourCalibration
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.face import Face, FaceView
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.green_light import clipped_ends
from skinbeam.photo.limits import limit, limit_entry, round_towards_value
from skinbeam.photo.view import View
from skinbeam.text import Message

__all__ = [
    "QualityProblem",
    "check_quality",
    "cheek_asymmetry",
    "darkness_problem",
    "edge_fraction",
    "exposure_problem",
    "eye_white_colour",
    "find_suspicions",
    "resolution_problem",
    "sharpness",
    "shine_fraction",
]

Array = NDArray[np.float64]

# Sample positions of the white of the eye, in widths of the iris from the pupil: along the eye, and across downwards.
_ALONG, _ACROSS = np.linspace(0.6, 0.85, 8), np.linspace(-0.05, 0.2, 6)


def find_suspicions(view: View, regions: SkinRegions, *, calibrated: bool) -> Iterator[tuple[str, Message]]:
    """Yield the code and message of each suspicion; the colour of the light is checked only without a card."""
    shine, most = shine_fraction(srgb_to_linear(view.rgb[regions.skin])), limit("gate", "shine_max")
    if shine > most:
        yield (
            "shiny-skin",
            Message(
                "photo-quality.shine",
                {"percent": round_towards_value(100 * shine, 100 * most), "most": round(100 * most)},
            ),
        )
    white = eye_white_colour(view.rgb, view.face) if isinstance(view, FaceView) and not calibrated else None
    if white is not None and float(np.hypot(*white)) > limit("gate", "eye_white_chroma_max"):
        yield "coloured-light", Message("photo-quality.eye_white", {"chroma": round(float(np.hypot(*white)))})
    reached = 0.0 if isinstance(view, FaceView) else edge_fraction(regions)
    if reached > limit("site", "edge_share"):
        yield "skin-to-the-edge", Message("photo-site.edge", {"percent": round(100 * reached)})
    apart = cheek_asymmetry(regions)
    if apart > limit("gate", "sides_apart_max") and not regions.turned_away:
        yield "unequal-sides", Message("photo-quality.sides", {"percent": round(100 * apart)})
    roll = abs(view.place.roll_deg)
    if roll > limit("gate", "roll_deg"):
        yield "tilted-head", Message("photo-quality.roll", {"roll": round(roll)})


def shine_fraction(light: Array) -> float:
    """Return the share of skin (n, 3), linear light, that shines.

    Specular reflection adds the white of the light to the colour of the skin (the dichromatic model of Shafer 1985), so
    a shining pixel is far brighter than the skin's median and less saturated.
    """
    cite_sources("shafer1985")
    brightness = light @ LUMINANCE
    saturation = 1 - light.min(axis=1) / np.maximum(light.max(axis=1), 1e-6)
    bright = brightness > limit("gate", "shine_brighter") * np.median(brightness)
    return float(np.mean(bright & (saturation < limit("gate", "shine_paler") * np.median(saturation))))


def eye_white_colour(rgb: Picture, face: Face) -> Array | None:
    """Return a* and b* of the white of the eyes: the median of the brighter half on each side of each iris.

    None where the iris was not measured.
    """
    if face.iris_px is None:
        return None
    turn = np.radians(face.roll_deg)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    colours = []
    for pupil in (face.right_pupil, face.left_pupil):
        for side in (-1, 1):
            steps = side * _ALONG[:, None, None] * along + _ACROSS[None, :, None] * across
            at = (np.array(pupil) + face.iris_px * steps).astype(np.float32)
            light = srgb_to_linear(cv2.remap(rgb, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)).reshape(
                -1, 3
            )
            brightness = light @ LUMINANCE
            colours.append(np.median(light[brightness >= np.median(brightness)], axis=0))
    values = linear_to_lab(np.array(colours))
    return np.asarray(np.median(values[:, 1:], axis=0))


def edge_fraction(regions: SkinRegions) -> float:
    """Return the share of the edge of a whole picture that is skin."""
    skin = regions.skin
    return float(np.concatenate([skin[0], skin[-1], skin[1:-1, 0], skin[1:-1, -1]]).mean())


def cheek_asymmetry(regions: SkinRegions) -> float:
    """Return how much smaller one cheek is than the other, as a share of the larger."""
    areas = [float(regions.masks[name].sum()) for name in ("cheek-right", "cheek-left") if name in regions.masks]
    return 1 - min(areas) / max(areas) if len(areas) == 2 else 0.0


# Faults that prevent an analysis: exposure, clipping, sharpness, colour, size. Each names what it prevents.

Consequence = Literal[
    "all", "colour", "tone", "detail", "nothing"
]  # "colour": maps, redness and tone; "tone": lightness alone

_CHANNELS = ("red", "green", "blue")
_ALONE = 0.5  # the worst channel is named only where all others clip at most this share of it
_SHARPNESS_PUPIL_PX = 40.0  # sharpness can be compared between pictures only at one size of the face


@dataclass(frozen=True)
class QualityProblem:
    """One fault of a photograph: its code, its message, and what can no longer be analysed."""

    code: str
    message: Message
    prevents: Consequence

    def as_record(self) -> Mapping[str, str]:
        """Return the JSON form."""
        return {"code": self.code, "message": self.message.english, "takes": self.prevents}


def exposure_problem(rgb: Picture) -> QualityProblem | None:
    """Return the fault of the mean brightness (0 to 255) of a picture or a part of one, or None."""
    mean = float(rgb.mean())
    least, most = limit("gate", "mean_min"), limit("gate", "mean_max")
    if mean < least:
        return QualityProblem(
            "too-dark", Message("photo-quality.dark", {"mean": round_towards_value(mean, least), "least": least}), "all"
        )
    if mean > most:
        return QualityProblem(
            "too-bright",
            Message("photo-quality.bright", {"mean": round_towards_value(mean, most), "most": most}),
            "all",
        )
    return None


def darkness_problem(rgb: Picture) -> QualityProblem | None:
    """Return a problem when nothing in the whole picture is bright, whatever the skin: the exposure is then unknown."""
    bright, least = float(np.quantile(highest_channel(rgb), 0.995)), limit("gate", "bright_min")
    if bright >= least:
        return None
    return QualityProblem(
        "dim-picture",
        Message("photo-quality.dim", {"brightest": round_towards_value(bright, least), "least": least}),
        "tone",
    )


def sharpness(view: View) -> float:
    """Return the sharpness of a picture, at a size of the face that all pictures have."""
    return laplacian_share(view, _SHARPNESS_PUPIL_PX)


def check_quality(view: View, regions: SkinRegions, calibration: ColourCalibration) -> list[QualityProblem]:
    """Return the faults of a photograph whose skin was found, the gravest first.

    `calibration` corrects linear light.
    """
    problems = [problem] if (problem := exposure_problem(judged_box(view))) else []
    sharp, least = sharpness(view), limit("gate", "sharpness_min")
    if sharp < least:
        problems.append(
            QualityProblem("blurred", Message("photo-quality.blurred", {"sharpness": sharp, "least": least}), "all")
        )
    if not regions.masks:
        return [*problems, QualityProblem("no-regions", Message("photo-quality.no_regions"), "all")]
    skin = view.rgb[regions.skin]
    problems += _clipping_problems(skin)
    problems += _colour_problems(calibration(srgb_to_linear(skin))) or _tint_problems(view)
    if regions.turned_away:
        problems.append(QualityProblem("turned-away", Message("photo-quality.turned_away"), "nothing"))
    doubts = find_suspicions(view, regions, calibrated=calibration.is_correction)
    return problems + [QualityProblem(code, message, "nothing") for code, message in doubts]


def resolution_problem(view: View) -> QualityProblem | None:
    """Return a problem when a picture of known scale has too few pixels for fine detail."""
    pupil_px, least = view.place.pupil_px / view.scale, limit("gate", "pupil_px_detail")
    if pupil_px >= least:
        return _softness_problem(view, least) if isinstance(view, FaceView) else None
    message = Message("photo-quality.no_detail", {"pupils": round_towards_value(pupil_px, least), "least": least})
    if not isinstance(view, FaceView):
        pupils_mm = float(limit_entry("scale", "pupil_distance_mm")["value"])
        message = Message("photo-site.no_detail", {"mm": pupils_mm / pupil_px, "most": pupils_mm / least})
    return QualityProblem("too-small-for-detail", message, "detail")


def _softness_problem(view: View, pupil_px: float) -> QualityProblem | None:
    """Return a problem when a face of enough pixels shows no detail with so many between the pupils."""
    if laplacian_share(view, pupil_px) >= limit("gate", "fine_contrast_min"):
        return None
    return QualityProblem("too-soft-for-detail", Message("photo-quality.soft"), "detail")


def _tint_problems(view: View) -> list[QualityProblem]:
    """Return the problem of a face all of whose colours are shades of one."""
    if not isinstance(view, FaceView) or hue_spread(view) >= limit("gate", "hue_spread_min"):
        return []
    return [QualityProblem("tinted", Message("photo-quality.tinted"), "colour")]


def _clipping_problems(skin: Picture) -> list[QualityProblem]:
    """Return the problem of clipped skin (n, 3), naming the channel where it is mainly one."""
    ends = dict(zip(("full", "black"), clipped_ends(skin), strict=True))
    share, most = float(np.mean((ends["full"] | ends["black"]).any(axis=1))), limit("gate", "clipped_fraction_max")
    if share <= most:
        return []
    params = {"percent": round_towards_value(100 * share, 100 * most), "most": round(100 * most)}
    of = {(name, end): float(at[:, k].mean()) for end, at in ends.items() for k, name in enumerate(_CHANNELS)}
    (name, end), largest = max(of.items(), key=lambda item: item[1])
    alone = all(part <= _ALONE * largest for place, part in of.items() if place != (name, end))
    message = Message("photo-quality.clipped", params)
    if alone:
        channel = Message(f"photo-quality.channel_{name}")
        message = Message(f"photo-quality.clipped_{end}", {**params, "channel": channel})
    return [QualityProblem("clipped", message, "colour")]


def _colour_problems(light: NDArray[np.float64]) -> list[QualityProblem]:
    """Return the problems of the colour of skin as linear light (n, 3)."""
    _, a, b = np.median(linear_to_lab(light), axis=0)
    if float(np.hypot(a, b)) < limit("gate", "chroma_min"):
        return [QualityProblem("no-colour", Message("photo-quality.grey"), "colour")]
    hue, low, high = float(np.degrees(np.arctan2(b, a))), limit("gate", "hue_low_deg"), limit("gate", "hue_high_deg")
    if not low <= hue <= high:
        params = {"hue": round(hue), "low": low, "high": high}
        return [QualityProblem("colour-cast", Message("photo-quality.cast", params), "colour")]
    return []
