"""Verifies an assertion of Usher; Python 3 with the package cryptography (Debian: python3-cryptography).

    python3 verify.py ISSUER AUDIENCE [ORGANISATION] < assertion

ORGANISATION is the id of the only one whose people come; without it the claim org tells those of several apart.
"""
import base64
import json
import sys
import time
import urllib.request

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

keys = {}


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verify(token, issuer, audience, organisation=None):
    header, payload, signature = token.split(".")
    said = json.loads(decoded(header))
    if said["kid"] not in keys:
        with urllib.request.urlopen(issuer + "/.well-known/jwks.json") as answer:
            keys.update({key["kid"]: key for key in json.load(answer)["keys"]})
    key = keys[said["kid"]]
    if said["alg"] != key["alg"]:
        raise ValueError("unknown key")
    text, mark = f"{header}.{payload}".encode(), decoded(signature)
    if key["alg"] == "EdDSA":
        ed25519.Ed25519PublicKey.from_public_bytes(decoded(key["x"])).verify(mark, text)
    elif key["alg"] == "ES256":
        x, y = (int.from_bytes(decoded(key[axis]), "big") for axis in "xy")
        r, s = int.from_bytes(mark[:32], "big"), int.from_bytes(mark[32:], "big")
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        public.verify(utils.encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))
    else:
        raise ValueError("unknown algorithm")
    claims = json.loads(decoded(payload))
    if claims["iss"] != issuer or claims["aud"] != audience or organisation and claims["org"] != organisation or time.time() >= claims["exp"]:
        raise ValueError("not for us, or no longer")
    return claims


if __name__ == "__main__":
    print(json.dumps(verify(sys.stdin.read().strip(), *sys.argv[1:4])))
