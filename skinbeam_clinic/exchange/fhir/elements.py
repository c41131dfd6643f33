"""What resources are put together from: names, references, codes, attachments.

A code of LOINC, SNOMED CT, UCUM or HL7 stands here only where its meaning was looked up. All else has a code of our own
in a system below `BASE`, with its words beside it.
"""

import base64
import datetime
import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

from skinbeam.exchange.names import BASE
from skinbeam.messages import Message

__all__ = [
    "CONSENT_DOCUMENT",
    "PAIN",
    "PSEUDONYM",
    "Resource",
    "attachment",
    "coded",
    "content_of",
    "extended",
    "extension",
    "full_url",
    "identified",
    "identifier",
    "known",
    "our_coding",
    "part_id",
    "reference",
    "referred",
    "time",
    "time_of",
    "trimmed",
    "words",
]

Resource = dict[str, Any]

_ROW = re.compile("[0-9a-f]{32}")
_PARTS = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/part")

_HL7 = "http://terminology.hl7.org/CodeSystem"
_KNOWN: Mapping[str, tuple[str, str, str]] = {
    "ambulatory": (f"{_HL7}/v3-ActCode", "AMB", "ambulatory"),
    "image": (f"{_HL7}/media-type", "image", "Image"),
    "patient-privacy": (f"{_HL7}/consentscope", "patient-privacy", "Privacy Consent"),
    "treatment": (f"{_HL7}/consentscope", "treatment", "Treatment"),
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
CONSENT_DOCUMENT = "consent-document"
PAIN = "pain"
PSEUDONYM = f"{BASE}/identifier/pseudonym"


def words(id: str, **params: Any) -> str:
    """Return a sentence of the catalogue as documents hold it, in English."""
    return Message(f"exchange.{id}", params).english


def trimmed(resource: Resource) -> Resource:
    """Return a resource without what is empty, which FHIR does not allow."""
    return {name: value for name, value in resource.items() if value not in (None, "", [], {})}


def part_id(id: str, name: str) -> str:
    """Return the name of a resource that is made of a part of a row; it begins with the row's own."""
    return f"{id}-{name}"


def full_url(id: str) -> str:
    """Return how a bundle calls the resource of a name."""
    return (uuid.UUID(hex=id) if _ROW.fullmatch(id) else uuid.uuid5(_PARTS, id)).urn


def reference(id: str) -> Resource:
    """Return a reference within a bundle."""
    return {"reference": full_url(id)}


def referred(reference: Mapping[str, Any]) -> str:
    """Return the name that a reference means: of a row, or of a part as `full_url` calls it."""
    named: str = reference["reference"]
    return uuid.UUID(named).hex if named.startswith("urn:uuid:") else named.rpartition("/")[2]


def identifier(kind: str, value: str) -> Resource:
    """Return an identifier of our own kind."""
    return {"system": f"{BASE}/identifier/{kind}", "value": value}


def identified(resource: Resource, kind: str, of: str = "identifier") -> str:
    """Return the identifier of a kind that a resource has."""
    held = resource[of] if isinstance(resource[of], list) else [resource[of]]
    return next(str(one["value"]) for one in held if one["system"] == f"{BASE}/identifier/{kind}")


def known(name: str) -> Resource:
    """Return a coding of a terminology that others keep."""
    system, code, display = _KNOWN[name]
    return {"system": system, "code": code, "display": display}


def our_coding(system: str, code: str, display: str = "") -> Resource:
    """Return a coding of our own."""
    return trimmed({"system": f"{BASE}/CodeSystem/{system}", "code": code, "display": display})


def coded(*codings: Resource, said: str = "") -> Resource:
    """Return a concept with its codes and words."""
    return trimmed({"coding": list(codings), "text": said})


def extension(name: str, **values: str) -> Resource:
    """Return what FHIR has no field for, each value by its name."""
    held = [{"url": key, "valueString": value} for key, value in values.items() if value]
    return {"url": f"{BASE}/StructureDefinition/{name}", "extension": held}


def extended(resource: Resource, name: str) -> dict[str, str]:
    """Return the values of an extension."""
    found = next(one for one in resource["extension"] if one["url"] == f"{BASE}/StructureDefinition/{name}")
    return {one["url"]: one["valueString"] for one in found["extension"]}


def attachment(content: bytes | None, media_type: str, **about: Any) -> Resource:
    """Return a content with its size and hash; FHIR names SHA-1 for it."""
    if content is None:
        return {"contentType": media_type} | trimmed(about)
    return {
        "contentType": media_type,
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
    } | trimmed(about)


def content_of(attachment: Mapping[str, Any]) -> bytes:
    """Return the content of an attachment that holds it."""
    return base64.b64decode(attachment["data"], validate=True)


def time(at: datetime.datetime) -> str:
    """Return a time as FHIR writes it."""
    zoned = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return zoned.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def time_of(written: str) -> datetime.datetime:
    """Return the time that is written."""
    return datetime.datetime.fromisoformat(written)
