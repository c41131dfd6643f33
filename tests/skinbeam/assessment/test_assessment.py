"""Who this is: colour by precedence, darker where in doubt, and skins drawn accordingly."""

from dataclasses import replace

import numpy as np
import pytest
from consultations import loaded

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.assessment.skin_draws import PersonColour, SkinPlace, assess_colour, case_with_colour, draw_skins
from skinbeam.model.case import Case
from skinbeam.model.estimate import Estimate
from skinbeam.photo.colour import PhotoColour
from skinbeam.response.goals import condition_vessels
from skinbeam.simulate.appearance import reflectance
from skinbeam.skin.distribution import SkinDistribution


def case(phototype: str | None = None, ita_deg: float | None = None, extra: str = "") -> Case:
    lines = ["[patient]", "age_years = 40"]
    lines += [f'phototype = "{phototype}"'] if phototype else []
    lines += [f"ita_deg = {ita_deg}"] if ita_deg is not None else []
    return loaded("\n".join(lines) + "\n" + extra).case


def seen(median: float, high: float, *, calibrated: bool) -> PhotoColour:
    """What a photograph shows of the colour, with as much spread down as up."""
    ita = Estimate(median, median - (high - median), high, 0.9, "assumed")
    return PhotoColour(ita, {"chin": median}, median, calibrated)


def test_a_measured_colour_wins_over_a_phototype_that_fits() -> None:
    colour = assess_colour(case("II", 50.0), None)
    assert (colour.ita_deg, colour.darkest_ita_deg) == (50.0, 50.0)
    assert not colour.has_darker_limits
    assert colour.warnings == ()


@pytest.mark.parametrize(("phototype", "ita_deg", "limiting"), [("V", 60.0, (None, "V")), ("I", 5.0, (5.0, None))])
def test_where_two_colours_exclude_each_other_the_darker_sets_limits(
    phototype: str, ita_deg: float, limiting: tuple[float | None, str | None]
) -> None:
    colour = assess_colour(case(phototype, ita_deg), None)
    assert colour.ita_deg == ita_deg
    assert (colour.darkest_ita_deg, colour.darkest_phototype) == limiting
    assert [warning.code for warning in colour.warnings] == ["colour-conflict"]


def test_a_phototype_alone_is_a_range_of_colours() -> None:
    colour = assess_colour(case("III"), None)
    assert (colour.ita_deg, colour.phototype) == (None, "III")
    assert colour.basis.id == "colour-basis.phototype"


@pytest.mark.parametrize(("stated", "darkest"), [("I-II", "II"), ("III-V", "V"), ("IV-VI", "VI")])
def test_a_range_of_phototypes_is_limited_by_its_darkest(stated: str, darkest: str) -> None:
    colour = assess_colour(case(stated), None)
    assert (colour.phototype, colour.darkest_phototype) == (stated, darkest)
    assert colour.has_darker_limits


def test_the_skin_table_comes_before_the_patient() -> None:
    assert assess_colour(case("II", 50.0, "[skin]\nita_deg = 44.0\n"), None).ita_deg == 44.0


def reading(ita_deg: float, site: str) -> str:
    """The reflectance of the middle skin of a colour at a site, as a case file has it."""
    bands_nm = (640.0, 700.0, 910.0)
    (values,) = reflectance(SkinDistribution(site=site, ita_deg=ita_deg).median(), bands_nm)
    return f'[skin]\nsite = "{site}"\n[skin.reflectance]\nwavelength_nm = {list(bands_nm)}\nvalue = {values.tolist()}\n'


@pytest.mark.parametrize("site", ["cheeks", "hands"])
@pytest.mark.parametrize("ita_deg", [-30.0, -10.0, 10.0, 28.0, 41.0])
def test_a_reflectance_is_a_measured_colour(ita_deg: float, site: str) -> None:
    # One in fifty of a thousand drawn skins agrees with a reading, within 8° or so, and the median of twenty of them
    # errs by 1.25 times 8° over the root of twenty: three of these are 7°.
    colour = assess_colour(case(extra=reading(ita_deg, site)), None)
    assert colour.ita_deg == pytest.approx(ita_deg, abs=7.0)
    assert colour.darkest_ita_deg == colour.ita_deg
    assert colour.basis.id == "colour-basis.reading"


def test_a_dark_reflectance_contradicts_a_light_phototype_and_reaches_the_rules() -> None:
    """Age spots of such skin were "suitable", with picosecond light first."""
    person = case("II", extra=reading(-35.0, "cheeks"))
    colour = assess_colour(person, None)
    assert [one.code for one in colour.warnings] == ["colour-conflict"]
    assert darkest_phototype(case_with_colour(person, colour)) == 6
    card = seen(50.0, 52.0, calibrated=True)
    assert assess_colour(person, card) == colour  # an instrument comes before a photograph


@pytest.mark.parametrize(
    ("wavelengths_nm", "values", "code"),
    [
        ([640.0, 700.0, 910.0], [0.99, 0.01, 0.99], "reading-not-skin"),
        ([550.0, 650.0], [0.9, 0.95], "reading-far"),  # of a white tile
        ([1000.0], [0.44], "reading-tells-no-melanin"),  # of skin of any colour
    ],
)
@pytest.mark.parametrize("phototype", [None, "II", "IV-V"])
def test_a_reflectance_that_shows_no_melanin_is_no_colour(
    phototype: str | None, wavelengths_nm: list[float], values: list[float], code: str
) -> None:
    """One at 2000 nm gave a person without a phototype 26° and a dye laser."""
    read = f"[skin.reflectance]\nwavelength_nm = {wavelengths_nm}\nvalue = {values}\n"
    colour = assess_colour(case(phototype, extra=read), None)
    assert [one.code for one in colour.warnings] == [code]
    assert replace(colour, warnings=()) == assess_colour(case(phototype), None)


def test_no_answer_leaves_the_whole_population() -> None:
    colour = assess_colour(case(), None)
    assert colour == PersonColour(None, None, None, None, colour.basis)
    assert colour.basis.id == "colour-basis.none"


def test_an_uncalibrated_photograph_may_darken_and_never_lighten() -> None:
    darker = assess_colour(case("I"), seen(-20.0, 5.0, calibrated=False))
    assert darker.ita_deg is None
    assert darker.darkest_ita_deg == 5.0
    assert darker.has_darker_limits
    assert [warning.code for warning in darker.warnings] == ["photo-looks-darker"]
    lighter = assess_colour(case("V"), seen(60.0, 75.0, calibrated=False))
    assert not lighter.has_darker_limits
    assert lighter.darkest_phototype == "V"
    # Within its spread the photograph fits the phototype: nothing is said.
    assert assess_colour(case("II"), seen(20.0, 45.0, calibrated=False)).warnings == ()


def test_a_photograph_with_a_card_comes_before_the_phototype_and_after_a_measurement() -> None:
    found = seen(47.0, 50.0, calibrated=True)
    assert assess_colour(case("II"), found).ita_deg == 47.0
    assert assess_colour(case("II"), found).basis.id == "colour-basis.card"
    assert assess_colour(case("II", 52.0), found).ita_deg == 52.0


def test_limiting_skins_are_the_darker_ones() -> None:
    described = case("V", 60.0)
    colour = assess_colour(described, None)
    wanted, limiting = (
        draw_skins(described, colour, SkinPlace("cheeks", limiting=limiting), draws=200, seed=0)
        for limiting in (False, True)
    )
    fraction, thickness = (
        [skins[name][:, :-1] for skins in (wanted, limiting)] for name in ("melanosome_fraction", "thickness_m")
    )
    light, dark = (np.median((f * t).sum(axis=1)) for f, t in zip(fraction, thickness, strict=True))
    assert dark > 2 * light
    # Everything but the colour is the same person; what a basal layer cannot hold makes it higher.
    np.testing.assert_allclose(thickness[0].sum(axis=1), thickness[1].sum(axis=1), rtol=1e-12)
    assert np.array_equal(thickness[0][:, 3:], thickness[1][:, 3:])


def test_a_lesion_is_darker_than_the_skin_around_it_by_its_ratio() -> None:
    described = case("II", 50.0)
    colour = assess_colour(described, None)
    around, spot = (
        draw_skins(described, colour, SkinPlace("hands", lesion=kind), draws=400, seed=0) for kind in (None, "lentigo")
    )
    ratio = spot["melanosome_fraction"][:, 1] / around["melanosome_fraction"][:, 1]
    # Printed ratio of lentigines 2.2, spread of a fifth; the standard error of 400 draws is a hundredth.
    assert np.median(ratio) == pytest.approx(2.2, rel=0.04)


@pytest.mark.parametrize("condition", ["facial-telangiectasia", "spider-angioma", "redness"])
def test_target_vessels_are_those_that_the_condition_describes(condition: str) -> None:
    described = case("II", 50.0)
    ((_, size, depth),) = condition_vessels(condition).parts
    place = SkinPlace("cheeks", vessels=condition_vessels(condition))
    skins = draw_skins(described, assess_colour(described, None), place, draws=2000, seed=1)
    diameter_um = skins["vessel_diameter_m"][:, 0] * 1e6
    # The median of 2000 draws lies within 4 standard errors, 1.25 sd / sqrt(n), of the value.
    spread = (size.high - size.low) / 2
    assert np.median(diameter_um) == pytest.approx(size.value, abs=4 * 1.25 * spread / np.sqrt(2000))
    assert depth is not None
    depth_um = skins["vessel_depth_m"][:, 0] * 1e6
    assert depth_um.max() <= depth.high + diameter_um.max()
    assert np.median(depth_um) == pytest.approx(depth.value, rel=0.1)


def test_draws_are_the_same_whatever_their_number() -> None:
    described = case("II", 50.0)
    colour = assess_colour(described, None)
    few, many = (
        draw_skins(described, colour, SkinPlace("cheeks", vessels=condition_vessels("redness")), draws=n, seed=3)
        for n in (10, 100)
    )
    for name in few.arrays:
        assert np.array_equal(few[name], many[name][:10], equal_nan=True), name
