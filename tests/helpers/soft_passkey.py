"""An authenticator of software: makes passkeys and signs with them as the standard says, and otherwise on request."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, NEW_KEY = 0x01, 0x04, 0x40


@dataclass
class SoftPasskey:
    """A key pair for one host name; `flags` says whether somebody was present and was verified."""

    origin: str
    host: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: os.urandom(32))
    handle: bytes = b""
    count: int = 0
    flags: int = PRESENT | VERIFIED

    def created(self, options: str) -> str:
        """Answer what was asked for a new passkey."""
        asked = json.loads(options)
        self.handle = base64url_to_bytes(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        made = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        held = {"fmt": "none", "attStmt": {}, "authData": self._data(NEW_KEY) + made}
        return self._answer(self._client_data("webauthn.create", asked), attestationObject=cbor2.dumps(held))

    def signed(self, options: str) -> str:
        """Answer what was asked for a sign-in."""
        self.count += 1
        client_data, data = self._client_data("webauthn.get", json.loads(options)), self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(client_data, authenticatorData=data, signature=signature, userHandle=self.handle)

    def _client_data(self, kind: str, asked: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": asked["challenge"], "origin": self.origin}).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([self.flags | flags]) + self.count.to_bytes(4, "big")

    def _answer(self, client_data: bytes, **parts: bytes) -> str:
        response = {name: bytes_to_base64url(part) for name, part in ({"clientDataJSON": client_data} | parts).items()}
        name = bytes_to_base64url(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
