// Passkeys: a form with data-passkey asks the browser for what its data-options say ("get" or "create"), puts the answer
// into its field and sends itself. Without script, or where the browser knows no passkeys, the form stays hidden.
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => list && list.map((c) => ({ ...c, id: bytes(c.id) }));

  const asked = (form) => {
    const o = JSON.parse(form.dataset.options);
    o.challenge = bytes(o.challenge);
    if (o.user) o.user.id = bytes(o.user.id);
    if (o.excludeCredentials) o.excludeCredentials = named(o.excludeCredentials);
    if (o.allowCredentials) o.allowCredentials = named(o.allowCredentials);
    return navigator.credentials[form.dataset.passkey]({ publicKey: o });
  };

  const told = (c) => {
    const r = c.response;
    return JSON.stringify({
      id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment || undefined, clientExtensionResults: {},
      response: {
        clientDataJSON: text(r.clientDataJSON),
        ...(r.attestationObject ? { attestationObject: text(r.attestationObject), transports: r.getTransports ? r.getTransports() : [] }
          : { authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: text(r.userHandle) || undefined }),
      },
    });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    for (const other of document.querySelectorAll("[data-without-passkey]")) other.hidden = true;
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      failed.hidden = true;
      const remember = document.querySelector("input[type=checkbox][name=remember]");
      if (remember && remember.checked && form.elements.remember) form.elements.remember.value = "1";
      try {
        form.elements.answer.value = told(await asked(form));
      } catch {
        failed.hidden = false;
        return;
      }
      form.submit();
    });
  }
})();
