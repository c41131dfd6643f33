"""Skin: layers, vessels, lesions, and their optics, heat properties and colour. No numerical grids."""
