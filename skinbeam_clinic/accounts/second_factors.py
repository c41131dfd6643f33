"""Second factors: what a session still lacks, and the clinic's setting that requires one of every member.

A second factor is a one-time code after the password, or a passkey, which is password and code in one. What a provider
of OpenID Connect checked is not known here, so its sign-in counts as a password does.

Where a clinic requires a second factor, a member who has none sets one up before anything else is shown. A member who
has a passkey signs in with it: whoever knows only their password must not be able to set up another factor.
"""

from sqlalchemy import ColumnElement, exists, true

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import ClinicSettingsRow, LoginSessionRow, MemberRow, PasskeyRow
from skinbeam_clinic.database.transaction import ClinicAccess, ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member, SignInStep

__all__ = ["SecondFactorPolicy", "check_factor_removal", "find_step_due", "has_passkey", "is_factor_required"]


def is_factor_required() -> ColumnElement[bool]:
    """Return the condition that the clinic of a login session requires a second factor."""
    row = ClinicSettingsRow
    return exists().where(row.clinic_id == LoginSessionRow.clinic_id, row.second_factor_required.is_(true()))


def has_passkey() -> ColumnElement[bool]:
    """Return the condition that the member of a login session has a passkey."""
    mine = (PasskeyRow.clinic_id == LoginSessionRow.clinic_id, PasskeyRow.member_id == LoginSessionRow.member_id)
    return exists().where(*mine)


def find_step_due(row: LoginSessionRow, member: MemberRow, *, required: bool, passkey: bool) -> SignInStep | None:
    """Return what is missing before a session may see records; None where nothing is.

    Parameters
    ----------
    required : whether the clinic requires a second factor.
    passkey : whether the member has a passkey.
    """
    if row.code_at is not None:
        return None
    if member.code_secret_sealed is not None:
        return SignInStep.CODE
    if not required:
        return None
    return SignInStep.PASSKEY if passkey else SignInStep.SETUP


class SecondFactorPolicy:
    """The setting of a clinic that every member needs a second factor; owners change it.

    Parameters
    ----------
    database, member : as for `ClinicAccess`.
    """

    def __init__(self, database: Database, member: Member) -> None:
        self._access = ClinicAccess(database, member)

    def is_required(self) -> bool:
        """Return whether the clinic requires a second factor of every member."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return _is_required(work)

    def set_required(self, *, required: bool) -> None:
        """Require a second factor of every member, or none any more; it counts for open sessions, too.

        Raises
        ------
        InputError : `no-own-factor`: the acting member has none, and would be the first who cannot go on.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            if required and not _has_factor(work, self._access.member.id):
                raise clinic_error("no-own-factor", "required")
            rows = work.rows(ClinicSettingsRow)
            row = rows[0] if rows else ClinicSettingsRow(clinic_id=work.clinic_id, id=work.clinic_id)
            row.second_factor_required, row.changed_at, row.changed_by = required, now(), work.actor
            work.save(row, "clinic.second-factor", required=required)


def check_factor_removal(work: ClinicTransaction, member_id: str) -> None:
    """Refuse that a member removes a passkey that is their only second factor, where the clinic requires one.

    Raises
    ------
    InputError : `last-factor`.
    """
    codes = work.get(MemberRow, member_id).code_secret_sealed is not None
    passkeys = work.rows(PasskeyRow, PasskeyRow.member_id == member_id)
    if _is_required(work) and not codes and len(passkeys) == 1:
        raise clinic_error("last-factor", "passkey")


def _is_required(work: ClinicTransaction) -> bool:
    return any(row.second_factor_required for row in work.rows(ClinicSettingsRow))


def _has_factor(work: ClinicTransaction, member_id: str) -> bool:
    codes = work.get(MemberRow, member_id).code_secret_sealed is not None
    return codes or bool(work.rows(PasskeyRow, PasskeyRow.member_id == member_id))
