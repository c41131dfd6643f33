"""Light in layers and in space: exact in depth, or by photon packets."""
