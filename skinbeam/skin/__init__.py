"""What skin is made of: layers, vessels, lesions, their optics, heat and colour. No numerical grids."""
