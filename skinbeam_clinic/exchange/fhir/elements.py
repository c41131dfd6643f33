"""Building blocks of FHIR resources: ids, references, codes, attachments, extensions, quantities.

A code of LOINC, SNOMED CT, UCUM or HL7 is used only where its meaning was looked up. All other codes are our own, in
systems below `FHIR_BASE`, with their text.
"""

import base64
import datetime
import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from skinbeam.model.conditions import known_sites
from skinbeam.text import Message, catalogue
from skinbeam_clinic.exchange.deidentification import FHIR_BASE

__all__ = [
    "CONSENT_DOCUMENT",
    "PAIN",
    "PSEUDONYM",
    "Resource",
    "attachment",
    "attachment_content",
    "codeable_concept",
    "component",
    "drop_empty",
    "english_text",
    "extension",
    "find_record",
    "format_time",
    "full_url",
    "identifier",
    "local_coding",
    "local_concept",
    "make_quantity",
    "notes",
    "observation",
    "pain_quantity",
    "parse_reference",
    "parse_time",
    "part_id",
    "percentage",
    "read_extension",
    "read_identifier",
    "read_records",
    "record_extension",
    "reference",
    "setting_components",
    "site_concept",
    "standard_coding",
    "ucum_quantity",
]

Resource = dict[str, Any]

_ROW_NAME = re.compile("[0-9a-f]{32}")
_PART_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{FHIR_BASE}/part")

_HL7 = "http://terminology.hl7.org/CodeSystem"
_STANDARD_CODES: Mapping[str, tuple[str, str, str]] = {
    "ambulatory": (f"{_HL7}/v3-ActCode", "AMB", "ambulatory"),
    "image": (f"{_HL7}/media-type", "image", "Image"),
    "patient-privacy": (f"{_HL7}/consentscope", "patient-privacy", "Privacy Consent"),
    "treatment": (f"{_HL7}/consentscope", "treatment", "Treatment"),
    "purpose-treatment": (f"{_HL7}/v3-ActReason", "TREAT", "treatment"),
    "purpose-training": (f"{_HL7}/v3-ActReason", "TRAIN", "training"),
    "consent-document": ("http://loinc.org", "59284-0", "Consent Document"),
    "phototype": ("http://snomed.info/sct", "443635002", "Fitzpatrick classification of skin type"),
    "pain": ("http://loinc.org", "72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported"),
    "severity-mild": (f"{_HL7}/adverse-event-severity", "mild", "Mild"),
    "severity-moderate": (f"{_HL7}/adverse-event-severity", "moderate", "Moderate"),
    "severity-severe": (f"{_HL7}/adverse-event-severity", "severe", "Severe"),
    "outcome-resolved": (f"{_HL7}/adverse-event-outcome", "resolved", "Resolved"),
    "outcome-ongoing": (f"{_HL7}/adverse-event-outcome", "ongoing", "Ongoing"),
    "laser": ("http://snomed.info/sct", "122456005", "Laser device"),
}
# How the ids of the messages begin that say what a code of our own means, by its system.
_CODE_MESSAGES: Mapping[str, tuple[str, ...]] = {
    "cooling": ("clinic-cooling.kind-",),
    "cooling-change": ("exchange.cooling-",),
    "cooling-setting": ("clinic-cooling.",),
    "deviation": ("report_quantity.",),
    "endpoint": ("exchange.endpoint-",),
    "harm": ("clinic-adverse.",),
    "moment": ("exchange.moment-",),
    "observation": ("exchange.",),
    "procedure": ("exchange.",),
    "purpose": ("appointment-for.",),
    "quarter": ("followed-quarter.",),
    "rater": ("exchange.rater-",),
    "reaction": ("reaction.",),
    "scale": ("exchange.scale-",),
    "setting": ("report_quantity.", "clinic-session."),
    "side": ("clinic-session.side-",),
}
CONSENT_DOCUMENT = "consent-document"
PAIN = "pain"
PSEUDONYM = f"{FHIR_BASE}/identifier/pseudonym"


def english_text(id: str, **params: Any) -> str:
    """Return a message of the catalogue in English, for documents."""
    return Message(f"exchange.{id}", params).english


def drop_empty(resource: Resource) -> Resource:
    """Return a resource without empty values, which FHIR does not allow."""
    return {name: value for name, value in resource.items() if value not in (None, "", [], {})}


def part_id(id: str, name: str) -> str:
    """Return the id of a resource that is made from a part of a row; it begins with the row's own."""
    return f"{id}-{name}"


def full_url(id: str) -> str:
    """Return the `fullUrl` of a resource in a bundle."""
    return (uuid.UUID(hex=id) if _ROW_NAME.fullmatch(id) else uuid.uuid5(_PART_NAMESPACE, id)).urn


def reference(id: str) -> Resource:
    """Return a reference within a bundle."""
    return {"reference": full_url(id)}


def parse_reference(reference: Resource) -> str:
    """Return the id to which a reference points: of a row, or of a part in the form of `full_url`."""
    named: str = reference["reference"]
    return uuid.UUID(named).hex if named.startswith("urn:uuid:") else named.rpartition("/")[2]


def identifier(kind: str, value: str) -> Resource:
    """Return an identifier in a system of our own."""
    return {"system": f"{FHIR_BASE}/identifier/{kind}", "value": value}


def read_identifier(resource: Resource, kind: str, field: str = "identifier") -> str:
    """Return the value of a resource's identifier of a kind."""
    identifiers = resource[field] if isinstance(resource[field], list) else [resource[field]]
    return next(
        str(identifier["value"])
        for identifier in identifiers
        if identifier["system"] == f"{FHIR_BASE}/identifier/{kind}"
    )


def standard_coding(name: str) -> Resource:
    """Return a coding of a standard terminology."""
    system, code, display = _STANDARD_CODES[name]
    return {"system": system, "code": code, "display": display}


def local_coding(system: str, code: str, display: str = "") -> Resource:
    """Return a coding in a code system of our own."""
    return drop_empty({"system": f"{FHIR_BASE}/CodeSystem/{system}", "code": code, "display": display})


def codeable_concept(*codings: Resource, text: str = "") -> Resource:
    """Return a CodeableConcept with codings and text."""
    return drop_empty({"coding": list(codings), "text": text})


def extension(name: str, **values: str) -> Resource:
    """Return an extension for values for which FHIR has no field."""
    parts = [{"url": key, "valueString": value} for key, value in values.items() if value]
    return {"url": f"{FHIR_BASE}/StructureDefinition/{name}", "extension": parts}


def read_extension(resource: Resource, name: str) -> dict[str, str]:
    """Return the values of an extension."""
    found = next(
        extension
        for extension in resource["extension"]
        if extension["url"] == f"{FHIR_BASE}/StructureDefinition/{name}"
    )
    return {part["url"]: part["valueString"] for part in found["extension"]}


def attachment(content: bytes | None, media_type: str, **about: Any) -> Resource:
    """Return an Attachment with content, size and hash; FHIR prescribes SHA-1 for the hash."""
    if content is None:
        return {"contentType": media_type} | drop_empty(about)
    return {
        "contentType": media_type,
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
    } | drop_empty(about)


def attachment_content(attachment: Resource) -> bytes:
    """Return the decoded content of an Attachment."""
    return base64.b64decode(attachment["data"], validate=True)


def format_time(at: datetime.datetime) -> str:
    """Return a time in FHIR's format, in UTC."""
    zoned = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return zoned.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def parse_time(written: str) -> datetime.datetime:
    """Parse a time."""
    return datetime.datetime.fromisoformat(written)


# Records for which FHIR's fields are not enough are also stored whole, as JSON in an extension, and read from there.

Record = TypeVar("Record")

# Suffixes of the names of numbers, with the unit for people and the UCUM code.
_UNITS = {
    "_J_cm2": ("J/cm²", "J/cm2"),
    "_mJ": ("mJ", "mJ"),
    "_ms": ("ms", "ms"),
    "_mm": ("mm", "mm"),
    "_nm": ("nm", "nm"),
    "_um": ("µm", "um"),
    "_per_cm2": ("/cm²", "/cm2"),
    "_C": ("°C", "Cel"),
}


@cache
def _adapter(kind: type[Record]) -> TypeAdapter[Record]:
    return TypeAdapter(kind)


def record_extension(name: str, record: Any) -> Resource:
    """Return an extension that contains a whole record."""
    return extension(name, record=_adapter(type(record)).dump_json(record).decode())  # type: ignore[arg-type]


def find_record(resource: Resource, name: str, kind: type[Record]) -> Record | None:
    """Return the record in a resource's extension; None where it contains none with this name.

    Raises
    ------
    ValueError : it is no record of this type.
    """
    return next(iter(read_records(resource, name, kind)), None)


def read_records(resource: Resource, name: str, kind: type[Record]) -> tuple[Record, ...]:
    """Return the records in all of a resource's extensions with this name, in their order.

    Raises
    ------
    ValueError : one is no record of this type.
    """
    extensions = [
        extension
        for extension in resource.get("extension", ())
        if extension["url"] == f"{FHIR_BASE}/StructureDefinition/{name}"
    ]
    adapter = _adapter(kind)  # type: ignore[arg-type]
    return tuple(
        adapter.validate_json(read_extension({"extension": [extension]}, name)["record"]) for extension in extensions
    )


def observation(
    id: str, code: Resource, *, patient_id: str, consultation_id: str, status: str = "final", **values: Any
) -> Resource:
    """Return an Observation of a patient in a consultation; values that are empty are left out."""
    about = {"subject": reference(patient_id), "encounter": reference(consultation_id)}
    return drop_empty({"resourceType": "Observation", "id": id, "status": status, "code": code, **about, **values})


def local_concept(system: str, code: str, text: str = "") -> Resource:
    """Return the CodeableConcept of a code of our own, with its text, which is that of the catalogue if none is given.

    A program that does not know our codes shows the text.
    """
    ids = (f"{beginning}{code}" for beginning in _CODE_MESSAGES[system])
    known = next((id for id in ids if id in catalogue()), "")
    return codeable_concept(local_coding(system, code), text=text or (Message(known).english if known else code))


def component(concept: Resource, **value: Any) -> Resource:
    """Return a component of an Observation."""
    return {"code": concept, **value}


def setting_components(settings: Mapping[str, float]) -> list[Resource]:
    """Return the settings of a pulse as components of an Observation."""
    return [
        component(local_concept("setting", name), valueQuantity=make_quantity(name, value))
        for name, value in settings.items()
    ]


def notes(*texts: str) -> list[Resource]:
    """Return the texts that are not empty as Annotations."""
    return [{"text": text} for text in texts if text]


def make_quantity(name: str, value: float) -> Resource:
    """Return a Quantity; its unit is the suffix of the number's name in the case file."""
    shown, code = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), ("", ""))
    return ucum_quantity(value, code, shown) if code else {"value": value}


def pain_quantity(pain_0_10: float) -> Resource:
    """Return a Quantity of pain from 0 to 10, with the unit that its LOINC code requires."""
    return ucum_quantity(pain_0_10, "{score}")


def percentage(value: float) -> Resource:
    """Return a Quantity of a percentage, to one decimal."""
    return ucum_quantity(round(value, 1), "%")


def ucum_quantity(value: float, code: str, unit: str = "") -> Resource:
    """Return a Quantity with a unit of UCUM.

    Parameters
    ----------
    unit : for people; the code if empty.
    """
    return {"value": value, "unit": unit or code, "system": "http://unitsofmeasure.org", "code": code}


def site_concept(sites: Iterable[str]) -> list[Resource]:
    """Return the body sites, each once."""
    titles = {name: site.title for name, site in known_sites().items()}
    named = ((site, titles.get(site, site)) for site in dict.fromkeys(sites) if site)
    return [codeable_concept(local_coding("site", site), text=title) for site, title in named]
