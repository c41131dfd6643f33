"""Names in the pictures of a photograph: inside what they name, and inside the picture."""

import numpy as np
import pytest

from skinbeam.photo.overlays import _label_position, write_label


def test_a_name_stands_where_its_region_is_widest() -> None:
    """Of a long foot and a wide head the head has the room; the middle of all points lies in the foot."""
    outline = np.array([[0, 90], [80, 90], [80, 60], [140, 60], [140, 130], [80, 130], [80, 95], [0, 95]], np.float64)
    x, y = _label_position(outline, (160, 200))
    assert 100 <= x <= 120
    assert 85 <= y <= 105


@pytest.mark.parametrize("x", [0, 150, 299])
def test_a_name_does_not_leave_the_picture(x: int) -> None:
    image = np.full((40, 300, 3), 128, np.uint8)
    write_label(image, "around the eyes", (x, 20))
    touched = (image != 128).any(axis=(0, 2)).nonzero()[0]
    middle = np.full((40, 300, 3), 128, np.uint8)
    write_label(middle, "around the eyes", (150, 20))
    whole = (middle != 128).any(axis=(0, 2)).sum()
    assert touched.size == whole, "no letter is cut off"
