"""The clinic's setting that requires a second factor of every member.

A second factor is a one-time code after the password, or a passkey, which is password and code in one. What a provider
of OpenID Connect checked is not known here, so its sign-in counts as a password does.

Where a clinic requires a second factor, a member who has none sets one up before anything else is shown. A member who
has a passkey signs in with it: whoever knows only their password must not be able to set up another factor.
"""

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.accounts.repository import list_owners_with_access, require_factor
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.tables import ClinicSettingsRow, MemberRow, PasskeyRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error

__all__ = ["SecondFactorPolicy", "check_factor_removal"]


class SecondFactorPolicy(Repository):
    """The setting of a clinic that every member needs a second factor; owners change it."""

    def is_required(self) -> bool:
        """Return whether the clinic requires a second factor of every member."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return _is_required(work)

    def set_required(self, *, required: bool, checked: bool) -> None:
        """Require a second factor of every member, or none any more; it counts for open sessions, too.

        Parameters
        ----------
        checked : whether the acting member's own factor was checked in their session: here and now it works.

        Raises
        ------
        InputError : `no-own-factor`: the acting member has none, and would be the first who cannot go on;
            `factor-unchecked`; `lone-passkey`: nobody could let them in again if they lose the only one.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            if required:
                _check_own_factor(work, self._access.member.id, checked=checked)
            require_factor(work, required=required)


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
    row = work.find(ClinicSettingsRow, work.clinic_id)
    return row is not None and row.second_factor_required


def _check_own_factor(work: ClinicTransaction, member_id: str, *, checked: bool) -> None:
    """Refuse that a member requires a factor that could lock them out themselves, with nobody to let them in again."""
    codes = work.get(MemberRow, member_id).code_secret_sealed is not None
    passkeys = len(work.rows(PasskeyRow, PasskeyRow.member_id == member_id))
    if not codes and not passkeys:
        raise clinic_error("no-own-factor", "required")
    if not checked:
        raise clinic_error("factor-unchecked", "required")
    others = set(list_owners_with_access(work)) - {member_id}
    if not codes and passkeys == 1 and not others:
        raise clinic_error("lone-passkey", "required")
