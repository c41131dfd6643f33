"""Make a table of a clinic in a migration: key, references within the clinic and indexes have one form."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

__all__ = ["create_clinic_table"]


def create_clinic_table(
    name: str,
    *columns: sa.Column[object],
    references: Mapping[str, str] | None = None,
    unique: Iterable[Sequence[str]] = (),
    indexed: Iterable[str] | None = None,
) -> None:
    """Make a table whose rows belong to one clinic.

    Parameters
    ----------
    columns : beside `clinic_id`, `id` and the references that no row lacks.
    references : column → the table of the same clinic to whose row it refers.
    unique : columns that are unique together.
    indexed : columns to find the rows of a clinic by; by default its references.
    """
    references = references or {}
    named = {column.name for column in columns} | {"id"}
    op.create_table(
        name,
        *(sa.Column(column, sa.String(32), nullable=False) for column in references if column not in named),
        *columns,
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=f"fk_{name}_clinic_id"),
        *(
            sa.ForeignKeyConstraint(
                ["clinic_id", column], [f"{table}.clinic_id", f"{table}.id"], name=f"fk_{name}_clinic_id_{column}"
            )
            for column, table in references.items()
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=f"pk_{name}"),
        *(sa.UniqueConstraint(*together, name=f"uq_{name}_{'_'.join(together)}") for together in unique),
    )
    for column in (reference for reference in references if reference != "id") if indexed is None else indexed:
        op.create_index(f"ix_{name}_clinic_id_{column}", name, ["clinic_id", column])
