"""Numerical tools shared by all kernels: array checks, memory layout, time stepping, interpolation and caching."""
