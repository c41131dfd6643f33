"""Visible signs of healing after a session, and visible harms, as maps that are raised over the treated skin.

Durations are those of the plan. Where trials only counted that a sign was present, its size is the smallest visible
one; a sign without a size or a duration is not drawn but named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import cite_sources
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.colour import linear_to_lab, srgb_to_linear
from skinbeam.photo.pigment_maps.inversion import SkinMaps
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.preview.removals import concern_message, fade_mask, is_on_site
from skinbeam.preview.rendering import Float, PigmentLevels
from skinbeam.preview.settings import healing_sign_names, setting, setting_entry
from skinbeam.preview.strip import HealingSign, Omission
from skinbeam.skin.tables import read_number, tissue_table
from skinbeam.text import Message

__all__ = ["TreatedConcerns", "harm_signs", "healing_signs"]

TreatedConcerns = Sequence[tuple[ConcernPlan, Option]]

_MOST_INDEX = 3.0  # upper bound of the rise of a map: neighbouring skin never differs so much
_HALVINGS = 40


def healing_signs(treated: TreatedConcerns, skin: SkinAnalysis) -> tuple[tuple[HealingSign, ...], tuple[Omission, ...]]:
    """Return the visible signs after a session with these options and their duration, and those that are not drawn."""
    found = [
        sign
        for concern, option in treated
        for name in healing_sign_names(option.modality)
        if (sign := _healing_sign(name, concern, option, skin)) is not None
    ]
    drawn = tuple(sign for sign in found if isinstance(sign, HealingSign))
    return drawn, tuple(sign for sign in found if isinstance(sign, Omission))


def _healing_sign(name: str, concern: ConcernPlan, option: Option, seen: SkinAnalysis) -> HealingSign | Omission | None:
    """Return a sign, why it is not drawn, or None where it is not expected."""
    field = _TreatedField.from_option(concern, option, seen)
    if name == "purpura":
        if option.p_purpura is None or option.purpura_days is None or option.p_purpura.median <= 0:
            return None
        if isinstance(field, Omission):
            return field
        days = option.purpura_days
        return field.bruise(option.p_purpura, days.high, () if days.source is None else (days.source,))
    said = Message("preview.sign-after", {"sign": Message(f"preview-sign.{name}"), "treatment": option.title})
    if name != "erythema":
        return Omission((said,), Message("preview.sign-unsized"))
    lasting = [duration for duration in option.shows if duration.what == "redness"]
    if not lasting:
        return Omission((said,), Message("preview.sign-untimed"))
    if isinstance(field, Omission):
        return field
    longest = max(lasting, key=lambda duration: duration.high)
    keys = (longest.source,) if isinstance(longest.source, str) else longest.source
    cite_sources(*keys)
    return field.visible_sign("erythema", "haemoglobin", keys, until_day=longest.high)


def harm_signs(
    treated: TreatedConcerns, undrawn: Sequence[HealingSign], skin: SkinAnalysis
) -> Iterator[HealingSign | Omission]:
    """Yield harms that have a picture of their own, each after the option with the highest risk, or why they have none.

    These are dark marks and lasting redness, and bruises that are not likely enough to be drawn among the days.
    """
    for harm in ("pih", "prolonged-erythema"):
        known = [
            (concern, option, harm_share.p)
            for concern, option in treated
            for harm_share in option.harms
            if harm_share.name == harm and isinstance(harm_share.p, Estimate)
        ]
        if not known:
            continue
        concern, option, p = max(known, key=lambda candidate: candidate[2].median)
        field = _TreatedField.from_option(concern, option, skin)
        if isinstance(field, Omission):
            yield field
        elif harm == "pih":
            yield field.visible_sign("dark-mark", "melanin", p.basis, p=p)
        else:
            yield field.visible_sign("lasting-erythema", "haemoglobin", p.basis, p=p)
    rare = [sign for sign in undrawn if isinstance(sign.frequency, Estimate)]
    rare.sort(key=lambda sign: -sign.frequency.median if isinstance(sign.frequency, Estimate) else 0.0)
    yield from rare[:1]


@dataclass(frozen=True)
class _TreatedField:
    """The skin that an option treats, with weights that fade towards its edges, (height, width)."""

    concern: ConcernPlan
    option: Option
    weight: Float
    maps: SkinMaps
    median_light: np.ndarray

    @classmethod
    def from_option(cls, concern: ConcernPlan, option: Option, seen: SkinAnalysis) -> "_TreatedField | Omission":
        """Return the field, or why it is not drawn."""
        if isinstance(seen.maps, Unknown):
            return Omission((concern_message(concern),), Message("preview.not-seen", {"reason": seen.maps.reason}))
        rim_px = setting("picture", "field_rim_pupil") * seen.view.place.pupil_px
        whole = np.zeros(seen.view.rgb.shape[:2], np.float32)
        for region, mask in seen.regions.masks.items():
            if is_on_site(region, concern.site):
                np.maximum(whole, fade_mask(mask, rim_px), out=whole)
        if not whole.any():
            return Omission((concern_message(concern),), Message("preview.site-unseen"))
        return cls(concern, option, whole, seen.maps, np.median(srgb_to_linear(seen.view.rgb[whole > 0]), axis=0))

    def visible_sign(
        self,
        name: str,
        carried_by: str,
        keys: tuple[str, ...],
        *,
        until_day: float | None = None,
        p: Value | None = None,
    ) -> HealingSign:
        """Return a sign whose colour is just visible, whatever the tone of the skin."""
        record = setting_entry("size", "seen_E")
        index = self._map_rise(carried_by, float(record["value"]))
        size = Message("preview-size.seen_E", {"value": float(record["value"])})
        return self._sign(name, carried_by, index, size, (record["source"], *keys), until_day, p)

    def bruise(self, p: Value, until_day: float, keys: tuple[str, ...]) -> HealingSign:
        """Return a bruise: the smallest visible amount of extravasated blood, in addition to the skin's own."""
        held = tissue_table("vessels")["purpura"]["share"]
        share = read_number(held)
        index = PigmentLevels.of_median_skin(self.maps).density_of_blood(1.0 + share)
        size = Message("preview-size.purpura", {"pct": round(100 * share)})
        return self._sign("purpura", "haemoglobin", index, size, (held["source"], *keys), until_day, p)

    def _sign(
        self,
        name: str,
        carried_by: str,
        index: float,
        size: Message,
        sources: tuple[str, ...],
        until_day: float | None,
        p: Value | None,
    ) -> HealingSign:
        return HealingSign(
            name=name,
            concern=self.concern.place,
            title=concern_message(self.concern),
            treatment=self.option.modality,
            map_name=carried_by,
            map_change=np.asarray(index * self.weight, np.float32),
            last_day=until_day,
            size=size,
            frequency=p,
            sources=sources,
        )

    def _map_rise(self, carried_by: str, wanted_E: float) -> float:
        """Return the rise of a map that changes the field's median colour by `wanted_E`, by bisection."""
        pigment, before = PigmentLevels.of_median_skin(self.maps), linear_to_lab(self.median_light)
        low, high = 0.0, _MOST_INDEX
        for _ in range(_HALVINGS):
            half = (low + high) / 2
            after = linear_to_lab(self.median_light * np.exp(pigment.ln_factor({carried_by: half})))
            low, high = (half, high) if np.linalg.norm(after - before) < wanted_E else (low, half)
        return high
