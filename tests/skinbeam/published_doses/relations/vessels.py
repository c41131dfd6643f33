"""Vessels and redness."""

from collections.abc import Iterator
from itertools import pairwise

from relations.reading import Reading, Shown
from relations.relation import Plans, relation


def vascular(plan: Reading) -> list[Shown]:
    return plan.of("vascular")


@relation(
    "veins-have-a-vascular-option",
    "Visible facial veins and spider angiomas of phototypes I to III can be treated with a vascular laser or light.",
    sources="jasim2004 clark2004 retamar2004 vbeammanual",
    cases="veins-I veins-II veins-III spider-I spider-II spider-III",
)
def veins_have_a_vascular_option(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not vascular(plan):
            yield f"{plan.name}: no vascular option"


@relation(
    "veins-vascular-first",
    "For visible facial veins of light skin nothing stands above a vascular laser or light, neither camouflage nor "
    "waiting.",
    sources="jasim2004 tanghetti2012 adamic2015",
    cases="veins-I veins-II spider-II",
)
def veins_vascular_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        yield from plan.below(vascular(plan), plan.of("no-treatment", "camouflage"))


@relation(
    "veins-light-that-blood-absorbs",
    "In phototypes I to III the first choice for fine facial veins and spider angiomas is a dye laser, 532 nm or a "
    "filtered lamp; 1064 nm is kept for wide and blue veins.",
    sources="adamic2015 clark2004 iyer2005 tanghetti2012",
    cases="veins-I veins-II veins-III spider-I spider-II spider-III",
)
def veins_light_that_blood_absorbs(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        lasers = vascular(plan)
        if not any(520 <= one.wavelength_nm <= 600 or one.is_lamp for one in lasers if one.rank == lasers[0].rank):
            yield f"{plan.name}: first is {lasers[0] if lasers else 'no laser'}"


@relation(
    "wide-veins-deep-light",
    "Facial veins of more than a millimetre get deeply reaching light: 1064 nm, and neither 532 nm nor a dye laser.",
    sources="goldman2004veins adamic2015",
    cases="veins-wide-II",
)
def wide_veins_deep_light(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        lasers = vascular(plan)
        if not lasers:
            yield f"{plan.name}: no vascular option"
        yield from (f"{plan.name}: {one}" for one in lasers[:1] if one.wavelength_nm != 1064)


@relation(
    "dye-veins-pulse",
    "A 595 nm dye laser treats facial veins at 6 to 20 ms, where lasting bruises are rare.",
    sources="jasim2004 iyer2005 zavell2008vbeam",
    cases="veins-dye-I veins-dye-II",
)
def dye_veins_pulse(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in vascular(plan):
            if not 6 <= one.pulse_ms <= 20:
                yield f"{plan.name}: {one}"


@relation(
    "dye-veins-fluence",
    "At 6 to 10 ms a dye laser closes facial veins with 6 to 12 J/cm² at 7 mm, and with 6 to 9 at 10 mm.",
    sources="jasim2004 zavell2008vbeam",
    cases="veins-dye-I veins-dye-II",
)
def dye_veins_fluence(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not vascular(plan):
            yield f"{plan.name}: no dye laser"
        for one in vascular(plan):
            highest = 12.0 if one.spot_mm <= 7 else 9.0
            if not (6 <= one.pulse_ms <= 10 and 6 <= one.fluence_J_cm2 <= highest):
                yield f"{plan.name}: {one}"


@relation(
    "dye-veins-gentler-on-darker-skin",
    "A darker phototype gets no more fluence and no shorter pulse from the same dye laser and spot.",
    sources="richter2014 adamic2015 steps78",
    cases="veins-dye-I veins-dye-II veins-dye-III veins-dye-V",
)
def dye_veins_gentler_on_darker_skin(plans: Plans) -> Iterator[str]:
    shown = [(plan.name, one) for plan in plans.values() for one in vascular(plan)[:1]]
    if len(shown) < 2:
        yield "nothing to compare"
    for (lighter_name, lighter), (darker_name, darker) in pairwise(shown):
        same_spot = lighter.spot_mm == darker.spot_mm
        if darker.pulse_ms < lighter.pulse_ms or (same_spot and darker.fluence_J_cm2 > lighter.fluence_J_cm2):
            yield f"{lighter_name}: {lighter}; {darker_name}: {darker}"


@relation(
    "dye-veins-less-for-dark-skin",
    "Phototype V gets less fluence or a longer pulse than phototype I, as makers' tables have it, or no dye laser.",
    sources="candela2013 candelagentleyag richter2014",
    cases="veins-dye-I veins-dye-V",
)
def dye_veins_less_for_dark_skin(plans: Plans) -> Iterator[str]:
    light, dark = plans.values()
    for one, other in zip(vascular(light)[:1], vascular(dark)[:1], strict=False):
        if other.pulse_ms <= one.pulse_ms and other.fluence_J_cm2 > 0.9 * one.fluence_J_cm2:
            yield f"{light.name}: {one}; {dark.name}: {other}"


@relation(
    "veins-1064-small-spot",
    "Long-pulse 1064 nm treats facial veins with spots of 1.5 to 6 mm; 10 mm and wider are for hair.",
    sources="lee2012 rose2013 ozyurt2012 taylorperiorbital",
    cases="veins-1064-II veins-1064-V veins-II",
)
def veins_1064_small_spot(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in vascular(plan):
            if one.wavelength_nm == 1064 and one.spot_mm > 6:
                yield f"{plan.name}: {one}"


@relation(
    "veins-1064-fluence",
    "Where 1064 nm closes facial veins, it takes 100 J/cm² and more with spots of 1.5 to 3 mm.",
    sources="lee2012 rose2013 taylorperiorbital",
    cases="veins-1064-II",
)
def veins_1064_fluence(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not vascular(plan):
            yield f"{plan.name}: no laser"
        for one in vascular(plan):
            if not (one.spot_mm <= 3 and 100 <= one.fluence_J_cm2 <= 250):
                yield f"{plan.name}: {one}"


@relation(
    "veins-dark-skin-deep-light",
    "For vessels of phototype V 1064 nm, which melanin absorbs least, stands above 532 to 755 nm and lamps.",
    sources="steps78 richter2014 ozyurt2012",
    cases="veins-V",
)
def veins_dark_skin_deep_light(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        lasers = vascular(plan)
        deep = [one for one in lasers if one.wavelength_nm > 1000 and not one.is_lamp]
        yield from plan.below(deep, [one for one in lasers if one not in deep])


@relation(
    "vascular-light-is-cooled",
    "Whatever treats vessels cools the skin.",
    sources="vbeammanual candela2013 adamic2015",
    cases="veins-I veins-II veins-III veins-V spider-II redness-II veins-dye-I veins-dye-III veins-1064-II",
)
def vascular_light_is_cooled(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in vascular(plan):
            if one.settings.get("cooling", {"kind": "none"})["kind"] == "none":
                yield f"{plan.name}: {one}"


@relation(
    "spray-as-makers-set-it",
    "A spray of cryogen lasts 20 to 50 ms and ends 10 to 40 ms before the pulse.",
    sources="candela2013 ross2009",
    cases="veins-I veins-II veins-III veins-V veins-dye-I veins-dye-III redness-II",
)
def spray_as_makers_set_it(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in vascular(plan):
            cooling = one.settings.get("cooling", {})
            if cooling.get("kind") == "spray" and not (
                20 <= cooling["before_ms"] <= 50 and 10 <= cooling["delay_ms"] <= 40
            ):
                yield f"{plan.name}: {cooling['before_ms']:g} ms, then {cooling['delay_ms']:g} ms"


@relation(
    "redness-below-bruising",
    "Diffuse redness is treated below purpura: yellow and green light with pulses of 3 ms and longer.",
    sources="bernstein2008 zavell2008vbeam kassir2011 alam2013",
    cases="redness-II",
)
def redness_below_bruising(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in vascular(plan):
            if one.pulse_ms < 3 and one.wavelength_nm <= 600:
                yield f"{plan.name}: {one}"


@relation(
    "redness-dye-green-or-lamp",
    "Light for diffuse redness is a dye laser, 532 nm or a filtered lamp.",
    sources="schaller2020 kassir2011 bernstein2008",
    cases="redness-II",
)
def redness_dye_green_or_lamp(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        first = vascular(plan)[:1]
        if not any(one.is_lamp or 520 <= one.wavelength_nm <= 600 for one in first):
            yield f"{plan.name}: {first[0] if first else 'no laser'}"


@relation(
    "redness-skin-care-too",
    "Sun protection and a cream that narrows vessels are among the choices for redness.",
    sources="oge2015 micali2016",
    cases="redness-II",
)
def redness_skin_care_too(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for name in ("sun-protection", "topical-vasoconstrictor"):
            if not plan.of(name):
                yield f"{plan.name}: no {name}"


@relation(
    "veins-one-to-few-sessions",
    "Facial veins take one to four sessions, four weeks or more apart.",
    sources="clark2004 retamar2004 jasim2004",
    cases="veins-I veins-II spider-II",
)
def veins_one_to_few_sessions(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in vascular(plan):
            sessions, weeks = one.data["sessions"], one.data["interval_weeks"]
            known = "low" in sessions and "low" in weeks
            if not (known and sessions["low"] >= 1 and 2 <= sessions["high"] <= 4 and weeks["low"] >= 4):
                yield f"{plan.name}: {sessions} {weeks}"


@relation(
    "anticoagulants-stay",
    "A prescribed blood thinner is never stopped for a laser; the plan warns of bruises and says to go on taking it.",
    sources="yeager2020",
    cases="veins-anticoagulant",
)
def anticoagulants_stay(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        advised = {one["rule"] for one in plan.document["aftercare"]}
        if "antithrombotic" not in plan.reasons() or "aftercare-keep-medicines" not in advised:
            yield f"{plan.name}: {sorted(plan.reasons())}"


@relation(
    "spider-dark-skin-light-or-reason",
    "A spider angioma of phototype V has an option with light, or it is told that clinics treat such skin with 1064 nm "
    "and do not print how.",
    sources="ozyurt2012",
    cases="spider-V",
)
def spider_dark_skin_light_or_reason(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not plan.lasers and not any("Clinics do treat such skin" in one for one in plan.sentences):
            yield f"{plan.name}: {[one['reasons'] for one in plan.part['refused']]}"


@relation(
    "lamp-515-below-pale-patches",
    "A lamp with a filter of 515 nm gives vessels less than 18 J/cm² in one pulse: 18 left pale patches.",
    sources="lipp2021",
    cases="redness-II veins-I veins-II veins-III",
)
def lamp_515_below_pale_patches(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in vascular(plan):
            if one.is_lamp and one.wavelength_nm < 530 and one.fluence_J_cm2 >= 18:
                yield f"{plan.name}: {one}"
