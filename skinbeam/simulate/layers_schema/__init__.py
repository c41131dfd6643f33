"""The layers file of `skinbeam light`: layers, inclusions, voxels and beam, checked."""
