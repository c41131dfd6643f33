"""Rows that cannot be read, since they were altered: a list of others goes on past them, and a page tells of each."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["AlteredRow", "AlteredRows"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AlteredRow:
    """A row that cannot be read.

    Parameters
    ----------
    columns : what was read of its columns that are not sealed, by name; anybody may have altered these, too.
    """

    table: str
    id: str
    columns: Mapping[str, Any]


class AlteredRows:
    """The altered rows that were met by whoever reads, each once, in the order in which they were met.

    A list goes on past one only where `are_skipped` is set (`ClinicAccess.skipping_altered`).
    """

    def __init__(self) -> None:
        self.are_skipped = False
        self._found: dict[tuple[str, str], AlteredRow] = {}

    def add(self, row: AlteredRow) -> None:
        """Add a row, and warn of it in the log of the server, which names no person."""
        if (row.table, row.id) not in self._found:
            _log.warning("a record cannot be read, since it was altered: %s/%s", row.table, row.id)
        self._found[row.table, row.id] = row

    def list_all(self) -> tuple[AlteredRow, ...]:
        """Return all of them."""
        return tuple(self._found.values())
