"""Skin: layers, vessels, lesions, and their optics, heat properties and colour. No numerical grids."""

from skinbeam.model.callable_package import make_callable

make_callable(__name__)
