"""What a plan tells while its concerns are made side by side."""

import pytest
from report_samples import sample

from skinbeam.cli.progress import PlanProgress
from skinbeam.plan.parallel import concern_name
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.text import Message


def begins(concern: ConcernPlan) -> Message:
    return Message("progress.concern", {"concern": concern_name(concern)})


def test_a_terminal_reads_each_concern_and_what_is_still_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    first, second, *_ = sample().concerns
    progress = PlanProgress()
    looks = Message("progress.device", {"concern": concern_name(first), "device": "KTP laser"})
    for event in (begins(first), begins(second), second, looks):
        progress(event)
    seen = capsys.readouterr().err.replace("\r", "\n").replace("\x1b[K", "").split("\n")
    (stands,) = [line for line in seen if line.startswith("✓")]
    assert second.title in stands
    assert all(len(line) < 60 for line in seen)
    assert seen[-1] == looks.text[:59]
    assert second.title not in seen[-1]
    PlanProgress(quiet=True)(begins(first))
    assert capsys.readouterr().err == ""
