"""The settings of a device as a short text with units."""

from skinbeam.laser.beam import coverage_pct
from skinbeam.laser.device import describe_light, describe_pulse, describe_window, names_light
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup
from skinbeam.text import Formatter, render_message

__all__ = ["describe_settings", "describe_settings_after_title", "describe_settings_without_light", "describe_train"]


def describe_train(settings: DeviceSetting) -> str:
    """Return the train of pulses that is set on a device in words; empty where a single pulse is set."""
    if settings.subpulse_delay_ms is None or settings.subpulses is None or settings.subpulse_ms is None:
        return ""
    return render_message(
        "setting.pulses",
        {
            "number": settings.subpulses[0],
            "length": describe_pulse(settings.subpulse_ms[0]),
            "delay": describe_pulse(settings.subpulse_delay_ms),
        },
    )


def describe_settings(settings: DeviceSetting, *, lamp: bool = False) -> str:
    """Return settings as a short text with units, the light first, because a device may have several.

    Parameters
    ----------
    lamp : whether it is a filtered lamp, whose wavelength is the cut-off of its filter.
    """
    return f"{describe_light(settings.wavelength_nm, lamp=lamp)}, {describe_settings_without_light(settings)}"


def describe_settings_after_title(setup: DeviceSetup) -> str:
    """Return the settings of a device as a text that follows its title: with the light, unless the title names it."""
    if names_light(setup.device_title, setup.settings.wavelength_nm, lamp=setup.lamp):
        return describe_settings_without_light(setup.settings)
    return describe_settings(setup.settings, lamp=setup.lamp)


def describe_settings_without_light(settings: DeviceSetting) -> str:
    """Return settings as a short text with units, for a place where the light is named already."""
    write = Formatter().number
    parts = []
    if settings.columns is not None:
        beam = settings.columns
        parts += [
            render_message("setting.microbeam", {"energy": beam.energy_mJ, "diameter": beam.diameter_um}),
            render_message("setting.density", {"number": beam.density_per_cm2}),
            render_message(
                "setting.coverage", {"share": write(coverage_pct(beam.diameter_um, beam.density_per_cm2), digits=2)}
            ),
        ]
    if settings.fluence_J_cm2 is not None:
        parts.append(f"{write(settings.fluence_J_cm2)} J/cm²")
    if settings.footprint_mm is not None:
        parts.append(describe_window(settings.footprint_mm))
    elif settings.spot_mm is not None:
        parts.append(render_message("setting.spot", {"diameter": settings.spot_mm}))
    parts.append(
        describe_train(settings) or render_message("setting.pulse", {"length": describe_pulse(settings.pulse_ms)})
    )
    if settings.passes is not None:
        parts.append(
            render_message("setting.one-pass")
            if settings.passes == 1
            else render_message("setting.passes", {"number": settings.passes})
        )
    if settings.compression is not None:
        parts.append(render_message("setting.compression"))
    if settings.cooling is not None:
        parts.append(render_message("setting.cooling", {"kind": settings.cooling.kind}))
    return ", ".join(parts)
