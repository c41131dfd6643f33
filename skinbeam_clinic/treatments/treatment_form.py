"""What was fired, as the form of a treatment sends it: texts that are read as numbers, each fault at its field."""

import re

from skinbeam.app.clinic.visit import Visit
from skinbeam.errors import InputError
from skinbeam.messages import text
from skinbeam.records.treated import Fired, Ordered, Side
from skinbeam.report.shown import quantity
from skinbeam.schema.names import table

__all__ = ["DOSES", "SETTINGS", "endpoints_of", "fired_sent", "wrong"]

SETTINGS = ("wavelength_nm", "fluence_J_cm2", "energy_mJ", "density_per_cm2", "spot_mm", "pulse_ms")
DOSES = ("fluence_J_cm2", "energy_mJ")
# A comma is read as the decimal sign only where it cannot be a thousands separator.
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6}|,\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,6}", re.ASCII)
_MOST_PAIN = 10


def fired_sent(visit: Visit, ordered: Ordered, signs: tuple[str, ...]) -> Fired:
    """Return what was sent.

    Parameters
    ----------
    signs : the signs of the plan that stop, in English, as the record keeps them.

    Raises
    ------
    InputError : `session-…`, at the field that cannot be read.
    """
    site, side = visit.said("site"), visit.said("side")
    if table("site").get(site, {}).get("use") != "treatment":
        raise wrong("no-place", "site")
    struck = visit.said("struck") == "true"
    endpoint = visit.said("endpoint")
    if endpoint not in endpoints_of(signs):
        raise wrong("no-endpoint", "endpoint")
    settings = {name: value for name in SETTINGS if (value := _number(visit, name)) is not None}
    if not struck and not any(name in settings for name in DOSES if name in ordered.settings):
        raise wrong("dose-missing", next((name for name in DOSES if name in ordered.settings), "fluence_J_cm2"))
    words = signs[int(endpoint.removeprefix("stop."))] if endpoint.startswith("stop.") else ""
    passes, pulses = _whole(visit, "passes"), _whole(visit, "pulses")
    pain = _number(visit, "pain_0_10", most=_MOST_PAIN)
    return Fired(
        site=site,
        side=Side(side) if side in set(Side) else Side.BOTH,
        settings=settings,
        passes=passes,
        pulses=pulses,
        endpoint=endpoint,
        endpoint_words=words,
        pain_0_10=pain,
        words=visit.said("words"),
        reason=visit.said("reason"),
        corrects=visit.said("corrects") or None,
        why=visit.said("why"),
        struck=struck,
    )


def endpoints_of(signs: tuple[str, ...]) -> tuple[str, ...]:
    """Return what can be said to have been seen."""
    return ("seek", *(f"stop.{number}" for number in range(len(signs))), "none", "other")


def wrong(code: str, field: str, **about: str) -> InputError:
    """Return the fault of a field of this form."""
    hint = text(f"clinic-fault.{code}-hint")
    return InputError(f"session-{code}", text(f"clinic-fault.{code}", about), field=field, hint=hint)


def _number(visit: Visit, name: str, most: float | None = None) -> float | None:
    said = visit.said(name)
    if not said:
        return None
    value = float(said.replace(",", ".")) if _NUMBER.fullmatch(said) else None
    if value is None or (most is not None and value > most):
        raise wrong("number-unread", name, name=_title(name))
    return value


def _whole(visit: Visit, name: str) -> int | None:
    said = visit.said(name)
    if not said:
        return None
    if not _WHOLE.fullmatch(said):
        raise wrong("number-unread", name, name=_title(name))
    return int(said)


def _title(name: str) -> str:
    known = {"passes": "passes", "pulses": "pulses", "pain_0_10": "pain-asked"}
    return text(f"clinic-session.{known[name]}") if name in known else quantity(name)[0]
