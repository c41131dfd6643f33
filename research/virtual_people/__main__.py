"""Plans for virtual people, counts what befalls them, and keeps the counts for the page: some ten minutes of a core.

python -m research.virtual_people
"""

import json

from research.virtual_people.outcomes import simulate_outcomes
from research.virtual_people.people import design
from research.virtual_people.summary import summary
from research.virtual_people.tables import RESULTS_FILE, TABLES, result_table


def main() -> None:
    """Count, keep what was counted, and print it."""
    groups = summary(simulate_outcomes(design()["people"]))
    RESULTS_FILE.write_text(json.dumps(groups, indent=1) + "\n", encoding="utf-8")
    for name in TABLES:
        print("", *(" | ".join(line) for line in result_table(name, groups)), sep="\n")


if __name__ == "__main__":
    main()
