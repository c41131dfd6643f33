"""A session that ends while a member types: the page repeats what was typed, and it is sent again after the sign-in."""

import re

import pytest
from clinic_samples import PASSWORD, Clinics, sent_again

from skinbeam_clinic.access import ROUTES, AccessRight, Role
from skinbeam_clinic.web import routing

CONTACT = {"name": "Synthetic Name", "address": "Elm Street 1 & 2", "version": ""}


def test_what_was_typed_when_a_session_ended_is_sent_again_after_the_sign_in(clinics: Clinics) -> None:
    client = clinics.browser(Role.CLINICIAN)
    contact = f"{client.post('/patients').headers['location']}/contact"
    ended = clinics.browser().post(contact, data=CONTACT)
    assert ended.status_code == 401
    assert f'action="{contact}"' in ended.text
    assert 'href="/sign-in" target="_blank"' in ended.text
    assert sent_again(ended.text) == CONTACT
    assert client.post(contact, data=sent_again(ended.text)).status_code == 303
    assert "Elm Street 1 &amp; 2" in client.get(contact).text


def test_what_was_typed_into_any_form_is_shown_and_not_only_sent_again(clinics: Clinics) -> None:
    """Labels are known of the consultation alone: of a note nothing stood under "What you filled in"."""
    sent = {"notes": "Redness since Sunday & no fever", "version": "xyzw", "item": "as-intended", "strokes": "[[1, 2]]"}
    posts = [path for (method, path), right in ROUTES.items() if method == "POST" and isinstance(right, AccessRight)]
    client = clinics.browser()
    for path in posts:
        ended = client.post(re.sub(r"{\w+}", "0" * 32, path), data=sent)
        assert ended.status_code == 401, path
        shown = re.sub(r'<input type="hidden"[^>]*>', "", ended.text)
        assert "<p>Redness since Sunday &amp; no fever</p>" in shown, path
        assert not any(text in shown for text in ("xyzw", "as-intended", "[[1, 2]]")), path


def test_the_page_of_an_ended_session_repeats_no_password(clinics: Clinics) -> None:
    ended = clinics.browser().post("/account/password", data={"old": PASSWORD, "new": "another four words"})
    assert ended.status_code == 401
    assert "four words" not in ended.text


def test_a_long_form_of_nobody_is_not_read(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "_MOST_UNSAVED_BYTES", 20)
    ended = clinics.browser().post("/patients", data=CONTACT)
    assert ended.status_code == 401
    assert sent_again(ended.text) == {}


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_what_is_no_form_is_turned_away_as_before(clinics: Clinics, kind: str) -> None:
    ended = clinics.browser().post("/patients", content=b"name=x", headers={"content-type": kind})
    assert ended.status_code == 401
    assert sent_again(ended.text) == {}
