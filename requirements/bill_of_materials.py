"""Write the bill of materials of a server: every library of its lock file and every vendored script, as CycloneDX 1.5.

    python requirements/bill_of_materials.py

Hashes of the libraries stand in the lock file, one for each file that an installer may take. A component has one hash
of a kind, so only the vendored scripts have theirs here.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["BILL", "make_bill"]

_FOLDER = Path(__file__).parent
_VENDOR = _FOLDER.parent / "skinbeam_clinic" / "web" / "static" / "vendor"
_LOCKED = re.compile(r"^([a-z0-9.-]+)==([\w.]+)", flags=re.M)
_VENDORED = re.compile(r"^- `([\w.-]+)`: .*?(\d+\.\d+\.\d+), from `([\w.-]+)`", flags=re.M)
BILL = _FOLDER / "serve.cdx.json"


def make_bill() -> str:
    """Return the bill of materials as JSON."""
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "skinbeam-clinic", "name": "skinbeam-clinic"}},
        "components": [*_libraries(), *_scripts()],
    }
    return json.dumps(bill, indent=1) + "\n"


def _libraries() -> Iterator[dict[str, Any]]:
    locked = _LOCKED.findall((_FOLDER / "serve.lock").read_text(encoding="utf-8"))
    for name, version in sorted(set(locked)):  # a version may stand there once for each system
        yield _component("pypi", name, version)


def _scripts() -> Iterator[dict[str, Any]]:
    for file, version, name in _VENDORED.findall((_VENDOR / "README.md").read_text(encoding="utf-8")):
        digest = hashlib.sha256((_VENDOR / file).read_bytes()).hexdigest()
        yield _component("npm", name, version) | {"hashes": [{"alg": "SHA-256", "content": digest}]}


def _component(registry: str, name: str, version: str) -> dict[str, Any]:
    address = f"pkg:{registry}/{name}@{version}"
    return {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}


if __name__ == "__main__":
    BILL.write_text(make_bill(), encoding="utf-8")
