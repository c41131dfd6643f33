"""A finger on a page in Chromium: it taps and drags, and the browser turns that into what a page hears."""

from playwright.sync_api import Locator, Page

_STEPS = 8  # of a drag, as a screen reports a finger on its way


def drag_slider(page: Page, slider: Locator, start: float, end: float) -> None:
    """Put a finger on a slider at a share of its length, move it to another, and lift it."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, share: float | None = None) -> None:
        points = [] if share is None else [{"x": box["x"] + box["width"] * share, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", start)
    for step in range(1, _STEPS + 1):
        touch("touchMove", start + (end - start) * step / _STEPS)
    touch("touchEnd")
    finger.detach()


def tap_slider(slider: Locator, share: float) -> None:
    """Tap a slider at a share of its length."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    slider.tap(position={"x": box["width"] * share, "y": box["height"] / 2})
