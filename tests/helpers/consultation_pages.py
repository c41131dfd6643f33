"""A consultation begun in a browser, and what its form holds."""

import re

from starlette.testclient import TestClient

JSON = {"accept": "application/json"}


def begin_consultation(client: TestClient, pseudonym: str = "") -> str:
    """The address of a new consultation of a new patient."""
    patient = client.post("/patients", data={"pseudonym": pseudonym}).headers["location"]
    return str(client.post(f"{patient}/consultations").headers["location"])


def form_revision(page: str) -> str:
    """The revision that a form was filled from."""
    found = re.search(r'name="revision" value="(\d+)"', page)
    assert found
    return found[1]
