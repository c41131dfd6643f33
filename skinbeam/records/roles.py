"""Who may do what: one table, which the desk obeys and from which the app makes its routes' table."""

from collections.abc import Mapping
from enum import StrEnum

from skinbeam.errors import unknown_name
from skinbeam.records.faults import fault

__all__ = ["MAY", "Act", "Role", "require", "role_of"]


class Role(StrEnum):
    """What a member of a clinic is; one each."""

    OWNER = "owner"
    CLINICIAN = "clinician"
    ASSISTANT = "assistant"
    AUDITOR = "auditor"


class Act(StrEnum):
    """Kinds of work at the desk."""

    READ = "read"  # patients by pseudonym, consultations, plans, consents
    CONTACT = "contact"  # who a patient is and how to reach them
    WRITE = "write"  # patients, answers, photographs
    TREAT = "treat"  # plans, choices, consent: what a clinician answers for
    EXPORT = "export"  # a patient's copy of their records
    ERASE = "erase"
    PEOPLE = "people"  # members of the clinic
    TRAIL = "trail"  # who saw and changed what
    LEARN = "learn"  # all outcomes against what was foretold, also by who treated


_CARE = frozenset({Role.OWNER, Role.CLINICIAN})

MAY: Mapping[Act, frozenset[Role]] = {
    Act.READ: frozenset(Role),
    Act.CONTACT: _CARE | {Role.ASSISTANT},
    Act.WRITE: _CARE | {Role.ASSISTANT},
    Act.TREAT: _CARE,
    Act.EXPORT: _CARE,
    Act.ERASE: frozenset({Role.OWNER}),
    Act.PEOPLE: frozenset({Role.OWNER}),
    Act.TRAIL: frozenset({Role.OWNER, Role.AUDITOR}),
    Act.LEARN: _CARE | {Role.AUDITOR},
}


def require(role: Role, act: Act) -> None:
    """Refuse what this role does not do.

    Raises
    ------
    DeniedError : it does not.
    """
    if role not in MAY[act]:
        raise fault("denied", "role", role=str(role), act=str(act), hint={"roles": sorted(MAY[act])})


def role_of(name: str) -> Role:
    """Return the role of a name.

    Raises
    ------
    InputError : `unknown-role`, with the nearest.
    """
    if name not in set(Role):
        raise unknown_name("role", name, Role, field="--role")
    return Role(name)
