"""The people of `chaos.py`: clinicians at the app and patients at their diaries, who send what got no answer again.

Whoever was told nothing, since the connection was cut or the server was gone, sends the very same form again, as a
browser does that loads a page anew, until it is told that it is kept. Everything they save carries a mark of its own,
by which it is found in the records.
"""

import datetime
import http.client
import io
import json
import random
import re
import secrets
import threading
import urllib.parse
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from chaos_sign_in import AccountHolder, Answer
from clinic_people import JSON_KIND, MARK, Fields, multipart
from PIL import Image

__all__ = ["ChaosClinician", "ChaosPatient", "Ledger", "Save"]

_TIMEOUT_S = 60.0  # a network that is dead comes back earlier
_PAUSE_S = (0.05, 0.3)
_AGAIN_S = (0.1, 0.4)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_OPEN_ALARM, _ANSWERED_ALARM = (re.compile(rf"/alarms/([0-9a-f]{{32}})/{act}") for act in ("answer", "decision"))
_WARNING_IN = 8  # one diary entry in so many has a warning sign
_SIDE_PX = 64
_BESIDE = 0.15  # how often they book, and look at a page, beside their work
_SLOT_MINUTES, _SLOTS_A_DAY = 15, 40
_FIRST_SLOT_HOUR = 8
_ANSWERED_AT_ONCE = 2  # of the alarms that wait
_SIGN_IN_PAGES = ("/sign-in", "/account")
_OUTSIDE = (409, 422)  # what is there already is not taken again


@dataclass
class Save:
    """Something that somebody wanted to be kept.

    Parameters
    ----------
    mark : by which it is found in the records; `about` names the record that it belongs to.
    tries : how often it was sent.
    told : whether an answer said that it is kept.
    """

    kind: str
    mark: str
    about: str
    tries: int = 0
    told: bool = False


@dataclass
class Ledger:
    """What all people sent, and what they were told."""

    saves: list[Save] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)  # by status; 0 for none
    refused: list[str] = field(default_factory=list)  # a save that was turned away for good
    undone: list[str] = field(default_factory=list)  # of an account, what was told to be kept and is asked for again
    sign_ins: int = 0

    def confirmed_saves(self, kind: str) -> list[Save]:
        """The saves of a kind that were told to be kept."""
        return [save for save in self.saves if save.kind == kind and save.told]


class _Visitor(threading.Thread, ABC):
    """Somebody with a browser, who works while the clinic is open and then finishes what is under way."""

    def __init__(self, port: int, ledger: Ledger, seed: str) -> None:
        super().__init__(daemon=True)
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.open, self.quiet, self.over = threading.Event(), threading.Event(), threading.Event()
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
        self.headers: dict[str, str] = {}

    def run(self) -> None:
        while not self.over.is_set():
            if not self.open.is_set():
                self.quiet.set()
                self.open.wait(0.1)
                continue
            self.quiet.clear()
            self.act()
            self.over.wait(self.chance.uniform(*_PAUSE_S))
        self.quiet.set()

    @abstractmethod
    def act(self) -> None:
        """Do one thing."""

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask once; status 0 where no whole answer came."""
        try:
            self._line.request(method, path, body, self.headers | (headers or {}))
            response = self._line.getresponse()
            answer = response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException):
            self._line.close()
            answer = 0, http.client.HTTPMessage(), b""
        self.ledger.answers[answer[0]] += 1
        return answer

    def read(self, path: str) -> str:
        """Return a page, asked for until it comes; empty where the month is over."""
        while not self.over.is_set():
            status, headers, content = self.ask("GET", path)
            if status == 200:
                return content.decode()
            if not self.signed_out(status, headers):
                self.over.wait(self.chance.uniform(*_AGAIN_S))
        return ""

    def keep(self, kind: str, mark: str, about: str, send: Callable[[], Answer]) -> Answer | None:
        """Send something until it is told to be kept; None where it was turned away."""
        save = Save(kind, mark, about)
        self.ledger.saves.append(save)
        while not self.over.is_set():
            save.tries += 1
            answer = status, headers, content = send()
            if self.signed_out(status, headers):
                continue
            if status in (200, 303) or (status in _OUTSIDE and save.tries > 1 and self.is_there(kind, content)):
                save.told = True
                return answer
            if status and status < 500 and status not in (408, 429):
                self.ledger.refused.append(f"{kind}: {status} when sent for the {save.tries}. time")
                return None
            self.over.wait(self.chance.uniform(*_AGAIN_S))
        return None

    def signed_out(self, status: int, headers: http.client.HTTPMessage) -> bool:
        """Sign in again where the session has ended; return whether it had."""
        return False

    @staticmethod
    def is_there(kind: str, content: bytes) -> bool:
        """Return whether something that was sent again is turned away since it is kept already."""
        words = {"patient": b"is called", "appointment": b"taken", "answer": b"answered", "decision": b"decided"}
        return kind in words and words[kind] in content


class ChaosClinician(_Visitor):
    """A clinician at work: patients, consultations, photographs, sessions, appointments, and alarms.

    Parameters
    ----------
    member : id, name and the clinic's name.
    passwords : the one that an owner set, and the one that they choose.
    now : what their telephone's clock shows.
    treatment : id of a session that they have begun.
    first_day : the first that they book, `2027-09-01`.
    answers_alarms : whether they are the one who does.
    """

    def __init__(
        self,
        port: int,
        ledger: Ledger,
        seed: str,
        *,
        member: tuple[str, str, str],
        passwords: tuple[str, str],
        now: Callable[[], datetime.datetime],
        treatment: str,
        first_day: str,
        answers_alarms: bool,
    ) -> None:
        super().__init__(port, ledger, seed)
        self._member, self._treatment = member, treatment
        self._account = AccountHolder(self.ask, now, member[2], member[1], *passwords)
        self._first_day, self._answers_alarms = np.datetime64(first_day), answers_alarms
        self._patient = self._consultation = ""
        self._fields: dict[str, list[str]] = {}
        self._slot = 0

    def signed_out(self, status: int, headers: http.client.HTTPMessage) -> bool:
        if status != 401 and not (status == 303 and headers.get("location", "").startswith(_SIGN_IN_PAGES)):
            return False
        if self._account.sign_in():
            self.headers["Cookie"] = self._account.cookie
            self.ledger.sign_ins += 1
        else:
            self.over.wait(self.chance.uniform(*_AGAIN_S))
        self.ledger.undone += [f"{what} of {self._member[1]}" for what in self._account.undone]
        self._account.undone.clear()
        return True

    def act(self) -> None:
        if not self._consultation:
            self._add_patient()
            return
        what = self.chance.choices(
            (self._add_patient, self._save_answers, self._photograph, self._fire, self._note, self._event),
            (8, 35, 10, 12, 10, 5),
        )[0]
        what()
        for act in (self._book, self._look):
            if self.chance.random() < _BESIDE:
                act()
        if self._answers_alarms:
            self._answer_alarm()

    def _add_patient(self) -> None:
        mark = secrets.token_hex(6)
        added = self.keep("patient", mark, "", lambda: self._post("/patients", pseudonym=mark, year_of_birth="1974"))
        if added is None:
            return
        if added[0] != 303:  # it was there when it was sent again: they look for it
            _, _, found = self.ask("POST", "/search", f"pseudonym={mark}".encode(), _FORM)
            place = re.search(r"/patients/([0-9a-f]{32})", found.decode())
            if place is None:
                return
            patient = place[1]
        else:
            patient = added[1]["location"].rpartition("/")[2]
        row, path = secrets.token_hex(16), f"/patients/{patient}/consultations"
        begun = self.keep("consultation", patient, patient, lambda: self._post(path, row=row))
        if begun is not None:
            self._patient, self._consultation = patient, begun[1]["location"].rpartition("/")[2]
            self._fields = Fields(self.read(f"/consultations/{self._consultation}")).sent

    def _save_answers(self, picture: bytes = b"", mark: str = "") -> None:
        self._fields[MARK] = [f"+31 20 {secrets.randbelow(10**9):09}"]
        body, headers = multipart(self._fields, picture)
        path = f"/consultations/{self._consultation}/answers"
        kind = "photograph" if picture else "answers"
        told = self.keep(
            kind, mark or self._fields[MARK][0], self._consultation, lambda: self._save(path, body, headers)
        )
        if told is None:  # somebody who is refused loads the form anew
            self._fields = Fields(self.read(f"/consultations/{self._consultation}")).sent
            return
        kept = json.loads(told[2])
        self._fields["revision"] = [str(kept["revision"])]
        if kept["photograph"]:
            self._fields["photo.kept"] = [kept["photograph"]]

    def _save(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        return self.ask("POST", path, body, headers | JSON_KIND)

    def _photograph(self) -> None:
        pixels = np.frombuffer(self.chance.randbytes(3 * _SIDE_PX**2), np.uint8).reshape(_SIDE_PX, _SIDE_PX, 3)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG")
        self._save_answers(file.getvalue(), file.getvalue().hex())

    def _fire(self) -> None:
        mark = secrets.token_hex(8)
        sent = {
            "row": secrets.token_hex(16),
            "words": mark,
            "site": "cheeks",
            "side": "both",
            "fluence_J_cm2": "7",
            "pulse_ms": "6",
            "spot_mm": "7",
        }
        sent |= {"endpoint": "seek", "pulses": "40"}
        self.keep("area", mark, self._treatment, lambda: self._post(f"/treatments/{self._treatment}/areas", **sent))

    def _note(self) -> None:
        mark, path = secrets.token_hex(8), f"/treatments/{self._treatment}/notes"
        self.keep("note", mark, self._treatment, lambda: self._post(path, note=mark, shown="0"))

    def _event(self) -> None:
        mark, path = secrets.token_hex(8), f"/treatments/{self._treatment}/events"
        sent = {"row": secrets.token_hex(16), "kind": "purpura", "grade": "mild", "event-words": mark}
        self.keep("event", mark, self._treatment, lambda: self._post(path, **sent))

    def _book(self) -> None:
        day, slot = divmod(self._slot, _SLOTS_A_DAY)
        self._slot += 1
        minutes = 60 * _FIRST_SLOT_HOUR + slot * _SLOT_MINUTES
        when = {"day": str(self._first_day + day), "time": f"{minutes // 60:02}:{minutes % 60:02}"}
        sent = when | {"purpose": "consultation", "minutes": str(_SLOT_MINUTES), "member": self._member[0]}
        mark, path = f"{self._member[0]} {when['day']}T{when['time']}", f"/patients/{self._patient}/appointments"
        self.keep("appointment", mark, self._member[0], lambda: self._post(path, **sent))

    def _answer_alarm(self) -> None:
        page = self.read("/alarms")
        for alarm in _ANSWERED_ALARM.findall(page)[:_ANSWERED_AT_ONCE]:
            mark, path = secrets.token_hex(8), f"/alarms/{alarm}/decision"
            self.keep("decision", mark, alarm, partial(self._post, path, kind="none", reason=mark))
        for alarm in _OPEN_ALARM.findall(page)[:_ANSWERED_AT_ONCE]:
            mark, path = secrets.token_hex(8), f"/alarms/{alarm}/answer"
            self.keep("answer", mark, alarm, partial(self._post, path, done=mark))

    def _look(self) -> None:
        self.read(self.chance.choice(("/", "/appointments", f"/patients/{self._patient}")))

    def _post(self, path: str, **fields: str) -> Answer:
        return self.ask("POST", path, urllib.parse.urlencode(fields).encode(), _FORM)


class ChaosPatient(_Visitor):
    """Somebody at home with the link to their diary."""

    def __init__(self, port: int, ledger: Ledger, seed: str, token: str) -> None:
        super().__init__(port, ledger, seed)
        self._path = f"/diary/{token}"

    def act(self) -> None:
        key, mark, warns = secrets.token_hex(16), secrets.token_hex(8), self.chance.randrange(_WARNING_IN) == 0
        sent = {"entry": key, "pain": "2", "redness": "slight", "question": mark}
        body = urllib.parse.urlencode(sent | ({"sign.fever": "yes"} if warns else {})).encode()
        kind = "warning" if warns else "entry"
        self.keep(kind, mark, key, lambda: self.ask("POST", self._path, body, _FORM))
        self.over.wait(self.chance.uniform(0.2, 0.8))
