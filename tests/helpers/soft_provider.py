"""An OpenID Connect provider of software, on this machine: as the standard says, and otherwise on request."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from skinbeam_clinic.accounts.oidc_provider import OidcSettings

CLIENT, SECRET = "skinbeam", "a secret: with / and %"


@dataclass
class SoftProvider:
    """A provider at which `person` is signed in.

    Parameters
    ----------
    claims : what its ID tokens say otherwise than they should; None leaves a claim out.
    metadata : what its discovery document says otherwise.
    signing : key and algorithm of its tokens, where they are not those that it publishes.
    """

    address: str
    person: str = "248289761001"
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signing: tuple[ECKey | OctKey | None, str] | None = None
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @property
    def settings(self) -> OidcSettings:
        """How the clinic's app is registered here."""
        return OidcSettings(self.address, CLIENT, SECRET, "House Login")

    def authorize(self, address: str) -> str:
        """Return where the browser is sent that came with this address, as after the person has agreed."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.address})}"

    def document(self) -> dict[str, Any]:
        """Return the discovery document."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["ES256"],
        } | self.metadata

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the answer to a code; None where it is refused, as a second time."""
        scheme, _, credentials = authorization.partition(" ")
        sent = [unquote_plus(one) for one in base64.b64decode(credentials).decode().split(":")]
        if scheme != "Basic" or sent != [CLIENT, SECRET]:
            return None
        asked = self.codes.pop(form["code"], None)
        verifier = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if asked is None or verifier != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        return {"access_token": "none needed", "token_type": "Bearer", "id_token": self._id_token(asked["nonce"])}

    def _id_token(self, nonce: str) -> str:
        at = int(time.time())
        right = {"iss": self.address, "sub": self.person, "aud": CLIENT, "iat": at, "exp": at + 60, "nonce": nonce}
        right["auth_time"] = at
        claims = {name: value for name, value in (right | self.claims).items() if value is not None}
        key, algorithm = self.signing or (self.key, "ES256")
        if key is None:
            return (
                ".".join(
                    base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
                    for part in ({"alg": "none"}, claims)
                )
                + "."
            )
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, claims, key, algorithms=[algorithm])

    def keys(self) -> dict[str, Any]:
        """Return the public keys."""
        return dict(KeySet([self.key]).as_dict(private=False))


@contextmanager
def soft_provider() -> Iterator[SoftProvider]:
    """Give a provider that answers on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/authorize":
                self.send_response(302)
                self.send_header("Location", made.authorize(self.path))
                self.end_headers()
            elif path == "/.well-known/openid-configuration":
                self.answer(200, made.document())
            else:
                self.answer(200, made.keys())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            tokens = made.token(form, self.headers.get("authorization", ""))
            if tokens is None:
                made.refused.append(form["code"])
            self.answer(200 if tokens else 400, tokens or {"error": "invalid_grant"})

        def answer(self, status: int, document: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = SoftProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
