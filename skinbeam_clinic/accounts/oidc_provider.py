"""An OpenID Connect provider: settings, discovery document, authorization address, and what an ID token says.

The authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636). Of an ID token only the issuer
and the subject are used: an e-mail address can be given to somebody else, and roles belong to the clinic.
"""

import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote_plus, urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.accounts.challenges import CHALLENGE_LIFE
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "CLIENT_VARIABLE",
    "ISSUER_VARIABLE",
    "LONGEST_SUBJECT",
    "SECRET_FILE_VARIABLE",
    "SECRET_VARIABLE",
    "TITLE_VARIABLE",
    "AuthorizationRequest",
    "OidcProvider",
    "OidcSettings",
    "OidcSubject",
    "is_subject",
    "read_oidc_settings",
]

ISSUER_VARIABLE, TITLE_VARIABLE = "SKINBEAM_OIDC_ISSUER", "SKINBEAM_OIDC_NAME"
CLIENT_VARIABLE, SECRET_VARIABLE = "SKINBEAM_OIDC_CLIENT", "SKINBEAM_OIDC_SECRET"
SECRET_FILE_VARIABLE = "SKINBEAM_OIDC_SECRET_FILE"

LONGEST_SUBJECT = 255  # characters, all ASCII (OpenID Connect Core 1.0, section 2)
_LONGEST_ISSUER = 200
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
# Signatures with a public key; a key that both sides know would let whoever holds the client secret sign in as anybody.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_REQUEST_S = 10.0
_MOST_BYTES = 1_000_000  # of an answer
_DOCUMENT_LIFE_S = 3600.0  # of the discovery document and of the keys
_CLOCK_LEEWAY_S = 60  # between the clocks of two servers
_LONGEST_SIGN_IN_S = int(CHALLENGE_LIFE.total_seconds())  # from the password at the provider to its answer


@dataclass(frozen=True)
class OidcSettings:
    """The provider at which members may sign in, and how this app is registered there.

    Parameters
    ----------
    issuer : its address, exactly as its discovery document and its tokens name it.
    client_secret : empty for a public client, which proves itself by PKCE alone.
    title : what the button of the sign-in page calls it.
    """

    issuer: str
    client_id: str
    client_secret: str
    title: str


def read_oidc_settings(environment: Mapping[str, str]) -> OidcSettings | None:
    """Return the settings of the environment; None where no issuer is set.

    Raises
    ------
    InputError : `bad-oidc`, with the variable: the issuer is no https address (http is for this machine alone), the
        client is missing, or the file of the secret cannot be read.
    """
    issuer = environment.get(ISSUER_VARIABLE, "").strip()
    if not issuer:
        return None
    if len(issuer) > _LONGEST_ISSUER or not _is_safe_address(issuer) or set("?#") & set(issuer):
        raise _setting_error(ISSUER_VARIABLE)
    client = environment.get(CLIENT_VARIABLE, "").strip()
    if not client:
        raise _setting_error(CLIENT_VARIABLE)
    secret = environment.get(SECRET_VARIABLE, "").strip()
    if not secret and (path := environment.get(SECRET_FILE_VARIABLE, "").strip()):
        try:
            secret = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise _setting_error(SECRET_FILE_VARIABLE) from None
    title = environment.get(TITLE_VARIABLE, "").strip() or urlsplit(issuer).hostname or issuer
    return OidcSettings(issuer, client, secret, title)


def _setting_error(variable: str) -> InputError:
    return clinic_error(
        "bad-oidc", variable, variable=variable, hint={"explained": render_message(f"oidc.{variable.lower()}")}
    )


def _is_safe_address(address: str) -> bool:
    """Return whether what is sent to an address is encrypted, or stays on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _THIS_MACHINE))


@dataclass(frozen=True)
class AuthorizationRequest:
    """What one request to the provider carries: `state` and `nonce` come back, `code_verifier` is shown at the end."""

    redirect_uri: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True)
class OidcSubject:
    """Who signed in at a provider: its issuer, and the identifier that it never gives to anybody else."""

    issuer: str
    subject: str


@dataclass(frozen=True)
class _ProviderMetadata:
    """What a discovery document says (OpenID Connect Discovery 1.0, sections 3 and 4).

    Parameters
    ----------
    names_issuer : whether the provider names itself in what it sends back with the browser.
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_issuer: bool
    token_auth_methods: Sequence[str]
    signing_algorithms: Sequence[str]


@dataclass(frozen=True)
class _ProviderTokens:
    """The answer of the token endpoint, as far as it is used."""

    id_token: str
    access_token: str | None


def is_subject(text: str) -> bool:
    """Return whether a text can be the subject of an ID token."""
    return 0 < len(text) <= LONGEST_SUBJECT and text.isascii() and text.isprintable()


class OidcProvider:
    """Talks to one provider.

    The discovery document and the keys are kept for an hour; the keys are fetched again when a token names another one.
    """

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._documents: dict[str, tuple[float, dict[str, Any]]] = {}
        self._client = OAuth2Client(
            session=None, client_id=settings.client_id, scope="openid", code_challenge_method="S256"
        )

    def authorization_address(self, request: AuthorizationRequest) -> str:
        """Return the address at the provider to which the browser goes.

        The person signs in there again, whoever did so before: several people may share the browser.

        Raises
        ------
        ProviderError : the provider does not answer, or not as one.
        """
        address, _ = self._client.create_authorization_url(
            self._metadata().authorization_endpoint,
            state=request.state,
            code_verifier=request.code_verifier,
            nonce=request.nonce,
            redirect_uri=request.redirect_uri,
            prompt="login",
            max_age=_LONGEST_SIGN_IN_S,  # which lets the provider tell when the person signed in there
        )
        return str(address)

    def identify(self, response: Mapping[str, str], request: AuthorizationRequest) -> OidcSubject:
        """Return who signed in, from what the provider sent back with the browser.

        Raises
        ------
        ProviderError : the provider does not answer, or not as one.
        InputError : `oidc`: the person or the provider refused, or its token is not the answer to this request.
        """
        metadata = self._metadata()
        named = response.get("iss")  # RFC 9207: another provider's answer must not be taken for this one's
        if (named is not None or metadata.names_issuer) and named != self.settings.issuer:
            raise self.refusal()
        if response.get("state") != request.state or "error" in response or not response.get("code"):
            raise self.refusal()
        tokens = self._exchange(metadata, response["code"], request)
        claims = self._read_id_token(metadata, tokens, request)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not is_subject(subject):
            raise self.refusal()
        # Not every provider tells the time, and whoever sits at the browser can leave out that they must sign in again.
        signed_in_at_s = claims.get("auth_time")
        if signed_in_at_s is not None and time.time() - signed_in_at_s > _LONGEST_SIGN_IN_S + _CLOCK_LEEWAY_S:
            raise self.refusal()
        return OidcSubject(self.settings.issuer, subject)

    def _exchange(self, metadata: _ProviderMetadata, code: str, request: AuthorizationRequest) -> _ProviderTokens:
        """Return the answer of the token endpoint to a code."""
        settings = self.settings
        form = {"code": code, "redirect_uri": request.redirect_uri, "code_verifier": request.code_verifier}
        body = prepare_token_request("authorization_code", **form)
        if not settings.client_secret:
            auth = ClientAuth(settings.client_id, "", "none")
        elif "client_secret_post" in metadata.token_auth_methods:
            auth = ClientAuth(settings.client_id, settings.client_secret, "client_secret_post")
        else:  # both are encoded as in a form (RFC 6749, section 2.3.1), which the library leaves to its caller
            encoded = quote_plus(settings.client_id), quote_plus(settings.client_secret)
            auth = ClientAuth(*encoded, "client_secret_basic")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        address, headers, body = auth.prepare("POST", metadata.token_endpoint, headers, body)
        answer = self._fetch(address, headers, body.encode())
        if not isinstance(answer.get("id_token"), str):
            raise self.refusal()
        return _ProviderTokens(answer["id_token"], answer.get("access_token"))

    def _read_id_token(
        self, metadata: _ProviderMetadata, tokens: _ProviderTokens, request: AuthorizationRequest
    ) -> CodeIDToken:
        """Return the claims of an ID token whose signature, issuer, audience, times and nonce are right."""
        allowed = [name for name in _ALGORITHMS if name in metadata.signing_algorithms]
        settings, token = self.settings, tokens.id_token
        options = {
            "iss": {"essential": True, "value": settings.issuer},
            "aud": {"essential": True, "value": settings.client_id},
        }
        try:
            try:
                read = jwt.decode(token, self._keys(metadata), algorithms=allowed)
            except (JoseError, ValueError):  # the provider may have changed its keys
                read = jwt.decode(token, self._keys(metadata, afresh=True), algorithms=allowed)
            expected = {
                "nonce": request.nonce,
                "client_id": settings.client_id,
                "access_token": tokens.access_token,
            }
            claims = CodeIDToken(read.claims, read.header, options, expected)
            claims.validate(leeway=_CLOCK_LEEWAY_S)
        except InputError:
            raise
        except Exception:  # whatever the libraries trip over in what was sent
            raise self.refusal() from None
        return claims

    def _metadata(self) -> _ProviderMetadata:
        """Return what the discovery document says."""
        document = self._document(get_well_known_url(self.settings.issuer, external=True))
        if document.get("issuer") != self.settings.issuer:
            raise self._unusable()
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(document.get(name), str) or not _is_safe_address(document[name]):
                raise self._unusable()
        return _ProviderMetadata(
            document["authorization_endpoint"],
            document["token_endpoint"],
            document["jwks_uri"],
            document.get("authorization_response_iss_parameter_supported") is True,
            document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"],
            document.get("id_token_signing_alg_values_supported") or ["RS256"],
        )

    def _keys(self, metadata: _ProviderMetadata, *, afresh: bool = False) -> KeySet:
        return KeySet.import_key_set(self._document(metadata.jwks_uri, afresh=afresh))  # type: ignore[arg-type]

    def _document(self, address: str, *, afresh: bool = False) -> dict[str, Any]:
        """Return a document of the provider, fetched at most once an hour unless it is asked for afresh."""
        fetched_s, document = self._documents.get(address, (0.0, {}))
        if afresh or not document or time.monotonic() - fetched_s > _DOCUMENT_LIFE_S:
            document = self._fetch(address, {})
            self._documents[address] = time.monotonic(), document
        return document

    def _fetch(self, address: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
        """Return the JSON object at an address; redirects are not followed, since a code belongs to one endpoint."""
        request = Request(address, body, {"Accept": "application/json", **headers})
        secure = HTTPSHandler(context=ssl.create_default_context())
        opener = build_opener(ProxyHandler(), HTTPHandler(), secure, _NoRedirect())
        try:
            with opener.open(request, timeout=_REQUEST_S) as answer:
                content = answer.read(_MOST_BYTES + 1)
            document = json.loads(content) if len(content) <= _MOST_BYTES else None
        except HTTPError as error:
            with error:
                if body is not None and error.code in (400, 401):  # what the token endpoint says to a wrong code
                    raise self.refusal() from None
            raise self._unusable() from None
        except (OSError, HTTPException, ValueError):
            raise self._unusable() from None
        if not isinstance(document, dict):
            raise self._unusable()
        return document

    def refusal(self) -> InputError:
        """Return the error `oidc`: nobody is signed in by what was brought back."""
        return clinic_error("oidc", "oidc", name=self.settings.title)

    def _unusable(self) -> InputError:
        return clinic_error("oidc-provider", "oidc", name=self.settings.title, hint={"variable": ISSUER_VARIABLE})


class _NoRedirect(HTTPRedirectHandler):
    """Answers a redirect as the error that it is here."""

    def redirect_request(self, *_: object) -> None:
        return None
