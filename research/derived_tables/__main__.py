"""Make derived tables: `python -m research.derived_tables [NAME...]`.

Without a name all stale tables are made.
"""

import sys
from collections.abc import Sequence

from research.derived_table import DerivedTable
from research.derived_tables.burn_anchors import BURN_ANCHORS
from research.derived_tables.column_corrections import COLUMN_CORRECTIONS
from research.derived_tables.column_depths import COLUMN_DEPTHS
from research.derived_tables.melanin_by_colour import MELANIN_BY_COLOUR
from research.derived_tables.melanin_by_site import MELANIN_BY_SITE
from research.derived_tables.model_error import MODEL_ERROR
from research.derived_tables.practice_doses import PRACTICE_DOSES
from research.derived_tables.reference_burns import REFERENCE_BURNS
from research.derived_tables.skin_colours import SKIN_COLOURS
from research.derived_tables.spot_share import SPOT_SHARE
from research.derived_tables.vessel_reduction import VESSEL_REDUCTION
from research.derived_tables.vessel_return import VESSEL_RETURN

__all__ = ["DERIVED_TABLES", "main"]

# Ordered by dependency: a table follows those that it reads.
DERIVED_TABLES: tuple[DerivedTable, ...] = (
    VESSEL_RETURN,
    MELANIN_BY_COLOUR,
    MELANIN_BY_SITE,
    SKIN_COLOURS,
    SPOT_SHARE,
    COLUMN_CORRECTIONS,
    COLUMN_DEPTHS,
    VESSEL_REDUCTION,
    MODEL_ERROR,
    PRACTICE_DOSES,
    *REFERENCE_BURNS,
    BURN_ANCHORS,
)


def main(names: Sequence[str]) -> int:
    """Make tables and return the exit code."""
    known = {table.name: table for table in DERIVED_TABLES}
    if unknown := set(names) - set(known):
        print(f"no computed table is called {', '.join(sorted(unknown))}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    for table in (known[name] for name in names) if names else DERIVED_TABLES:
        if names or table.is_stale():
            print(f"making {table.name}", flush=True)
            print(table.write(), end="")
        else:
            print(f"{table.name} is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
