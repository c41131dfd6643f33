"""The identity of a patient before the contact details were corrected, which stays in them.

A corrected entry of a record leaves what stood there, and when it was corrected.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from skinbeam_clinic.patients.contact_details import describe_birth

__all__ = ["FORMER", "FormerIdentity", "changed_identity", "keep_former_identity", "list_former_identities"]

FORMER = "former"  # the detail that holds them
_IDENTITY = ("name", "born")


@dataclass(frozen=True)
class FormerIdentity:
    """The name and date of birth that were replaced on a day; empty where there was none."""

    name: str
    born: str
    replaced_on: datetime.date

    @property
    def text(self) -> str:
        """The name and the date of birth in words."""
        return ", ".join(filter(None, (self.name, describe_birth(self.born) if self.born else "")))


_FORMER = TypeAdapter(tuple[FormerIdentity, ...])


def list_former_identities(details: Mapping[str, str]) -> tuple[FormerIdentity, ...]:
    """Return the earlier identities of a patient, the oldest first."""
    return _FORMER.validate_json(details[FORMER]) if FORMER in details else ()


def changed_identity(stored: Mapping[str, str], details: Mapping[str, str]) -> tuple[str, ...]:
    """Return which of name and date of birth were given, and are replaced or removed."""
    return tuple(name for name in _IDENTITY if stored.get(name) and stored[name] != details.get(name, ""))


def keep_former_identity(stored: Mapping[str, str], details: Mapping[str, str], today: datetime.date) -> dict[str, str]:
    """Return new contact details with the former identities of the stored ones, and with that one if it is replaced."""
    former = list_former_identities(stored)
    if changed_identity(stored, details):
        former = (*former, FormerIdentity(stored.get("name", ""), stored.get("born", ""), today))
    kept = {name: text for name, text in details.items() if name != FORMER}
    return kept | ({FORMER: _FORMER.dump_json(former).decode()} if former else {})
