"""What the sign-in of a session still lacks before it may see records."""

from sqlalchemy import ColumnElement, exists, true

from skinbeam_clinic.database.tables import (
    ClinicSettingsRow,
    LoginSessionRow,
    MemberRow,
    PasskeyRow,
    TemporaryPasswordRow,
)
from skinbeam_clinic.models import SignInStep

__all__ = ["find_step_due", "step_facts"]


def step_facts() -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """Return what decides on the step of a login session, as columns of its query.

    They are whether the clinic requires a second factor, whether the member has a passkey, and whether their password
    is one that an owner set.
    """
    row, settings, passkey, password = LoginSessionRow, ClinicSettingsRow, PasskeyRow, TemporaryPasswordRow
    return (
        exists().where(settings.clinic_id == row.clinic_id, settings.second_factor_required.is_(true())),
        exists().where(passkey.clinic_id == row.clinic_id, passkey.member_id == row.member_id),
        exists().where(password.clinic_id == row.clinic_id, password.id == row.member_id),
    )


def find_step_due(
    row: LoginSessionRow, member: MemberRow, factor_required: bool, has_passkey: bool, is_temporary: bool
) -> SignInStep | None:
    """Return what is missing before a session may see records; None where nothing is.

    Parameters
    ----------
    factor_required, has_passkey, is_temporary : of `step_facts`.
    """
    if row.code_at is None and member.code_secret_sealed is not None:
        return SignInStep.CODE
    if row.by_password and is_temporary:
        return SignInStep.PASSWORD
    factor_due = factor_required and row.code_at is None
    # Before an easy password is changed, since whoever guessed it could remove the passkeys together with it.
    if factor_due and has_passkey:
        return SignInStep.PASSKEY
    if row.by_password and row.easy_password:
        return SignInStep.PASSWORD
    if not factor_due:
        return None
    # The setup asks for the password, and one that an owner set confirms nothing.
    return SignInStep.PASSWORD if is_temporary else SignInStep.SETUP
