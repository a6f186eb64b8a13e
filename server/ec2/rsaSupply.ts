import { generateKeyPair, generateKeyPairSync, type KeyObject } from "node:crypto";

const OPTIONS = { modulusLength: 2048, publicExponent: 0x10001 };

/** To make an RSA key takes a sixth of a second, in which nobody else is served: so one is made ahead. */
let spare: KeyObject | undefined;
let making = false;

/**
 * A 2048-bit RSA key that nobody else has. Only the first costs its making; after each, the next one is begun beside the
 * server's own work.
 */
export function takeRsaKey(): KeyObject {
  const key = spare ?? generateKeyPairSync("rsa", OPTIONS).privateKey;
  spare = undefined;
  makeSpare();
  return key;
}

function makeSpare(): void {
  if (making) return;
  making = true;
  // After the answer has gone out, and not if the process is about to end. (An immediate that does not keep the process
  // alive does not wake it up either: it would wait for the next request.)
  setTimeout(() => {
    generateKeyPair("rsa", OPTIONS, (error, _publicKey, privateKey) => {
      making = false;
      if (!error) spare = privateKey;
    });
  }, 0).unref();
}
