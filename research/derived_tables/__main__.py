"""`python -m skinbeam.validation.derived [NAME...]` makes the tables named, or without a name all that are stale."""

import sys
from collections.abc import Sequence

from skinbeam.derived import Derived
from skinbeam.practice.posed import PRACTICE_DOSES
from skinbeam.validation.derived.column_corrections import COLUMN_CORRECTIONS
from skinbeam.validation.derived.melanin_by_colour import MELANIN_BY_COLOUR
from skinbeam.validation.derived.melanin_by_site import MELANIN_BY_SITE
from skinbeam.validation.derived.model_error import MODEL_ERROR
from skinbeam.validation.derived.skin_colours import SKIN_COLOURS
from skinbeam.validation.derived.spot_share import SPOT_SHARE
from skinbeam.validation.derived.vessel_reduction import VESSEL_REDUCTION
from skinbeam.validation.derived.vessel_return import VESSEL_RETURN

__all__ = ["DERIVED", "main"]

# In an order in which no table is made before those that it reads.
DERIVED: tuple[Derived, ...] = (
    VESSEL_RETURN,
    MELANIN_BY_COLOUR,
    MELANIN_BY_SITE,
    SKIN_COLOURS,
    SPOT_SHARE,
    COLUMN_CORRECTIONS,
    VESSEL_REDUCTION,
    MODEL_ERROR,
    PRACTICE_DOSES,
)


def main(names: Sequence[str]) -> int:
    """Make tables and return the exit code."""
    known = {one.name: one for one in DERIVED}
    if unknown := set(names) - set(known):
        print(f"no computed table is called {', '.join(sorted(unknown))}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    for one in (known[name] for name in names) if names else DERIVED:
        if names or one.is_stale():
            print(f"making {one.name}", flush=True)
            print(one.write(), end="")
        else:
            print(f"{one.name} is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
