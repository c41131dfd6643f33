"""Brown spots, melasma and dark marks."""

from collections.abc import Iterator

from relations.reading import Reading, Shown
from relations.relation import Plans, relation

NANOSECOND_MS = 1e-6
CREAMS = ("sun-protection", "topical-depigmenting")


def short_pulsed(plan: Reading) -> list[Shown]:
    return [one for one in plan.lasers if one.is_short]


@relation(
    "spots-pigment-laser-before-1550",
    "For age spots of light skin a Q-switched or picosecond laser or a filtered lamp stands above any fractional beam.",
    sources="ortonne2006 kawada2002",
    cases="spots-I spots-II",
)
def spots_pigment_laser_before_1550(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        pigment = plan.of("pigment-short-pulse", "pigment-long-pulse")
        if not pigment:
            yield f"{plan.name}: no pigment laser"
        yield from plan.below(pigment, plan.of("non-ablative-fractional", "fractional-ablative", "ablative"))


@relation(
    "spots-laser-before-nothing",
    "A diagnosed age spot of light skin is treated with light or cold before it is left alone.",
    sources="ortonne2006",
    cases="spots-I spots-II",
)
def spots_laser_before_nothing(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        pigment = plan.of("pigment-short-pulse", "pigment-long-pulse", "cryotherapy")
        yield from plan.below(pigment, plan.of("no-treatment"))


@relation(
    "spots-light-that-melanin-absorbs",
    "The first short pulse for age spots of light skin is at 532 to 755 nm; 1064 nm is for pigment in the dermis and "
    "for dark skin.",
    sources="kilmer1994 ortonne2006 sadighha2008ruby",
    cases="spots-I spots-II freckles-II",
)
def spots_light_that_melanin_absorbs(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        first = short_pulsed(plan)[:1]
        if not first or not 530 <= first[0].wavelength_nm <= 790:
            yield f"{plan.name}: {first[0] if first else 'no short pulse'}"


def green_nanosecond(plans: Plans) -> list[tuple[Reading, Shown]]:
    """Options with nanosecond pulses of 532 nm; picosecond pulses carry less."""
    every = ((plan, one) for plan in plans.values() for one in short_pulsed(plan))
    return [(plan, one) for plan, one in every if one.wavelength_nm == 532 and one.pulse_ms >= NANOSECOND_MS]


@relation(
    "green-short-pulse-small-spot",
    "Nanosecond pulses of 532 nm have spots of 4 mm or less.",
    sources="kilmer1994 chan2019pico532",
    cases="spots-I spots-II spots-IV freckles-II uneven-II",
)
def green_short_pulse_small_spot(plans: Plans) -> Iterator[str]:
    green = green_nanosecond(plans)
    if not green:
        yield "no plan has such a pulse"
    for plan, one in green:
        if one.spot_mm > 4:
            yield f"{plan.name}: {one}"


@relation(
    "green-short-pulse-fluence",
    "Nanosecond pulses of 532 nm on brown spots carry 0.5 to 5 J/cm².",
    sources="kilmer1994 freckles532",
    cases="spots-I spots-II spots-IV freckles-II uneven-II",
)
def green_short_pulse_fluence(plans: Plans) -> Iterator[str]:
    green = green_nanosecond(plans)
    if not green:
        yield "no plan has such a pulse"
    for plan, one in green:
        if not 0.5 <= one.fluence_J_cm2 <= 5:
            yield f"{plan.name}: {one}"


@relation(
    "spots-choices-without-laser",
    "Cryotherapy, bleaching creams, retinoids and sun protection are told beside lasers for age spots.",
    sources="ortonne2006 plensdorf2017",
    cases="spots-II",
)
def spots_choices_without_laser(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for name in ("cryotherapy", "topical-depigmenting", "topical-retinoid", "sun-protection"):
            if not plan.of(name):
                yield f"{plan.name}: no {name}"


@relation(
    "spots-mild-endpoint-on-darker-skin",
    "In phototype IV age spots are treated to slight whitening only, and with test spots.",
    sources="negishi2013 chan2019pico532",
    cases="spots-IV",
)
def spots_mild_endpoint_on_darker_skin(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("pigment-short-pulse"):
            if "mild-whitening" not in one.rules:
                yield f"{plan.name}: {one} says nothing of slight whitening"


@relation(
    "spots-darker-skin-more-marks",
    "After a pigment laser phototype IV has more dark marks than phototype II.",
    sources="sadighha2008ruby richter2014",
    cases="spots-II spots-IV",
)
def spots_darker_skin_more_marks(plans: Plans) -> Iterator[str]:
    shares = [
        (str(plan.name), one.harm("pih")) for plan in plans.values() for one in plan.of("pigment-short-pulse")[:1]
    ]
    if len(shares) < 2 or None in (shares[0][1], shares[1][1]) or not (shares[0][1] or 0) < (shares[1][1] or 0):
        yield f"shares of dark marks: {shares}"


@relation(
    "dark-skin-short-pulse-1064",
    "In phototype V and darker a nanosecond laser is used at 1064 nm, never at 532 or 694 nm.",
    sources="leepigment steps78",
    cases="spots-V melasma-V marks-VI",
)
def dark_skin_short_pulse_1064(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in short_pulsed(plan):
            if one.wavelength_nm < 1000:
                yield f"{plan.name}: {one}"


@relation(
    "dark-skin-no-lamp-on-spots",
    "Lamps and other long pulses of visible light are not offered for brown spots of phototype V and darker.",
    sources="steps78 adamic2015",
    cases="spots-V melasma-V marks-VI",
)
def dark_skin_no_lamp_on_spots(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("pigment-long-pulse"):
            yield f"{plan.name}: {one}"


@relation(
    "melasma-no-green-short-pulse",
    "Melasma and dark marks never get short pulses of green or yellow light.",
    sources="kauvar2012evolution arora2012 shankar2014india",
    cases="melasma-III melasma-V marks-IV marks-VI",
)
def melasma_no_green_short_pulse(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in short_pulsed(plan):
            if one.wavelength_nm < 600:
                yield f"{plan.name}: {one}"


@relation(
    "melasma-creams-first",
    "Sunscreen and bleaching creams stand above every laser for melasma.",
    sources="shankar2014india trivedi2017melasma ogbechie2017 arora2012",
    cases="melasma-III melasma-V",
)
def melasma_creams_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for name in CREAMS:
            yield from plan.below(plan.of(name), plan.lasers)


@relation(
    "dark-marks-creams-first",
    "Sunscreen and creams stand above every laser for dark marks after inflammation.",
    sources="davis2010 callender2011 shankar2014india",
    cases="marks-IV marks-VI",
)
def dark_marks_creams_first(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for name in CREAMS:
            yield from plan.below(plan.of(name), plan.lasers)


@relation(
    "melasma-no-ablation",
    "Melasma and dark marks get no ablation, fractional or not, and no vascular laser in their own right.",
    sources="trivedi2017melasma arora2012 davis2010",
    cases="melasma-III melasma-V marks-IV marks-VI",
)
def melasma_no_ablation(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative", "fractional-ablative", "vascular"):
            yield f"{plan.name}: {one}"


@relation(
    "melasma-toning-low",
    "A nanosecond laser for melasma is 1064 nm at 1 to 3 J/cm² with a spot of 5 mm or wider.",
    sources="kauvar2012 lowfluenceqs2016 idnps-toningreview",
    cases="melasma-III melasma-V",
)
def melasma_toning_low(plans: Plans) -> Iterator[str]:
    pulses = [(plan, one) for plan in plans.values() for one in short_pulsed(plan)]
    toning = [(plan, one) for plan, one in pulses if one.pulse_ms >= NANOSECOND_MS]
    if not toning:
        yield "no plan has such a pulse"
    for plan, one in toning:
        if not (one.wavelength_nm == 1064 and 1 <= one.fluence_J_cm2 <= 3 and one.spot_mm >= 5):
            yield f"{plan.name}: {one}"


@relation(
    "green-picosecond-fluence",
    "Picosecond pulses of 532 nm on brown spots carry 0.1 to 1 J/cm², less than nanosecond pulses.",
    sources="chan2019pico532 friedmann2022 pico532spots2022",
    cases="spots-I spots-II spots-IV freckles-II",
)
def green_picosecond_fluence(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in short_pulsed(plan):
            if one.wavelength_nm == 532 and one.pulse_ms < NANOSECOND_MS and not 0.1 <= one.fluence_J_cm2 <= 1:
                yield f"{plan.name}: {one}"


@relation(
    "melasma-dose-not-rising",
    "A nanosecond laser for melasma has no more fluence in phototype V than in phototype III.",
    sources="kauvar2012 richter2014 leepigment",
    cases="melasma-1064-III melasma-1064-V",
)
def melasma_dose_not_rising(plans: Plans) -> Iterator[str]:
    yield from not_rising(plans)


@relation(
    "spots-dose-not-rising",
    "A nanosecond laser for age spots has no more fluence in phototype IV than in phototype II, whatever the pulse.",
    sources="negishi2013 richter2014",
    cases="spots-II spots-IV",
)
def spots_dose_not_rising(plans: Plans) -> Iterator[str]:
    yield from not_rising(plans)


def not_rising(plans: Plans) -> Iterator[str]:
    """A complaint where the same light and spot has a greater fluence in the second plan, of darker skin."""
    lighter, darker = plans.values()
    pairs = [
        (one, other)
        for one in short_pulsed(lighter)
        for other in short_pulsed(darker)
        if (one.device, one.wavelength_nm, one.spot_mm) == (other.device, other.wavelength_nm, other.spot_mm)
    ]
    if not pairs:
        yield "no light that both have"
    for one, other in pairs:
        if other.fluence_J_cm2 > one.fluence_J_cm2:
            yield f"{lighter.name}: {one}; {darker.name}: {other}"


@relation(
    "melasma-fractional-sparse",
    "A fractional laser for melasma has at most 20 mJ and treats at most a fifth of the skin in a session.",
    sources="polder2012 wanitphakdeedecha2014",
    cases="melasma-III melasma-V",
)
def melasma_fractional_sparse(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("non-ablative-fractional"):
            coverage = one.limited("coverage_fraction")
            if one.energy_mJ > 20 or coverage is None or coverage > 0.2:
                yield f"{plan.name}: {one}, coverage {coverage}"


@relation(
    "melasma-comes-back",
    "Whoever is treated for melasma is told that it often comes back.",
    sources="lowfluenceqs2016 arora2012 ogbechie2017",
    cases="melasma-III melasma-V",
)
def melasma_comes_back(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not any(word in one for one in plan.sentences for word in ("comes back", "came back", "return", "relapse")):
            yield f"{plan.name}: nothing says that it comes back"


@relation(
    "dark-marks-fractional-gentle",
    "A fractional laser for dark marks of phototypes IV to VI treats a tenth of the skin or less, with 10 mJ or less.",
    sources="bae2019pih1927 davis2010",
    cases="marks-IV marks-VI",
)
def dark_marks_fractional_gentle(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("non-ablative-fractional"):
            coverage = one.limited("coverage_fraction")
            if one.energy_mJ > 10 or coverage is None or coverage > 0.1:
                yield f"{plan.name}: {one}, coverage {coverage}"


@relation(
    "unnamed-pigment-is-referred",
    "A brown spot that nobody has diagnosed is referred, and no laser is offered.",
    sources="aggrawal2014 delker2017",
    cases="unnamed-spot changing-spot",
)
def unnamed_pigment_is_referred(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if plan.decision != "refer" or plan.lasers:
            yield f"{plan.name}: {plan.decision}, {[str(one) for one in plan.lasers]}"


@relation(
    "unnamed-pigment-is-not-frozen",
    "Nothing is proposed that would take a brown spot away before it has a name: no freezing, peel, cream or needle.",
    sources="aggrawal2014 delker2017",
    cases="unnamed-spot changing-spot",
)
def unnamed_pigment_is_not_frozen(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("cryotherapy", "chemical-peel", "topical-depigmenting", "topical-retinoid", "microneedling"):
            yield f"{plan.name}: {one}"


@relation(
    "dark-skin-spots-not-frozen",
    "Age spots of phototype V are not frozen: pigment cells die of cold first, and the pale mark stays.",
    sources="andrews2004cryosurgery gage1998",
    cases="spots-V",
)
def dark_skin_spots_not_frozen(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("cryotherapy"):
            yield f"{plan.name}: {one}"


@relation(
    "spots-lamp-below-pale-patches",
    "A lamp with a filter of 515 to 560 nm gives a brown spot less than 18 J/cm² in one pulse: 18 left pale patches.",
    sources="lipp2021",
    cases="spots-heated-II spots-I spots-IV",
)
def spots_lamp_below_pale_patches(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.lasers:
            if one.is_lamp and one.wavelength_nm <= 560 and one.fluence_J_cm2 >= 18:
                yield f"{plan.name}: {one}"


@relation(
    "spots-dye-laser-pressed",
    "A dye laser for brown spots comes with the words that its window is pressed on the skin, as in its trials.",
    sources="kono2006ldpl iranjd-pdl-lentigines",
    cases="spots-heated-II",
)
def spots_dye_laser_pressed(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.lasers:
            if one.device == "pulsed-dye-595" and "dye-laser-compression" not in one.rules:
                yield f"{plan.name}: {one}"


@relation(
    "gold-no-short-pulse",
    "Whoever was ever treated with gold gets no nanosecond or picosecond pulse.",
    sources="cohen2015chrysiasis",
    cases="gold",
)
def gold_no_short_pulse(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in short_pulsed(plan):
            yield f"{plan.name}: {one}"
