"""Parse the fired pulses and the cooling from the form of a treatment; each error names its field."""

from typing import TypeVar

from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.report.formatting import quantity_label
from skinbeam.text import render_message
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.pulse_fields import quantity_of_field, read_setting, typed_field
from skinbeam_clinic.pulse_settings import DOSES, SETTINGS, PulseSettings
from skinbeam_clinic.treatments.models import AreaFiring, BodySide, TreatmentOrder
from skinbeam_clinic.typed_numbers import read_number, read_whole_number, write_number
from skinbeam_clinic.used_cooling import COOLING_SETTINGS, CoolingKind, UsedCooling
from skinbeam_clinic.web.request import ClinicRequest

__all__ = [
    "COOLING_FIELDS",
    "FURTHER_COOLING",
    "NO_COOLING_FIELDS",
    "cooling_fields",
    "parse_asked_cooling",
    "parse_cooling",
    "parse_firing",
]

NumberType = TypeVar("NumberType", int, float)

_LARGEST_NUMBER = 999_999  # of any setting, and of passes and pulses
_MOST_PAIN = 10
FURTHER_COOLING: dict[CoolingKind, str] = {
    kind: f"cooling_also_{kind}" for kind in CoolingKind if kind is not CoolingKind.NONE
}  # → field
COOLING_FIELDS = {name: f"cooling_{name}" for name in ("kind", *COOLING_SETTINGS)}  # setting → field of the form
NO_COOLING_FIELDS = dict.fromkeys([*COOLING_FIELDS.values(), *FURTHER_COOLING.values()], "")


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
    settings = _parse_settings(request)
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
        cooling=None if struck else parse_cooling(request, order.cooling),
    )


def parse_asked_cooling(request: ClinicRequest, order: TreatmentOrder) -> AreaFiring:
    """Return settings and cooling that are asked about, as a row that is never stored.

    Raises
    ------
    InputError : `session-…`, with the field that cannot be read.
    """
    return AreaFiring(
        site=order.site,
        settings=_parse_settings(request),
        passes=_parse_whole_number(request, "passes"),
        endpoint="none",
        cooling=parse_cooling(request, order.cooling),
    )


def parse_cooling(request: ClinicRequest, planned: UsedCooling | None) -> UsedCooling | None:
    """Return the cooling that was sent; None where it is not recorded.

    The form is filled with the planned settings. One that still reads so beside another kind is of the planned kind,
    and belongs to no cooling that was used.

    Raises
    ------
    InputError : `session-…`, with the field that cannot be read.
    """
    name = request.text(COOLING_FIELDS["kind"])
    also = tuple(kind for kind, field in FURTHER_COOLING.items() if request.text(field) and kind != name)
    if name not in {"", *CoolingKind}:
        raise _form_error("no-cooling", COOLING_FIELDS["kind"])
    if also and name in ("", CoolingKind.NONE):
        raise _form_error("cooling-beside-none", COOLING_FIELDS["kind"])
    if not name:
        return None
    kind = CoolingKind(name)
    if kind is CoolingKind.NONE:
        return UsedCooling(kind=kind)
    sent = {setting: _parse_cooling_setting(request, setting) for setting in COOLING_SETTINGS}
    if planned is not None and planned.kind is not kind:
        ordered = planned.numbers()
        sent = {setting: value for setting, value in sent.items() if value != ordered.get(setting)}
    used = UsedCooling(kind=kind, also=also, **sent)
    _check_cooling(used)
    return used


def cooling_fields(cooling: UsedCooling | None) -> dict[str, str]:
    """Return the fields of a form that is filled with a cooling; a kind that was not used beside it has no field."""
    if cooling is None:
        return {}
    values = {name: write_number(value) for name, value in cooling.numbers().items()} | {"kind": cooling.kind.value}
    beside = {FURTHER_COOLING[kind]: "true" for kind in cooling.also}
    return {COOLING_FIELDS[name]: value for name, value in values.items()} | beside


def _parse_cooling_setting(request: ClinicRequest, setting: str) -> float | None:
    """Return a setting of the cooling; a temperature may be below zero."""
    field = COOLING_FIELDS[setting]
    text = request.text(field)
    return read_number(text, field, render_message(f"clinic-cooling.{setting}"), setting) if text else None


def _check_cooling(used: UsedCooling) -> None:
    """Raise an InputError for a setting that no case file may have."""
    for setting, value in used.numbers().items():
        try:
            parse_record(Case, {"cooling": {"kind": "contact", setting: value}}, file="treatment")
        except InputError:
            name = render_message(f"clinic-cooling.{setting}")
            raise _form_error("cooling-range", COOLING_FIELDS[setting], name=name) from None


def _list_endpoints(signs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the valid values of the field `endpoint`."""
    return ("seek", *(f"stop.{number}" for number in range(len(signs))), "none", "other")


def _form_error(code: str, field: str, **about: str) -> InputError:
    """Return the error of a field of this form."""
    return catalogue_error(f"session-{code}", f"clinic-fault.{code}", field, **about)


def _parse_settings(request: ClinicRequest) -> PulseSettings:
    fields = {name: typed_field(request.text, name) for name in SETTINGS}
    values = {name: _check_range(fields[name], read_setting(request.text, name), _LARGEST_NUMBER) for name in SETTINGS}
    return PulseSettings(**values)


def _parse_number(request: ClinicRequest, name: str, maximum: float = _LARGEST_NUMBER) -> float | None:
    text = request.text(name)
    return _check_range(name, read_number(text, name, _field_title(name)) if text else None, maximum)


def _parse_whole_number(request: ClinicRequest, name: str) -> int | None:
    text = request.text(name)
    number = read_whole_number(text, name, _field_title(name)) if text else None
    return _check_range(name, number, _LARGEST_NUMBER, minimum=1)


def _check_range(name: str, number: NumberType | None, maximum: float, *, minimum: float = 0) -> NumberType | None:
    """Return the number of a field; None where the field was left empty.

    Raises
    ------
    InputError : `session-number-range`.
    """
    if number is not None and not minimum <= number <= maximum:
        bounds = {"low": minimum, "high": maximum}
        raise catalogue_error(
            "session-number-range", "clinic-fault.number-range", name, bounds, name=_field_title(name), read=number
        )
    return number


def _field_title(name: str) -> str:
    known = {"passes": "passes", "pulses": "pulses", "pain_0_10": "pain-asked"}
    return (
        render_message(f"clinic-session.{known[name]}") if name in known else quantity_label(quantity_of_field(name))[0]
    )
