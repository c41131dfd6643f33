"""What is known by name, in a line each: the lasers, and the conditions, sites and modalities with everyday words."""

from collections.abc import Mapping
from typing import Any

from skinbeam.cli.outline import outline
from skinbeam.messages import text

__all__ = ["listing"]

_KINDS = ("lasers", "conditions", "sites", "modalities")


def listing(document: Mapping[str, Any]) -> str:
    """Return the lines of `skinbeam.lasers/1` or `skinbeam.conditions/1`; `--json` has all that is known of each."""
    head = outline({name: value for name, value in document.items() if name not in _KINDS})
    lines = []
    for kind in (kind for kind in _KINDS if kind in document):
        rows = document[kind]
        wide = max(len(row["name"]) for row in rows)
        told = _laser if kind == "lasers" else _words
        lines += [f"{kind}:", *(f"  {row['name']:<{wide}}  {told(row)}" for row in rows)]
    return head + "\n".join(lines) + "\n"


def _laser(row: Mapping[str, Any]) -> str:
    unit = "J/cm²" if "fluence_J_cm2" in row else "mJ"
    low, high = row["fluence_J_cm2" if "fluence_J_cm2" in row else "energy_mJ"]
    shortest, longest = row["pulse_ms"]
    offers = {"shortest": shortest, "longest": longest, "low": low, "high": high}
    return text(
        "terminal.laser-offers", {"title": row["title"], "unit": unit, **{k: f"{v:g}" for k, v in offers.items()}}
    )


def _words(row: Mapping[str, Any]) -> str:
    aliases = ", ".join(row["aliases"])
    return text("terminal.also-called", {"title": row["title"], "aliases": aliases}) if aliases else row["title"]
