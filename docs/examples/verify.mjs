// Verifies an assertion of Usher; Node 20, nothing beside its own modules.
//   node verify.mjs ISSUER AUDIENCE [ORGANISATION] < assertion
// ORGANISATION is the id of the only one whose people come; without it the claim org tells those of several apart.
import { createPublicKey, verify as check } from "node:crypto";
import { text } from "node:stream/consumers";

const keys = new Map();

export async function verify(token, issuer, audience, organisation) {
  const [header, payload, signature] = token.split(".");
  const { alg, kid } = JSON.parse(Buffer.from(header, "base64url"));
  if (!keys.has(kid)) {
    const set = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
    for (const jwk of set.keys) keys.set(jwk.kid, jwk);
  }
  const jwk = keys.get(kid);
  if (!jwk || jwk.alg !== alg || !["EdDSA", "ES256"].includes(alg)) throw new Error("unknown key");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signed = alg === "EdDSA" ? [null, key] : ["sha256", { key, dsaEncoding: "ieee-p1363" }];
  if (!check(signed[0], Buffer.from(`${header}.${payload}`), signed[1], Buffer.from(signature, "base64url"))) throw new Error("wrong signature");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  if (claims.iss !== issuer || claims.aud !== audience || (organisation && claims.org !== organisation) || Date.now() / 1000 >= claims.exp) throw new Error("not for us, or no longer");
  return claims;
}

const [issuer, audience, organisation] = process.argv.slice(2);
if (issuer) console.log(JSON.stringify(await verify((await text(process.stdin)).trim(), issuer, audience, organisation)));
