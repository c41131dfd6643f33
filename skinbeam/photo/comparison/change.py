"""Two photographs of a face compared, or why they cannot be."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message
from skinbeam.photo.findings.finding import KINDS
from skinbeam.photo.findings.pigment import pigments_at
from skinbeam.photo.gates import limit
from skinbeam.photo.look import Look
from skinbeam.photo.pairs.contrasts import Ground, measures
from skinbeam.photo.pairs.finding_change import FindingChange, finding_changes
from skinbeam.photo.pairs.light import LightChange, lit_like
from skinbeam.photo.pairs.places import Place, covered, places_of
from skinbeam.photo.pairs.registration import Registered, registered
from skinbeam.photo.pairs.repeated import Compared, Repeated, repeated
from skinbeam.photo.pairs.sharpness import softer_px
from skinbeam.photo.pairs.shot import Frame, Shot, frame_of, shot_of

__all__ = ["Change", "change_between"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """Two pictures of one face, laid over each other and compared.

    Parameters
    ----------
    light : (height, width, 3), linear, of the picture after, laid over the one before and matched to it.
    lit : how the light differed.
    soft_px : by how much each picture was blurred, so that both are equally sharp where they are measured.
    skin : (height, width), seen in both pictures.
    unknown : kind → why it is not compared.
    mm_per_px : of the frame.
    """

    frame: Frame
    laid: Registered
    light: Image
    lit: LightChange
    soft_px: tuple[float, float]
    skin: Mask
    measured: Repeated
    findings: tuple[FindingChange, ...]
    unknown: dict[str, str]
    mm_per_px: Estimate


def change_between(before: Look, after: Look) -> Change | Unknown:
    """Return what changed from one photograph of a face to another, or why they cannot be compared."""
    first, second = shot_of(before), shot_of(after)
    if isinstance(first, Unknown):
        return _no("before_unread", reason=first.reason)
    if isinstance(second, Unknown):
        return _no("after_unread", reason=second.reason)
    pixels = first.face.pupil_px, second.face.pupil_px
    if max(pixels) > limit("pair", "size_ratio_max") * min(pixels):
        return _no("size", before=round(pixels[0]), after=round(pixels[1]))
    frame = frame_of(first, min(pixels))
    laid = registered(second.light, second.face, frame)
    return _apart(laid) or _compared(first, second, frame, laid)


def _no(why: str, **params: float | str) -> Unknown:
    return Unknown(Message(f"photo-pair.{why}", params).text)


def _apart(laid: Registered) -> Unknown | None:
    """Return why two faces, one laid over the other, are not compared; None where they are."""
    if laid.agreement < limit("pair", "agreement_min"):
        return _no("other_face")
    if abs(laid.stretch - 1) > limit("pair", "stretch_max"):
        return _no("stretched", percent=round(100 * abs(laid.stretch - 1)))
    if laid.flow_pupil > limit("pair", "flow_held_pupil"):
        return _no("turned")
    return None


def _compared(first: Shot, second: Shot, frame: Frame, laid: Registered) -> Change | Unknown:
    places = places_of(first, second, laid, frame)
    ground = _ground(first, second, frame, laid, places)
    if ground.even.sum() < limit("pair", "even_share_min") * ground.skin.sum() or not ground.lit.any():
        return _no("no_even_skin")
    matched, lit = lit_like(laid.light, frame, ground.even, ground.plain | ~ground.skin)
    if lit.spread_ln > limit("pair", "light_spread_max"):
        return _no("light", times=float(np.exp(lit.spread_ln)))
    if abs(np.log(lit.contrast)) > limit("pair", "contrast_apart_max"):
        return _no("contrast", times=lit.contrast)
    mm = first.mm_per_px.scaled(1 / frame.scale)
    blur = max(limit("spots", "smooth_mm") / mm.median, limit("spots", "smooth_px_min"))
    pigment = pigments_at(first.level)
    measured_at = measures(places, ground, pigment, frame.pupil_px)
    compared = Compared(frame, measured_at, ground, pigment, blur)
    soft_px = softer_px(frame.light, matched, frame.oval() & laid.inside & (ground.plain | ~ground.skin))
    measured = repeated(compared, laid, lit, soft_px)
    findings = finding_changes(places, measured, lit)
    return Change(
        frame=frame,
        laid=laid,
        light=matched,
        lit=lit,
        soft_px=soft_px,
        skin=ground.skin,
        measured=measured,
        findings=findings,
        unknown=_uncompared(first, second, findings),
        mm_per_px=mm,
    )


def _ground(first: Shot, second: Shot, frame: Frame, laid: Registered, places: tuple[Place, ...]) -> Ground:
    def both(own: Mask, other: Mask) -> Mask:
        there = cv2.remap(other.astype(np.uint8), laid.at, None, cv2.INTER_NEAREST)
        return np.asarray((frame.laid(own.astype(np.float32)) > 0.5) & there.astype(bool) & laid.inside)

    skin = both(first.skin, second.skin)
    plain = skin & ~covered(places, skin.shape, patches=False)
    even = plain & ~covered(places, skin.shape, patches=True) & both(first.known, second.known)
    return Ground(skin, plain, even, even & both(first.lit, second.lit))


def _uncompared(first: Shot, second: Shot, findings: tuple[FindingChange, ...]) -> dict[str, str]:
    """Return the kinds of which nothing was compared, each with the reason."""
    left = [kind for kind in KINDS if all(one.kind != kind for one in findings)]
    why = {}
    for kind in left:
        untold = [
            one.confidence.reason
            for shot in (first, second)
            for one in shot.findings
            if one.kind == kind and isinstance(one.confidence, Unknown)
        ]
        none = Message("photo-pair.pores" if kind == "pores" else "photo-pair.neither").text
        why[kind] = untold[0] if untold else none
    return why
