"""Plans for virtual people, counts what befalls them, and keeps the counts for the page: some ten minutes of a core.

python -m skinbeam.validation.people
"""

import json
from importlib import resources
from pathlib import Path

from skinbeam.validation.people.judge import judged
from skinbeam.validation.people.persons import design
from skinbeam.validation.people.summary import summary
from skinbeam.validation.people.tables import FILE, TABLES, table_of


def main() -> None:
    """Count, keep what was counted, and print it."""
    groups = summary(judged(design()["people"]))
    Path(str(resources.files("skinbeam") / FILE)).write_text(json.dumps(groups, indent=1) + "\n", encoding="utf-8")
    for name in TABLES:
        print("", *(" | ".join(line) for line in table_of(name, groups)), sep="\n")


if __name__ == "__main__":
    main()
