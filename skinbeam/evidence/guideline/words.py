"""Words of the guideline for people, in the current language: conditions, treatments, classes of devices, doses."""

from collections.abc import Sequence

from skinbeam.evidence.guideline.device_classes import class_parts, outside_conditions
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineDose, GuidelineTreatment
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.text import Formatter, Message, catalogue, render_message, translate

__all__ = [
    "amount_words",
    "avoidance_words",
    "cell_words",
    "condition_words",
    "device_words",
    "dose_words",
    "kind_words",
    "name_message",
    "short_treatment_words",
    "treatment_words",
]

_QUANTITY_MESSAGES = {"fluence_J_cm2": "fluence", "energy_mJ": "energy", "coverage_percent": "coverage"}


def condition_words(condition: str) -> str:
    """Return the title of a condition."""
    if condition in outside_conditions():
        return render_message(f"guideline-condition.{condition}")
    return translate(known_conditions()[condition].title)


def kind_words(cell: GuidelineCell) -> str:
    """Return the kind and the site of a cell; empty if it is about any."""
    about = [render_message(f"guideline-subtype.{cell.subtype}")] if cell.subtype else []
    return ", ".join([*about, *([_site_words(cell.site)] if cell.site else [])])


def cell_words(cell: GuidelineCell) -> str:
    """Return the condition, kind, site and phototypes of a cell."""
    low, _, high = cell.phototype.partition("-")
    skin = render_message("guideline.phototype", {"phototype": low})
    if high:
        skin = render_message("guideline.phototypes", {"low": low, "high": high})
    parameters = {"condition": condition_words(cell.condition), "skin": skin}
    about = kind_words(cell)
    if about:
        return render_message("guideline.heading-of", {**parameters, "about": about})
    return render_message("guideline.heading", parameters)


def treatment_words(treatment: GuidelineTreatment) -> str:
    """Return the treatment and the devices that may do it; only the treatment if its devices say no more."""
    title = _treatment_title(treatment.treatment)
    devices = device_words(treatment.device_classes)
    if not devices or devices.lower() == title.lower():
        return title
    return render_message("guideline.one-of", {"treatment": title, "devices": devices})


def short_treatment_words(treatment: GuidelineTreatment) -> str:
    """Return the devices that may do a treatment, or the treatment if it needs none."""
    return device_words(treatment.device_classes) or _treatment_title(treatment.treatment)


def device_words(device_classes: Sequence[str]) -> str:
    """Return classes of devices as alternatives, such as `A, B or C`; empty without any."""
    alternatives = []
    for device_class in device_classes:
        first, *others = (render_message(f"device-class.{part}") for part in class_parts(device_class))
        for other in others:
            first = render_message("guideline.combination", {"first": first, "last": other})
        alternatives.append(first)
    if len(alternatives) < 2:
        return "".join(alternatives)
    return render_message("guideline.alternatives", {"first": "; ".join(alternatives[:-1]), "last": alternatives[-1]})


def avoidance_words(name: str) -> str:
    """Return what a name among `avoid` of a cell means: a treatment or a class of devices."""
    meaning = name_message(name)
    return meaning.text if isinstance(meaning, Message) else translate(meaning)


def name_message(name: str) -> Message | str:
    """Return a treatment or a class of devices as a message, or as the title of a modality, for use in a sentence."""
    known = catalogue()
    for section in ("guideline-avoid", "device-class"):
        if f"{section}.{name}" in known:
            return Message(f"{section}.{name}")
    modalities = known_modalities()
    return modalities[name].title if name in modalities else Message(f"guideline-treatment.{name}")


def amount_words(dose: GuidelineDose) -> str:
    """Return a dose with its unit and its printed setting."""
    number = Formatter().number
    message = f"guideline.{_QUANTITY_MESSAGES[dose.quantity]}"
    if dose.low == dose.high:
        amount = render_message(f"{message}-one", {"value": number(dose.low)})
    else:
        amount = render_message(message, {"low": number(dose.low), "high": number(dose.high)})
    if not dose.setting_text:
        return amount
    return render_message("guideline.dose-setting", {"dose": amount, "setting": dose.setting_text})


def dose_words(dose: GuidelineDose) -> str:
    """Return a dose with its device, unit and printed setting."""
    parameters = {"device": device_words((dose.component or dose.device_class,)), "dose": amount_words(dose)}
    return render_message("guideline.dose", parameters)


def _treatment_title(treatment: str) -> str:
    modalities = known_modalities()
    if treatment in modalities:
        return translate(modalities[treatment].title)
    return render_message(f"guideline-treatment.{treatment}")


def _site_words(site: str) -> str:
    sites = known_sites()
    return translate(sites[site].title) if site in sites else render_message(f"guideline-site.{site}")
