"""The time zone in which a clinic's clocks stand: on its pages, and in the dates and times of its tables."""

import datetime
from zoneinfo import ZoneInfo, available_timezones

from skinbeam.model.errors import unknown_name_error

__all__ = ["parse_time_zone"]


def parse_time_zone(name: str | None) -> datetime.tzinfo | None:
    """Return the time zone of a name; None, which is that of this machine, without one.

    Raises
    ------
    InputError : there is no such zone.
    """
    if name is None:
        return None
    if name not in (known := available_timezones()):
        raise unknown_name_error("time-zone", name, known, field="--time-zone")
    return ZoneInfo(name)
