"""Plans and what was chosen of them: written once, never changed; a newer one makes consent to an older one void."""

from dataclasses import fields

from skinbeam.records.desk.consents import void_replaced
from skinbeam.records.desk.consultations import State, advance, still_open, unchanged
from skinbeam.records.faults import fault
from skinbeam.records.kept import Choice, Made, Plan
from skinbeam.records.roles import Act
from skinbeam.records.store import tables
from skinbeam.records.store.clock import after
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["Plans"]

_LONGEST_NOTES = 100_000  # characters


class Plans:
    """The plans of a clinic's consultations."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, consultation_id: str, made: Made, *, revision: int) -> Plan:
        """Keep a plan that was made of this revision of the answers; consent to earlier plans becomes void.

        The plan that is there already is not kept twice: a job that is done again leaves what it left before.

        Raises
        ------
        ConflictError : the answers have changed meanwhile: this plan is of others.
        InputError : `closed`.
        """
        files = {name: self._access.keep_file(Act.TREAT, content) for name, content in made.files.items()}
        with self._access.work(Act.TREAT) as work:
            unchanged(work, work.get(tables.Consultation, consultation_id), revision)
            mine = tables.Plan.consultation_id == consultation_id
            earlier = work.rows(tables.Plan, mine, order=(tables.Plan.made_at,))
            for last in earlier[-1:]:
                same = (last.plan_sha256, last.consultation_revision, last.files)
                if same == (made.plan_sha256, revision, files):
                    return _plan(work, last)
            advance(work, consultation_id, State.PLANNED)
            row = tables.Plan(
                clinic_id=work.clinic_id,
                id=new_id(),
                consultation_id=consultation_id,
                consultation_revision=revision,
                made_at=after(one.made_at for one in earlier),
                made_by=work.actor,
                **{field.name: getattr(made, field.name) for field in fields(made)} | {"files": files},
            )
            work.keep(row, "plan.made", plan_sha256=made.plan_sha256)
            void_replaced(work, row)
            return _plan(work, row)

    def get(self, id: str) -> Plan:
        """Return a plan.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            row = work.get(tables.Plan, id)
            work.note("plan.seen", f"plan/{id}")
            return _plan(work, row)

    def file(self, id: str, name: str) -> bytes:
        """Return a file of a plan by its name, such as `plan.json`.

        Raises
        ------
        AbsentError : this clinic has no such plan, or the plan no such file.
        """
        with self._access.see(Act.READ) as work:
            kept = work.get(tables.Plan, id).files.get(name)
            if kept is None:
                raise fault("absent", "file")
            work.note("plan.file.seen", f"plan/{id}", file=name)
        return self._access.database.files.get(self._access.member.clinic_id, kept)

    def of(self, consultation_id: str) -> tuple[Plan, ...]:
        """Return the plans of a consultation, oldest first; the last one counts."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            work.note("plans.listed", f"consultation/{consultation_id}")
            mine = tables.Plan.consultation_id == consultation_id
            return tuple(_plan(work, row) for row in work.rows(tables.Plan, mine, order=(tables.Plan.made_at,)))

    def choose(self, id: str, option: str, notes: str = "") -> Choice:
        """Write down what was chosen of a plan, and why; who changes their mind chooses again.

        Raises
        ------
        InputError : `closed`, or `too-long`.
        """
        if len(notes) > _LONGEST_NOTES:
            raise fault("too-long", "notes", hint={"longest": _LONGEST_NOTES})
        with self._access.work(Act.TREAT) as work:
            plan = work.get(tables.Plan, id)
            still_open(work, plan.consultation_id)
            earlier = work.rows(tables.Choice, tables.Choice.plan_id == id)
            made_at = after(one.made_at for one in earlier)
            row = tables.Choice(
                clinic_id=work.clinic_id, id=new_id(), plan_id=id, option=option, made_at=made_at, made_by=work.actor
            )
            work.seal(row, "notes_sealed", notes.encode())
            work.keep(row, "choice.made")
            return _choice(work, row)

    def choices(self, id: str) -> tuple[Choice, ...]:
        """Return what was chosen of a plan, oldest first; the last one counts."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Plan, id)
            work.note("choices.listed", f"plan/{id}")
            rows = work.rows(tables.Choice, tables.Choice.plan_id == id, order=(tables.Choice.made_at,))
            return tuple(_choice(work, row) for row in rows)


def _plan(work: Work, row: tables.Plan) -> Plan:
    held = {field.name: getattr(row, field.name) for field in fields(Plan)}
    return Plan(**held | {"made_by": work.name_of(row.made_by)})


def _choice(work: Work, row: tables.Choice) -> Choice:
    notes = work.open(row, "notes_sealed").decode()
    return Choice(row.id, row.plan_id, row.option, notes, row.made_at, work.name_of(row.made_by))
