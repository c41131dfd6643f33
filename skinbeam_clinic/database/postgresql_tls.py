"""Connect to PostgreSQL on another machine by TLS, with the server's certificate checked, unless the address differs.

Left to itself, libpq asks for encryption and goes on without it where the server, or whoever sits between, refuses
(`sslmode=prefer`: https://www.postgresql.org/docs/current/libpq-ssl.html).
"""

import ipaddress
import os

from sqlalchemy import URL

from skinbeam_clinic.errors import clinic_error

__all__ = ["require_tls"]

_CHECKED = "verify-full"  # encrypted, by a certificate of a trusted authority, for this very host name
_FALLING_BACK = ("allow", "prefer")  # these go on unencrypted in silence
_SYSTEM_AUTHORITIES = "system"


def require_tls(url: URL) -> URL:
    """Return the URL of a PostgreSQL database with the mode of TLS that it is used with.

    To a server on this machine it is unchanged. `disable`, `require` and `verify-ca` are taken as they are written:
    whoever writes them knows what lies between the two machines.

    Raises
    ------
    InputError : `bad-tls`: a mode that goes on without encryption in silence, or more than one mode.
    """
    if all(map(_is_this_machine, _hosts(url))):
        return url
    mode = url.query.get("sslmode") or os.environ.get("PGSSLMODE")
    if mode in _FALLING_BACK or isinstance(mode, tuple):
        raise clinic_error("bad-tls", "--db", mode=mode if isinstance(mode, str) else ",".join(mode))
    if mode is not None:
        return url
    chosen = {"sslmode": _CHECKED}
    if "sslrootcert" not in url.query and "PGSSLROOTCERT" not in os.environ:
        chosen["sslrootcert"] = _SYSTEM_AUTHORITIES
    return url.update_query_dict(chosen)


def _hosts(url: URL) -> list[str]:
    """Return the hosts that libpq connects to: those of the URL, else of the environment, else of this machine.

    An address stands before a name, wherever either is written. A service may name any host.
    """
    service = url.query.get("service") or os.environ.get("PGSERVICE")
    address = url.query.get("hostaddr") or os.environ.get("PGHOSTADDR")
    elsewhere = f"service {service}" if service else ""
    named = address or url.query.get("host") or url.host or elsewhere or os.environ.get("PGHOST", "")
    return ",".join([named] if isinstance(named, str) else named).split(",")


def _is_this_machine(host: str) -> bool:
    if not host or host[0] in "/@" or host == "localhost":  # a socket, in a folder or in the kernel's own names
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
