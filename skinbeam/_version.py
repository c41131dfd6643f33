"""The version and the day of its release, alone, so that packaging reads them without importing anything."""

__version__ = "0.2.0"
__date__ = "2026-11-20"
