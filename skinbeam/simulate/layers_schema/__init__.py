"""Schema and validation of the layers file of `skinbeam light`: layers, inclusions, voxels and beam."""
