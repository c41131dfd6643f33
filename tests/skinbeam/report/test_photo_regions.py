"""The map of a photograph: every region, and every told mark where it is in the picture."""

from dataclasses import replace

import numpy as np
import pytest
from preview_samples import SPOTS, look

from skinbeam.api.analyse_photo import report_analysis
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.report.graphics.photo_regions import photo_figure

# A mark's place is printed in mm to six digits and found to the pixel of its middle.
WITHIN_PX = 1.5


def test_every_region_is_outlined_and_every_detected_mark_lies_in_its_place() -> None:
    report = report_analysis(look(), None)
    assert not isinstance(report.regions, Unknown)
    assert not isinstance(report.findings, Unknown)
    (axes,) = photo_figure(report).axes
    assert {text.get_text() for text in axes.texts} == set(report.regions)
    drawn = np.vstack([group.get_offsets() for group in axes.collections])
    assert len(drawn) == sum(len(finding.marks or ()) for finding in report.findings)
    assert len(drawn) > 0
    for x, y in drawn:
        assert min(np.hypot(x - spot_x, y - spot_y) for spot_x, spot_y, _ in SPOTS) < WITHIN_PX


def test_a_photograph_without_regions_has_no_map_and_says_why() -> None:
    report = replace(report_analysis(look(), None), regions=Unknown("no face was found"))
    with pytest.raises(NotAvailable, match="no face was found"):
        photo_figure(report)
