"""The consent form as PDF: the same plan, choice and signature give the same bytes."""

from skinbeam.plan.records import ConcernPlan, Option, Plan
from skinbeam.report.consent.context import Signing, Stroke
from skinbeam.report.consent.page import SIGNATURE, consent_page
from skinbeam.report.pdf import laid_out, make_pdf

__all__ = ["make_consent"]

_WIDTH, _HEIGHT = 300, 100


def make_consent(plan: Plan, concern: ConcernPlan, option: Option, signing: Signing | None = None) -> bytes:
    """Return the consent form of an option, signed or to be signed.

    Raises
    ------
    ValueError : no device is used; a stroke leaves its field.
    """
    strokes = signing.strokes if signing else ()
    with laid_out({SIGNATURE: _drawn(strokes).encode()} if strokes else {}) as root:
        return make_pdf("consent", consent_page(plan, concern, option, signing), root)


def _drawn(strokes: tuple[Stroke, ...]) -> str:
    """The signature as SVG, made of numbers alone: nothing that was sent stands in it."""
    if not all(0 <= part <= 1 for stroke in strokes for point in stroke for part in point):
        raise ValueError("a stroke of the signature leaves its field")
    lines = (" ".join(f"{_WIDTH * x:.1f},{_HEIGHT * y:.1f}" for x, y in stroke) for stroke in strokes)
    drawn = "".join(
        f'<polyline points="{line}" fill="none" stroke="#1c2430" stroke-width="2" stroke-linecap="round"/>'
        for line in lines
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">{drawn}</svg>'
