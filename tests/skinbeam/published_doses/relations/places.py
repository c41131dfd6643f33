"""Places, kinds and skins beside the usual ones: hands, chest, neck, old scars, acne, dull skin; by laser doctors."""

from collections.abc import Iterator

from relations.reading import Reading, Shown
from relations.relation import Plans, relation

RETINOID, ACNE_MEDICINE = "topical-retinoid", "acne-medication"
FRACTIONAL = ("fractional-ablative", "non-ablative-fractional")


def offered(plans: Plans, *modalities: str) -> Iterator[str]:
    """A complaint for each plan that offers none of these."""
    for plan in plans.values():
        if not plan.of(*modalities):
            yield f"{plan.name}: none of {', '.join(modalities)}"


def not_offered(plans: Plans, *modalities: str) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of(*modalities):
            yield f"{plan.name}: {one}"


def led_by(plans: Plans, *modalities: str) -> Iterator[str]:
    """A complaint for each plan whose first rank holds none of these."""
    for plan in plans.values():
        if not any(one.modality in modalities for one in plan.first):
            yield f"{plan.name}: led by {', '.join(map(str, plan.first))}"


def above(plans: Plans, upper: tuple[str, ...], lower: tuple[str, ...]) -> Iterator[str]:
    for plan in plans.values():
        yield from plan.below(plan.of(*upper), plan.of(*lower))


def of_device(plan: Reading, *names: str) -> list[Shown]:
    return [one for one in plan.lasers if one.device in names]


@relation(
    "acne-no-lamp-before-medicine",
    "No lamp stands above medicine for active acne: lamps did less than what they were compared with.",
    sources="lu2020ipl hamilton2009",
    cases="active-acne acne-V",
)
def acne_no_lamp(plans: Plans) -> Iterator[str]:
    yield from above(plans, (ACNE_MEDICINE, RETINOID), ("vascular", "pigment-long-pulse"))


@relation(
    "acne-dark-skin-retinoid",
    "Active acne of phototype V is led by a retinoid cream or another medicine.",
    sources="retinoidsoc",
    cases="acne-V",
)
def acne_dark(plans: Plans) -> Iterator[str]:
    yield from led_by(plans, RETINOID, ACNE_MEDICINE)


@relation(
    "acne-dark-skin-no-photodynamic",
    "Photodynamic therapy, which darkens darker skin for weeks, leads acne of phototype V nowhere.",
    sources="pdtpage",
    cases="acne-V",
)
def acne_dark_photodynamic(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from (f"{plan.name}: {one}" for one in plan.first if one.modality == "photodynamic")


@relation(
    "spots-hands-short-pulse",
    "A Q-switched or picosecond laser is offered for age spots on the hands of phototype II.",
    sources="mukovozov2023",
    cases="spots-hands-II",
)
def spots_on_hands(plans: Plans) -> Iterator[str]:
    yield from offered(plans, "pigment-short-pulse")


@relation(
    "spots-hands-no-skin-removed",
    "Nothing that removes skin leads age spots on the hands, which heal slowly.",
    sources="brightman2009",
    cases="spots-hands-II",
)
def spots_on_hands_not_ablated(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        removing = ("ablative", "fractional-ablative")
        yield from (f"{plan.name}: {one}" for one in plan.first if one.modality in removing)


@relation(
    "chest-no-full-field",
    "The décolletage gets no full-field ablation.",
    sources="brightman2009",
    cases="texture-chest-II lines-chest-II",
)
def chest_not_ablated(plans: Plans) -> Iterator[str]:
    yield from not_offered(plans, "ablative")


@relation(
    "chest-texture-lens-array",
    "A picosecond lens array leads rough texture of the décolletage.",
    sources="decolletedla2016",
    cases="texture-chest-II",
)
def chest_lens_array(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not any(one.data.get("settings", {}).get("microbeam") == {"optic": "lens-array"} for one in plan.first):
            yield f"{plan.name}: led by {', '.join(map(str, plan.first))}"


@relation(
    "chest-lines-ultrasound",
    "Focused ultrasound is among the first two choices for lines of the décolletage.",
    sources="golddecollete2014",
    cases="lines-chest-II",
)
def chest_ultrasound(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not any(one.modality == "focused-ultrasound" for one in plan.options[:2]):
            yield f"{plan.name}: {', '.join(map(str, plan.options[:2]))}"


@relation(
    "lens-array-fluence",
    "A lens array of 755 nm gives 0.25 to 0.71 J/cm² over its spot.",
    sources="saluja2016 haimovic2016",
    cases="texture-chest-II texture-hands uneven-V",
)
def lens_array_fluence(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in of_device(plan, "ps-array-755"):
            if not 0.25 <= one.fluence_J_cm2 <= 0.71:
                yield f"{plan.name}: {one}"


@relation(
    "neck-lines-no-full-field",
    "Lines of the neck get no full-field ablation.",
    sources="brightman2009",
    cases="lines-neck-II",
)
def neck_not_ablated(plans: Plans) -> Iterator[str]:
    yield from not_offered(plans, "ablative")


@relation(
    "neck-columns-sparse",
    "A fractional laser that removes skin treats at most 22 per cent of a neck in a session.",
    sources="explorepsneck",
    cases="lines-neck-II texture-columns-neck",
)
def neck_sparse(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("fractional-ablative"):
            share = one.limited("coverage_fraction")
            if share is not None and share > 0.22:
                yield f"{plan.name}: {one} treats {share:.0%}"


@relation(
    "white-scar-columns-first",
    "A flat white scar of phototypes II and IV is led by columns, and not by a vascular laser.",
    sources="abdelrahman2014 seago2020consensus kaushik2017",
    cases="white-scar-II white-scar-IV",
)
def white_scar(plans: Plans) -> Iterator[str]:
    yield from led_by(plans, *FRACTIONAL)
    for plan in plans.values():
        yield from (f"{plan.name}: {one}" for one in plan.first if one.modality == "vascular")


@relation(
    "dark-scar-not-removed-first",
    "For a flat scar of phototype V a non-ablative fractional laser or a lens array stands above what removes skin.",
    sources="kaushik2017 haimovic2016",
    cases="white-scar-V",
)
def dark_scar(plans: Plans) -> Iterator[str]:
    upper = ("non-ablative-fractional", "pigment-short-pulse")
    yield from above(plans, upper, ("ablative", "fractional-ablative"))


@relation(
    "raised-scar-dark-skin-dye",
    "A dye laser on a red raised scar of phototype V gives at most 8 J/cm².",
    sources="manuskiatti2007pw darkskinreview2010",
    cases="raised-scar-V",
)
def raised_scar_dark(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in of_device(plan, "pulsed-dye-595", "pulsed-dye-585"):
            if one.fluence_J_cm2 > 8.0:
                yield f"{plan.name}: {one}"


@relation(
    "raised-scar-dark-skin-steroid",
    "Injected steroid or silicone leads a red raised scar of phototype V too.",
    sources="s2k2021de mustoe2002",
    cases="raised-scar-V",
)
def raised_scar_dark_first(plans: Plans) -> Iterator[str]:
    yield from led_by(plans, "intralesional-steroid", "silicone")


@relation(
    "pores-III-nothing-removed-first",
    "Rough texture and pores of phototype III are led by nothing that removes the whole surface.",
    sources="naranjo2022 yim2020",
    cases="pores-III",
)
def pores(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from (f"{plan.name}: {one}" for one in plan.first if one.modality == "ablative")


@relation(
    "texture-retinoid-told",
    "A retinoid cream is told beside lasers for rough texture.",
    sources="sitohang2022",
    cases="texture-cheeks pores-III pores-VI",
)
def texture_retinoid(plans: Plans) -> Iterator[str]:
    yield from offered(plans, RETINOID)


@relation(
    "eye-lines-fractional-before-full-field",
    "Around the eyes a fractional laser stands above full-field ablation: it healed sooner with like results.",
    sources="yates2015 bowen2015",
    cases="eye-lines-II",
)
def eye_lines(plans: Plans) -> Iterator[str]:
    yield from above(plans, FRACTIONAL, ("ablative",))


@relation(
    "lid-lines-not-led-by-full-field",
    "Full-field ablation leads no lines of an eyelid: most harm about the eye came from it.",
    sources="blanco2007",
    cases="lid-lines-II",
)
def lid_lines(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from (f"{plan.name}: {one}" for one in plan.first if one.modality == "ablative")


@relation(
    "lip-dark-skin-no-full-field",
    "Lines around the mouth of phototypes IV and V get no full-field ablation.",
    sources="alexis2012pearl",
    cases="lip-IV lip-V",
)
def lip_dark(plans: Plans) -> Iterator[str]:
    yield from not_offered(plans, "ablative")


@relation(
    "lip-dark-skin-toxin-or-filler",
    "Lines around the mouth of phototypes IV and V are led by botulinum toxin or a filler.",
    sources="carruthers2008",
    cases="lip-IV lip-V",
)
def lip_dark_first(plans: Plans) -> Iterator[str]:
    yield from led_by(plans, "botulinum-toxin", "filler")


@relation(
    "laxity-dark-skin-no-light-first",
    "Mildly lax skin of phototype V is led by radiofrequency or ultrasound, which send no light into the skin.",
    sources="rfnews2018 fabi2015",
    cases="laxity-V",
)
def laxity_dark(plans: Plans) -> Iterator[str]:
    yield from led_by(plans, "radiofrequency", "focused-ultrasound")


@relation(
    "dull-skin-cream-first",
    "Dull skin gets a retinoid cream or sun protection above every laser.",
    sources="sitohang2022",
    cases="dull-III",
)
def dull_skin(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from plan.below(plan.of(RETINOID, "sun-protection"), plan.lasers)


@relation(
    "uneven-dark-skin-no-lamp-no-green",
    "Uneven pigment of phototype V gets no lamp and no 532 nm.",
    sources="alexis-talk haimovic2016",
    cases="uneven-V",
)
def uneven_dark(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.lasers:
            if one.is_lamp or abs(one.wavelength_nm - 532.0) < 5.0:
                yield f"{plan.name}: {one}"


@relation(
    "spider-few-sessions",
    "A spider angioma takes one to three sessions.",
    sources="sivarajan2007 sakaryaktp2018",
    cases="spider-II",
)
def spider_sessions(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        span = plan.of("vascular")[0].data["sessions"]
        if not (span["low"] <= 2 and span["high"] <= 4):
            yield f"{plan.name}: {span['low']} to {span['high']} sessions"


@relation(
    "one-line-for-a-lamp",
    "A lamp is one option of a concern and not two: a pass heats brown and red skin at once.",
    sources="almukhtar-ipl",
    cases="poikiloderma-II redness-II uneven-II",
)
def one_lamp(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        found = [one for one in plan.lasers if one.is_lamp]
        if len(found) > 1:
            yield f"{plan.name}: {', '.join(map(str, found))}"
