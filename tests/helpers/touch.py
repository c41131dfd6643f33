"""A finger on a page in Chromium: it taps and drags, and the browser turns that into what a page hears."""

from collections.abc import Sequence

from playwright.sync_api import FloatRect, Locator, Page

_NEXT_TAP_MS = 700  # sooner after a lifted finger, the browser takes a tap for the end of the same gesture
_STEPS = 8  # of a drag, as a screen reports a finger on its way


def drag_slider(page: Page, slider: Locator, start: float, end: float) -> None:
    """Put a finger on a slider at a share of its length, move it to another, and lift it."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    shares = (start + (end - start) * step / _STEPS for step in range(_STEPS + 1))
    _move_finger(page, [(box["x"] + box["width"] * share, y) for share in shares])


def draw_with_finger(page: Page, box: FloatRect) -> None:
    """Draw a zigzag within a box, as somebody signs."""
    _move_finger(page, [(box["x"] + 20 + 9 * step, box["y"] + 60 + 30 * (-1) ** step) for step in range(20)])


def _move_finger(page: Page, places: Sequence[tuple[float, float]]) -> None:
    """Put a finger on the first place, move it over the others, and lift it from the last."""
    finger = page.context.new_cdp_session(page)
    for kind, place in (("touchStart", places[0]), *(("touchMove", one) for one in places[1:]), ("touchEnd", None)):
        points = [] if place is None else [{"x": place[0], "y": place[1]}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_timeout(_NEXT_TAP_MS)
    finger.detach()


def tap_slider(slider: Locator, share: float) -> None:
    """Tap a slider at a share of its length."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    slider.tap(position={"x": box["width"] * share, "y": box["height"] / 2})
