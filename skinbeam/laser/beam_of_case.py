"""The beam of a case: check its settings against the device, and convert energy and power into fluence.

Without a device every setting that the schema allows is accepted.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from skinbeam.laser.beam import Beam, MicrobeamPattern, case_trains, disc_area_cm2, pulse_trains
from skinbeam.laser.device import Device, describe_pulses, describe_sizes, describe_values, load_device
from skinbeam.model.case import Case
from skinbeam.model.device_file import DeviceHead, SpotOutput
from skinbeam.model.errors import InputError
from skinbeam.model.exposure import Laser, PulseTrain, Settings
from skinbeam.model.exposure import Microbeam as MicrobeamTable
from skinbeam.model.units import CM, MJ, MM, MS, NM, UM

__all__ = ["lamp_lines", "resolve_beam"]

_SETTING_SLACK = 1e-6  # relative: settings are read as decimals
_POWER_PULSE_MS = 1.0  # used for a pulse length that is not given, where only the irradiance matters
_LAMP_LINES = 8  # wavelengths that represent the band of a filtered lamp, each with an equal share


def resolve_beam(
    case: Case,
    folder: Path | None = None,
    *,
    device: Device | None = None,
    dose_required: bool = True,
    pulse_required: bool = True,
) -> Beam:
    """Return the beam of a case.

    Parameters
    ----------
    folder : folder of a device file that the case names.
    device : the device of the case, if it has been read; its name is then not looked up.
    dose_required : False when the dose is to be computed: it may then be missing, and is not checked against the
        device.
    pulse_required : False when the time of exposure is to be computed: with a power the pulse may then be missing, and
        the beam has the fluence of `_POWER_PULSE_MS`, from which its irradiance follows.

    Raises
    ------
    InputError : a setting is missing, or the device cannot emit it; names the field, the value that was read and the
        values that the device offers.
    """
    laser, settings = _laser_and_settings(case)
    if device is None and laser.device is not None:
        device = load_device(laser.device, folder)
    wavelength = _resolve_wavelength(laser, device)
    _check_emission(case, device)
    heads = () if device is None else tuple(h for h in device.heads if _nearly_equal(h.wavelength_nm, wavelength))
    pulse = _resolve_pulse(settings, heads, required=pulse_required)
    _check_possible_beam(settings, case.microbeam, wavelength, pulse)
    energy, fluence = _resolve_dose(settings, case.microbeam, pulse, dose_required)
    profile = _resolve_profile(case, device)
    if device is None:
        head = None
    elif case.microbeam is not None:
        head = _microbeam_head(device, heads, case.microbeam, pulse, dose_required)
    else:
        # The default for a missing pulse length is not checked against the device.
        fitting = (
            _heads_with_pulse(device, heads, settings, pulse)
            if settings.length_ms is not None or pulse_required
            else list(heads)
        )
        head = _spot_head(device, fitting, settings, fluence if dose_required else None)
    if device is not None:
        _check_repetition_rate(settings, device)
        device.cite()
    table = case.microbeam
    footprint = settings.footprint_mm or _window_of_spot(head, settings)
    # The default for a missing pulse length has no sub-pulses.
    known = settings.length_ms is not None or pulse_required
    trains = pulse_trains(settings, device, head, pulse, microbeam=table is not None) if known else ()
    return Beam(
        wavelength_nm=wavelength,
        spectrum=_resolve_spectrum(wavelength, head),
        pulse_ms=pulse,
        fluence_J_cm2=fluence,
        energy_J=energy,
        spot_mm=settings.diameter_mm,
        profile=profile,
        pulses=settings.pulses,
        repetition_Hz=settings.repetition_Hz,
        passes=settings.passes,
        pass_interval_s=settings.pass_interval_s,
        overlap_fraction=settings.overlap_fraction,
        pulse_shape="square" if head is None else head.pulse_shape,
        trains=trains,
        trains_from_case=settings.subpulses is not None,
        microbeam=None
        if table is None
        else MicrobeamPattern(table.energy_mJ, table.diameter_um, table.density_per_cm2, profile),
        device=device,
        footprint_mm=None if footprint is None else (footprint[0], footprint[1]),
    )


def _window_of_spot(head: DeviceHead | None, settings: Settings) -> Sequence[float] | None:
    """Return the rectangular window of a head whose disc of equal area the settings give; None for a round spot."""
    spots = () if head is None or settings.spot_mm is None else head.spot
    return next((s.footprint_mm for s in spots if _nearly_equal(s.diameter_mm, settings.spot_mm or 0.0)), None)


def _laser_and_settings(case: Case) -> tuple[Laser, Settings]:
    for name, section in (("laser", case.laser), ("settings", case.settings)):
        if section is None:
            _raise_missing(name, f"A pulse needs [{name}].")
    assert case.laser is not None
    assert case.settings is not None
    return case.laser, case.settings


def _raise_missing(field: str, hint: str) -> NoReturn:
    raise InputError("missing-key", f'"{field.split(".")[-1]}" is missing, nothing was read', field=field, hint=hint)


def _not_offered_error(device: Device, field: str, read: str, hint: str) -> InputError:
    return InputError("cannot-emit", f"{device.name} cannot emit {read}", field=field, hint=hint)


def _nearly_equal(a: float, b: float) -> bool:
    return abs(a - b) <= _SETTING_SLACK * abs(b)


def _resolve_wavelength(laser: Laser, device: Device | None) -> float:
    read: float | None = laser.wavelength_nm
    if device is None:
        assert read is not None  # the schema requires a device or a wavelength
        return read
    known = device.wavelengths_nm
    listed = ", ".join(f"{nm:g}" for nm in known)
    if read is None:
        if len(known) > 1:
            _raise_missing("laser.wavelength_nm", f"{device.name} offers several: {listed} nm.")
        return known[0]
    if not any(_nearly_equal(nm, read) for nm in known):
        raise _not_offered_error(device, "laser.wavelength_nm", f"{read:g} nm", f"This device emits {listed} nm.")
    return read


def _check_emission(case: Case, device: Device | None) -> None:
    if device is None or device.microbeam == (case.microbeam is not None):
        return
    if device.microbeam:
        _raise_missing(
            "microbeam",
            f"{device.name} emits microbeams: give [microbeam] with energy_mJ, diameter_um and density_per_cm2.",
        )
    hint = "This device treats a full field: leave [microbeam] out, give the dose in [settings]."
    raise _not_offered_error(device, "microbeam", "microbeams", hint)


def _resolve_pulse(settings: Settings, heads: Sequence[DeviceHead], *, required: bool) -> float:
    read: float | None = settings.length_ms
    if read is not None:
        return read
    if settings.power_W is not None:
        if required:
            raise InputError(
                "no-pulse",
                "power_W without pulse_ms",
                field="settings.pulse_ms",
                hint="Give pulse_ms: energy is power times pulse length.",
            )
        return _POWER_PULSE_MS
    lengths = {end for head in heads for end in head.pulse_ms.ends}
    if len(lengths) != 1:
        hint = (
            f"This device emits {describe_pulses(h.pulse_ms for h in heads)}."
            if heads
            else "The length of one pulse in ms."
        )
        _raise_missing("settings.pulse_ms", hint)
    return lengths.pop()


def _check_possible_beam(
    settings: Settings, microbeam: MicrobeamTable | None, wavelength_nm: float, pulse_ms: float
) -> None:
    """Reject physically impossible beams: a spot narrower than its wavelength, or a pulse longer than its period."""
    if pulse_ms * MS * settings.repetition_Hz > 1 + _SETTING_SLACK:
        raise InputError(
            "pulses-overlap",
            f"pulses of {pulse_ms:g} ms at {settings.repetition_Hz:g} Hz overlap in time",
            field="settings.repetition_Hz",
            hint=f"With this pulse at most {1 / (pulse_ms * MS):g} Hz.",
        )
    spot_um = None if settings.diameter_mm is None else settings.diameter_mm * MM / UM
    given = {"settings.spot_mm": spot_um, "microbeam.diameter_um": None if microbeam is None else microbeam.diameter_um}
    for field, width_um in given.items():
        if width_um is not None and width_um * UM < wavelength_nm * NM:
            raise InputError(
                "spot-below-wavelength",
                f"a beam {width_um:g} µm wide is narrower than its wavelength of {wavelength_nm:g} nm",
                field=field,
                hint="Light cannot be focused to less than about its wavelength.",
            )


def _resolve_dose(
    settings: Settings, microbeam: MicrobeamTable | None, pulse_ms: float, required: bool
) -> tuple[float | None, float | None]:
    """Return pulse energy in J and fluence in J/cm²; both None with a microbeam."""
    if microbeam is not None:
        if microbeam.energy_mJ is None and required:
            _raise_missing("microbeam.energy_mJ", "The energy of one microbeam in mJ.")
        return None, None
    area = _lit_area_cm2(settings)
    if settings.fluence_J_cm2 is not None:
        return settings.fluence_J_cm2 * area, settings.fluence_J_cm2
    energy = settings.power_W * pulse_ms * MS if settings.power_W is not None else settings.energy_J
    if energy is None:
        if required:
            _raise_missing("settings.fluence_J_cm2", "One of fluence_J_cm2, energy_J, power_W.")
        return None, None
    return energy, energy / area


def _lit_area_cm2(settings: Settings) -> float:
    if settings.footprint_mm is not None:
        width, height = settings.footprint_mm
        return width * height * (MM / CM) ** 2
    if settings.spot_mm is None:
        _raise_missing("settings.spot_mm", "The diameter of the spot in mm; for a Gaussian the 1/e² diameter.")
    return disc_area_cm2(settings.spot_mm)


def _resolve_profile(case: Case, device: Device | None) -> str:
    """Return the profile of the case, else of the device, else the default of the schema."""
    name, table = ("settings", case.settings) if case.microbeam is None else ("microbeam", case.microbeam)
    assert table is not None
    read: str = table.profile
    if device is None or "profile" not in table.model_fields_set:
        return read if device is None else device.profile
    if read != device.profile:
        hint = f'The beam of this device is "{device.profile}".'
        raise _not_offered_error(device, f"{name}.profile", f'a profile "{read}"', hint)
    return read


def _heads_with_pulse(
    device: Device, heads: Sequence[DeviceHead], settings: Settings, pulse: float
) -> list[DeviceHead]:
    trains = case_trains(settings) or ()
    if trains and any(head.train is not None for head in heads):
        return _heads_with_train(device, heads, trains, pulse)
    fitting = [head for head in heads if head.pulse_ms.contains(pulse)]
    if not fitting:
        lengths = describe_pulses(head.pulse_ms for head in heads)
        hint = f"At {heads[0].wavelength_nm:g} nm this device emits {lengths}; pulse_ms is in milliseconds."
        raise _not_offered_error(device, "settings.pulse_ms", f"a pulse of {pulse:g} ms", hint)
    return fitting


def _heads_with_train(
    device: Device, heads: Sequence[DeviceHead], trains: Sequence[PulseTrain], pulse: float
) -> list[DeviceHead]:
    """Return the heads on which the train can be set: number, length of each pulse, and the time between them."""
    fitting = [head for head in heads if all(head.offers_train(train, pulse) for train in trains)]
    if not fitting:
        words = ", ".join(f"{train.number} pulses of {train.length_ms:g} ms in {pulse:g} ms" for train in trains)
        settable = [head.train for head in heads if head.train is not None]
        hint = (
            f"This device makes trains of {describe_values((train.pulses for train in settable), 'pulses')}, each of "
            f"{describe_pulses(head.pulse_ms for head in heads)}, with a delay of "
            f"{describe_values((train.delay_ms for train in settable), 'ms')}."
        )
        raise _not_offered_error(device, "settings.subpulses", words, hint)
    return fitting


def _spot_head(device: Device, heads: Sequence[DeviceHead], settings: Settings, fluence: float | None) -> DeviceHead:
    spot_mm, footprint = settings.diameter_mm, settings.footprint_mm
    assert spot_mm is not None
    read = f"a spot of {spot_mm:g} mm" if footprint is None else f"a window of {footprint[0]:g} by {footprint[1]:g} mm"
    offered = [(head, spot) for head in heads for spot in head.spot]
    sized = [(head, spot) for head, spot in offered if _is_this_spot(spot, settings)]
    if not sized:
        field = "settings.spot_mm" if footprint is None else "settings.footprint_mm"
        hint = f"This device offers {describe_sizes(spot for _, spot in offered)}."
        raise _not_offered_error(device, field, read, hint)
    if fluence is None:
        return sized[0][0]
    dosed = next((head for head, spot in sized if spot.fluence_J_cm2.contains(fluence)), None)
    if dosed is None:
        field = next(name for name in ("fluence_J_cm2", "energy_J", "power_W") if getattr(settings, name) is not None)
        given = "" if field == "fluence_J_cm2" else f" ({getattr(settings, field):g} {field.split('_')[-1]})"
        doses = describe_values((spot.fluence_J_cm2 for _, spot in sized), "J/cm²")
        hint = f"With {read} this device emits {doses}."
        raise _not_offered_error(device, f"settings.{field}", f"{fluence:.4g} J/cm²{given}", hint)
    return dosed


def _is_this_spot(spot: SpotOutput, settings: Settings) -> bool:
    if settings.footprint_mm is None or spot.footprint_mm is None:
        return settings.footprint_mm is None and _nearly_equal(spot.diameter_mm, settings.spot_mm or 0.0)
    return all(map(_nearly_equal, sorted(spot.footprint_mm), sorted(settings.footprint_mm)))


def _microbeam_head(
    device: Device, heads: Sequence[DeviceHead], table: MicrobeamTable, pulse: float, dose_required: bool
) -> DeviceHead:
    tips = [(head, tip) for head in _heads_with_pulse(device, heads, Settings(), pulse) for tip in head.tip]
    diameter = f"{table.diameter_um:g} µm"
    sized = [(head, tip) for head, tip in tips if _nearly_equal(tip.diameter_um, table.diameter_um)]
    if not sized:
        sizes = ", ".join(f"{um:g}" for um in sorted({tip.diameter_um for _, tip in tips}))
        hint = f"This device emits {sizes} µm."
        raise _not_offered_error(device, "microbeam.diameter_um", f"microbeams of {diameter}", hint)
    energy = table.energy_mJ if dose_required else None
    dosed = [(head, tip) for head, tip in sized if energy is None or tip.energy_mJ.contains(energy)]
    if not dosed:
        hint = (
            f"With {diameter} this device emits {describe_values((t.energy_mJ for _, t in sized), 'mJ')} a microbeam."
        )
        raise _not_offered_error(device, "microbeam.energy_mJ", f"{energy:g} mJ a microbeam", hint)
    dense = [(head, tip) for head, tip in dosed if tip.density_per_cm2.contains(table.density_per_cm2)]
    if not dense:
        densities = describe_values((tip.density_per_cm2 for _, tip in dosed), "a square centimetre")
        read = f"{table.density_per_cm2:g} microbeams a square centimetre"
        raise _not_offered_error(device, "microbeam.density_per_cm2", read, f"This device emits {densities} a pass.")
    if energy is None:
        return dense[0][0]
    power_W = energy * MJ / (pulse * MS)
    able = next((head for head, tip in dense if tip.power_W is None or tip.power_W.contains(power_W)), None)
    if able is None:
        limits = describe_values((tip.power_W for _, tip in dense if tip.power_W is not None), "W")
        read = f"{energy:g} mJ in {pulse:g} ms, which is {power_W:.4g} W"
        hint = f"Energy over pulse length within {limits}: change pulse_ms or energy_mJ."
        raise _not_offered_error(device, "settings.pulse_ms", read, hint)
    return able


def _check_repetition_rate(settings: Settings, device: Device) -> None:
    if settings.pulses > 1 and not device.file.repetition_Hz.contains(settings.repetition_Hz):
        hint = f"This device repeats at {describe_values([device.file.repetition_Hz], 'Hz')}."
        raise _not_offered_error(device, "settings.repetition_Hz", f"{settings.repetition_Hz:g} Hz", hint)


def _resolve_spectrum(wavelength_nm: float, head: DeviceHead | None) -> tuple[tuple[float, float], ...]:
    if head is None or head.band_nm is None:
        return ((wavelength_nm, 1.0),)
    return lamp_lines(*head.band_nm)


def lamp_lines(low: float, high: float) -> tuple[tuple[float, float], ...]:
    """Return the spectrum of a lamp, (nm, share): lines at the middle of equal parts of its band, nm.

    No opened source gives the spectrum of such a lamp, and it changes with the current: equal energy per nanometre is
    a judgement of this project (source `judgementlamp`).
    """
    return tuple((low + (high - low) * (i + 0.5) / _LAMP_LINES, 1 / _LAMP_LINES) for i in range(_LAMP_LINES))
