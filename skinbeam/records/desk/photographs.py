"""Photographs: encrypted files, each with what its person allowed."""

from skinbeam.records.desk.consultations import still_open
from skinbeam.records.faults import fault
from skinbeam.records.kept import Permissions, Photograph
from skinbeam.records.roles import Act
from skinbeam.records.store import tables
from skinbeam.records.store.columns import now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["Photographs"]

_MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")


class Photographs:
    """The photographs of a clinic's consultations."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, consultation_id: str, content: bytes, media_type: str, permissions: Permissions) -> Photograph:
        """Keep a photograph.

        Raises
        ------
        AbsentError : this clinic has no such consultation.
        InputError : `closed`, or `bad-photograph`: of a kind that is not kept.
        """
        if media_type not in _MEDIA_TYPES:
            raise fault("bad-photograph", "photograph", kind=media_type, hint={"kinds": list(_MEDIA_TYPES)})
        name = self._access.keep_file(Act.WRITE, content)
        with self._access.work(Act.WRITE) as work:
            still_open(work, consultation_id)
            row = tables.Photograph(
                clinic_id=work.clinic_id,
                id=new_id(),
                consultation_id=consultation_id,
                file=name,
                media_type=media_type,
                for_care=permissions.care,
                for_teaching=permissions.teaching,
                for_publication=permissions.publication,
                added_at=now(),
                added_by=work.actor,
            )
            work.keep(row, "photograph.added")
            return _photograph(work, row)

    def permit(self, id: str, permissions: Permissions) -> Photograph:
        """Change what a photograph may be used for; a permission may be taken back at any time."""
        with self._access.work(Act.WRITE) as work:
            row = work.get(tables.Photograph, id)
            row.for_care, row.for_teaching = permissions.care, permissions.teaching
            row.for_publication = permissions.publication
            work.keep(row, "photograph.permitted")
            return _photograph(work, row)

    def of(self, consultation_id: str) -> tuple[Photograph, ...]:
        """Return the photographs of a consultation, oldest first."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            work.note("photographs.listed", f"consultation/{consultation_id}")
            mine = tables.Photograph.consultation_id == consultation_id
            rows = work.rows(tables.Photograph, mine, order=(tables.Photograph.added_at,))
            return tuple(_photograph(work, row) for row in rows)

    def get(self, id: str) -> Photograph:
        """Return what is known of a photograph.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            work.note("photograph.uses.seen", f"photograph/{id}")
            return _photograph(work, work.get(tables.Photograph, id))

    def content(self, id: str) -> tuple[Photograph, bytes]:
        """Return a photograph with what it shows.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            row = work.get(tables.Photograph, id)
            work.note("photograph.seen", f"photograph/{id}")
            found = _photograph(work, row)
        return found, self._access.database.files.get(self._access.member.clinic_id, found.file)


def _photograph(work: Work, row: tables.Photograph) -> Photograph:
    return Photograph(
        id=row.id,
        consultation_id=row.consultation_id,
        file=row.file,
        media_type=row.media_type,
        permissions=Permissions(row.for_care, row.for_teaching, row.for_publication),
        added_at=row.added_at,
        added_by=work.name_of(row.added_by),
    )
