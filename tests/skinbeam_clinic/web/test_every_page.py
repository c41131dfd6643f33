"""Every page of the sample clinic at three widths in three engines, with longer words and from right to left."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from clinic_pages import AXE, RULES, RUN_AXE, opened_page, served
from clinic_samples import COOKIE, PASSWORD, planned
from every_page import CONTROLS, FAULTS, WIDTHS, find_pages
from playwright.sync_api import Browser, Page
from pseudo_languages import LONGER, RIGHT_TO_LEFT, pseudo_languages
from starlette.testclient import TestClient
from webdriver import DRIVERS, WebDriver

from skinbeam.text import ENGLISH
from skinbeam_clinic.access import ROUTES, AccessRight, Role, RouteAccess, allowed_roles
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, clinic_operator, list_clinics
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.sample_clinic.clinic import SampleClinic, make_sample_clinic
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.client import LANGUAGE_COOKIE, SESSION_COOKIE

pytestmark = pytest.mark.check

PATIENCE_S = 10.0  # until a window has its width
MOST_HEADER_PX = 150  # banner, menu and an alarm on a telephone: one line each, in Firefox with a bar to move it
MOST = 2  # pages of one route, which stand at different steps of a course
# Where no link of a page leads that an owner sees, or to no page of the app.
NO_PAGES = frozenset(
    {
        "/jobs/{job}",  # while a plan is made
        "/photographs/{photograph}",
        "/attachments/{attachment}",
        "/device-files/{device_name}",
        "/plans/{plan}/files/{name}",  # the report has tests of its own
        "/plans/{plan}/what-if/{option}",  # which the stand-in for a plan has not
        "/treatments/{treatment}/cooling",  # answers of the model, as the one above
        "/consultations/{consultation}/test-spots/cooling",
        "/sign-in/code",  # of a member whose code is due
        "/sign-in/oidc/return",  # which a provider opens
        "/calendar.ics",
        "/alarms/banner",  # a part of every page
        "/fhir/metadata",
        "/fhir/openapi.json",
    }
)
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
# The standard gives some controls no role of ARIA (HTML-AAM 1.0); browsers tell a screen reader what they are in words.
ABOUT = """return [arguments[0].matches('summary, [type=password], [type=date], [type=time], [type=file]'),
  arguments[0].cloneNode().outerHTML]"""
HEADER_HEIGHT = "return document.querySelector('header')?.getBoundingClientRect().height ?? 0"
SET_COOKIE = "document.cookie = `${arguments[0]}=${arguments[1]}; path=/`"


@dataclass
class Clinic:
    """The sample clinic with the addresses of its pages by route."""

    sample: SampleClinic
    name: str
    pages: Mapping[str, list[str]]


@dataclass
class Screen:
    """A browser of any engine: what a walk over pages needs of it."""

    go: Callable[[str], object]
    resize: Callable[[int], object]
    run: Callable[..., Any]
    picture: Callable[[Path], object] = field(default=lambda _: None)
    unnamed: Callable[[], list[str]] = field(default=lambda: [])
    barriers: Callable[[], list[str]] = field(default=lambda: [])


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    def make(form: Any) -> Any:
        return planned(form, tmp_path_factory.mktemp("plan"), lambda _: None)

    with make_sample_clinic(tmp_path_factory.mktemp("sample"), PASSWORD, make_plan=make) as made:
        (name,) = list_clinics(made.database)
        client = signed_in(made, name)

        def fetch(address: str) -> tuple[str, str]:
            answer = client.get(address)
            kind = answer.headers.get("content-type", "") if answer.status_code == 200 else ""
            return kind, answer.text if kind.startswith("text/") else ""

        begin = [*made.tour.values(), "/fhir", "/asked", *pages_of_a_patient(made, name)]
        found = find_pages(fetch, begin, MOST)
        yield Clinic(made, name, {route: found[route] for route in found if route not in NO_PAGES})


def sign_in(sample: SampleClinic, name: str, role: Role = Role.OWNER) -> str:
    return SignIn(sample.database, PasswordHasher()).sign_in(name, role.value, PASSWORD).token


def signed_in(sample: SampleClinic, name: str, role: Role = Role.OWNER) -> TestClient:
    client = TestClient(app_of(sample), base_url="https://localhost", follow_redirects=False)
    client.cookies.set(COOKIE, sign_in(sample, name, role), domain="localhost.local")
    return client


def app_of(sample: SampleClinic) -> Any:
    return build_clinic_app(sample.database, tour=sample.tour)


def pages_of_a_patient(sample: SampleClinic, name: str) -> tuple[str, str, str]:
    """The diary that a patient opens, the questions that one answers on the clinic's own device, and two records."""
    accounts = AccountRepository(sample.database, clinic_operator(sample.database, name), PasswordHasher())
    owner = next(one for one in accounts.all() if one.name == Role.OWNER.value)
    repositories = ClinicRepositories(sample.database, owner)
    treatment = next(path for path in sample.tour.values() if path.startswith("/treatments/"))
    consultation = repositories.treatments.get(treatment.rpartition("/")[2]).consultation_id
    begun = next(one for one in repositories.treatments.of(consultation) if one.started_at is not None)
    link = repositories.diaries.create_link(begun.id, language=ENGLISH, until=now().replace(year=now().year + 1))
    other = repositories.consultations.get(consultation).patient_id
    compared = f"{sample.tour['person']}/duplicate/{other}"  # to which a search leads
    return f"/diary/{link.token}", f"/follow-ups/{repositories.follow_ups.begin(begun.id).id}/patient", compared


@contextmanager
def chromium(browser: Browser) -> Iterator[Screen]:
    with opened_page(browser) as page:
        yield Screen(
            go=page.goto,
            resize=lambda width: page.set_viewport_size({"width": width, "height": WIDTHS[width]}),
            run=lambda script, *given: page.evaluate(f"(given) => (function () {{{script}}})(...given)", list(given)),
            picture=lambda file: page.screenshot(path=str(file), full_page=True),
            unnamed=lambda: unnamed_in_chromium(page),
            barriers=lambda: barriers(page),
        )


def barriers(page: Page) -> list[str]:
    """What axe-core knows to be in the way of somebody."""
    page.evaluate(AXE)
    passes, violations = page.evaluate(RUN_AXE, RULES)
    assert passes, "axe checked nothing"
    return [f"{one['id']} {one['nodes'][0]['html'][:100]}" for one in violations]


def unnamed_in_chromium(page: Page) -> list[str]:
    """Nodes of Chromium's accessibility tree that can be used and have no name."""
    tree = page.context.new_cdp_session(page)
    nodes = tree.send("Accessibility.getFullAXTree")["nodes"]
    tree.detach()
    used = {"button", "link", "textbox", "combobox", "checkbox", "radio", "slider", "spinbutton", "DisclosureTriangle"}
    return [
        one["role"]["value"]
        for one in nodes
        if not one["ignored"] and one["role"]["value"] in used and not one.get("name", {}).get("value", "").strip()
    ]


@contextmanager
def driven(engine: str) -> Iterator[Screen]:
    with DRIVERS[engine]() as driver:
        window = DrivenWindow(driver, enlarges=engine == "firefox")
        yield Screen(window.go, window.narrow, driver.run, picture=driver.save_picture, unnamed=lambda: unnamed(driver))


@dataclass
class DrivenWindow:
    """A window of any width; that of Firefox has 500 pixels at least, so its pages are enlarged, each anew."""

    driver: WebDriver
    enlarges: bool
    width: int = 0

    def go(self, address: str) -> None:
        self.driver.go(address)
        if self.enlarges and self.width:
            self.driver.zoom(self._zoom)
            until = time.monotonic() + PATIENCE_S
            while self.driver.run("return innerWidth") != self.width and time.monotonic() < until:
                time.sleep(0.05)

    def narrow(self, width: int) -> None:
        self.width = width
        wide = round(width * self._zoom)
        self.driver.zoom(1.0) if self.enlarges else None
        self.driver.resize(wide, WIDTHS[width])
        frame = wide - int(self.driver.run("return innerWidth"))
        self.driver.resize(wide + frame, WIDTHS[width])

    @property
    def _zoom(self) -> float:
        return 2.0 if self.enlarges and self.width < 500 else 1.0


def unnamed(driver: WebDriver) -> list[str]:
    """Controls of which the engine's accessibility tree has no name, or that it takes for plain text."""
    told = [(*driver.name_and_role(one), *driver.run(ABOUT, one)) for one in driver.run(CONTROLS)]
    return [
        f"{role} {markup}"
        for name, role, without_role, markup in told
        if not name.strip() or (not without_role and role in ("", "generic", "none"))
    ]


class Parts(HTMLParser):
    """What of a page refers to what: ids, and the attributes that name one."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.named: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        references = ("aria-labelledby", "aria-describedby", "form", *(("for",) if tag in ("label", "output") else ()))
        self.named |= {id for name in references for id in given.get(name, "").split()}


@pytest.mark.parametrize("role", Role)
def test_what_a_page_refers_to_is_on_it_whoever_looks(clinic: Clinic, role: Role) -> None:
    """Most forms are left out for those who may only read, and what belongs to them must go with them."""
    client, faults, seen = signed_in(clinic.sample, clinic.name, role), [], 0
    for path in (path for paths in clinic.pages.values() for path in paths):
        answer = client.get(path)
        if answer.status_code != 200:
            continue
        seen, page = seen + 1, Parts()
        page.feed(answer.text)
        faults += [f"{path}: nothing has the id {id}" for id in page.named - set(page.ids)]
        faults += [f"{path}: {id} twice" for id, count in Counter(page.ids).items() if count > 1]
    assert seen > 20
    assert not faults, "\n".join(faults)


ENGINES = ["chromium", *(pytest.param(name, marks=pytest.mark.long) for name in DRIVERS)]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_route_of_a_page_is_among_the_pages(clinic: Clinic) -> None:
    """So that none is left out by chance: the others have no page, or their page is tested where it is made."""
    routes = {
        path
        for (method, path), door in ROUTES.items()
        if method == "GET"
        and door not in (RouteAccess.MACHINE, RouteAccess.TOKEN)
        and (not isinstance(door, AccessRight) or Role.OWNER in allowed_roles(door))
    }
    files = {path for path in routes if path.endswith((".ics", ".pdf", ".toml", "{language}", "/document", "/events"))}
    assert routes - files - NO_PAGES - set(clinic.pages) == set()


@pytest.mark.parametrize(
    "language", [ENGLISH, *(pytest.param(name, marks=pytest.mark.long) for name in (LONGER, RIGHT_TO_LEFT))]
)
def test_every_page_fits_its_window_and_can_be_read_aloud(
    clinic: Clinic, engine: str, language: str, browser: Browser
) -> None:
    """SKINBEAM_SHOTS names a folder for pictures."""
    folder, faults = os.environ.get("SKINBEAM_SHOTS"), []
    with ExitStack() as opened:
        opened.enter_context(pseudo_languages())
        address = opened.enter_context(served(app_of(clinic.sample)))
        screen = opened.enter_context(chromium(browser) if engine == "chromium" else driven(engine))
        screen.go(f"{address}/sign-in")
        screen.run(SET_COOKIE, SESSION_COOKIE, sign_in(clinic.sample, clinic.name))
        screen.run(SET_COOKIE, LANGUAGE_COOKIE, language)
        for width in WIDTHS:
            screen.resize(width)
            pages = ((route, path) for route, paths in clinic.pages.items() for path in paths)
            for number, (route, path) in enumerate(pages):
                screen.go(address + path)
                assert screen.run("return innerWidth") == width
                assert screen.run("return document.documentElement.lang") == language or route.startswith("/diary/")
                screen.run(OPEN_ALL)
                assert width > 400 or screen.run(HEADER_HEIGHT) <= MOST_HEADER_PX, route
                found = screen.run(FAULTS)
                if width == max(WIDTHS):
                    found += screen.unnamed() + (screen.barriers() if language == ENGLISH else [])
                faults += [f"{route} at {width}: {one}" for one in found]
                if folder:
                    screen.picture(Path(folder) / f"{engine}-{language}-{number:02}-{width}.png")
    assert not faults, "\n".join(faults)
