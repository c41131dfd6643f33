"""The quantities in which the device of an option is set, with the steps of the device, for people to change them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from skinbeam.laser.device import Device
from skinbeam.laser.setting_grid import BeamSetting, density_steps, dose_steps, iterate_settings
from skinbeam.model.document import round_significant
from skinbeam.model.errors import InputError, unknown_name_error
from skinbeam.model.estimate import Estimate
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import Option
from skinbeam.report.formatting import capitalise
from skinbeam.text import Formatter, translate
from skinbeam.what_if.asked_setting import ASKED_QUANTITIES, SettingNotOfferedError, planned_quantities
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.pulse_fields import FIELD_UNITS, PULSE_UNITS, field_words, parse_in_field, quantity_of_field
from skinbeam_clinic.pulse_settings import OrderedSettings
from skinbeam_clinic.typed_numbers import number_error, write_number

__all__ = [
    "QuantitySlider",
    "dose_curve",
    "is_simulated",
    "neighbour_settings",
    "not_offered_error",
    "offered_doses",
    "option_sliders",
    "planned_settings",
    "read_quantities",
]

_DIGITS = 9  # of a step, without the rounding error of its unit


@dataclass(frozen=True)
class QuantitySlider:
    """A quantity with the values that the device offers.

    Parameters
    ----------
    name : of the form field, which ends in the unit.
    label, unit : for people.
    planned : its value in the plan.
    steps : its values, ascending, the planned one among them.
    """

    name: str
    label: str
    unit: str
    planned: float
    steps: tuple[float, ...]

    @property
    def planned_text(self) -> str:
        """The planned value, as it would be typed."""
        return write_number(self.planned)

    @property
    def place(self) -> int:
        """The position of the planned value among the steps."""
        return self.steps.index(self.planned)


def is_simulated(option: Option, device: Device | None) -> bool:
    """Return whether other settings of an option can be asked about: of light that the model judges.

    The settings of a train of pulses cannot be asked about.

    Parameters
    ----------
    device : of the option; None where the clinic does not know it.
    """
    setup = option.setup
    return (
        setup is not None
        and device is not None
        and not device.lens_array
        and setup.settings.subpulse_delay_ms is None
        and option.basis != "published"
        and isinstance(option.p_harm, Estimate)
    )


def option_sliders(option: Option, device: Device) -> tuple[QuantitySlider, ...]:
    """Return a slider for each quantity that can be changed on the device of a simulated option."""
    assert option.setup is not None
    quantities = planned_settings(option.setup)
    planned = quantities.numbers()
    dose, *density = offered_doses(device, quantities).items()
    steps: dict[str, Iterable[float]] = dict([dose, *_offered_light(device, planned).items(), *density])
    sliders = (_make_slider(device, name, planned[name], values) for name, values in steps.items())
    return tuple(slider for slider in sliders if len(slider.steps) > 1)


def planned_settings(setup: DeviceSetup) -> OrderedSettings:
    """Return the settings of an option of a plan, in the quantities in which its device is set."""
    return OrderedSettings(**planned_quantities(setup.settings))


def offered_doses(device: Device, quantities: OrderedSettings) -> dict[str, tuple[float, ...]]:
    """Return the doses, and for microbeams the densities, that a device offers with the pulse and spot of a setting.

    Empty where it does not offer them together.
    """
    asked = quantities.numbers()
    setting = BeamSetting(asked["wavelength_nm"], asked["pulse_ms"], asked["spot_mm"])
    doses = dose_steps(device, setting)
    if not device.microbeam:
        return {"fluence_J_cm2": doses}
    return {"energy_mJ": doses, "density_per_cm2": density_steps(device, setting, asked["energy_mJ"])}


def _offered_light(device: Device, quantities: Mapping[str, float]) -> dict[str, set[float]]:
    """Return the pulses and the spots that a device offers at the wavelength of a setting."""
    light = list(iterate_settings(device, quantities["wavelength_nm"]))
    return {
        "pulse_ms": {candidate.pulse_ms for candidate in light},
        "spot_mm": {candidate.spot_mm for candidate in light},
    }


def neighbour_settings(device: Device, quantities: OrderedSettings) -> tuple[OrderedSettings, ...]:
    """Return a setting with the pulse, then the spot, one step of its device below and above."""
    found, asked = [], quantities.numbers()
    for name, values in _offered_light(device, asked).items():
        below = [step for value in values if (step := _rounded(value)) < asked[name]]
        above = [step for value in values if (step := _rounded(value)) > asked[name]]
        found += [replace(quantities, **{name: step}) for step in (*sorted(below)[-1:], *sorted(above)[:1])]
    return tuple(found)


def dose_curve(device: Device, quantities: OrderedSettings) -> tuple[OrderedSettings, ...]:
    """Return a setting at every dose that the device offers with its pulse and spot.

    First come the ends, then the middle, then the middles of both halves: what holds at two doses tells much of those
    between.
    """
    offered = offered_doses(device, quantities)
    name = next(iter(offered))
    doses = [_rounded(dose) for dose in offered[name]]
    order = {0: None, len(doses) - 1: None} if doses else {}
    step = len(doses)
    while step > 1:
        step = (step + 1) // 2
        order |= dict.fromkeys(range(0, len(doses), step))
    return tuple(replace(quantities, **{name: doses[place]}) for place in order)


def _make_slider(device: Device, name: str, planned: float, values: Iterable[float]) -> QuantitySlider:
    values = {*values, planned}
    name = _field_of(device, name, max(values))
    _, size = FIELD_UNITS.get(name, ("", 1.0))
    words, unit = field_words(name)
    steps = sorted({_rounded(value / size) for value in values})
    return QuantitySlider(name, capitalise(words), unit, _rounded(planned / size), tuple(steps))


def _field_of(device: Device, quantity: str, largest: float) -> str:
    """Return the field in which a quantity of a device is typed.

    Parameters
    ----------
    largest : of its values, by which the unit of a pulse is chosen.
    """
    if quantity == "pulse_ms":
        return next((name for name, (_, size_ms) in PULSE_UNITS.items() if largest < 1000 * size_ms), quantity)
    return "diameter_um" if quantity == "spot_mm" and device.microbeam else quantity


def _rounded(value: float) -> float:
    return round_significant(value, _DIGITS)


def read_quantities(fields: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Return the quantities of a question's fields.

    Raises
    ------
    InputError : an unknown quantity, or a value that is no number above 0.
    """
    quantities = {}
    for name, text in fields:
        quantity = quantity_of_field(name)
        if quantity not in ASKED_QUANTITIES:
            raise unknown_name_error("quantity", name, ASKED_QUANTITIES, field=name)
        words = capitalise(field_words(name)[0])
        value = parse_in_field(text, name)
        if value is None:
            raise number_error(text, name, words)
        if value <= 0.0:
            raise clinic_error("settings-number", name, quantity=words, value=text.strip())
        quantities[quantity] = _rounded(value)
    return quantities


def not_offered_error(device: Device, error: SettingNotOfferedError) -> InputError:
    """Return the error of a value that a device cannot have, in the words of the page."""
    return clinic_error(
        "settings-not-offered",
        error.quantity,
        device=translate(device.title),
        quantity=field_words(_field_of(device, error.quantity, 0.0))[0],
        value=_quantity_text(device, error.quantity, error.read),
        hint={"nearest": _quantity_text(device, error.quantity, error.nearest)},
    )


def _quantity_text(device: Device, quantity: str, value: float) -> str:
    """Return a value with its unit."""
    name = _field_of(device, quantity, value)
    _, size = FIELD_UNITS.get(name, ("", 1.0))
    return f"{Formatter().number(_rounded(value / size))} {field_words(name)[1]}".rstrip()
