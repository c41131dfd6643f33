"""Lines, texture and laxity, by site and colour."""

from collections.abc import Iterator

from relations.reading import Shown
from relations.relation import Plans, relation

OPEN_SKIN = ("ablative", "fractional-ablative")


def strength(option: Shown) -> tuple[float, float]:
    """How deep and how much: energy of a column, or depth of a field, since pulses differ; and energy to the cm²."""
    deep = option.energy_mJ if "microbeam" in option.settings else option.limited("injury_depth_fraction") or 0.0
    return deep, option.energy_per_area_J_cm2


@relation(
    "severe-lines-deeper",
    "Severe lines around the mouth are treated deeper than mild ones with the same kind of laser.",
    sources="tanzi2003 sanniec2019 verma2020",
    cases="lip-mild-II lip-severe-II",
)
def severe_lines_deeper(plans: Plans) -> Iterator[str]:
    mild, severe = plans.values()
    for name in OPEN_SKIN:
        if not severe.of(name):
            yield f"{name}: not offered"
        elif mild.of(name) and strength(severe.of(name)[0]) <= strength(mild.of(name)[0]):
            yield f"{name}: {mild.of(name)[0]}; {severe.of(name)[0]}"
    if not any(mild.of(name) for name in OPEN_SKIN):  # mild lines get no removal of a whole field, but columns
        yield "mild lines get none of these lasers"


@relation(
    "severe-lines-open-the-skin",
    "For severe lines around the mouth of light skin an ablative laser, fractional or not, stands first.",
    sources="tanzi2003 sanniec2019 tierney2011",
    cases="lip-severe-II",
)
def severe_lines_open_the_skin(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not any(one.modality in OPEN_SKIN for one in plan.first):
            yield f"{plan.name}: first is {plan.first[0]}"


@relation(
    "dark-skin-no-full-field",
    "Phototypes V and VI get no full-field ablation.",
    sources="richter2014",
    cases="wrinkles-V wrinkles-VI acne-scars-V",
)
def dark_skin_no_full_field(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative"):
            yield f"{plan.name}: {one}"


@relation(
    "dark-skin-thin-evidence-told",
    "Phototype VI is told that next to no trial treated skin like it.",
    sources="kaushik2017",
    cases="wrinkles-VI marks-VI",
)
def dark_skin_thin_evidence_stated(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if plan.lasers and "phototype-six-thin-evidence" not in plan.reasons():
            yield f"{plan.name}: {sorted(plan.reasons())}"


@relation(
    "frown-lines-toxin-first",
    "Lines that movement makes get botulinum toxin first and no laser.",
    sources="lvhn2001 carruthers2014",
    cases="frown-lines",
)
def frown_lines_toxin_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if plan.lasers or plan.first[0].modality != "botulinum-toxin":
            yield f"{plan.name}: first is {plan.first[0]}, lasers {[str(one) for one in plan.lasers]}"


@relation(
    "laxity-modest",
    "Nobody with lax skin is promised much of a laser: fewer than half gain three quarters, and radiofrequency and "
    "surgery are told.",
    sources="tightening2021 brightmanneck",
    cases="laxity-moderate",
)
def laxity_modest(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.lasers:
            much = one.median("expected", "p_at_least", "75")
            if much is not None and much >= 0.5:
                yield f"{plan.name}: {one} gives {much} of people three quarters"
        if not (plan.of("radiofrequency") and plan.of("surgery")):
            yield f"{plan.name}: no radiofrequency or no surgery"


@relation(
    "laxity-no-full-field-first",
    "Moderate laxity of the jaw is not answered with full-field ablation first: radiofrequency and fractional lasers, "
    "which trials of it had, stand above.",
    sources="tightening2021 brightmanneck",
    cases="laxity-moderate",
)
def laxity_no_full_field_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        tried = plan.of("radiofrequency", "fractional-ablative", "non-ablative-fractional")
        yield from plan.below(tried, plan.of("ablative"))


@relation(
    "severe-laxity-surgeon",
    "Severe laxity is referred to a surgeon.",
    sources="brightmanneck tightening2021",
    cases="laxity-severe",
)
def severe_laxity_surgeon(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if plan.decision != "refer" or plan.lasers or not plan.of("surgery"):
            yield f"{plan.name}: {plan.decision}, {[str(one) for one in plan.lasers]}"


@relation(
    "neck-gentler",
    "The neck gets no full-field ablation, and no more energy to the area from a fractional CO2 laser than the cheek.",
    sources="avramneck avram2009neck brightmanneck",
    cases="texture-columns-cheeks texture-columns-neck",
)
def neck_gentler(plans: Plans) -> Iterator[str]:
    yield from gentler_than_face(plans, "fractional-ablative")


@relation(
    "hands-gentler",
    "The back of the hand gets no full-field ablation, and no more energy to the area from a fractional laser than the "
    "cheek.",
    sources="brightmanneck behrangi2014 sadick2009",
    cases="texture-columns-cheeks texture-columns-hands",
)
def hands_gentler(plans: Plans) -> Iterator[str]:
    yield from gentler_than_face(plans, "fractional-ablative")
    yield from gentler_than_face(plans, "non-ablative-fractional")


def gentler_than_face(plans: Plans, modality: str) -> Iterator[str]:
    """A complaint where the second plan opens skin off the face full-field, or gives it as much as the first a face."""
    face, other = plans.values()
    for one in other.of("ablative"):
        yield f"{other.name}: {one}"
    if not face.of(modality):
        yield f"{face.name}: no {modality} to compare"
    for on_face, elsewhere in zip(face.of(modality)[:1], other.of(modality)[:1], strict=False):
        # Steps of machines and the rounding of sources move a dose by up to 15 %.
        if elsewhere.energy_per_area_J_cm2 > 1.15 * on_face.energy_per_area_J_cm2:
            yield f"{face.name}: {on_face}; {other.name}: {elsewhere}"


@relation(
    "lid-gentler",
    "The eyelid gets less energy in a column, or to the area, than the cheek.",
    sources="sukal2008eyelid blanco2007 tierney2011",
    cases="wrinkles-II lid-lines-II",
)
def lid_gentler(plans: Plans) -> Iterator[str]:
    cheek, lid = plans.values()
    for name in ("fractional-ablative", "non-ablative-fractional"):
        for on_cheek, on_lid in zip(cheek.of(name)[:1], lid.of(name)[:1], strict=False):
            if not strength(on_lid) < strength(on_cheek) or on_lid.energy_per_area_J_cm2 > (
                on_cheek.energy_per_area_J_cm2
            ):
                yield f"{cheek.name}: {on_cheek}; {lid.name}: {on_lid}"


@relation(
    "lid-shields",
    "Whatever treats an eyelid says that metal shields lie on the cornea.",
    sources="lee2024ocular blanco2007",
    cases="lid-lines-II",
)
def lid_shields(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.lasers:
            if "corneal-shields" not in one.rules:
                yield f"{plan.name}: {one}"


@relation(
    "lid-no-deep-light",
    "No lamp and no light of 680 to 1100 nm is used inside the orbital rim.",
    sources="eyebrow2008 huang2018 lee2024ocular",
    cases="lid-lines-II",
)
def lid_no_deep_light(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.lasers:
            if one.is_lamp or 680 <= one.wavelength_nm <= 1100:
                yield f"{plan.name}: {one}"


@relation(
    "downtime-in-order",
    "Full-field ablation shows longest, fractional ablation less long, a non-ablative fractional laser shortest.",
    sources="mayoresurfacing faghihi2015 uqufractional",
    cases="wrinkles-II acne-scars-II",
)
def downtime_in_order(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        kinds = [plan.of(name)[:1] for name in ("ablative", "fractional-ablative", "non-ablative-fractional")]
        days = [one.median("downtime_days") for kind in kinds for one in kind]
        known = [day for day in days if day is not None]
        if len(known) < 2 or sorted(set(known), reverse=True) != known:
            yield f"{plan.name}: {days} days"


@relation(
    "full-field-once",
    "Full-field resurfacing is one session.",
    sources="mayoresurfacing tanzi2003",
    cases="wrinkles-II lip-severe-II",
)
def full_field_once(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative"):
            if one.data["sessions"].get("low") != 1:
                yield f"{plan.name}: {one.data['sessions']}"


@relation(
    "light-smooths-no-lines",
    "Neither vascular lasers nor lamps nor pigment lasers are offered for lines.",
    sources="jorgensen2008",
    cases="wrinkles-II lip-mild-II lip-severe-II lid-lines-II",
)
def light_smooths_no_lines(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("vascular", "pigment-short-pulse", "pigment-long-pulse"):
            yield f"{plan.name}: {one}"


@relation(
    "lines-sun-and-retinoid-told",
    "Sun protection and a retinoid cream are told beside lasers for lines.",
    sources="hughes2013 sitohang2022",
    cases="wrinkles-II lip-mild-II",
)
def lines_sun_and_retinoid_stated(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for name in ("sun-protection", "topical-retinoid"):
            if not plan.of(name):
                yield f"{plan.name}: no {name}"


@relation(
    "columns-leave-skin-between",
    "An ablative fractional laser leaves three quarters of the skin untouched, a non-ablative one three fifths.",
    sources="faghihi2015 hedelund2012 alexis2012pearl",
    cases="wrinkles-II acne-scars-II texture-cheeks texture-neck texture-hands lid-lines-II lip-severe-II",
)
def columns_leave_skin_between(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for name, most in (("fractional-ablative", 0.25), ("non-ablative-fractional", 0.4)):
            for one in plan.of(name):
                coverage = one.limited("coverage_fraction")
                if coverage is None or coverage > most:
                    yield f"{plan.name}: {one}, coverage {coverage}"


@relation(
    "mild-lip-lines-gentler-first",
    "Full-field ablation of mild lines around the mouth comes with the words that trials treated worse ones.",
    sources="sanniec2019 chew1999 fezza2006",
    cases="lip-mild-II",
)
def mild_lip_lines_gentler_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative"):
            if "mild-lip-lines-full-field" not in one.rules:
                yield f"{plan.name}: {one}"
