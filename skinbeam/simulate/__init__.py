"""Simulation of one laser pulse on many sampled skins: light, heat, damage, endpoints and threshold doses."""

from skinbeam.model.callable_package import make_callable

make_callable(__name__)
