"""Names of what no record has a name for: the same for the same records, so that an export can be made again."""

import uuid

__all__ = ["BASE", "derived_id"]

BASE = "https://skinbeam.readthedocs.io/fhir"
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, BASE)


def derived_id(*names: str) -> str:
    """Return the name of a part of what these names mean."""
    return uuid.uuid5(_NAMES, "/".join(names)).hex
