"""Greatest numbers that a command, a function or a sweep file may ask for; apart from the fields, for a fast help."""

from typing import Final

__all__ = ["MAX_DRAWS", "MAX_SEED", "MAX_WORKERS"]

MAX_DRAWS: Final = 100_000  # simulated skins
MAX_SEED: Final = 2**63 - 1
MAX_WORKERS: Final = 1024  # of a sweep, on this machine
