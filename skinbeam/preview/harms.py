"""Harms that have a picture: a map is raised over the treated skin by as much as is clearly seen.

No source gives the strength of a harm in a unit that can be drawn. Each picture is therefore an example of how the harm
looks, drawn as clearly as a gain, and says so; how many people have it is counted by trials.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.colour import linear_to_lab
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.preview.light_changes import LightChanges, fade_mask
from skinbeam.preview.removals import concern_message, is_on_site
from skinbeam.preview.rendering import Float, PigmentLevels
from skinbeam.preview.settings import setting, setting_entry, single_marks
from skinbeam.preview.strip import HarmSign, Omission
from skinbeam.text import Message

__all__ = ["BRUISE", "TreatedConcerns", "harm_signs"]

BRUISE = "purpura"  # the name of a bruise, which a plan has beside its harms
TreatedConcerns = Sequence[tuple[ConcernPlan, Option]]

_MOST_INDEX = 3.0  # upper bound of the rise of a map: neighbouring skin never differs so much
_HALVINGS = 40


@dataclass(frozen=True)
class _SignKind:
    """A harm that can be drawn: its names in the preview and in the plan, and the map that is raised."""

    name: str
    harm: str
    map_name: str


@dataclass(frozen=True)
class _Risk:
    """How many people have a harm after an option for a concern, and how long it lasts where that is known."""

    concern: ConcernPlan
    option: Option
    p: Estimate
    days: float | None = None


def harm_signs(
    treated: TreatedConcerns, skin: SkinAnalysis, changes: LightChanges | None
) -> Iterator[HarmSign | Omission]:
    """Yield dark marks, lasting redness and bruises, or why they are not drawn.

    Each is drawn after the option with the highest risk of it that can be drawn.
    """
    for kind, risks in (
        (_SignKind("dark-mark", "pih", "melanin"), _counted_risks("pih", treated)),
        (
            _SignKind("lasting-erythema", "prolonged-erythema", "haemoglobin"),
            _counted_risks("prolonged-erythema", treated),
        ),
        (_SignKind("purpura", BRUISE, "haemoglobin"), _bruise_risks(treated)),
    ):
        falling = sorted(risks, key=lambda risk: -risk.p.median)
        if falling:
            yield _first_drawn(_drawn_harm(kind, risk, skin, changes) for risk in falling)


def _counted_risks(harm: str, treated: TreatedConcerns) -> Iterator[_Risk]:
    for concern, option in treated:
        for share in option.harms:
            if share.name == harm and isinstance(share.p, Estimate):
                yield _Risk(concern, option, share.p)


def _bruise_risks(treated: TreatedConcerns) -> Iterator[_Risk]:
    for concern, option in treated:
        if isinstance(option.p_purpura, Estimate) and option.p_purpura.median > 0:
            days = None if option.purpura_days is None else option.purpura_days.high
            yield _Risk(concern, option, option.p_purpura, days)


def _first_drawn(signs: Iterable[HarmSign | Omission]) -> HarmSign | Omission:
    """Return the first harm that can be drawn; if none can, why the likeliest is not."""
    first: Omission | None = None
    for sign in signs:
        if isinstance(sign, HarmSign):
            return sign
        first = first or sign
    assert first is not None
    return first


def _drawn_harm(
    kind: _SignKind, risk: _Risk, analysis: SkinAnalysis, changes: LightChanges | None
) -> HarmSign | Omission:
    """Return a harm, or why it is not drawn."""
    field, title = _TreatedField.from_concern(risk.concern, analysis, changes), concern_message(risk.concern)
    if isinstance(field, Omission):
        return field
    size = setting_entry("size", "clear_E")
    rise, drawn_E = field.map_rise(kind.map_name, float(size["value"]))
    seen_E = setting("size", "seen_E")
    if drawn_E < seen_E:
        return Omission((title,), Message("preview.harm-too-faint"))
    cite_sources(*risk.p.basis)
    return HarmSign(
        name=kind.name,
        harm=kind.harm,
        concern=risk.concern.place,
        title=title,
        treatment=risk.option.modality,
        map_name=kind.map_name,
        ln_light=field.raised(kind.map_name, rise),
        size=Message("preview-size.clear_E", {"value": round(drawn_E, 1), "seen": seen_E}),
        frequency=risk.p,
        days=risk.days,
        sources=(size["source"], *risk.p.basis),
    )


@dataclass(frozen=True)
class _TreatedField:
    """The skin that an option treats, with weights that fade towards its edges, (height, width)."""

    weight: Float
    changes: LightChanges

    @classmethod
    def from_concern(
        cls, concern: ConcernPlan, analysis: SkinAnalysis, changes: LightChanges | None
    ) -> "_TreatedField | Omission":
        """Return the field, or why it is not drawn. Where single marks are treated, it is the skin at them."""
        title = (concern_message(concern),)
        if isinstance(analysis.maps, Unknown):
            return Omission(title, Message("preview.not-seen", {"reason": analysis.maps.reason}))
        assert changes is not None
        whole = np.zeros(analysis.view.rgb.shape[:2], np.float32)
        kinds = single_marks(concern.condition)
        if kinds:
            for mark in analysis.marks:
                if mark.kind in kinds and is_on_site(mark.region, concern.site) and not mark.needs_examination:
                    there = whole[mark.window]
                    np.maximum(there, mark.cover, out=there)
            rim_px, near = setting("picture", "mark_rim_pupil") * changes.pupil_px, whole > 0
            if near.any():
                from scipy.ndimage import distance_transform_edt  # imported late: most pages need no picture

                away = distance_transform_edt(~near)
                whole = np.asarray(np.exp(-0.5 * (away / rim_px) ** 2) * (away < 3 * rim_px), np.float32)
        else:
            rim_px = setting("picture", "field_rim_pupil") * changes.pupil_px
            for region, mask in analysis.regions.masks.items():
                if is_on_site(region, concern.site):
                    whole = np.maximum(whole, fade_mask(mask, rim_px))
        if not whole.any():
            reason = "preview.site-unseen" if not kinds else "preview.none-treated"
            return Omission(title, Message(reason))
        return cls(whole, changes)

    def raised(self, map_name: str, rise: float) -> Float:
        """Return ln of the factor on light where a map is raised."""
        return self.changes.of_map(map_name, np.asarray(rise * self.weight, np.float32))

    def map_rise(self, map_name: str, wanted_E: float) -> tuple[float, float]:
        """Return the rise of a map that changes the field's median colour by `wanted_E`, and the change that it makes.

        On dark skin the change can be smaller: more pigment than the darkest skin has is not drawn.
        """
        light = np.median(self.changes.light[self.weight > 0], axis=0)
        pigment, before = PigmentLevels.of_median_skin(self.changes.maps), linear_to_lab(light)

        def change_E(rise: float) -> float:
            after = linear_to_lab(light * np.exp(pigment.ln_factor({map_name: rise})))
            return float(np.linalg.norm(after - before))

        low, high = 0.0, _MOST_INDEX
        for _ in range(_HALVINGS):
            half = (low + high) / 2
            low, high = (half, high) if change_E(half) < wanted_E else (low, half)
        return high, change_E(high)
