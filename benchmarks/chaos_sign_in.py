"""How the clinicians of `chaos.py` sign in to a clinic that requires a second factor: first with a password that an
owner set, which they replace, and an authenticator app, which they set up; then with their own password and its codes.

An answer that is lost says nothing. So they try both passwords until they were told that theirs is kept, and the app
has the key that it read last, whether it was stored or not.
"""

import datetime
import http.client
import re
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field

import pyotp

__all__ = ["AccountHolder", "Answer"]

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ADDRESS = re.compile(rb'name="address" value="([^"]+)"')
_LOOK_S = 0.1  # at the telephone

Answer = tuple[int, http.client.HTTPMessage, bytes]


@dataclass
class AccountHolder:
    """A clinician with a password and a telephone.

    Parameters
    ----------
    ask : method, path, body and headers of a request.
    now : what the telephone's clock shows.
    given, own : the password that an owner set, and the one that they choose.
    kept : what they were told is kept: their password, their codes.
    undone : what they were told is kept, and were asked for again.
    """

    ask: Callable[[str, str, bytes | None, dict[str, str]], Answer]
    now: Callable[[], datetime.datetime]
    house: str
    name: str
    given: str
    own: str
    kept: set[str] = field(default_factory=set)
    undone: list[str] = field(default_factory=list)
    _cookies: dict[str, str] = field(default_factory=dict)
    _own_is_sent: bool = False
    _key: str = ""
    _last_code: str = ""

    @property
    def cookie(self) -> str:
        """The header by which their browser is known."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def sign_in(self) -> bool:
        """Do what the app asks for, from the password on; return whether it let them in."""
        known = [self.own] if "password" in self.kept else [self.own, self.given] if self._own_is_sent else [self.given]
        for password in known:
            status, place, _ = self._send("/sign-in", house=self.house, name=self.name, password=password)
            if status == 303:
                break
            if status == 422 and password == self.own:  # so it was not kept: no more wrong passwords, which lock
                self._own_is_sent = False
        while status == 303 and place != "/":
            if place == "/sign-in/code":
                status, place, _ = self._send("/sign-in/code", code=self._next_code())
            elif place == "/account":
                return self._complete_account(password)
            else:
                return False
        return status == 303

    def _complete_account(self, password: str) -> bool:
        """Choose a password, after which they sign in again, or set up codes."""
        status, _, page = self.ask("GET", "/account", None, {"Cookie": self.cookie})
        if status != 200:
            return False
        found = _ADDRESS.search(page)
        self.undone += {"password" if found is None else "codes"} & self.kept
        if found is None:
            self._own_is_sent = True
            if self._send("/account/password", old=password, new=self.own)[0] == 303:
                self.kept.add("password")
            return False
        address = found[1].decode().replace("&amp;", "&")
        self._key, self._last_code = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["secret"][0], ""
        sent = {"address": address, "code": self._next_code(), "password": password}
        if self._send("/account/codes", **sent)[0] != 200:
            return False
        self.kept.add("codes")
        return True

    def _next_code(self) -> str:
        """Return a code that was not sent before, as soon as the telephone shows one: each is taken once."""
        while (code := pyotp.TOTP(self._key).at(self.now())) == self._last_code:
            time.sleep(_LOOK_S)
        self._last_code = code
        return code

    def _send(self, path: str, **fields: str) -> tuple[int, str, bytes]:
        """Send a form; return the status, where it leads and the page, and keep the cookies."""
        body = urllib.parse.urlencode(fields).encode()
        status, headers, content = self.ask("POST", path, body, _FORM | {"Cookie": self.cookie})
        for given in headers.get_all("Set-Cookie") or []:
            name, _, value = given.partition(";")[0].partition("=")
            self._cookies[name] = value
        return status, headers.get("location", ""), content
