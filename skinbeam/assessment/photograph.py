"""Measure melanin, brown spots and vessels at the sites to be treated on a photograph, relative to the whole face.

The difference between one site and another is far more certain in a photograph than how dark the face is. Where a site
has more melanin than the face, by more than noise and the unevenness of the light over the face make likely, its limits
are computed for skin that is darker by that ratio; a site with less melanin changes nothing. Spots are reported beside
the values that the plan computes with; doses do not depend on them. Doses for vessels use widths that are read well
enough (skin/vessels.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from skinbeam.model.conditions import known_sites
from skinbeam.model.consultation import Concern
from skinbeam.model.document import round_significant
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.units import MM, UM
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.limits import limit
from skinbeam.text import Message

if TYPE_CHECKING:
    from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis
    from skinbeam.photo.findings.mark import Mark
    from skinbeam.photo.pigment_maps.inversion import SkinMaps

__all__ = ["SitePhotoFindings", "estimate_parameters", "photo_messages", "photo_site_findings"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SitePhotoFindings:
    """Findings of the photograph at one site of a concern.

    Parameters
    ----------
    melanin_ratio : melanin over that of the middle of the face, or why it is not known.
    spot_ratio : melanin of brown spots over the skin around them, or None where none were found or measured.
    vessel_um : apparent width of the visible vessels, or None.
    vessels_clear : whether these are of regions whose vessels were found with more than low confidence.
    """

    site: str
    melanin_ratio: Estimate | Unknown
    spot_ratio: Estimate | None
    vessel_um: Estimate | None
    vessels_clear: bool = False

    @property
    def melanin_factor(self) -> float:
        """Ratio to the face's melanin that limits at this site are computed for; 1 where it is not surely darker."""
        if isinstance(self.melanin_ratio, Unknown):
            return 1.0
        return round_significant(max(self.melanin_ratio.low, 1.0))


def photo_site_findings(analysis: "PhotoAnalysis | None", concerns: Sequence[Concern]) -> tuple[SitePhotoFindings, ...]:
    """Return the findings of the photograph at those sites of the concerns that it shows."""
    if analysis is None or isinstance(analysis.skin, Unknown) or isinstance(analysis.skin.maps, Unknown):
        return ()
    skin, maps = analysis.skin, analysis.skin.maps
    medians = {
        name: melanin
        for name, mask in skin.regions.masks.items()
        if (melanin := _region_melanin(maps, mask)) is not None
    }
    sites = dict.fromkeys(concern.site for concern in concerns if concern.site in REGION_SITES.values())
    return tuple(_find_at_site(site, skin, maps, medians) for site in sites)


def photo_messages(sites: Sequence[SitePhotoFindings], vessels: Mapping[str, Sequence[Message]]) -> tuple[Message, ...]:
    """Return messages on the findings at each site: which the plan uses, and which it only reports.

    Parameters
    ----------
    vessels : site → how doses use the vessels visible there, where a concern is made of vessels.
    """
    messages: list[Message] = []
    for site_findings in sites:
        where = {"site": known_sites()[site_findings.site].title}
        ratio = site_findings.melanin_ratio
        if isinstance(ratio, Unknown):
            messages.append(Message("photo-plan.melanin_unknown", where))
        elif site_findings.melanin_factor > 1.0:
            messages.append(
                Message(
                    "photo-plan.melanin_darker",
                    where | estimate_parameters(ratio) | {"times": site_findings.melanin_factor},
                )
            )
        else:
            messages.append(Message("photo-plan.melanin_alike", where | estimate_parameters(ratio)))
        if site_findings.spot_ratio is not None:
            messages.append(Message("photo-plan.spots", where | estimate_parameters(site_findings.spot_ratio)))
        if site_findings.vessel_um is not None:
            seen = Message("photo-plan.vessels", where | estimate_parameters(site_findings.vessel_um))
            messages.extend(vessels.get(site_findings.site, [seen]))
    return tuple(messages)


def estimate_parameters(value: Estimate) -> dict[str, float]:
    """Return median, low and high of an estimate as parameters of a message."""
    return {name: round_significant(getattr(value, name), 2) for name in ("median", "low", "high")}


def _region_melanin(maps: "SkinMaps", mask: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Return ln of the melanin of a region over the face's, and its deviation; None where most of it is not known."""
    known = mask & maps.valid
    if 2 * known.sum() < mask.sum():
        return None
    deviation = float(np.median(maps.melanin_sd[known] / maps.melanin[known]))
    return float(np.median(np.log(maps.melanin[known] / maps.level.melanin))), deviation


def _find_at_site(
    site: str, skin: "SkinAnalysis", maps: "SkinMaps", medians: dict[str, tuple[float, float]]
) -> SitePhotoFindings:
    here = [found for name, found in medians.items() if REGION_SITES.get(name, name) == site]
    ratio: Estimate | Unknown = Unknown(Message("photo-plan.too_little").text)
    rest = np.array([middle for name, (middle, _) in medians.items() if REGION_SITES.get(name, name) != site])
    if here and rest.size > 2:
        # Light is uneven over a face, and looks like melanin where colour separates them badly.
        spread = float(np.hypot(max(sd for _, sd in here), np.std(rest, ddof=1)))
        ratio = _melanin_ratio(float(np.mean([middle for middle, _ in here]) - np.median(rest)), spread)
    marks = [mark for mark in skin.marks if REGION_SITES.get(mark.region, mark.region) == site]
    vessels = [mark for mark in marks if mark.kind == "vessels"]
    sure = {
        finding.region for finding in skin.findings if finding.kind == "vessels" and finding.confidence == "moderate"
    }
    clear = [mark for mark in vessels if mark.region in sure]
    return SitePhotoFindings(
        site, ratio, _spot_melanin_ratio(maps, marks), _vessel_width(clear or vessels), bool(clear)
    )


def _melanin_ratio(ln: float, sd: float) -> Estimate:
    level = limit("colour", "level")
    reach = float(ndtri((1 + level) / 2)) * sd
    low, middle, high = (float(np.exp(value)) for value in (ln - reach, ln, ln + reach))
    return Estimate(middle, low, high, level, "assumed", basis=("skinbeam2026photo",))


def _spot_melanin_ratio(maps: "SkinMaps", marks: "Sequence[Mark]") -> Estimate | None:
    """Return the melanin of brown spots over that of a ring around each; None where no spot has a known value."""
    import cv2  # imported late: many cases have no photograph

    over, deviations = [], []
    for mark in marks:
        if mark.kind != "spots":
            continue
        cover = mark.embed_in(maps.melanin.shape, mark.cover) > 0.5
        near = cv2.dilate(cover.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~cover & maps.valid
        spot = cover & maps.valid
        if spot.any() and near.any():
            over.append(float(np.log(np.median(maps.melanin[spot]) / np.median(maps.melanin[near]))))
            deviations.append(float(np.median(maps.melanin_sd[spot] / maps.melanin[spot])))
    if not over:
        return None
    return _melanin_ratio(float(np.median(over)), float(np.hypot(np.median(deviations), np.std(over))))


def _vessel_width(vessels: "Sequence[Mark]") -> Estimate | None:
    """Return the median width, µm, from the smallest low to the largest high end."""
    widths = [mark.width_mm for mark in vessels if isinstance(mark.width_mm, Estimate)]
    if not widths:
        return None
    um = MM / UM * np.array([[width.low, width.median, width.high] for width in widths])
    low, middle, high = float(um[:, 0].min()), float(np.median(um[:, 1])), float(um[:, 2].max())
    return Estimate(middle, low, high, widths[0].level, "measured", basis=widths[0].basis)
