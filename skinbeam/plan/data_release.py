"""Identify the data files with which a plan was made."""

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

__all__ = ["data_release"]


@cache
def data_release() -> str:
    """Return the SHA-256 of the data files, by name and content, with which a plan was made.

    It covers everything in `data/` that can change a number or a sentence; translations and fonts are not part of it.
    """
    digest = hashlib.sha256()
    root = resources.files("skinbeam") / "data"
    for name, file in _data_files(root, ""):
        digest.update(name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _data_files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    files: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if name not in ("messages", "fonts"):
                files += _data_files(entry, f"{name}/")
        else:
            files.append((name, entry))
    return files
