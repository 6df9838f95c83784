import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DittoError, registerSecret, usageError } from "../kit/errors.ts";
import { resolveSecret } from "../kit/secrets.ts";
import { homePath } from "../kit/state.ts";
import { type MaskKey, openKey } from "../mask/key.ts";

/** What decides whether a key may be used. */
interface KeyWish {
  /** obfuscation.key_secret; the state folder's own is named by its path. */
  secret: string;
  /** The fingerprint of the key that made the last base; undefined without one. */
  last: string | undefined;
  newKey: boolean;
  /** False when only to look: a key that would be made is then undefined. */
  makes: boolean;
  say(text: string): void;
}

/** The key that pseudonyms are drawn with, made on first use where that may be. Throws when it is missing, short, or another than the last. */
export async function loadMaskKey(wish: KeyWish): Promise<MaskKey | undefined> {
  const text = await readKey(wish);
  if (text === undefined) return undefined;
  const key = openKey(bytesOf(text));
  if (wish.last === undefined || wish.last === key.fingerprint || wish.newKey) return key;
  throw new DittoError(
    `Cannot mask with this key: its fingerprint is ${key.fingerprint}, and the last base was made with ${wish.last}`,
    {
      code: "MASK_KEY_CHANGED",
      exit: 2,
      hint: "Give the earlier key back (obfuscation.key_secret), or say --new-key: every pseudonym will then be another",
    },
  );
}

async function readKey({ secret, last, newKey, makes, say }: KeyWish): Promise<string | undefined> {
  const own = homePath("mask.key");
  if (secret !== `file:${own}`) return resolveSecret(secret);
  if (existsSync(own)) {
    if (statSync(own).mode & 0o077) say(`Note: others may read the mask key; run: chmod 600 ${own}`);
    return resolveSecret(`file:${own}`);
  }
  if (process.env.CI) {
    throw usageError(
      `Cannot mask: there is no key at "${own}", and under CI none is made`,
      "Keep one in your CI's secrets and set obfuscation.key_secret: env:DITTO_MASK_KEY (make it with: openssl rand -hex 32)",
      "MASK_KEY_MISSING",
    );
  }
  if (last !== undefined && !newKey) {
    throw usageError(
      `Cannot mask: the key at "${own}" is gone, and bases were made with it (fingerprint ${last})`,
      "Give it back from a backup or a colleague, or say --new-key: every pseudonym will then be another",
      "MASK_KEY_MISSING",
    );
  }
  return makes ? makeKey(own, say) : undefined;
}

/** Whoever comes first makes it: the others find it whole. */
async function makeKey(file: string, say: (text: string) => void): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const text = randomBytes(32).toString("hex");
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${text}\n`, { mode: 0o600, flush: true });
  try {
    await link(draft, file);
    registerSecret(text);
    say(`Note: a new mask key was made: ${file}. Keep a copy of it; with another one every pseudonym changes`);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return resolveSecret(`file:${file}`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Hexadecimal or base64 of at least 32 bytes, else the text's own bytes. */
function bytesOf(text: string): Uint8Array {
  const trimmed = text.trim();
  if (/^([0-9a-f]{2}){32,}$/i.test(trimmed)) return Buffer.from(trimmed, "hex");
  const decoded = /^[A-Za-z0-9+/_-]{43,}={0,2}$/.test(trimmed) ? Buffer.from(trimmed, "base64") : Buffer.alloc(0);
  return decoded.length >= 32 ? decoded : Buffer.from(trimmed, "utf8");
}
