"""Random layers of the optical thickness of skin, for engines that must agree on any of them."""

import numpy as np

from skinbeam.simulate.light.medium import LayeredMedium


def random_medium(
    rng: np.random.Generator,
    *,
    mua: tuple[float, float] = (0, 4),
    mus: tuple[float, float] = (2, 4.7),
    g: float = 0.97,
    thickness: tuple[float, float] = (-5, -3),
    clear: bool = False,
) -> LayeredMedium:
    """One to four layers, any peak of scattering up to `g`, any step of the index; ranges are decimal logarithms, SI.

    With `clear` half of the layers do not absorb.
    """
    layers = int(rng.integers(1, 5))
    thick = 10.0 ** rng.uniform(*thickness, layers)
    absorbs = rng.integers(0, 2, layers) if clear else np.ones(layers)
    return LayeredMedium(
        mua_per_m=list(10.0 ** rng.uniform(*mua, layers) * absorbs),
        mus_per_m=list(10.0 ** rng.uniform(*mus, layers)),
        g=list(rng.uniform(-0.5, g, layers)),
        n=list(rng.choice([1.0, 1.33, 1.4, 1.5], layers)),
        thickness_m=list(thick),
        ambient_n=float(rng.choice([1.0, 1.33])),
        below_n=float(rng.choice([1.0, 1.4])),
    )
