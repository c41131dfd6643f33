"""How many cases each figure takes: below that it is unknown, with the reason, and never a number."""

from typing import Final

from skinbeam.estimate import Unknown
from skinbeam.messages import text

__all__ = ["FEWEST", "FEWEST_OF_EACH", "FEWEST_OPERATORS", "LEVEL", "Z95", "too_few"]

# With fewer people one of them moves a share by more than five points, and could be known by it.
FEWEST: Final = 20
# Events, and as many without: below, slopes and curves of a model are not to be trusted (collins2016, snell2021).
FEWEST_OF_EACH: Final = 100
FEWEST_OPERATORS: Final = 10  # of whom a spread beyond chance can be estimated (judgement, said where it is used)
LEVEL: Final = 0.95
Z95: Final = 1.959963984540054


def too_few(have: int, of: str, need: int = FEWEST) -> Unknown:
    """Return the reason why there is no number.

    Parameters
    ----------
    of : id of a message that says what is counted.
    """
    return Unknown(text("learning.too-few", {"have": have, "need": need, "of": text(of)}))
