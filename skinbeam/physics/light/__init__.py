"""Light transport in plane layers, exact in depth, and in space by Monte Carlo photon packets."""
