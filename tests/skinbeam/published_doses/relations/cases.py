"""The consultations that relations are held against, by name; none is about a person.

Colour is what the person said of it, as in most clinics: a phototype and no measurement. Without a list of devices the
clinic has all of them.
"""

NAMED = (
    'diagnosed = true\ndiagnosed_by = "dermatologist"\ndiagnosis_method = "dermoscopy"\ndiagnosis_date = 2026-03-02\n'
)
# Every kind of laser that is used on brown spots, one or two of each.
PIGMENT_DEVICES = (
    "qs-ndyag-532-1064",
    "qs-ruby-694",
    "qs-alexandrite-755",
    "ps-ndyag-532-1064",
    "ipl",
    "fractional-1550",
    "thulium-1927",
)


def consultation(
    phototype: str,
    condition: str,
    site: str = "cheeks",
    severity: str = "moderate",
    *,
    person: str = "",
    concern: str = "",
    devices: tuple[str, ...] = (),
    named: bool = True,
    age_years: float = 45.0,
) -> str:
    """The text of a case file; `person` and `concern` are further lines of their tables."""
    listed = ", ".join(f'"{name}"' for name in devices)
    clinic = f"\n[clinic]\ndevices = [{listed}]\n" if devices else ""
    return (
        f'[patient]\nage_years = {age_years}\nsex = "female"\nphototype = "{phototype}"\n{person}\n\n'
        f'[[concern]]\ncondition = "{condition}"\nsite = "{site}"\nseverity = "{severity}"\n'
        f"{concern}\n{NAMED if named else ''}{clinic}"
    )


def spot_before(reaction: str, fluence_J_cm2: float) -> str:
    """A test spot of the dye laser in 10 ms, read after three days."""
    return (
        f'\n[[test_spot]]\ndevice = "pulsed-dye-595"\nsite = "cheeks"\nread_after_h = 72.0\nreaction = "{reaction}"\n'
        f"fluence_J_cm2 = {fluence_J_cm2}\npulse_ms = 10.0\nspot_mm = 7.0\n"
    )


CASES = {
    # vessels
    **{f"veins-{p}": consultation(p, "facial-telangiectasia") for p in ("I", "II", "III", "V")},
    "veins-wide-II": consultation("II", "facial-telangiectasia", concern='subtypes = ["over-1-mm"]'),
    **{f"spider-{p}": consultation(p, "spider-angioma") for p in ("I", "II", "III", "V")},
    **{
        f"veins-dye-{p}": consultation(p, "facial-telangiectasia", devices=("pulsed-dye-595",))
        for p in ("I", "II", "III", "V")
    },
    **{f"veins-1064-{p}": consultation(p, "facial-telangiectasia", devices=("ndyag-1064",)) for p in ("II", "V")},
    "redness-II": consultation("II", "redness"),
    "veins-IV": consultation("IV", "facial-telangiectasia"),
    "redness-IV": consultation("IV", "redness"),
    "redness-melasma-IV": consultation("IV", "redness", person='history = ["melasma"]'),
    "spider-IV": consultation("IV", "spider-angioma"),
    "veins-lid-II": consultation("II", "facial-telangiectasia", "eyelid"),
    "poikiloderma-II": consultation("II", "poikiloderma", "neck"),
    "poikiloderma-III": consultation("III", "poikiloderma", "neck"),
    "veins-bruised-II": consultation("II", "facial-telangiectasia", devices=("pulsed-dye-595",))
    + spot_before("none", 7.5)
    + spot_before("purpura", 8.5),
    "veins-blistered-II": consultation("II", "facial-telangiectasia", devices=("pulsed-dye-595", "pulsed-dye-585"))
    + spot_before("blister", 9.0),
    "veins-anticoagulant": consultation(
        "II",
        "facial-telangiectasia",
        person='medications = [{name = "warfarin", last_dose_months = 0}]',
        devices=("pulsed-dye-595",),
    ),
    # pigment
    **{f"spots-{p}": consultation(p, "age-spots", devices=PIGMENT_DEVICES) for p in ("I", "II", "IV", "V")},
    "spots-heated-II": consultation(
        "II", "age-spots", devices=("ipl", "pulsed-dye-595-compression", "alexandrite-755")
    ),
    **{f"spots-all-{p}": consultation(p, "age-spots") for p in ("II", "III", "IV", "V")},
    "freckles-V": consultation("V", "freckles"),
    "freckles-II": consultation("II", "freckles", devices=PIGMENT_DEVICES),
    "melasma-III": consultation("III", "melasma"),
    "melasma-V": consultation("V", "melasma"),
    **{f"melasma-1064-{p}": consultation(p, "melasma", devices=("qs-ndyag-532-1064",)) for p in ("III", "V")},
    "marks-IV": consultation("IV", "post-inflammatory-hyperpigmentation"),
    "marks-VI": consultation("VI", "post-inflammatory-hyperpigmentation"),
    "uneven-II": consultation("II", "uneven-pigmentation", devices=PIGMENT_DEVICES),
    # scars
    "keloid-III": consultation("III", "keloid", "decolletage"),
    "keloid-V": consultation("V", "keloid", "jaw"),
    "raised-scar-II": consultation("II", "hypertrophic-scars", "decolletage", concern='subtypes = ["red"]'),
    "acne-scars-II": consultation("II", "acne-scars"),
    "acne-scars-V": consultation("V", "acne-scars"),
    **{f"boxcar-{p}": consultation(p, "acne-scars", concern='subtypes = ["boxcar"]') for p in ("IV", "V")},
    **{f"ice-pick-{p}": consultation(p, "acne-scars", concern='subtypes = ["ice-pick"]') for p in ("II", "IV")},
    **{f"acne-scars-1550-{p}": consultation(p, "acne-scars", devices=("fractional-1550",)) for p in ("II", "V")},
    **{f"acne-scars-red-{p}": consultation(p, "acne-scars", concern='subtypes = ["red"]') for p in ("II", "III", "IV")},
    **{
        f"white-scar-{p}": consultation(
            p, "surgical-scars", concern='subtypes = ["white"]', devices=("pulsed-dye-595", "fractional-1550")
        )
        for p in ("II", "V")
    },
    "acne-scars-former-keloid": consultation("II", "acne-scars", person='history = ["keloid"]'),
    "surgical-scar-II": consultation("II", "surgical-scars", "forehead", concern='subtypes = ["red"]'),
    # resurfacing
    "lip-mild-II": consultation("II", "perioral-lines", "perioral", "mild"),
    "lip-severe-II": consultation("II", "perioral-lines", "perioral", "severe"),
    "wrinkles-II": consultation("II", "wrinkles"),
    "wrinkles-IV": consultation("IV", "wrinkles"),
    "lip-IV": consultation("IV", "perioral-lines", "perioral"),
    "pores-VI": consultation("VI", "skin-texture"),
    "wrinkles-V": consultation("V", "wrinkles"),
    "wrinkles-VI": consultation("VI", "wrinkles"),
    "lid-lines-II": consultation("II", "fine-lines-periorbital", "eyelid"),
    **{f"texture-{site}": consultation("II", "skin-texture", site) for site in ("cheeks", "neck", "hands")},
    **{
        f"texture-columns-{site}": consultation(
            "II", "skin-texture", site, devices=("fractional-co2-10600", "fractional-1550")
        )
        for site in ("cheeks", "neck", "hands")
    },
    "laxity-moderate": consultation("II", "laxity", "jaw"),
    "laxity-severe": consultation("II", "laxity", "jaw", "severe"),
    "frown-lines": consultation("II", "dynamic-wrinkles", "glabella"),
    "active-acne": consultation("II", "active-acne"),
    "frown-lines-pregnant": consultation("II", "dynamic-wrinkles", "glabella", person="pregnant = true"),
    "laxity-pacemaker": consultation(
        "II", "laxity", "jaw", person='history = ["pacemaker"]', devices=("fractional-1550",)
    ),
    # other places and skins
    "acne-V": consultation("V", "active-acne"),
    "spots-hands-II": consultation("II", "age-spots", "hands"),
    "texture-chest-II": consultation("II", "skin-texture", "decolletage"),
    "lines-chest-II": consultation("II", "wrinkles", "decolletage"),
    "lines-neck-II": consultation("II", "wrinkles", "neck"),
    **{
        f"white-scar-{p}": consultation(p, "surgical-scars", "forehead", concern='subtypes = ["white"]')
        for p in ("II", "IV", "V")
    },
    "raised-scar-V": consultation("V", "hypertrophic-scars", "decolletage", concern='subtypes = ["red"]'),
    "pores-III": consultation("III", "skin-texture"),
    "eye-lines-II": consultation("II", "fine-lines-periorbital", "periorbital"),
    "lip-V": consultation("V", "perioral-lines", "perioral"),
    "laxity-V": consultation("V", "laxity", "jaw", "mild"),
    "dull-III": consultation("III", "dull-complexion"),
    "uneven-V": consultation("V", "uneven-pigmentation"),
    # who should wait, or should not be treated
    "pregnant": consultation("II", "wrinkles", person="pregnant = true"),
    "minor": consultation("II", "spider-angioma", age_years=12.0),
    "tanned": consultation("II", "facial-telangiectasia", person='tan = "recent"'),
    "infected": consultation("II", "wrinkles", person='history = ["active-infection"]'),
    "inflamed-acne": consultation("II", "acne-scars", person='history = ["active-inflammatory-acne"]'),
    "perfection": consultation("II", "wrinkles", person='expectation = "perfect"'),
    "unnamed-spot": consultation("II", "age-spots", named=False),
    "changing-spot": consultation("II", "age-spots", concern='lesion_signs = ["changing"]'),
    "photodynamic-drug": consultation(
        "II", "redness", person='medications = [{name = "verteporfin", last_dose_months = 0.5}]'
    ),
    "isotretinoin": consultation(
        "II", "wrinkles", person='medications = [{name = "isotretinoin", last_dose_months = 2}]'
    ),
    "gold": consultation("II", "age-spots", person='history = ["gold-therapy"]', devices=PIGMENT_DEVICES),
    "herpes": consultation(
        "II", "perioral-lines", "perioral", person='history = ["herpes-labialis"]', devices=("co2-10600",)
    ),
    "vitiligo": consultation("II", "wrinkles", person='history = ["vitiligo"]', devices=("fractional-1550",)),
    "lupus": consultation("II", "redness", person='history = ["lupus"]', devices=("pulsed-dye-595",)),
    "irradiated": consultation("II", "wrinkles", person='history = ["radiotherapy-field"]'),
    "immunosuppressed": consultation("II", "wrinkles", person='history = ["immunosuppression"]'),
}
