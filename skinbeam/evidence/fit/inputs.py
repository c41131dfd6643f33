"""What a fit follows from, as a hash: the numbers that go in and the code that uses them, not comments or layout."""

import ast
import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields
from importlib import resources

import numpy as np

from skinbeam.evidence.design import layout
from skinbeam.evidence.fit.data import observed, table_data
from skinbeam.evidence.outcomes import effect_columns, pain_columns
from skinbeam.evidence.studies import settings

__all__ = ["checks_sha256", "inputs_sha256"]

_MODEL = ("evidence/fit/model.py",)
# What the long checks add to the model: how a new clinic is drawn and how it is scored.
_CHECKS = tuple(
    f"evidence/{name}.py"
    for name in (
        "clinic", "distributions", "fit/baselines", "fit/calibrate", "fit/leave_out", "fit/sample", "fit/sensitivity",
        "fit/simulate",
    )
)  # fmt: skip


def inputs_sha256() -> str:
    """Return the hash of the arrays of the table, the columns, the priors and the code of the model."""
    digest = hashlib.sha256(_code(_MODEL))
    for part in (table_data(), observed()):
        for field in fields(part):
            value = getattr(part, field.name)
            digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    names = [layout().columns, effect_columns(), pain_columns()]
    priors = {part: settings()[part] for part in ("improvement", "outcomes", "pain", "shape")}
    digest.update(json.dumps([names, priors], sort_keys=True).encode())
    return digest.hexdigest()


def checks_sha256() -> str:
    """Return the hash of all that the long checks follow from."""
    return hashlib.sha256(inputs_sha256().encode() + _code(_CHECKS)).hexdigest()


def _code(names: Iterable[str]) -> bytes:
    """The syntax trees of files, without their texts for people."""
    trees = []
    for name in names:
        tree = ast.parse((resources.files("skinbeam") / name).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        trees.append(ast.dump(tree))
    return "\n".join(trees).encode()
