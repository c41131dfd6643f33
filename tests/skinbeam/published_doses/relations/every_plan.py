"""What stands in every plan that offers a laser, whatever for."""

import csv
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from relations.reading import Reading, Shown
from relations.relation import Plans, relation
from skinbeam.evidence.claims import claims
from skinbeam.model.package_data import load_package_text

# One plan for each kind of laser and of condition.
PLANS = (
    "veins-II redness-II spots-II spots-IV melasma-III acne-scars-II acne-scars-V "
    "lip-severe-II wrinkles-II lid-lines-II"
)
# Supported claims that lasers do something for a condition, and the cases that stand for them.
CLAIMED = {"A3": ("wrinkles-II", "uneven-II", "acne-scars-II"), "B13": ("veins-II",), "B15": ("spots-II",)}
# Supported claims that are about something else: what a laser cannot do, healing, sunscreen.
OF_NO_CONDITION = {"A4", "A6", "A7", "A13", "B5", "B17", "B18"}
# Bounds between the wavelengths that do the same in skin.
FAMILIES_NM = (400, 500, 570, 630, 720, 790, 980, 1200, 1700, 2400, 5000, 20000)


def with_laser(plans: Plans) -> Iterator[Reading]:
    yield from (plan for plan in plans.values() if plan.lasers)


def names_in(value: Any) -> Iterator[str]:
    """Every name of a field and of a message in a value."""
    if isinstance(value, Mapping):
        yield from (str(name) for name in value)
        yield from (str(value[name]) for name in ("id", "rule") if isinstance(value.get(name), str))
        for item in value.values():
            yield from names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)


def speaks_of(plan: Reading, word: str) -> bool:
    return any(word in name for name in names_in(plan.document))


@relation(
    "wavelength-and-passes-printed",
    "Every laser option says its wavelength, its dose and how many passes.",
    sources="bmla2019 bahmer2007",
    cases=PLANS,
)
def wavelength_and_passes_printed(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        for one in plan.lasers:
            dosed = "microbeam" in one.settings or "fluence_J_cm2" in one.settings
            if "wavelength_nm" not in one.settings or not dosed or "passes" not in one.settings:
                yield f"{plan.name}: {sorted(one.settings)}"


@relation(
    "endpoint-printed",
    "Every laser option says which reaction shows a hit and which signs stop the treatment.",
    sources="bmla2019 steps78",
    cases=PLANS,
)
def endpoint_printed(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        for one in plan.lasers:
            if not (one.data["immediate"].get("seek") and one.data["immediate"].get("stop_at")):
                yield f"{plan.name}: {one}"


@relation(
    "test-spots-in-numbers",
    "Test spots are told in numbers: two doses or densities or more, ascending, and when to read them.",
    sources="bmla2019 candela2013 steps78",
    cases=PLANS,
)
def test_spots_in_numbers(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        ladders = [one for one in plan.document["test_spots"] if len(one.get("spots", ())) >= 2]
        if not ladders:
            yield f"{plan.name}: no test spot with a number"
        for ladder in ladders:
            doses = [
                (spot.get("fluence_J_cm2") or spot["energy_mJ"], spot.get("density_per_cm2", 0.0))
                for spot in ladder["spots"]
            ]
            if doses != sorted(set(doses)) or "read_after_h" not in ladder:
                yield f"{plan.name}: {doses}"


@relation(
    "sessions-as-range",
    "The first laser says how many sessions, as a range, and how far apart.",
    sources="bmla2019 mayoresurfacing",
    cases=PLANS,
)
def sessions_as_range(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        sessions = plan.lasers[0].data["sessions"]
        if "low" not in sessions:
            yield f"{plan.name}: {plan.lasers[0].modality}: {sessions['unknown']}"


@relation(
    "anaesthesia-told",
    "Every laser plan says how pain is kept low, for this kind of laser.",
    sources="bmla2019 fda2009anaesthetic",
    cases=PLANS,
)
def anaesthesia_stated(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        if not speaks_of(plan, "anaesthesia"):
            yield f"{plan.name}: only what to ask before a numbing cream"


@relation(
    "consent-told",
    "Every laser plan lists what consent is about: benefit, risks, alternatives, doing nothing.",
    sources="consentchapter jalian2014 bmla2019",
    cases=PLANS,
)
def consent_stated(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        if not speaks_of(plan, "consent"):
            yield f"{plan.name}: no word of consent"


@relation(
    "photographs-told",
    "Every laser plan says which photographs are taken before the first session.",
    sources="bmla2019 bahmer2007",
    cases=PLANS,
)
def photographs_stated(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        if not speaks_of(plan, "photographs"):
            yield f"{plan.name}: no photographs before the first session"


@relation(
    "eyewear-told",
    "Every laser plan says that everyone in the room wears eyewear for this wavelength.",
    sources="huang2018 bmla2019",
    cases=PLANS,
)
def eyewear_stated(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        if "eyewear" not in plan.reasons():
            yield f"{plan.name}: {sorted(plan.reasons())}"


@relation(
    "sun-and-call-told",
    "Every laser plan ends with sunscreen and with when to call.",
    sources="hughes2013 mayoresurfacing",
    cases=PLANS,
)
def sun_and_call_stated(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        rules = {one["rule"] for one in plan.document["aftercare"]}
        sunscreen = rules & {"aftercare-sunscreen", "aftercare-sunscreen-after-ablation"}
        if not sunscreen or not plan.document["when_to_call"]:
            yield f"{plan.name}: {sorted(rules)}"


@relation(
    "doing-nothing-is-a-choice",
    "Doing nothing is always among the choices.",
    sources="consentchapter",
    cases=f"{PLANS} pregnant frown-lines active-acne keloid-V",
)
def doing_nothing_is_a_choice(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if not plan.of("no-treatment"):
            yield f"{plan.name}: {[one.modality for one in plan.options]}"


@relation(
    "sessions-after-healing",
    "No session comes before the last one has healed.",
    sources="mayoresurfacing faghihi2015",
    cases=PLANS,
)
def sessions_after_healing(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        for one in plan.lasers:
            weeks, days = one.data["interval_weeks"].get("low"), one.median("downtime_days")
            if weeks is not None and days is not None and weeks * 7 < days:
                yield f"{plan.name}: {one}, {weeks} weeks, {days} days"
        for before, after in pairwise(plan.document["course"]):
            if after["week"] - before["week"] < 2:
                yield f"{plan.name}: sessions in weeks {before['week']} and {after['week']}"


@relation(
    "first-was-tried",
    "Light that stands first and is simulated has a study of this condition with such light: the family of its "
    "wavelength and the class of its pulse.",
    sources="bmla2019",
    cases=f"{PLANS} veins-I veins-V spots-V freckles-II surgical-scar-II texture-cheeks texture-neck texture-hands",
)
def first_was_tried(plans: Plans) -> Iterator[str]:
    rows = [row for row in csv.DictReader(load_package_text("data/studies.csv").splitlines()) if not row["excluded"]]
    for plan in plans.values():
        tried = [row for row in rows if row["condition"] == plan.part["condition"]]
        for one in plan.first:
            if one.data.get("basis") == "simulated" and not any(is_of(row, one) for row in tried):
                yield f"{plan.name}: {one}"


def is_of(row: Mapping[str, str], option: Shown) -> bool:
    """Whether an arm of a trial had this option: for a laser, its light."""
    if row["modality"] != option.modality:
        return False
    if "device" not in option.data:
        return True
    lamp = "IPL" in row["device"] or "light" in row["device"]
    if lamp or option.is_lamp:
        return lamp and option.is_lamp
    if not row["wavelength_nm"] or family(float(row["wavelength_nm"])) != family(option.wavelength_nm):
        return False
    return not option.is_short or row["pulse_class"] in ("", pulse_class(option))


def family(wavelength_nm: float) -> int:
    return sum(bound <= wavelength_nm for bound in FAMILIES_NM)


def pulse_class(option: Shown) -> str:
    return "ps" if option.pulse_ms < 2e-6 else "ns"


@relation(
    "first-inside-trials",
    "What stands first is set where clinics, makers or trials set it.",
    sources="bmla2019 bahmer2007",
    cases=PLANS,
)
def first_inside_trials(plans: Plans) -> Iterator[str]:
    for plan in with_laser(plans):
        for one in plan.first:
            if "device" in one.data and one.data["practice"]["id"] in ("practice.above", "practice.below"):
                yield f"{plan.name}: {one}: {one.data['practice']['text']}"


@relation(
    "claims-are-borne-out",
    "What a claim calls supported is offered in a plain case of it.",
    sources="capbeautylasers capsafe",
    cases="wrinkles-II uneven-II acne-scars-II veins-II spots-II",
)
def claims_are_borne_out(plans: Plans) -> Iterator[str]:
    for name, claim in claims().items():
        if claim.verdict != "supported" or name in OF_NO_CONDITION:
            continue
        if name not in CLAIMED:
            yield f"claim {name} is called supported, and no case stands for it"
        for case in CLAIMED.get(name, ()):
            if not plans[case].lasers:
                yield f"claim {name}: {case} offers no laser"
