"""A page of the guide as a Jupyter notebook: its text and its Python blocks as cells."""

import json
import re
from typing import Any

__all__ = ["notebook"]

_BLOCK = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")  # pages are not beside the notebook


def notebook(page: str) -> str:
    """Return the notebook of a page, nbformat 4.5, without outputs."""
    texts = _BLOCK.split(page)
    cells = [
        _cell(number, "code" if number % 2 else "markdown", text if number % 2 else _LINK.sub(r"\1", text))
        for number, text in enumerate(text.strip() for text in texts)
        if text
    ]
    whole = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
