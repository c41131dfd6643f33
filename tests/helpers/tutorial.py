"""Does what a tutorial says, in a browser: each item of its lists is one sentence of a few kinds."""

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from telephone import Telephone
from touch import draw_with_finger

from skinbeam_clinic.treatments.checklist import CHECKLIST_ITEMS

__all__ = ["FETCH", "RIGHT", "Follower", "Reader", "steps_of"]

_LONG_MS = 90_000  # a plan, on a busy machine
RIGHT = re.compile(r"^(No\. I can|About \d|It may be|I call|\d+ )")  # what the consent form has explained
# Its status and length, by the browser itself, with its cookies.
FETCH = """const asked = new XMLHttpRequest();
asked.open('GET', arguments[0].href, false);
asked.send();
return [asked.status, asked.responseText.length];"""


def steps_of(tutorial: Path) -> Iterator[tuple[int, str]]:
    """Give line number and sentence of each item of a list."""
    for number, line in enumerate(tutorial.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("- "):
            yield number, line[2:].rstrip(".")


_KINDS = {  # of sentences, with the method that does it
    r"Sign in as `(\w+)`": "sign_in",
    r"Sign in as `(\w+)` with the password": "enter",
    r"Sign in as `(\w+)` with `(.+)`": "enter",
    r"Scan the QR code": "scan",
    r"Type the code of the telephone into \*\*(.+)\*\*": "type_code",
    r"Go to \*\*(.+)\*\*": "go_to",
    r"Press \*\*(.+)\*\*": "press",
    r"Open the link as the patient": "open_link",
    r"Open \*\*(.+)\*\*": "open",
    r"Type `(.+)` into \*\*(.+)\*\*": "type",
    r"Type the password into \*\*(.+)\*\*": "type_password",
    r"Type the age of somebody born in `(\d{4})` into \*\*(.+)\*\*": "type_age",
    r"Choose today for \*\*(.+)\*\*": "choose_today",
    r"Unfold \*\*(.+)\*\*": "unfold",
    r"Choose `(.+)` for \*\*(.+)\*\*": "choose",
    r"Choose the file `(.+)` for \*\*(.+)\*\*": "choose_file",
    r"Mark `(.+)` under \*\*(.+)\*\*": "mark",
    r"Tick the first option": "tick_first",
    r"Tick \*\*(.+)\*\*": "tick",
    r"Read \*\*(.+)\*\*": "read",
    r"Wait for \*\*(.+)\*\*": "wait",
    r"Answer each question as it was explained": "answer",
    r"Answer every item of the checklist with what lets you go on": "check_off",
    r"Draw the signature": "draw",
    r"Run `skinbeam (.+)`": "command",
    r"Download \*\*(.+)\*\*": "download",
}


class Follower:
    """Somebody who does what the sentences of a tutorial say, each kind by a method of its own.

    Parameters
    ----------
    part : the heading of the part of the page that they went to, where labels and buttons are looked for; empty for the
        whole page.
    """

    password: str
    telephone: Telephone
    part: str
    shown_key: Callable[[], str]  # beside the QR code
    sign_in: Callable[[str], None]  # to the list of patients
    enter: Callable[..., None]  # with a name and a password, whatever page follows
    fetch: Callable[[str], list[int]]  # the file behind a link: its status and its length
    type: Callable[[str, str], None]  # a text into the field with a label

    def do(self, sentence: str) -> None:
        """Do what a sentence says.

        Raises
        ------
        ValueError : it is of no known kind, or of one that this somebody does not do.
        """
        for pattern, name in _KINDS.items():
            act = getattr(self, name, None)
            if act is not None and (match := re.fullmatch(pattern, sentence)):
                act(*match.groups())
                return
        raise ValueError(f"nobody knows how to do this: {sentence}")

    def download(self, name: str) -> None:
        """Fetch a file as the browser does, which may show it instead of storing it."""
        status, content = self.fetch(name)
        assert status == 200, f"{name} is answered with {status}"
        assert content, f"{name} is empty"

    def type_password(self, label: str) -> None:
        self.type(self.password, label)

    def type_age(self, year: str, label: str) -> None:
        """Type the age that somebody born in a year reaches this year: one that fits today does not in two years."""
        self.type(str(datetime.datetime.now(datetime.UTC).year - int(year)), label)

    def scan(self) -> None:
        self.telephone.scan(self.shown_key())

    def type_code(self, label: str) -> None:
        self.type(self.telephone.code(), label)

    def go_to(self, heading: str) -> None:
        self.part = heading


@dataclass
class Reader(Follower):
    """Somebody who follows a tutorial.

    Parameters
    ----------
    page : of the browser.
    address : of the app.
    clinic, password : to sign in with.
    files : folder of the files that are named.
    command : runs the rest of a line that begins with `skinbeam`.
    touches : whether they use a finger, of a browser that has one, in place of a mouse.
    looked_at : called with each page before it is left.
    """

    page: Page
    address: str
    clinic: str
    password: str
    files: Path
    looked_at: Callable[[Page], None]
    telephone: Telephone = field(default_factory=Telephone)
    part: str = ""
    touches: bool = False
    command: Callable[[str], object] | None = None

    def sign_in(self, name: str) -> None:
        self.enter(name)
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Patients")

    def enter(self, name: str, password: str = "") -> None:
        self.part = ""
        self.page.context.clear_cookies()
        self.page.goto(f"{self.address}/sign-in")
        clinic = self.page.get_by_label("Clinic")
        if clinic.is_visible():
            clinic.fill(self.clinic)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password or self.password)
        self._leave(self.page.get_by_role("button", name="Sign in", exact=True))

    def shown_key(self) -> str:
        return self.page.locator(".key code").inner_text()

    def press(self, name: str) -> None:
        if self.page.locator(".consultation, form[data-form]").count():
            expect(self.page.locator(".steps")).to_be_visible()
        whole = self._here().get_by_role("button", name=name, exact=True).locator("visible=true")
        self._leave(whole.first if whole.count() else self._shown(self._here().get_by_role("button", name=name)))

    def open(self, name: str) -> None:
        self._leave(self._shown(self.page.get_by_role("link", name=name)))

    def fetch(self, name: str) -> list[int]:
        link = self._shown(self.page.get_by_role("link", name=name))
        return list(link.evaluate(f"link => (function () {{{FETCH}}})(link)"))

    def open_link(self) -> None:
        link = self.page.locator("code", has_text="/diary/").inner_text()
        self.page.context.clear_cookies()
        self.page.goto(f"{self.address}/diary/{link.rpartition('/')[2]}")

    def type(self, text: str, label: str) -> None:
        self._labelled(label).fill(text)

    def unfold(self, name: str) -> None:
        self._press(self._shown(self._here().locator("summary", has_text=name)))

    def choose_today(self, label: str) -> None:
        self._labelled(label).evaluate("field => { field.valueAsDate = new Date() }")

    def choose(self, option: str, label: str) -> None:
        self._labelled(label).select_option(label=option)

    def choose_file(self, name: str, label: str) -> None:
        self._labelled(label).set_input_files(self.files / name)

    def tick(self, label: str) -> None:
        self._check(self._labelled(label))

    def mark(self, answer: str, question: str) -> None:
        self._check(self.page.get_by_role("group", name=question).first.get_by_label(answer, exact=True))

    def tick_first(self) -> None:
        self._check(self.page.get_by_role("radio").first)

    def read(self, text: str) -> None:
        expect(self._shown(self.page.get_by_text(text))).to_be_visible()

    def wait(self, text: str) -> None:
        expect(self.page.get_by_role("heading", name=text).first).to_be_visible(timeout=_LONG_MS)

    def answer(self) -> None:
        expect(self.page.get_by_role("group").first).to_be_visible()
        for question in self.page.get_by_role("group").all():
            right = question.get_by_label(RIGHT)
            if right.count():
                self._check(right.first)

    def check_off(self) -> None:
        for item in CHECKLIST_ITEMS.values():
            clear = self.page.locator(f"#{item.name}-{item.accepted_answers[0]}")
            if clear.count():
                self._check(clear)

    def draw(self) -> None:
        canvas = self.page.locator("canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box
        if self.touches:
            draw_with_finger(self.page, box)
            return
        self.page.mouse.move(box["x"] + 20, box["y"] + 60)
        self.page.mouse.down()
        for step in range(1, 20):
            self.page.mouse.move(box["x"] + 20 + 9 * step, box["y"] + 60 + 30 * (-1) ** step)
        self.page.mouse.up()

    def _press(self, control: Locator) -> None:
        if self.touches:
            control.tap(no_wait_after=True)
        else:
            control.click(no_wait_after=True)

    def _check(self, box: Locator) -> None:
        if not self.touches:
            box.check()
        elif not box.is_checked():
            box.tap()
            expect(box).to_be_checked()

    def _labelled(self, label: str) -> Locator:
        whole = self._here().get_by_label(label, exact=True).locator("visible=true")
        return whole.first if whole.count() else self._shown(self._here().get_by_label(label))

    def _here(self) -> Page | Locator:
        return self.page.get_by_role("region", name=self.part, exact=True) if self.part else self.page

    def _leave(self, way: Locator) -> None:
        self.looked_at(self.page)
        leads_on = way.evaluate("way => way.tagName === 'A' || way.type === 'submit'")
        self.page.evaluate("document.documentElement.dataset.left = ''")
        self._press(way)
        if leads_on:  # the next sentence is about the next page, which has not set this
            self.part = ""
            expect(self.page.locator("html:not([data-left])")).to_have_count(1)
            self.page.wait_for_load_state("domcontentloaded")

    @staticmethod
    def _shown(found: Locator) -> Locator:
        """The first that is shown: a form in steps holds the others already."""
        return found.locator("visible=true").first
