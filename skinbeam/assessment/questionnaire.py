"""Derive facts from a case file that the rules test: facts about the person, a concern and its site.

A fact is a plain value under a name. An answer that is missing in the case is absent from the mapping, and a rule that
needs it cannot be answered. The lists of the case (history, medicines) are complete, so that a word not listed is a
"no". The tables behind the words are `facts.toml`, `sites.toml` and `conditions.toml` under `data/`; `medicines.py`
recognises medicines in free text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import PurePath
from types import MappingProxyType

from skinbeam.assessment.lesion_notes import notes_mention_lesion
from skinbeam.assessment.medicines import MedicationReading, fact_names_of_medicine, medication_facts, read_medication
from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.laser.case_devices import find_device
from skinbeam.laser.device import devices
from skinbeam.model.case import Case, conditions_in_case
from skinbeam.model.conditions import known_conditions, known_sites
from skinbeam.model.consultation import Concern, Patient
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import PHOTOTYPES, phototype_range, severity_range
from skinbeam.text import DocumentWarning, Message

__all__ = [
    "CONCERN_FACTS",
    "PERSON_FACTS",
    "YES_NO_ANSWERS",
    "FactTables",
    "FactValue",
    "HealingRisk",
    "Questionnaire",
    "concern_facts",
    "darkest_phototype",
    "fact_tables",
    "has_marked",
    "has_melasma",
    "healing_risks",
    "is_pigmented",
    "lightest_phototype",
    "read_questionnaire",
    "site_holds",
    "sites_overlap",
    "sites_touch",
]

_DARK_MARKS = "pih"  # word of the history
_SAME_WORD = 0.85  # similarity of two spellings of one name, of 1: "pulsd-dye-595" has 0.96, "diode-808" 0.78
_ACNE = "active-acne"
_MELASMA = "melasma"  # word of the history, and condition

FactValue = bool | float | str | tuple[str, ...]

PERSON_FACTS = (
    "age_years",
    "colour_known",
    "conditions",
    "darkest_phototype",
    "downtime_days_accepted",
    "expectation",
    "healing_risks",
    "history",
    "lactating",
    "lesion_in_notes",
    "pregnant",
    "sex",
    "tan",
)
# Facts that are an answer as the table `[patient]` holds it.
_ANSWERS = tuple(name for name in PERSON_FACTS if name in Patient.model_fields and name != "history")
YES_NO_ANSWERS = tuple(name for name in _ANSWERS if Patient.model_fields[name].annotation is bool)
CONCERN_FACTS = (
    "acne_severity_high",
    "around_eyes",
    "condition",
    "diagnosed",
    "field_conditions",
    "hair_bearing",
    "inside_orbital_rim",
    "lesion_signs",
    "off_face",
    "severity_high",
    "site",
    "touching_conditions",
    "undiagnosed_pigment",
)


@dataclass(frozen=True)
class Questionnaire:
    """Facts from the answers of a person.

    Parameters
    ----------
    facts : facts about the person, by name; `medication.NAME` is months since the last dose, or False for never.
    warnings : on answers that were read but not understood.
    """

    facts: Mapping[str, FactValue]
    warnings: tuple[DocumentWarning, ...] = ()


@dataclass(frozen=True)
class HealingRisk:
    """A factor that impairs wound healing.

    Parameters
    ----------
    history : words of the history that name it.
    medicine, within_months : a medicine that causes it, and how recently; None where none does.
    """

    history: tuple[str, ...]
    medicine: str | None = None
    within_months: float = 0.0


@dataclass(frozen=True)
class FactTables:
    """What the words of a case mean for the rules, as `data/facts.toml` states it.

    Parameters
    ----------
    site_parts : the sites that a site holds.
    touching_sites : the sites that a site touches, each pair under one of the two.
    conditions_around_eyes : conditions whose field is around the eyes, whatever site is named.
    sites_of_conditions : the site that a condition is named for.
    modality_groups : kinds of treatment that a rule names together.
    needled_conditions, needled_sites : where radiofrequency goes in through needles, at any site or at some of them.
    plain_needle_rules : rules that say what holds of needles without a current.
    ita_bounds_deg : borders between the classes of colour that stand beside the phototypes, the lightest first.
    short_pulse_below_ms : a shorter pulse is one of a nanosecond or picosecond laser.
    dark_marks_from_phototype : the lightest that dark marks are likelier in, 1 to 6.
    healing_risks : what impairs wound healing.
    """

    site_parts: Mapping[str, tuple[str, ...]]
    touching_sites: Mapping[str, tuple[str, ...]]
    conditions_around_eyes: tuple[str, ...]
    sites_of_conditions: Mapping[str, str]
    modality_groups: Mapping[str, tuple[str, ...]]
    needled_conditions: tuple[str, ...]
    needled_sites: Mapping[str, tuple[str, ...]]
    plain_needle_rules: tuple[str, ...]
    ita_bounds_deg: tuple[float, ...]
    short_pulse_below_ms: float
    dark_marks_from_phototype: int
    healing_risks: tuple[HealingRisk, ...]


@cache
def fact_tables() -> FactTables:
    """Return `data/facts.toml`."""
    tables = load_package_table("data/facts.toml")
    needled = tables["radiofrequency_by_needles"]
    return FactTables(
        site_parts=_name_groups(tables["site_parts"]),
        touching_sites=_name_groups(tables["touching_sites"]),
        conditions_around_eyes=tuple(tables["condition_groups"]["around-eyes"]),
        sites_of_conditions=MappingProxyType(tables["sites_of_conditions"]),
        modality_groups=_name_groups(tables["modality_groups"]),
        needled_conditions=tuple(needled["conditions"]),
        needled_sites=_name_groups(needled["sites"]),
        plain_needle_rules=tuple(needled["plain_needles"]),
        ita_bounds_deg=tuple(tables["ita_classes"]["bounds_deg"]),
        short_pulse_below_ms=tables["pulse"]["short_below_ms"],
        dark_marks_from_phototype=tables["dark_marks"]["from_phototype"],
        healing_risks=tuple(
            HealingRisk(**entry | {"history": tuple(entry["history"])}) for entry in tables["healing_risks"].values()
        ),
    )


def _name_groups(table: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({group: tuple(names) for group, names in table.items()})


def read_questionnaire(case: Case) -> Questionnaire:
    """Return the facts about the person of `case`, with warnings on answers that were not understood."""
    left_out = {name: Patient.model_fields[name] for name in _ANSWERS}
    facts: dict[str, FactValue] = {
        name: field.default for name, field in left_out.items() if not field.is_required() and field.default is not None
    }
    facts["history"] = ()
    facts["lesion_in_notes"] = notes_mention_lesion(case)
    facts["conditions"] = conditions_in_case(case)  # a condition at any site may affect how the whole skin heals
    facts |= dict.fromkeys(medication_facts(), False) | {"healing_risks": 0.0}
    darkest = darkest_phototype(case)
    facts["colour_known"] = darkest is not None
    if darkest is not None:
        facts["darkest_phototype"] = float(darkest)
    patient = case.patient
    if patient is None:
        return Questionnaire(MappingProxyType(facts))
    facts |= {name: value for name in _ANSWERS if (value := getattr(patient, name)) is not None}
    facts["history"] = _history(case)
    warnings = [*_device_warnings(case), *_site_warnings(case)]
    for taken in patient.medications:
        read = read_medication(taken.name)
        warnings += _medication_warnings(taken.name, read)
        for name in read.medicines:
            for fact in fact_names_of_medicine(name):
                before = facts[fact]
                months = taken.last_dose_months
                latest = months if isinstance(before, bool) else min(float(str(before)), months)
                facts[fact] = latest
    facts["healing_risks"] = float(len(healing_risks(facts)))
    return Questionnaire(MappingProxyType(facts), tuple(warnings))


def _history(case: Case) -> tuple[str, ...]:
    """Return the history of a person, with dark or pale marks that they have, and what earlier pulses brought out."""
    history = () if case.patient is None else tuple(case.patient.history)
    marks = (_DARK_MARKS,) if has_marked(case) else ()
    brought_out = (reaction.history for reaction in earlier_reactions(case))
    return tuple(dict.fromkeys((*history, *marks, *(word for word in brought_out if word is not None))))


def has_marked(case: Case) -> bool:
    """Return whether this skin keeps dark or pale marks: by its history, its concerns or a recorded pulse."""
    in_history = case.patient is not None and _DARK_MARKS in case.patient.history
    has_marks = any(concern.condition == "post-inflammatory-hyperpigmentation" for concern in case.concern)
    return in_history or has_marks or any(reaction.is_lasting_mark for reaction in earlier_reactions(case))


def has_melasma(case: Case) -> bool:
    """Return whether the person has melasma, or had it."""
    in_history = case.patient is not None and _MELASMA in case.patient.history
    return in_history or any(concern.condition == _MELASMA for concern in case.concern)


def healing_risks(facts: Mapping[str, FactValue]) -> tuple[HealingRisk, ...]:
    """Return the factors that impair wound healing and apply to a person."""
    history = facts["history"]
    assert isinstance(history, tuple)

    def taken(risk: HealingRisk) -> bool:
        months = facts[f"medication.{risk.medicine}"] if risk.medicine is not None else False
        return not isinstance(months, bool) and float(str(months)) <= risk.within_months

    return tuple(risk for risk in fact_tables().healing_risks if set(risk.history) & set(history) or taken(risk))


def concern_facts(case: Case, concern: Concern | None) -> Mapping[str, FactValue]:
    """Return the facts about one concern and its field; without one, only those that apply to any field of the case.

    A lesion counts in a field when its own field is part of it, or the other way round; a `[[lesion]]` has no site and
    counts in every field.
    """
    in_field = [c for c in case.concern if concern is None or sites_overlap(concern.site, c.site)]
    if concern is not None and concern not in in_field:
        in_field.append(concern)
    facts: dict[str, FactValue] = {
        "acne_severity_high": max((_severity_high(c) for c in in_field if c.condition == _ACNE), default=0.0),
        "undiagnosed_pigment": any(is_pigmented(c.condition) and not c.diagnosed for c in in_field)
        or any(lesion.kind == "undiagnosed" for lesion in case.lesion),
        "lesion_signs": tuple(sorted({sign for c in in_field for sign in c.lesion_signs})),
    }
    if concern is None:
        return MappingProxyType(facts)
    site = known_sites()[concern.site]
    named_for_eyes = concern.condition in fact_tables().conditions_around_eyes
    woman = case.patient is not None and case.patient.sex == "female"
    facts |= {
        "condition": concern.condition,
        "field_conditions": tuple(sorted({c.condition for c in in_field})),
        "touching_conditions": tuple(sorted({c.condition for c in case.concern if sites_touch(concern.site, c.site)})),
        "site": concern.site,
        "diagnosed": concern.diagnosed,
        "off_face": site.off_face,
        "around_eyes": site.around_eyes or named_for_eyes,
        "inside_orbital_rim": site.inside_orbital_rim or named_for_eyes,
        "hair_bearing": site.hair_bearing in (("all",) if woman else ("all", "men")),
    }
    if concern.severity is not None:
        facts["severity_high"] = _severity_high(concern)
    return MappingProxyType(facts)


def _severity_high(concern: Concern) -> float:
    """Return the highest severity that is stated of a concern, 1 to 3; 0 where none is."""
    return 0.0 if concern.severity is None else float(severity_range(concern.severity)[1])


def site_holds(site: str, part: str) -> bool:
    """Return whether a site is another one, or holds it."""
    return site == part or part in fact_tables().site_parts.get(site, ())


def sites_overlap(site: str, other_site: str) -> bool:
    """Return whether two sites share skin: the same one, or one a part of the other."""
    return site_holds(site, other_site) or site_holds(other_site, site)


def sites_touch(site: str, other_site: str) -> bool:
    """Return whether a site, or a part of it, touches another."""
    tables = fact_tables()
    own_names, other_names = ((name, *tables.site_parts.get(name, ())) for name in (site, other_site))
    touching = tables.touching_sites
    pairs = ((our_site, other) for our_site in own_names for other in other_names)
    return any(other in touching.get(pair, ()) or pair in touching.get(other, ()) for pair, other in pairs)


def darkest_phototype(case: Case) -> int | None:
    """Return the darkest phototype, 1 to 6, that the case allows; None when it has no answer on skin colour.

    The darker end of the questionnaire's range and the class of a measured ITA are both taken, and the darker of the
    two counts: light is limited by the darkest skin that the person may have.
    """
    found = _stated_phototypes(case)
    return min(max(found), len(PHOTOTYPES)) if found else None


def lightest_phototype(case: Case) -> int | None:
    """Return the lightest phototype, 1 to 6, that the case allows; None when it has no answer on skin colour."""
    return min(_stated_phototypes(case), default=None)


def _stated_phototypes(case: Case) -> list[int]:
    """Return both ends of the questionnaire's range and the class of each measured ITA."""
    stated = None if case.patient is None else case.patient.phototype
    found = [] if stated is None else list(phototype_range(stated))
    return found + [
        1 + sum(angle <= bound for bound in fact_tables().ita_bounds_deg) for angle in case.measured_ita_deg
    ]


def _medication_warnings(name: str, reading: MedicationReading) -> list[DocumentWarning]:
    """Return the warnings of a plan on the name of a medicine that was not, or only partly, understood."""
    warnings: list[DocumentWarning] = []
    for slip in reading.slips:
        params = {"written": slip.written, "taken": slip.name}
        warnings.append(DocumentWarning("medication-taken-as", Message("questionnaire.medication-taken-as", params)))
    if reading.unread:
        whole = not reading.medicines
        params = {"name": name} if whole else {"name": name, "part": ", ".join(reading.unread)}
        id = f"questionnaire.unknown-medication{'' if whole else '-part'}"
        if reading.possible_names:
            id += "-near"
            params |= {"near": " or ".join(f'"{known}"' for known in reading.possible_names)}
        warnings.append(DocumentWarning("unknown-medication", Message(id, params)))
    return warnings


def _site_warnings(case: Case) -> Iterator[DocumentWarning]:
    """Yield the warnings of a plan on conditions that are named for one site and entered at one far from it."""
    for concern in case.concern:
        home = fact_tables().sites_of_conditions.get(concern.condition)
        if home is None or sites_overlap(concern.site, home) or sites_touch(concern.site, home):
            continue
        params = {
            "condition": known_conditions()[concern.condition].title,
            "site": known_sites()[concern.site].title,
        }
        yield DocumentWarning("site-of-condition", Message("questionnaire.site-of-condition", params))


def _device_warnings(case: Case) -> list[DocumentWarning]:
    """Return the warnings of a plan on devices of earlier pulses that are not known and spelt nearly like a known one.

    Any other name is left as it is: it may be of a device file, or of a machine in another clinic.
    """
    own = {PurePath(name).stem for name in (case.clinic.devices or () if case.clinic is not None else ())}
    named = (*(spot.device for spot in case.test_spot), *(done.device for done in case.session))
    warnings = []
    for name in dict.fromkeys(name for name in named if name is not None):
        if find_device(name, case) is not None or PurePath(name).stem in own or name.endswith(".toml"):
            continue
        near = get_close_matches(name.casefold(), devices(), n=1, cutoff=_SAME_WORD)
        if near:
            message = Message("questionnaire.unknown-device", {"name": name, "near": near[0]})
            warnings.append(DocumentWarning("unknown-device", message))
    return warnings


def is_pigmented(condition: str) -> bool:
    """Return whether what is treated is brown, so that it may be taken for another brown lesion."""
    return known_conditions()[condition].pigmented
