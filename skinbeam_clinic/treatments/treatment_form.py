"""Parse the fired pulses from the form of a treatment; each error names its field."""

from typing import TypeVar

from skinbeam.model.errors import InputError
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.report.formatting import quantity_label
from skinbeam.text import render_message
from skinbeam_clinic.consultations.forms import parse_decimal
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.pulse_settings import DOSES, SETTINGS, PulseSettings
from skinbeam_clinic.treatments.models import AreaFiring, BodySide, TreatmentOrder
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["parse_firing"]

NumberType = TypeVar("NumberType", int, float)

_LARGEST_NUMBER = 999_999  # of any setting, and of passes and pulses
_MOST_PAIN = 10


def parse_firing(request: ClinicRequest, order: TreatmentOrder, signs: tuple[str, ...]) -> AreaFiring:
    """Return what was sent.

    Parameters
    ----------
    signs : the plan's signs to stop at, in English, as they are stored.

    Raises
    ------
    InputError : `session-…`, with the field that cannot be read.
    """
    site, side = request.text("site"), request.text("side")
    if vocabulary_table("site").get(site, {}).get("use") != "treatment":
        raise _form_error("no-place", "site")
    struck = request.text("struck") == "true"
    endpoint = request.text("endpoint")
    if endpoint not in _list_endpoints(signs):
        raise _form_error("no-endpoint", "endpoint")
    settings = PulseSettings(**{name: _parse_number(request, name) for name in SETTINGS})
    doses = [name for name in DOSES if name in order.settings.numbers()]
    if not struck and not settings.numbers().keys() & set(doses):
        raise _form_error("dose-missing", next(iter(doses), "fluence_J_cm2"))
    words = signs[int(endpoint.removeprefix("stop."))] if endpoint.startswith("stop.") else ""
    passes, pulses = _parse_whole_number(request, "passes"), _parse_whole_number(request, "pulses")
    pain = _parse_number(request, "pain_0_10", maximum=_MOST_PAIN)
    return AreaFiring(
        site=site,
        side=BodySide(side) if side in set(BodySide) else BodySide.BOTH,
        settings=settings,
        passes=passes,
        pulses=pulses,
        endpoint=endpoint,
        endpoint_words=words,
        pain_0_10=pain,
        words=request.text("words"),
        reason=request.text("reason"),
        corrects=request.text("corrects") or None,
        why=request.text("why"),
        struck=struck,
    )


def _list_endpoints(signs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the valid values of the field `endpoint`."""
    return ("seek", *(f"stop.{number}" for number in range(len(signs))), "none", "other")


def _form_error(code: str, field: str, **about: str) -> InputError:
    """Return the error of a field of this form."""
    return catalogue_error(f"session-{code}", f"clinic-fault.{code}", field, **about)


def _parse_number(request: ClinicRequest, name: str, maximum: float = _LARGEST_NUMBER) -> float | None:
    return _check_range(request, name, parse_decimal(request.text(name)), maximum)


def _parse_whole_number(request: ClinicRequest, name: str) -> int | None:
    return _check_range(request, name, request.whole_number(name), _LARGEST_NUMBER)


def _check_range(request: ClinicRequest, name: str, number: NumberType | None, maximum: float) -> NumberType | None:
    """Return the number of a field; None where the field was left empty.

    Raises
    ------
    InputError : `session-number-unread`: it is no number, or not from 0 to the maximum.
    """
    if request.text(name) and (number is None or not 0 <= number <= maximum):
        raise _form_error("number-unread", name, name=_field_title(name))
    return number


def _field_title(name: str) -> str:
    known = {"passes": "passes", "pulses": "pulses", "pain_0_10": "pain-asked"}
    return render_message(f"clinic-session.{known[name]}") if name in known else quantity_label(name)[0]
