"""Which data a plan was made with: one hash over everything in `data/` that can move a number or a sentence."""

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

__all__ = ["data_release"]


@cache
def data_release() -> str:
    """Return the SHA-256 of the data files, by name and content; translations are not part of it."""
    digest = hashlib.sha256()
    root = resources.files("skinbeam") / "data"
    for name, file in _files(root, ""):
        digest.update(name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if name not in ("messages", "fonts"):
                found += _files(entry, f"{name}/")
        else:
            found.append((name, entry))
    return found
