"""Three days of a clinic in which everything goes wrong at random; `benchmarks/chaos.py` alone lives through 28."""

import os
import subprocess
import sys

import pytest
from paths import ROOT


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is mounted, which takes root")
@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_nothing_that_was_confirmed_is_lost_or_doubled_and_every_alarm_rings(kind: str) -> None:
    words = [sys.executable, "benchmarks/chaos.py", "--days", "3", "--only", kind]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert " 0 saves told" not in done.stdout
