"""Laser devices, the beam and cooling of a case, and the settings to try on a device. This package uses no arrays."""
