"""The people of `clinic.py`, in a process of their own so that what they use of the machine is counted apart.

Each clinician signs in, then goes from patient to patient: the list, the patient, the form, answers that the page
saves as they are typed (it asks the rules each time, too), now and then a photograph, the plan, its leaflet. Run as
`python clinic_people.py WORK.json SEEN.json`; every answer is read whole before its time is taken.
"""

import hashlib
import html.parser
import http.client
import json
import os
import random
import secrets
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CHANGES = 6  # of a form, each saved
PHOTOGRAPH_IN = 4  # one visit in so many
LEAFLET_IN = 2
SAVED_AFTER_S = 0.4  # between asking the rules and saving, as `app.js` has it
MARK = "clinic.phone"  # the answer by which a save is told from every other
JSON_KIND = {"Accept": "application/json"}


@dataclass(frozen=True)
class Work:
    """What a run is.

    Parameters
    ----------
    think_s : least and greatest time between two actions of one clinician; zero for none.
    visits : of each clinician, the consultation, its patient and its plan.
    planned : consultation of whom plans are made one after the other; empty for none.
    rounds : in place of visits, what each looks at again and again, by name and path.
    sliders : in place of visits, what each asks other settings of; `pulse_in`: one move in so many is of the pulse.
    """

    port: int
    house: str
    names: list[str]
    password: str
    visits: list[list[dict[str, str]]]
    planned: str
    seconds: float
    ramp_s: float
    think_s: tuple[float, float]
    picture: str
    rounds: list[list[tuple[str, str]]] = field(default_factory=list)
    sliders: list[dict[str, Any]] = field(default_factory=list)
    pulse_in: int = 0


@dataclass
class Seen:
    """What came of it: every request, what was answered to be saved, and what these people used of the machine."""

    requests: list[tuple[str, float, float, int]] = field(default_factory=list)  # page, when, seconds, status
    saved: dict[str, tuple[int, str]] = field(default_factory=dict)  # consultation → revision and mark
    saves: int = 0
    pictures: dict[str, str] = field(default_factory=dict)  # photograph → SHA-256
    plans_s: list[float] = field(default_factory=list)
    processor_s: float = 0.0
    wall_s: float = 0.0


class Fields(html.parser.HTMLParser):
    """What a browser would send of the form in the main part of a page; those of its menu are others."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._select = ""
        self.feed(page.partition("<main")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        seen = dict(attrs)
        if tag == "select":
            self._select = str(seen["name"])
            self.sent[self._select] = [""]
        elif tag == "option" and "selected" in seen:
            self.sent[self._select] = [str(seen["value"])]
        elif tag == "input" and seen.get("name"):
            kind = seen.get("type")
            if kind != "file" and (kind != "checkbox" or "checked" in seen):
                self.sent.setdefault(str(seen["name"]), []).append(seen.get("value") or "")


def multipart(fields: dict[str, list[str]], picture: bytes = b"") -> tuple[bytes, dict[str, str]]:
    """A form as a browser sends it from a script."""
    edge = secrets.token_hex(12)
    start = f'--{edge}\r\nContent-Disposition: form-data; name="'
    parts = [f'{start}{name}"\r\n\r\n{value}\r\n'.encode() for name, values in fields.items() for value in values]
    named = "face.jpg" if picture else ""
    parts.append(f'{start}photo"; filename="{named}"\r\nContent-Type: image/jpeg\r\n\r\n'.encode() + picture + b"\r\n")
    body = b"".join(parts) + f"--{edge}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={edge}"}


class Person(threading.Thread):
    """Somebody with a browser."""

    def __init__(self, work: Work, number: int, seen: Seen, until: float) -> None:
        super().__init__()
        self.work, self.number, self.seen, self.until = work, number, seen, until
        self.chance = random.Random(number)
        self.line = http.client.HTTPConnection("127.0.0.1", work.port, timeout=120)
        # Each at a machine of their own, as a server that encrypts tells of them.
        self.headers = {"X-Forwarded-For": f"10.0.{number // 250}.{number % 250 + 1}"}

    def ask(
        self, page: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPResponse, bytes]:
        """Ask, and write down how long the whole answer took.

        A setting that is being computed is asked for again, as the page does.
        """
        at, sent = time.perf_counter(), self.headers | (headers or {})
        try:
            while True:
                self.line.request(method, path, body, sent)
                answer = self.line.getresponse()
                content, status = answer.read(), answer.status
                if "/what-if/" not in path or (status != 204 and b'id="waiting-' not in content):
                    break
                sent = sent | {"HX-Trigger": "waiting-"}
                time.sleep(1.0)
        except (OSError, http.client.HTTPException):
            self.line.close()
            self.seen.requests.append((page, at, time.perf_counter() - at, 0))
            raise
        self.seen.requests.append((page, at, time.perf_counter() - at, status))
        return status, answer, content

    def come_in(self) -> None:
        sent = f"house={self.work.house}&name={self.work.names[self.number]}&password={self.work.password}"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        _, answer, _ = self.ask("sign-in", "POST", "/sign-in", sent.replace(" ", "+").encode(), kind)
        given = answer.headers.get_all("Set-Cookie") or []
        self.headers["Cookie"] = "; ".join(one.partition(";")[0] for one in given)

    def think(self) -> None:
        least, greatest = self.work.think_s
        time.sleep(self.chance.uniform(least, greatest))


class Clinician(Person):
    """Goes from patient to patient until the time is over."""

    def run(self) -> None:
        time.sleep(self.work.ramp_s * self.number / len(self.work.names))
        self.come_in()
        while True:
            for visit in self.work.visits[self.number]:
                for _ in self.steps(visit):
                    if time.perf_counter() > self.until:
                        return
                    self.think()

    def steps(self, visit: dict[str, str]) -> Any:
        """One visit, a step at a time."""
        yield self.ask("list of patients", "GET", "/")
        yield self.ask("patient", "GET", f"/patients/{visit['patient']}")
        here = f"/consultations/{visit['consultation']}"
        page = self.ask("form", "GET", here)[2].decode()
        fields, pictured = Fields(page).sent, self.chance.randrange(PHOTOGRAPH_IN) == 0
        yield None
        for change in range(CHANGES):
            fields[MARK] = [f"+31 20 {secrets.randbelow(10**9):09}"]
            self.ask("rules", "POST", "/suitability", *multipart(fields))
            if self.work.think_s[1]:
                time.sleep(SAVED_AFTER_S)
            yield self.save(visit["consultation"], fields, picture=pictured and change == 0)
        yield self.ask("plan", "GET", f"/plans/{visit['plan']}")
        if self.chance.randrange(LEAFLET_IN) == 0:
            yield self.ask("leaflet", "GET", f"/plans/{visit['plan']}/files/leaflet.pdf")

    def save(self, consultation: str, fields: dict[str, list[str]], *, picture: bool) -> None:
        content = Path(self.work.picture).read_bytes() + secrets.token_bytes(16) if picture else b""
        body, headers = multipart(fields, content)
        page = "save with photograph" if picture else "save"
        status, _, told = self.ask(page, "POST", f"/consultations/{consultation}/answers", body, headers | JSON_KIND)
        if status != 200:
            return
        kept = json.loads(told)
        fields["revision"] = [str(kept["revision"])]
        self.seen.saves += 1
        self.seen.saved[consultation] = (kept["revision"], fields[MARK][0])
        if kept["photograph"]:
            fields["photo.kept"] = [kept["photograph"]]
            self.seen.pictures[kept["photograph"]] = hashlib.sha256(content).hexdigest()
            self.ask("photograph", "GET", f"/photographs/{kept['photograph']}")


class Follower(Person):
    """Looks at what came after consent until the time is over: each page of one patient after the other."""

    def run(self) -> None:
        time.sleep(self.work.ramp_s * self.number / len(self.work.names))
        self.come_in()
        while True:
            for page, path in self.work.rounds[self.number]:
                if time.perf_counter() > self.until:
                    return
                self.ask(page, "GET", path)
                self.think()


class SliderMover(Person):
    """Moves the slider of a dose a step up or down, now and then that of the pulse, until the time is over."""

    def run(self) -> None:
        time.sleep(self.work.ramp_s * self.number / len(self.work.names))
        self.come_in()
        slider = self.work.sliders[self.number % len(self.work.sliders)]
        doses, pulses = slider["doses"], slider["pulses"]
        place, pulse = len(doses) // 2, slider["pulse"]
        while time.perf_counter() < self.until:
            page = "dose"
            if self.work.pulse_in and self.chance.randrange(self.work.pulse_in) == 0:
                page, pulse = "pulse", self.chance.choice(pulses)
            else:
                place = min(max(place + self.chance.choice((-1, 1)), 0), len(doses) - 1)
            path = f"{slider['path']}?fluence_J_cm2={doses[place]}&pulse_ms={pulse}"
            self.ask(page, "GET", path, headers={"HX-Request": "true"})
            if page == "pulse":
                pulse = slider["pulse"]
            self.think()


class Planner(Person):
    """Has plans made of one consultation, one after the other."""

    def run(self) -> None:
        self.come_in()
        here = f"/consultations/{self.work.planned}"
        for age in range(20, 90):
            if time.perf_counter() > self.until:
                return
            fields = Fields(self.ask("form", "GET", here)[2].decode()).sent
            fields["patient.age_years"] = [str(age)]
            body, headers = multipart(fields)
            at = time.perf_counter()
            self.line.request("POST", f"{here}/plan", body, self.headers | headers)
            answer = self.line.getresponse()
            answer.read()
            if not self.ended(answer.headers["location"]):
                return
            self.seen.plans_s.append(time.perf_counter() - at)

    def ended(self, job: str) -> bool:
        """Listen to a job until it has ended; False where the time is over before."""
        while True:
            self.line.request("GET", f"{job}/events", headers=self.headers)
            answer = self.line.getresponse()
            while line := answer.readline():
                if line.startswith(b"event: ended"):
                    answer.read()
                    return True
                if time.perf_counter() > self.until:
                    self.line.close()
                    return False


def main(asked: str, told: str) -> None:
    said = json.loads(Path(asked).read_text(encoding="utf-8"))
    work, seen, start = Work(**said), Seen(), time.perf_counter()
    until = start + work.ramp_s + work.seconds
    people: list[Person] = [Clinician(work, number, seen, until) for number in range(len(work.visits))]
    people += [Follower(work, number, seen, until) for number in range(len(work.rounds))]
    if work.sliders:
        people += [SliderMover(work, number, seen, until) for number in range(len(work.names) - 1)]
    if work.planned:
        people.append(Planner(work, len(work.visits), seen, until))
    for one in people:
        one.start()
    for one in people:
        one.join()
    seen.wall_s, seen.processor_s = time.perf_counter() - start, sum(os.times()[:2])
    seen.requests = [(page, at - start, took, status) for page, at, took, status in seen.requests]
    Path(told).write_text(json.dumps(asdict(seen)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
