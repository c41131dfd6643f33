"""How a clinic is reached from outside, and how it is called when a diary needs to be read: from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from skinbeam.errors import InputError
from skinbeam.messages import text

__all__ = ["ADDRESS", "MAIL", "PHONE", "RECEIVERS", "SENDER", "Mail", "Outside", "outside_of"]

ADDRESS, PHONE = "SKINBEAM_ADDRESS", "SKINBEAM_PHONE"
MAIL, SENDER, RECEIVERS = "SKINBEAM_SMTP", "SKINBEAM_ALARM_FROM", "SKINBEAM_ALARM_TO"
_PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}


@dataclass(frozen=True)
class Mail:
    """A server that takes mail, and who writes to whom.

    Parameters
    ----------
    kind : smtps (encrypted), smtp+starttls (encrypted once it is asked) or smtp (not: on this machine alone).
    """

    kind: str
    host: str
    port: int
    user: str
    password: str
    sender: str
    receivers: tuple[str, ...]


@dataclass(frozen=True)
class Outside:
    """What is known of the world outside.

    Parameters
    ----------
    address : under which patients reach the app, such as https://laser.clinic.example; empty: as it was asked.
    phone : of the clinic, for who holds a link that opens nothing, or a plan that names none.
    mail : None where nobody is called outside.
    """

    address: str = ""
    phone: str = ""
    mail: Mail | None = None


def outside_of(environment: Mapping[str, str]) -> Outside:
    """Return what the environment says.

    Raises
    ------
    InputError : `bad-outside`, with the variable.
    """
    address = environment.get(ADDRESS, "").strip().rstrip("/")
    if address and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc):
        raise _bad(ADDRESS)
    return Outside(address, environment.get(PHONE, "").strip(), _mail(environment))


def _mail(environment: Mapping[str, str]) -> Mail | None:
    written = environment.get(MAIL, "").strip()
    if not written:
        return None
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:
        raise _bad(MAIL) from None
    if url.scheme not in _PORTS or not url.hostname:
        raise _bad(MAIL)
    receivers = tuple(one.strip() for one in environment.get(RECEIVERS, "").split(",") if one.strip())
    for name, given in ((SENDER, (environment.get(SENDER, "").strip(),)), (RECEIVERS, receivers)):
        if not given or not all("@" in parseaddr(one)[1] and one.isprintable() for one in given):
            raise _bad(name)
    return Mail(
        kind=url.scheme,
        host=url.hostname,
        port=port or _PORTS[url.scheme],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        sender=environment[SENDER].strip(),
        receivers=receivers,
    )


def _bad(variable: str) -> InputError:
    return InputError(
        "bad-outside", text("diary-outside.bad"), field=variable, hint=text(f"diary-outside.{variable.lower()}")
    )
