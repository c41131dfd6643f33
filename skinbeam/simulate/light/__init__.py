"""Light in layers, inclusions and voxels: engines, spots of finite width, and the light of pulses in sampled skins."""
