"""Does what a tutorial says by WebDriver, as `tutorial.py` does by Playwright."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telephone import Telephone
from tutorial import FETCH, RIGHT, Follower
from webdriver import WebDriver

from skinbeam_clinic.treatments.checklist import CHECKLIST_ITEMS

__all__ = ["DrivenReader"]

_WAIT_S, _LONG_S = 90.0, 300.0  # of one sentence and of a plan, on a busy machine
# Shown elements of a kind by their name, in the part of the page with a heading or in all of it: whole names first,
# then those that contain it, whatever the case.
_FIND = """
const [kind, name, heading] = arguments;
const clean = text => (text || '').replace(/\\s+/g, ' ').trim();
const shown = found => found && found.getClientRects().length > 0 && getComputedStyle(found).visibility === 'visible';
const within = !heading ? document : [...document.querySelectorAll('section[aria-labelledby]')].find(
  one => clean(document.getElementById(one.getAttribute('aria-labelledby')).textContent) === heading);
if (!within) return null;
let named = [];
const add = (found, text) => { if (shown(found)) named.push([found, clean(text)]); };
if (kind === 'button') within.querySelectorAll('button, input[type=submit]').forEach(
  one => add(one, one.getAttribute('aria-label') || one.textContent || one.value));
if (kind === 'link') within.querySelectorAll('a[href]').forEach(
  one => add(one, one.getAttribute('aria-label') || one.textContent));
if (kind === 'label') {
  within.querySelectorAll('label').forEach(one => add(one.control, one.textContent));
  within.querySelectorAll('input[aria-label], select[aria-label]').forEach(
    one => add(one, one.getAttribute('aria-label')));
}
if (kind === 'summary') within.querySelectorAll('summary').forEach(one => add(one, one.textContent));
if (kind === 'heading') within.querySelectorAll('h1, h2, h3').forEach(one => add(one, one.textContent));
if (kind === 'radio') within.querySelectorAll('input[type=radio]').forEach(one => add(one, name));
if (kind === 'text') within.querySelectorAll('*').forEach(one => {
  if ([...one.childNodes].some(child => child.nodeType === 3 && child.data.trim())) add(one, one.textContent);
});
const wanted = clean(name).toLowerCase();
const whole = named.find(([, text]) => text === clean(name));
const part = named.find(([, text]) => text.toLowerCase().includes(wanted));
return (whole || part || [null])[0];
"""
_DIARY_LINK = "return [...document.querySelectorAll('code')].map(o => o.textContent).find(o => o.includes('/diary/'))"
_BY_ID = "return document.getElementById(arguments[0])"
_CANVAS = "return document.querySelector('canvas')"
# The control with an answer in the first group that asks something, and every control of a group with its words.
_ANSWER = """
const clean = text => text.replace(/\\s+/g, ' ').trim();
const group = [...document.querySelectorAll('fieldset')].find(
  one => one.querySelector('legend') && clean(one.querySelector('legend').textContent).includes(arguments[0]));
const label = group && [...group.querySelectorAll('label')].find(one => clean(one.textContent) === arguments[1]);
return label ? label.control : null;
"""
_ANSWERS = """
return [...document.querySelectorAll('fieldset label')].map(one => [one.control, one.textContent.trim()]);
"""
_SET_TODAY = "arguments[0].valueAsDate = new Date()"  # by a calendar, which each engine draws in its own way
_LEADS_ON = "return arguments[0].tagName === 'A' || arguments[0].type === 'submit'"
_HERE = "document.documentElement.dataset.left = ''"
_STILL_HERE = "return document.documentElement.dataset.left === '' || document.readyState === 'loading'"
_OPTION = "return [...arguments[0].options].find(one => one.textContent.trim() === arguments[1])"


@dataclass
class DrivenReader(Follower):
    """Somebody who follows a tutorial in any browser.

    Parameters
    ----------
    driver : of the browser.
    address, clinic, password, files, command : as of `tutorial.Reader`.
    """

    driver: WebDriver
    address: str
    clinic: str
    password: str
    files: Path
    telephone: Telephone = field(default_factory=Telephone)
    part: str = ""
    command: Callable[[str], object] | None = None

    def sign_in(self, name: str) -> None:
        self.enter(name)
        self._find("heading", "Patients")

    def enter(self, name: str, password: str = "") -> None:
        self.part = ""
        self.driver.go(f"{self.address}/sign-in")
        self.driver.forget_cookies()
        self.driver.go(f"{self.address}/sign-in")
        if self.driver.run(_FIND, "label", "Clinic"):
            self.type(self.clinic, "Clinic")
        self.type(name, "Name")
        self.type(password or self.password, "Password")
        self.press("Sign in")

    def shown_key(self) -> str:
        return str(self.driver.run("return document.querySelector('.key code').textContent"))

    def press(self, name: str) -> None:
        self._leave(self._find("button", name))

    def open(self, name: str) -> None:
        self._leave(self._find("link", name))

    def unfold(self, name: str) -> None:
        self.driver.click(self._find("summary", name))

    def choose_today(self, label: str) -> None:
        self.driver.run(_SET_TODAY, self._find("label", label))

    def type(self, text: str, label: str) -> None:
        field = self._find("label", label)
        self.driver.clear(field)
        self.driver.type(field, text)

    def choose(self, option: str, label: str) -> None:
        found = self.driver.run(_OPTION, self._find("label", label), option)
        assert found, f"{label} has no option {option}"
        self.driver.click(found)

    def choose_file(self, name: str, label: str) -> None:
        self.driver.type(self._find("label", label), str(self.files / name))

    def fetch(self, name: str) -> list[int]:
        return list(self.driver.run(FETCH, self._find("link", name)))

    def open_link(self) -> None:
        link = str(self._until(lambda: self.driver.run(_DIARY_LINK), "there is no link of a diary", _WAIT_S))
        self.driver.forget_cookies()
        self.driver.go(f"{self.address}/diary/{link.rpartition('/')[2]}")

    def tick(self, label: str) -> None:
        self._check(self._find("label", label))

    def mark(self, answer: str, question: str) -> None:
        fault = f"{question} has no answer {answer}"
        self._check(self._until(lambda: self.driver.run(_ANSWER, question, answer), fault, _WAIT_S))

    def answer(self) -> None:
        self._until(lambda: self.driver.run(_ANSWERS), "nothing is asked", _WAIT_S)
        for box, words in self.driver.run(_ANSWERS):
            if RIGHT.match(words):
                self._check(box)

    def check_off(self) -> None:
        self._find("button", "Save the answers")
        for item in CHECKLIST_ITEMS.values():
            if clear := self.driver.run(_BY_ID, f"{item.name}-{item.accepted_answers[0]}"):
                self._check(clear)

    def draw(self) -> None:
        self.driver.draw(self._until(lambda: self.driver.run(_CANVAS), "there is no pad", _WAIT_S))

    def tick_first(self) -> None:
        self.driver.click(self._find("radio", "any"))

    def read(self, text: str) -> None:
        self._find("text", text)

    def wait(self, text: str) -> None:
        self._find("heading", text, _LONG_S)

    def _check(self, box: Any) -> None:
        if not self.driver.run("return arguments[0].checked", box):
            self.driver.click(box)

    def _find(self, kind: str, name: str, within_s: float = _WAIT_S) -> Any:
        return self._until(
            lambda: self.driver.run(_FIND, kind, name, self.part), f"there is no {kind} {name}", within_s
        )

    def _leave(self, way: Any) -> None:
        leads_on = self.driver.run(_LEADS_ON, way)
        self.driver.run(_HERE)
        self.driver.click(way)
        if leads_on:  # the next sentence is about the next page, which has not set this
            self.part = ""
            self._until(lambda: not self.driver.run(_STILL_HERE), "no page follows", _WAIT_S)

    @staticmethod
    def _until(look: Callable[[], Any], fault: str, within_s: float) -> Any:
        """Return what is found within that time; a page that is just left has nothing to find."""
        until = time.monotonic() + within_s
        while True:
            try:
                if found := look():
                    return found
                failure = fault
            except AssertionError as error:
                failure = f"{fault}: {error}"
            assert time.monotonic() < until, failure
            time.sleep(0.1)
