"""What the records hand out of what is done after consent: frozen, decrypted, without anything of a database."""

import datetime
from dataclasses import dataclass

__all__ = ["Machine"]


@dataclass(frozen=True)
class Machine:
    """A device that stands in the clinic; `device` is its name among the known ones.

    Parameters
    ----------
    retired_at : since when nobody treats with it any more; None while it is in use.
    """

    id: str
    name: str
    device: str
    serial: str
    room: str
    created_at: datetime.datetime
    retired_at: datetime.datetime | None
