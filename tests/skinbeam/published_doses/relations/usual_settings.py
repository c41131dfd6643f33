"""Settings that clinics use for each class of light, and what never leads: read by laser doctors."""

from collections.abc import Callable, Iterator

from relations.reading import Reading, Shown
from relations.relation import Plans, relation

LEAST_REACHED = 0.1


def complaints(plans: Plans, wanted: Callable[[Reading], list[Shown]], holds: Callable[[Shown], bool]) -> Iterator[str]:
    """A complaint for each of the wanted options that is not as it should be."""
    for plan in plans.values():
        for one in wanted(plan):
            if not holds(one):
                yield f"{plan.name}: {one}"


def of_device(*names: str) -> Callable[[Reading], list[Shown]]:
    return lambda plan: [one for one in plan.lasers if one.device in names]


def first_lights(plan: Reading) -> list[Shown]:
    return [one for one in plan.first if "device" in one.data]


def lamps(plan: Reading) -> list[Shown]:
    return [one for one in plan.lasers if one.is_lamp]


@relation(
    "lamp-veins-II",
    "A lamp on facial veins of phototype II gives 10 to 20 J/cm² in 8 ms or longer.",
    sources="bjerring2001 bblcards",
    cases="veins-II",
)
def lamp_veins_light(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, lamps, lambda one: 10 <= one.fluence_J_cm2 <= 20 and one.pulse_ms >= 8)


@relation(
    "lamp-veins-IV",
    "A lamp on facial veins or redness of phototype IV gives at most 14 J/cm², in 10 ms or longer.",
    sources="madonna2007 bblcards",
    cases="veins-IV redness-IV",
)
def lamp_veins_dark(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, lamps, lambda one: one.fluence_J_cm2 <= 14 and one.pulse_ms >= 10)


@relation(
    "lamp-redder-filter-IV",
    "The filter of a lamp on phototype IV begins at 550 nm or above.",
    sources="bblcards",
    cases="veins-IV redness-IV",
)
def lamp_redder_filter(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, lamps, lambda one: one.wavelength_nm >= 550)


@relation(
    "lamp-never-V",
    "No lamp is offered on the vessels or brown spots of phototype V.",
    sources="steps78 adamic2015",
    cases="veins-V spots-V spots-all-V freckles-V",
)
def lamp_never_dark(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, lamps, lambda one: False)


@relation(
    "dye-veins-usual",
    "The dye laser on facial veins of phototypes II and III gives 6 to 9.5 J/cm² in 6 to 20 ms.",
    sources="jasim2004 zavell2008vbeam",
    cases="veins-II veins-III veins-dye-II veins-dye-III",
)
def dye_veins_usual(plans: Plans) -> Iterator[str]:
    dye = of_device("pulsed-dye-595")
    yield from complaints(plans, dye, lambda one: 6 <= one.fluence_J_cm2 <= 9.5 and 6 <= one.pulse_ms <= 20)


@relation(
    "dye-veins-IV",
    "The dye laser on vessels of phototype IV gives at most 7.5 J/cm².",
    sources="zavell2008vbeam tunnell2003",
    cases="veins-IV redness-IV spider-IV",
)
def dye_veins_dark(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, of_device("pulsed-dye-595", "pulsed-dye-585"), lambda one: one.fluence_J_cm2 <= 7.5)


@relation(
    "dye-lid",
    "No green or yellow light, and no lamp, gives the vessels of a lid more than 6.5 J/cm².",
    sources="skinbeam-judgement-envelopes",
    cases="veins-lid-II",
)
def dye_lid(plans: Plans) -> Iterator[str]:
    def shallow(plan: Reading) -> list[Shown]:
        return [one for one in plan.lasers if one.is_lamp or one.wavelength_nm < 600]

    yield from complaints(plans, shallow, lambda one: one.fluence_J_cm2 <= 6.5)


@relation(
    "veins-1064-dark-wide-and-long",
    "1064 nm on facial veins of phototypes IV and V has a spot of 2.5 mm or more and a pulse of 15 ms or more.",
    sources="kauvartempleveins taylorperiorbital",
    cases="veins-IV veins-1064-V",
)
def veins_1064_dark(plans: Plans) -> Iterator[str]:
    near = of_device("ndyag-1064")
    yield from complaints(plans, near, lambda one: one.spot_mm >= 2.5 and one.pulse_ms >= 15)


@relation(
    "veins-1064-not-burning",
    "Routine doses of 1064 nm on facial veins burn fewer than one in twenty.",
    sources="kauvartempleveins lee2012",
    cases="veins-II veins-IV veins-1064-II veins-1064-V",
)
def veins_1064_not_burning(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, of_device("ndyag-1064"), lambda one: (one.median("p_harm") or 0.0) < 0.05)


@relation(
    "ruby-on-spots",
    "A Q-switched ruby laser on brown spots gives 3 to 8 J/cm².",
    sources="imhof2016 kono2006",
    cases="spots-I spots-II spots-IV freckles-II",
)
def ruby_on_spots(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, of_device("qs-ruby-694"), lambda one: 3 <= one.fluence_J_cm2 <= 8)


@relation(
    "spots-not-led-by-glass-or-cold",
    "Age spots of phototypes II to IV are led neither by a dye laser under glass alone nor, from III on, by freezing.",
    sources="wong2019ps iranjd-pdl-lentigines",
    cases="spots-all-II spots-all-III spots-all-IV",
)
def spots_not_led_by_glass(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if plan.name != "spots-all-II" and any(one.modality == "cryotherapy" for one in plan.options):
            yield f"{plan.name}: freezing"
        if {one.data.get("device") for one in plan.first} == {"pulsed-dye-595-compression"}:
            yield f"{plan.name}: led by glass"


@relation(
    "spots-short-pulse-offered",
    "A short pulse of 532, 694 or 755 nm is offered for age spots of phototypes II to IV.",
    sources="wong2019ps kono2006",
    cases="spots-all-II spots-all-III spots-all-IV",
)
def spots_short_pulse_offered(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not any(one.is_short and one.wavelength_nm < 800 for one in plan.lasers):
            yield f"{plan.name}: none"


@relation(
    "marks-1927-gentle",
    "1927 nm on dark marks and melasma gives 4 to 6 mJ.",
    sources="bae2019pih1927 geronemus-permea",
    cases="marks-IV marks-VI melasma-V",
)
def marks_1927_gentle(plans: Plans) -> Iterator[str]:
    def thulium(plan: Reading) -> list[Shown]:
        return [one for one in plan.lasers if abs(one.wavelength_nm - 1927) < 5]

    yield from complaints(plans, thulium, lambda one: 4 <= one.energy_mJ <= 6)


@relation(
    "acne-scars-1550-IV",
    "1550 nm on boxcar scars of phototypes IV and V gives 30 to 50 mJ.",
    sources="alexis2012pearl alexis2016density",
    cases="boxcar-IV boxcar-V",
)
def acne_scars_1550_dark(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, of_device("fractional-1550"), lambda one: 30 <= one.energy_mJ <= 50)


@relation(
    "ice-pick-cross-first",
    "Ice-pick scars begin with the acid that reconstructs the scar, not with a laser.",
    sources="bmla2019",
    cases="ice-pick-II ice-pick-IV",
)
def ice_pick_cross(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, first_lights, lambda one: False)


@relation(
    "poikiloderma-lamp-or-dye",
    "Poikiloderma of the neck is led by a lamp or a vascular laser, never by ablation in columns.",
    sources="madonna2007",
    cases="poikiloderma-II poikiloderma-III",
)
def poikiloderma_lamp_or_dye(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        lasers = first_lights(plan)
        if not lasers or any(one.modality == "fractional-ablative" for one in lasers):
            yield f"{plan.name}: {', '.join(map(str, plan.first))}"


@relation(
    "no-ablation-first-on-dark-skin",
    "Pores of phototype VI and lines of phototype IV are not led by anything that removes skin.",
    sources="steps78",
    cases="pores-VI lip-IV wrinkles-IV",
)
def no_ablation_first(plans: Plans) -> Iterator[str]:
    removing = ("ablative", "fractional-ablative")
    yield from complaints(plans, lambda plan: plan.first, lambda one: one.modality not in removing)


@relation(
    "what-reaches-nothing-leads-nowhere",
    "No simulated light leads that reaches its target in fewer than one in ten.",
    sources="skinbeam-judgement-shares",
    cases="veins-I veins-II veins-III veins-IV veins-V redness-II redness-IV spider-II spider-IV spots-all-II "
    "spots-all-IV uneven-II melasma-III poikiloderma-II",
)
def nothing_reached_leads_nowhere(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        simulated = [one for one in plan.first if one.data.get("basis") == "simulated"]
        for one in simulated:
            if "microbeam" not in one.settings and (one.median("p_effective") or 0.0) < LEAST_REACHED:
                yield f"{plan.name}: {one}"


@relation(
    "every-light-has-test-spots",
    "Every light that can be chosen has its test spots, none above the planned dose.",
    sources="skinbeam-judgement-spots",
    cases="veins-II veins-IV redness-IV spots-all-IV",
)
def every_light_has_spots(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        ladders = {(one["device"], one["wavelength_nm"]): one["spots"] for one in plan.document["test_spots"]}
        for one in plan.lasers:
            spots = ladders.get((one.device, one.wavelength_nm))
            if spots is None:
                yield f"{plan.name}: {one} has none"
            elif "microbeam" not in one.settings and max(s["fluence_J_cm2"] for s in spots) > one.fluence_J_cm2:
                yield f"{plan.name}: {one} is exceeded"


@relation(
    "dark-skin-is-served",
    "For every condition phototypes V and VI get light that sources used there, or another treatment first.",
    sources="bmla2019",
    cases="veins-V spider-V freckles-V spots-all-V melasma-V marks-VI acne-scars-V wrinkles-V wrinkles-VI pores-VI",
)
def dark_skin_served(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if all(one.modality == "no-treatment" for one in plan.options):
            yield f"{plan.name}: nothing"


@relation(
    "melasma-history-no-lamp-IV",
    "Beside melasma in the past a lamp on phototype IV is not offered first.",
    sources="steps78",
    cases="redness-melasma-IV",
)
def melasma_history_no_lamp(plans: Plans) -> Iterator[str]:
    yield from complaints(plans, first_lights, lambda one: not one.is_lamp)


@relation(
    "bruise-bounds-dose",
    "After a bruise at 8.5 J/cm² and none at 7.5 the same pulse of the dye laser stays at 7.5 or below.",
    sources="rulepractice",
    cases="veins-bruised-II",
)
def bruise_bounds_dose(plans: Plans) -> Iterator[str]:
    dye = of_device("pulsed-dye-595")
    yield from complaints(plans, dye, lambda one: one.fluence_J_cm2 <= 7.5 or one.pulse_ms > 10)


@relation(
    "blister-lowers-by-a-third",
    "After a blister at 9 J/cm² dye lasers stay at two thirds of it.",
    sources="rulepractice",
    cases="veins-blistered-II",
)
def blister_lowers(plans: Plans) -> Iterator[str]:
    dye = of_device("pulsed-dye-595", "pulsed-dye-585")
    yield from complaints(plans, dye, lambda one: one.fluence_J_cm2 <= 6.0)
