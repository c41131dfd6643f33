"""Tables in CSV that tests of their readers write."""

import csv
import io
from collections.abc import Sequence

__all__ = ["written"]


def written(head: Sequence[str], *rows: dict[str, str]) -> str:
    """A table of these columns and rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, head)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
