"""Scars and keloids."""

import math
from collections.abc import Iterator

from relations.reading import Reading, Shown
from relations.relation import Plans, relation


@relation(
    "keloid-steroid-or-silicone-first",
    "Injected steroid or silicone stands above every laser for a keloid.",
    sources="mustoe2002 morelli2018 arno2014",
    cases="keloid-III keloid-V",
)
def keloid_steroid_or_silicone_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        known = plan.of("intralesional-steroid", "silicone")
        if not any(one in plan.first for one in known):
            yield f"{plan.name}: first is {plan.first[0]}"
        yield from plan.below(known, plan.lasers)


@relation(
    "keloid-no-ablation",
    "Nobody ablates a keloid, fractional or not, unless a specialist has decided it.",
    sources="vivas2012 faghihi2015 elazhary2022",
    cases="keloid-III keloid-V",
)
def keloid_no_ablation(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative", "fractional-ablative"):
            yield f"{plan.name}: {one}"


@relation(
    "keloid-excision-not-first",
    "Cutting out a keloid does not stand above injected steroid: after excision alone it comes back.",
    sources="vivas2012 morelli2018",
    cases="keloid-III keloid-V",
)
def keloid_excision_not_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from plan.below(plan.of("intralesional-steroid"), plan.of("surgery"))


@relation(
    "former-keloid-no-ablation",
    "Whoever has formed keloids is not resurfaced for acne scars with an ablative laser, fractional or not.",
    sources="faghihi2015 steps78",
    cases="acne-scars-former-keloid",
)
def former_keloid_no_ablation(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative", "fractional-ablative"):
            yield f"{plan.name}: {one}"


@relation(
    "former-keloid-no-peel-no-needles",
    "Whoever has formed keloids gets no peel and no needling for acne scars.",
    sources="khunger2008peels needlinglist",
    cases="acne-scars-former-keloid",
)
def former_keloid_no_peel_no_needles(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("chemical-peel", "microneedling"):
            yield f"{plan.name}: {one}"


@relation(
    "red-acne-scars-dye-laser",
    "Flat red acne scars get a dye laser first and neither columns nor needles, in III and IV at no more than in II.",
    sources="salameh2022news conologue2006pdl",
    cases="acne-scars-red-II acne-scars-red-III acne-scars-red-IV",
)
def red_acne_scars_dye_laser(plans: Plans) -> Iterator[str]:
    most = math.inf
    for plan in plans.values():
        if not plan.lasers or not 580 <= plan.lasers[0].wavelength_nm <= 600 or plan.lasers[0] not in plan.first:
            yield f"{plan.name}: {plan.first[0]}"
            continue
        dose = plan.lasers[0].fluence_J_cm2
        if dose > most:
            yield f"{plan.name}: {plan.lasers[0]}"
        most = dose
        for one in plan.of("fractional-ablative", "non-ablative-fractional", "ablative", "microneedling", "surgery"):
            yield f"{plan.name}: {one}"


@relation(
    "white-scars-no-light-for-vessels",
    "A white scar gets no light for vessels: no red is left in it to take the light.",
    sources="artzi2020 arno2014",
    cases="white-scar-II white-scar-V",
)
def white_scars_no_light_for_vessels(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("vascular"):
            yield f"{plan.name}: {one}"


@relation(
    "raised-scar-steroid-or-silicone-first",
    "Injected steroid or silicone stands above every laser for a raised scar.",
    sources="mustoe2002 arno2014",
    cases="raised-scar-II",
)
def raised_scar_steroid_or_silicone_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from plan.below(plan.of("intralesional-steroid", "silicone"), plan.lasers)


@relation(
    "raised-red-scar-dye-laser",
    "The first laser for a red raised scar is a dye laser (585 or 595 nm).",
    sources="arno2014 manuskiatti2002pdl bellew2005pdl",
    cases="raised-scar-II",
)
def raised_red_scar_dye_laser(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not plan.lasers or not 580 <= plan.lasers[0].wavelength_nm <= 600:
            yield f"{plan.name}: {plan.lasers[0] if plan.lasers else 'no laser'}"


@relation(
    "raised-scar-dye-fluence",
    "A dye laser treats a raised scar with 3.5 to 8 J/cm².",
    sources="manuskiatti2002pdl manuskiatti2007pw bellew2005pdl",
    cases="raised-scar-II",
)
def raised_scar_dye_fluence(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        dye = [one for one in plan.lasers if 580 <= one.wavelength_nm <= 600]
        if not dye:
            yield f"{plan.name}: no dye laser"
        for one in dye:
            if not 3.5 <= one.fluence_J_cm2 <= 8:
                yield f"{plan.name}: {one}"


@relation(
    "red-surgical-scar-vascular-or-1550",
    "A red surgical scar is offered a dye laser or 1550 nm, and no full-field ablation.",
    sources="tierney2009 conologue2006 arno2014",
    cases="surgical-scar-II",
)
def red_surgical_scar_vascular_or_1550(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        dye = [one for one in plan.lasers if 580 <= one.wavelength_nm <= 600]
        if not dye + plan.of("non-ablative-fractional") or plan.of("ablative"):
            yield f"{plan.name}: {[str(one) for one in plan.lasers]}"


@relation(
    "acne-scars-fractional-first",
    "A fractional laser, ablative or not, stands above full-field ablation for acne scars.",
    sources="boen2019 hedelund2012 majid2014",
    cases="acne-scars-II acne-scars-V",
)
def acne_scars_fractional_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        fractional = plan.of("fractional-ablative", "non-ablative-fractional")
        if not fractional:
            yield f"{plan.name}: no fractional laser"
        yield from plan.below(fractional, plan.of("ablative"))


@relation(
    "acne-scars-dark-skin-non-ablative",
    "For acne scars of phototype V a non-ablative fractional laser stands above an ablative one.",
    sources="alexis2016density kaushik2017 richter2014",
    cases="acne-scars-V",
)
def acne_scars_dark_skin_non_ablative(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from plan.below(plan.of("non-ablative-fractional"), plan.of("fractional-ablative", "ablative"))


@relation(
    "acne-scars-density-falls-with-colour",
    "A 1550 nm laser treats less of the skin of phototype V than of phototype II.",
    sources="alexis2016density chan2011mini kono2007density chan2007",
    cases="acne-scars-1550-II acne-scars-1550-V",
)
def acne_scars_density_falls_with_colour(plans: Plans) -> Iterator[str]:
    found = [plan.lasers[:1] for plan in plans.values()]
    if not all(found):
        yield "no 1550 nm option"
        return
    light, dark = (one for (one,) in found)
    covers = light.limited("coverage_fraction"), dark.limited("coverage_fraction")
    if None in covers or not (covers[1] or 1) < (covers[0] or 0) or dark.density_per_cm2 > light.density_per_cm2:
        yield f"II: {light}; V: {dark}; coverage {covers}"


@relation(
    "acne-scars-density-of-dark-skin",
    "At 1550 nm acne scars of phototypes IV to VI get at most 456 columns to the square centimetre in a session, or "
    "with less than 40 mJ no more than 23 per cent of the skin.",
    sources="alexis2012pearl alexis2016density",
    cases="acne-scars-1550-V",
)
def acne_scars_density_of_dark_skin(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not plan.lasers:
            yield f"{plan.name}: no 1550 nm option"
        for one in plan.lasers:
            coverage = one.limited("coverage_fraction")
            too_dense = one.density_per_cm2 > 456 if one.energy_mJ >= 40 else coverage is None or coverage > 0.23
            if too_dense:
                yield f"{plan.name}: {one}, coverage {coverage}"


@relation(
    "acne-scars-deep-columns",
    "1550 nm reaches acne scars with 20 mJ and more in a column.",
    sources="alexis2012pearl alexis2016density",
    cases="acne-scars-1550-II acne-scars-1550-V",
)
def acne_scars_deep_columns(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not plan.lasers:
            yield f"{plan.name}: no 1550 nm option"
        for one in plan.lasers:
            if one.energy_mJ < 20:
                yield f"{plan.name}: {one}"


@relation(
    "acne-scars-darker-skin-more-marks",
    "After a fractional laser phototype V has more dark marks than phototype II.",
    sources="alexis2016density chan2007 richter2014",
    cases="acne-scars-1550-II acne-scars-1550-V",
)
def acne_scars_darker_skin_more_marks(plans: Plans) -> Iterator[str]:
    yield from rising(plans, "pih")


def rising(plans: Plans, harm: str) -> Iterator[str]:
    """A complaint unless the share of a harm rises from each plan to the next."""
    shares = [one.harm(harm) for plan in plans.values() for one in plan.lasers[:1]]
    known = [share for share in shares if share is not None]
    if len(known) < len(plans) or sorted(set(known)) != known:
        yield f"share with {harm} in {list(plans)}: {shares}"


@relation(
    "acne-scars-several-sessions",
    "A fractional laser for acne scars takes several sessions, three to eight weeks apart.",
    sources="majid2014 bjorn2014 bencini2012",
    cases="acne-scars-II",
)
def acne_scars_several_sessions(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("fractional-ablative", "non-ablative-fractional"):
            sessions, weeks = one.data["sessions"], one.data["interval_weeks"]
            if not ("low" in sessions and sessions["high"] >= 3 and "low" in weeks and weeks["low"] >= 3):
                yield f"{plan.name}: {one}, {sessions}, {weeks}"


@relation(
    "acne-scars-needling-and-fillers-told",
    "Subcision or punch surgery, needling, peels and fillers are told beside lasers for acne scars.",
    sources="boen2019 fabbrocini2010",
    cases="acne-scars-II",
)
def acne_scars_needling_and_fillers_stated(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for name in ("surgery", "microneedling", "chemical-peel", "filler"):
            if not plan.of(name):
                yield f"{plan.name}: no {name}"


@relation(
    "inflamed-acne-first",
    "Acne scars wait until the acne is quiet: no laser on inflamed acne.",
    sources="alam2006 titus2012 hamilton2009",
    cases="inflamed-acne active-acne",
)
def inflamed_acne_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.lasers:
            yield f"{plan.name}: {one}"


@relation(
    "acne-medicine-first",
    "Active acne is treated with medicines first.",
    sources="titus2012 hamilton2009",
    cases="active-acne",
)
def acne_medicine_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from medicine_first(plan, plan.of("acne-medication", "topical-retinoid"))


def medicine_first(plan: Reading, medicines: list[Shown]) -> Iterator[str]:
    """A complaint unless a medicine is among the first choices."""
    if not any(one in plan.first for one in medicines):
        yield f"{plan.name}: first is {plan.first[0]}"
