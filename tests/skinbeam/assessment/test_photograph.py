"""What a photograph says of a site over the rest of the face, and that it only ever darkens."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from portrait import FACE, portrait_analysis

from research.photo_checks.skin_pictures import repigment_portrait
from skinbeam.assessment.photograph import SitePhotoFindings, photo_messages, photo_site_findings
from skinbeam.assessment.skin_draws import SkinPlace, assess_colour, draw_skins
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Estimate
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis, analyse_photograph
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph
from skinbeam.photo.findings.finding import Confidence, unknown_finding
from skinbeam.photo.findings.mark import Mark


@pytest.fixture(scope="module")
def portrait() -> DecodedPhotograph:
    return read_photograph(FACE)


@pytest.fixture(scope="module")
def plain() -> PhotoAnalysis:
    return portrait_analysis()


def painted(portrait: DecodedPhotograph, plain: PhotoAnalysis, factor: float) -> PhotoAnalysis:
    """The portrait with so many times the melanin on both cheeks."""
    skin = plain.skin
    assert isinstance(skin, SkinAnalysis)
    rgb = portrait.rgb
    cover = np.zeros(rgb.shape[:2], np.uint8)
    for name in ("cheek-right", "cheek-left"):
        cv2.fillPoly(cover, [np.round(skin.view.to_picture(skin.regions.polygons[name])).astype(np.int32)], 1)
    soft = cv2.GaussianBlur(cover.astype(np.float64), (0, 0), 1.5)
    light = repigment_portrait(srgb_to_linear(rgb), 1 + (factor - 1) * soft, base_pigment=(0.03, 0.0108))
    level = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return analyse_photograph(DecodedPhotograph(np.round(255 * np.clip(level, 0, 1)).astype(np.uint8), portrait.sha256))


CHEEKS = [Concern(condition="melasma", site="cheeks", severity="mild", diagnosed=False)]


def test_a_site_with_more_melanin_reads_darker_and_a_paler_one_changes_nothing(
    portrait: DecodedPhotograph, plain: PhotoAnalysis
) -> None:
    (same,), (dark,), (pale,) = (
        photo_site_findings(painted(portrait, plain, factor), CHEEKS) for factor in (1.0, 4.0, 0.4)
    )
    assert all(isinstance(one.melanin_ratio, Estimate) for one in (same, dark, pale))
    assert pale.melanin_ratio.median < same.melanin_ratio.median < dark.melanin_ratio.median
    assert (same.melanin_factor, pale.melanin_factor) == (1.0, 1.0)
    (message,) = photo_messages((pale,), {})
    assert message.id == "photo-plan.melanin_alike"
    assert "changes nothing" in message.text


def test_only_a_ratio_that_is_surely_above_one_darkens() -> None:
    sure, unsure = (
        SitePhotoFindings("cheeks", Estimate(2.0, low, 3.0, 0.8, "assumed", basis=("skinbeam2026photo",)), None, None)
        for low in (1.3, 0.9)
    )
    assert (sure.melanin_factor, unsure.melanin_factor) == (1.3, 1.0)
    (message,) = photo_messages((sure,), {})
    assert message.id == "photo-plan.melanin_darker"
    assert "1.3 times as much" in message.text


def test_limits_alone_hold_the_melanin_of_a_darker_site() -> None:
    from skinbeam.model.input_files import load_case

    case: Case = load_case(FACE.parent / "case.toml").case
    colour = replace(assess_colour(case, None), melanin_factors=(("cheeks", 1.5),))

    def melanin(site: str, *, limiting: bool) -> np.ndarray:
        skins = draw_skins(case, colour, SkinPlace(site, limiting=limiting), draws=16, seed=0)
        thickness = np.where(np.isfinite(skins["thickness_m"]), skins["thickness_m"], 0.0)
        return (thickness * skins["melanosome_fraction"]).sum(axis=1)

    # The basal layer holds what it can of it, which moves the sum by rounding alone.
    np.testing.assert_allclose(melanin("cheeks", limiting=True), 1.5 * melanin("cheeks", limiting=False), rtol=1e-6)
    np.testing.assert_array_equal(melanin("nose", limiting=True), melanin("nose", limiting=False))


def test_widths_count_where_the_vessels_of_a_region_were_measured_well(plain: PhotoAnalysis) -> None:
    skin = plain.skin
    assert isinstance(skin, SkinAnalysis)
    where = skin.regions.masks["cheek-right"]
    patch = np.ones((4, 4), np.float32)
    widths = {"cheek-right": 0.5, "cheek-left": 0.9}
    marks = tuple(
        Mark(
            kind="vessels",
            region=region,
            map_name="haemoglobin",
            origin=(int(where.shape[1] / 2), int(where.shape[0] / 2)),
            cover=patch,
            excess=patch,
            contrast=0.3,
            size_mm=Estimate(8.0, 7.0, 9.0, 0.95, "assumed"),
            width_mm=Estimate(mm, 0.8 * mm, 1.2 * mm, 0.95, "assumed"),
        )
        for region, mm in widths.items()
    )

    def seen(*confidences: Confidence) -> SitePhotoFindings:
        findings = tuple(
            replace(unknown_finding("vessels", "made", "cheeks"), region=region, confidence=confidence)
            for region, confidence in zip(widths, confidences, strict=True)
        )
        look = replace(plain, skin=replace(skin, marks=marks, findings=findings))
        (one,) = photo_site_findings(look, CHEEKS)
        assert isinstance(one.vessel_um, Estimate)
        return one

    unsure, half, sure = seen("low", "low"), seen("moderate", "low"), seen("moderate", "moderate")
    assert [one.vessels_clear for one in (unsure, half, sure)] == [False, True, True]
    # Of one region that was told well the other's vessels do not count; of both, and of none, all are told.
    assert [one.vessel_um.median for one in (unsure, half, sure)] == pytest.approx([700.0, 500.0, 700.0])
    assert (half.vessel_um.low, half.vessel_um.high) == pytest.approx((400.0, 600.0))


def test_without_a_face_nothing_is_reported() -> None:
    assert photo_site_findings(None, CHEEKS) == ()
