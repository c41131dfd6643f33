"""A person whose answer on skin colour is a range of phototypes."""

import pytest
from consultations import NAMED, devices, document, laser_options

PERSON = '[patient]\nage_years = 50\nsex = "female"\nphototype = "{phototype}"\n'


@pytest.mark.parametrize(
    ("condition", "kind", "device", "stated", "darkest"),
    [
        ("hypertrophic-scars", 'subtypes = ["red"]', "pulsed-dye-595", "III-V", "V"),
        ("facial-telangiectasia", "", "pulsed-dye-595", "III-IV", "IV"),
        ("redness", "", "pulsed-dye-595", "III-IV", "IV"),
        ("age-spots", "", "qs-ndyag-532-1064", "III-IV", "IV"),
    ],
)
def test_a_range_gets_no_more_than_its_darkest_phototype(
    condition: str, kind: str, device: str, stated: str, darkest: str
) -> None:
    """A dye laser stood at 7 J/cm² for raised scars of III to VI, of whom V gets 5."""
    asked = (
        f'\n[[concern]]\ncondition = "{condition}"\nsite = "cheeks"\nseverity = "moderate"\n{kind}\n'
        f"{NAMED}{devices(device)}"
    )
    (own,), (dark,) = (laser_options(document(PERSON.format(phototype=one) + asked)) for one in (stated, darkest))
    light = ("wavelength_nm", "pulse_ms", "spot_mm")
    assert [own["settings"][name] for name in light] == [dark["settings"][name] for name in light]
    assert own["settings"]["fluence_J_cm2"] <= dark["settings"]["fluence_J_cm2"]
    assert own["p_effective"]["median"] > dark["p_effective"]["median"]  # the lighter ones are reached sooner
