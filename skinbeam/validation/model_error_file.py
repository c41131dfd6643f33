"""`python -m skinbeam.validation.model_error_file` runs the comparison and writes `data/model_error.toml`.

Kept as data, since running the comparison inside a threshold would take a minute each time.
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from skinbeam.document import write_atomically
from skinbeam.validation.validate import validate_document

__all__ = ["main", "written"]

HEADER = """\
# How far the model lies from published experiments at each endpoint: geometric error about 1, with the number of rows
# behind it. `observed` is what the rows alone say, before the floor of their tolerance and the rule for few rows; it is
# a lower bound where `unreached` rows count as the end of the searched range.
# Made by `make model-error`, which runs the comparison; not to be edited.
"""


def written(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return the content of `data/model_error.toml`."""
    tables = []
    for one in errors:
        lines = [f'[endpoint."{one["endpoint"]}"]']
        lines += [
            f"{name} = {one[name]}" for name in ("rows", "unreached", "observed", "geometric_error") if name in one
        ]
        tables.append("\n".join(lines) + "\n")
    return "\n".join((HEADER, *tables))


def main() -> None:
    """Run the whole comparison and write its errors beside the other data."""
    errors = validate_document()["endpoints"]
    with resources.as_file(resources.files("skinbeam") / "data") as folder:
        write_atomically(Path(folder) / "model_error.toml", written(errors))
    print(written(errors), end="")


if __name__ == "__main__":
    main()
