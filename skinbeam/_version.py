"""Version and release date, in a module of their own so that packaging reads them without importing anything else."""

__version__ = "0.2.0"
__date__ = "2026-11-20"
