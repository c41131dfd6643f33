"""The counts behind the manual's table of wide brown spots hold what is said of them, and can be made again."""

from pathlib import Path

import pytest
from paths import ROOT

from research.photo_checks.wide_spots import SHIPPED, load_wide_counts, main


@pytest.mark.parametrize("tone", ["light", "medium", "brown", "dark"])
def test_four_of_five_clear_spots_have_the_notice_on_every_tone(tone: str) -> None:
    clear = [spot for spot in load_wide_counts(SHIPPED) if spot.density >= 0.6 and spot.tone == tone]
    assert len(clear) >= 100
    assert sum(spot.detection for spot in clear) >= 0.8 * len(clear)


def test_spots_drawn_after_the_limits_were_set_are_detected_nearly_as_often() -> None:
    clear = [spot for spot in load_wide_counts(SHIPPED) if spot.density >= 0.6]
    before, after = ([spot.detection for spot in clear if (spot.round == 2) == last] for last in (False, True))
    # Three standard errors of the difference of two shares of nine in ten.
    error = (0.9 * 0.1 * (1 / len(before) + 1 / len(after))) ** 0.5
    assert sum(after) / len(after) >= sum(before) / len(before) - 3 * error


@pytest.mark.check
def test_the_command_counts_the_example_again(tmp_path: Path) -> None:
    file = tmp_path / "counts.json"
    main(
        [str(ROOT / "examples" / "first-consultation" / "face.jpg"), "--rounds", "1", "--factors", "1", "-o", str(file)]
    )
    clear = [spot for spot in load_wide_counts(file) if spot.density >= 0.6]
    assert len(clear) >= 8
    assert sum(spot.detection for spot in clear) >= 0.6 * len(clear)
