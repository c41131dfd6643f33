"""The pages of the app. Every word comes from the catalogue."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from skinbeam.errors import InputError
from skinbeam.laser.device import devices
from skinbeam.messages import text
from skinbeam.schema.consultation import HISTORY
from skinbeam.schema.names import table

__all__ = ["form_page"]

CONCERN_ROWS = 6
MEDICATION_ROWS = 4


@cache
def _environment() -> Environment:
    folder = Path(__file__).parent / "templates"
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    environment.globals["t"] = text
    return environment


def form_page(values: Mapping[str, str], fault: tuple[str, InputError] | None) -> str:
    """Return the consultation form with `values` filled in, and the fault at its field when there is one."""
    sites = {name: entry["title"] for name, entry in table("site").items() if entry["use"] == "treatment"}
    return (
        _environment()
        .get_template("form.html")
        .render(
            values=values,
            fault_field=fault[0] if fault else "",
            fault=fault[1] if fault else None,
            conditions={name: entry["title"] for name, entry in table("condition").items()},
            sites=sites,
            devices={name: device.title for name, device in devices().items()},
            history=HISTORY,
            concern_rows=range(CONCERN_ROWS),
            medication_rows=range(MEDICATION_ROWS),
        )
    )
