"""Plan for virtual people, count outcomes, and store the counts for the page: `python -m research.virtual_people`.

It takes some ten minutes of a core.
"""

import json

from research.virtual_people.outcomes import simulate_outcomes
from research.virtual_people.people import design
from research.virtual_people.summary import summary
from research.virtual_people.tables import RESULTS_FILE, TABLES, result_table


def main() -> None:
    """Simulate the outcomes, store the counts, and print them."""
    groups = summary(simulate_outcomes(design()["people"]))
    RESULTS_FILE.write_text(json.dumps(groups, indent=1) + "\n", encoding="utf-8")
    for name in TABLES:
        print("", *(" | ".join(line) for line in result_table(name, groups)), sep="\n")


if __name__ == "__main__":
    main()
