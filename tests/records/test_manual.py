"""An administrator's first hour, typed from the page as it stands, on a file and on a server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from skinbeam.records.store.keys import fresh_key

PAGE = Path(__file__).parents[2] / "docs" / "records.md"


def typed(places: dict[str, str], *, server: bool) -> str:
    """The lines of the page in their order, with this machine's places; of two databases the one that was chosen."""
    blocks = re.findall(
        r"^```text\n(.*?)^```", PAGE.read_text(encoding="utf-8").split("## When a patient")[0], re.MULTILINE | re.DOTALL
    )
    chosen = [block for block in blocks if "SKINBEAM_DB=" not in block or ("postgresql" in block) == server]
    script = "".join(chosen)
    for place, here in places.items():
        assert place in script, place
        script = script.replace(place, here)
    return script


@pytest.mark.check
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_first_hour_is_as_the_page_says(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    places = {
        "SKINBEAM_KEY=...": f"SKINBEAM_KEY={fresh_key()}",
        "/backup": str(tmp_path),
        "/srv/trial": f"{tmp_path}/trial",
    }
    if kind == "sqlite":
        places["/srv/skinbeam"] = str(tmp_path)
    else:
        server: str = request.getfixturevalue("postgresql")
        places["postgresql://skinbeam@127.0.0.1/skinbeam"] = f'"{server.format(name="postgres")}"'
        places["/srv/skinbeam/files"] = f"{tmp_path}/files"
    script = (
        f'set -e\nskinbeam() {{ {sys.executable} -m skinbeam "$@"; }}\n{typed(places, server=kind == "postgresql")}'
    )
    ran = subprocess.run(
        ["bash", "-c", script],
        input="quiet otters read maps\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("SKINBEAM_")},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("; entries ") == 2, "once for what was restored, once for what is there"
    assert "role: owner" in ran.stdout
    assert (tmp_path / "trial.sqlite").is_file()
