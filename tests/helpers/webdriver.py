"""Firefox and WebKitGTK by the W3C's WebDriver, without a library: what a tutorial needs of a browser.

Firefox takes the commands by its own Marionette, one JSON list at a time over a socket (no geckodriver is needed);
WebKitGTK's driver takes them by HTTP.
"""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["DRIVERS", "WebDriver", "firefox"]

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that the standard gives a reference
_START_S, _COMMAND_S = 90.0, 120.0
# Without it WebKitGTK clicks beside an element, or finds a field that it is to clear not interactable.
# An option of a closed list has no place of its own, so that WebKit would scroll to nothing.
_TO_MIDDLE = """
const shown = arguments[0].closest('select') ?? arguments[0];
shown.scrollIntoView({block: 'center', behavior: 'instant'});
"""
_DESK = {"width": 1280, "height": 900}
# A window without the bar of addresses, which holds WebKitGTK's windows wider than a telephone. A script that nobody
# clicked opens none.
_BARE_WINDOW = """const button = document.createElement('button');
button.textContent = 'open';
button.addEventListener('click', () => window.open('about:blank', '_blank', 'popup,toolbar=no,location=no'));
document.body.append(button);
return button;"""
_MINI_BROWSERS = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))

Send = Callable[[str, str, dict[str, Any]], Any]  # name of Marionette, path of WebDriver, parameters → value


class WebDriver:
    """A browser with one page.

    Parameters
    ----------
    send : sends a command and returns its value.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    def go(self, address: str) -> None:
        """Open an address."""
        self._send("WebDriver:Navigate", "url", {"url": address})

    def resize(self, width: int, height: int) -> None:
        """Give the window a size in pixels."""
        self._send("WebDriver:SetWindowRect", "window/rect", {"width": width, "height": height})

    def zoom(self, factor: float) -> None:
        """Enlarge the page in Firefox, whose window is never narrower than 500 pixels: the page has fewer of them."""
        self._send("Marionette:SetContext", "", {"value": "chrome"})
        self.run("gBrowser.selectedBrowser.fullZoom = arguments[0]", factor)
        self._send("Marionette:SetContext", "", {"value": "content"})

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script in the page returns; an element is given as its reference."""
        return self._send("WebDriver:ExecuteScript", "execute/sync", {"script": script, "args": list(arguments)})

    def click(self, element: Any) -> None:
        """Click an element as a person does, which fails where something lies over it."""
        self.run(_TO_MIDDLE, element)
        id = element[_ELEMENT]
        self._send("WebDriver:ElementClick", f"element/{id}/click", {"id": id})

    def clear(self, element: Any) -> None:
        """Empty a field."""
        self.run(_TO_MIDDLE, element)
        id = element[_ELEMENT]
        self._send("WebDriver:ElementClear", f"element/{id}/clear", {"id": id})

    def type(self, element: Any, text: str) -> None:
        """Type into a field, or choose a file for it."""
        id = element[_ELEMENT]
        self._send("WebDriver:ElementSendKeys", f"element/{id}/value", {"id": id, "text": text})

    def point(self, element: Any, kind: str, *shares: float) -> None:
        """Press a mouse or put a finger on an element at a share of its width, move it to the others, and let go."""
        box = self.run(
            "const b = arguments[0].getBoundingClientRect(); return [b.x, b.width, b.y + b.height / 2]", element
        )
        moves = [
            {"type": "pointerMove", "duration": 100, "x": round(box[0] + share * box[1]), "y": round(box[2])}
            for share in shares
        ]
        steps = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        pointer = {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": steps}
        self._send("WebDriver:PerformActions", "actions", {"actions": [pointer]})

    def draw(self, element: Any) -> None:
        """Draw a zigzag with a mouse on an element, as somebody signs."""
        self.run(_TO_MIDDLE, element)
        left, top = self.run("const b = arguments[0].getBoundingClientRect(); return [b.x, b.y]", element)
        places = [(20 + 9 * step, 60 + (30 * (-1) ** step if step else 0)) for step in range(20)]
        moves = [{"type": "pointerMove", "duration": 20, "x": round(left + x), "y": round(top + y)} for x, y in places]
        steps = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}
        self._send("WebDriver:PerformActions", "actions", {"actions": [pointer]})

    def save_picture(self, file: Path) -> None:
        """Store a picture of what is seen of the page."""
        picture = self._send("WebDriver:TakeScreenshot", "GET screenshot", {"full": True})
        file.write_bytes(base64.b64decode(picture))

    def name_and_role(self, element: Any) -> tuple[str, str]:
        """Return what a screen reader is told of an element, by the browser's own accessibility tree."""
        id = element[_ELEMENT]
        name = self._send("WebDriver:GetComputedLabel", f"GET element/{id}/computedlabel", {"id": id})
        return name, self._send("WebDriver:GetComputedRole", f"GET element/{id}/computedrole", {"id": id})

    def forget_cookies(self) -> None:
        """Delete all cookies of the page."""
        self._send("WebDriver:DeleteAllCookies", "DELETE cookie", {})


@contextlib.contextmanager
def firefox() -> Iterator[WebDriver]:
    """Yield Firefox."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("Firefox is missing: sudo apt-get install -y firefox-esr")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, contextlib.ExitStack() as ended:
        words = [program, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
        words += ["--profile", profile]
        port = _free_port()  # of its own, since two workers may each drive a Firefox
        Path(profile, "user.js").write_text(f'user_pref("marionette.port", {port});\n', encoding="utf-8")
        browser = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            line = ended.enter_context(_connect(port))
            line.settimeout(_COMMAND_S)
            stream = ended.enter_context(line.makefile("rb"))
            _read_message(stream)  # what it is
            numbers = iter(range(10**9))

            def send(name: str, _: str, parameters: dict[str, Any]) -> Any:
                written = json.dumps([0, next(numbers), name, parameters]).encode()
                line.sendall(b"%d:" % len(written) + written)
                _, _, error, result = _read_message(stream)
                assert error is None, f"{name}: {error}"
                return result.get("value") if isinstance(result, dict) else result

            send("WebDriver:NewSession", "", {"capabilities": {"alwaysMatch": {}}})
            send("WebDriver:SetWindowRect", "", dict(_DESK))
            yield WebDriver(send)
        finally:
            browser.kill()
            browser.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _connect(port: int) -> socket.socket:
    until = time.monotonic() + _START_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            assert time.monotonic() < until, "the browser did not start"
            time.sleep(0.5)


def _read_message(stream: Any) -> Any:
    length = b""
    while (sign := stream.read(1)) != b":":
        assert sign, "the browser has ended"
        length += sign
    return json.loads(stream.read(int(length)))


@contextlib.contextmanager
def _webkit() -> Iterator[WebDriver]:
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    if driver is None or screen is None:
        pytest.skip("WebKitGTK's driver or a screen is missing: sudo apt-get install -y webkit2gtk-driver xvfb")
    with contextlib.ExitStack() as stack:
        reading, writing = os.pipe()
        shown = subprocess.Popen(
            [screen, "-displayfd", str(writing), "-screen", "0", "1280x900x24"],
            pass_fds=(writing,),
            stderr=subprocess.DEVNULL,
        )
        stack.callback(shown.wait)
        stack.callback(shown.kill)
        display = os.read(reading, 10).decode().strip()
        port = _free_port()
        environment = os.environ | {"DISPLAY": f":{display}", "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        environment |= {"LIBGL_ALWAYS_SOFTWARE": "1", "NO_AT_BRIDGE": "1"}
        stack.callback(os.close, reading)
        stack.callback(os.close, writing)
        server = subprocess.Popen([driver, f"--port={port}"], env=environment, stderr=subprocess.DEVNULL)
        stack.callback(server.wait)
        stack.callback(server.kill)
        _connect(port).close()
        options = {"binary": str(_MINI_BROWSERS[-1]), "args": ["--automation"]}
        begun = _post(port, "session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}})
        session = f"session/{begun['sessionId']}"

        def send(_: str, path: str, parameters: dict[str, Any]) -> Any:
            method, _, place = path.rpartition(" ")
            return _post(port, f"{session}/{place}", parameters, method or "POST")

        stack.callback(lambda: _post(port, session, {}, "DELETE"))
        driver = WebDriver(send)
        first = send("", "GET window", {})
        driver.click(driver.run(_BARE_WINDOW))
        (bare,) = (one for one in send("", "GET window/handles", {}) if one != first)
        send("", "window", {"handle": bare})
        send("", "window/rect", dict(_DESK))
        yield driver


def _post(port: int, path: str, parameters: dict[str, Any], method: str = "POST") -> Any:
    body = None if method in ("DELETE", "GET") else json.dumps(parameters).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", body, method=method)
    asked.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(asked, timeout=_COMMAND_S) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{path}: {error.read().decode()[:500]}") from None


DRIVERS = {"firefox": firefox, "webkit": _webkit}
