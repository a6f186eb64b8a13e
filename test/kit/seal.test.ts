import fc from "fast-check";
import { expect, test } from "vitest";
import { Seal } from "../../server/kit/seal.ts";

const seal = new Seal(Buffer.alloc(32, 1));
const texts = fc.string({ unit: "binary", maxLength: 40 });

test("what was sealed is opened again, for its purpose, by who has the secret", () => {
  fc.assert(
    fc.property(texts, texts, texts, (purpose, other, text) => {
      const token = seal.close(purpose, text);
      expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(seal.open(purpose, token)).toBe(Buffer.from(text, "utf8").toString("utf8"));
      expect(new Seal(Buffer.alloc(32, 1)).open(purpose, token)).toBe(seal.open(purpose, token));
      expect(new Seal(Buffer.alloc(32, 2)).open(purpose, token)).toBeUndefined();
      fc.pre(other !== purpose);
      expect(seal.open(other, token)).toBeUndefined();
    }),
    { seed: 10 },
  );
});

test("no token opens once anything of it has changed, nor one that was made up", () => {
  const token = seal.close("page", "some text that takes more than one block of the cipher");
  const bytes = Buffer.from(token, "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(seal.open("page", changed.toString("base64url"))).toBeUndefined();
  }
  for (let length = 0; length < token.length; length++) {
    expect(seal.open("page", token.slice(0, length))).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      expect(seal.open("page", text)).toBeUndefined();
      expect(seal.open("page", token + text)).toBe(text === "" ? seal.open("page", token) : undefined);
    }),
    { seed: 11 },
  );
});

test("no two texts begin with the same nonce, and one text always has the same token", () => {
  const tokens = Array.from({ length: 1000 }, (_, i) => seal.close("page", String(i)));
  expect(new Set(tokens.map((token) => token.slice(0, 16))).size).toBe(1000);
  expect(seal.close("page", "7")).toBe(tokens[7]);
  expect(seal.close("other", "7").slice(0, 16)).not.toBe(tokens[7]?.slice(0, 16));
});
