"""Resources as a server hands them out one by one: they name each other by address, and contents lie beside them."""

from collections.abc import Iterable, Mapping
from typing import Any

from skinbeam.exchange.fhir.parts import Resource, content_of, full_url

__all__ = ["BINARY", "content_named", "linked", "search_set"]

BINARY = "Binary"


def linked(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Return resources whose references and contents are addresses such as `Encounter/NAME`."""
    addresses = {full_url(id): f"{one['resourceType']}/{id}" for id, one in resources.items()}
    return {id: _linked(one, id, addresses) for id, one in resources.items()}


def content_named(resources: Mapping[str, Resource], id: str) -> tuple[str, bytes] | None:
    """Return the type and the content that a resource of this name carries; None where it carries none."""
    held = _attachments(resources[id]) if id in resources else ()
    return next(((one["contentType"], content_of(one)) for one in held if "data" in one), None)


def search_set(found: Iterable[Resource], *, base: str, total: int, links: Mapping[str, str]) -> Resource:
    """Return what was found as a Bundle.

    Parameters
    ----------
    base : address of the server.
    total : how many there are with those on other pages.
    links : relation, such as `next`, and address.
    """
    entries = [
        {"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in found
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
    }
    return bundle | ({"entry": entries} if entries else {})


def _attachments(resource: Resource) -> list[Resource]:
    if resource["resourceType"] == "Media":
        return [resource["content"]]
    return [one["attachment"] for one in resource.get("content", ())]


def _linked(part: Any, id: str, addresses: Mapping[str, str]) -> Any:
    if isinstance(part, list):
        return [_linked(one, id, addresses) for one in part]
    if not isinstance(part, dict):
        return part
    if "contentType" in part and "data" in part:
        return {name: value for name, value in part.items() if name != "data"} | {"url": f"{BINARY}/{id}"}
    return {
        name: addresses[value] if name == "reference" and isinstance(value, str) else _linked(value, id, addresses)
        for name, value in part.items()
    }
