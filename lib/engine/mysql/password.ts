import { createHash, randomBytes } from "node:crypto";

const ITOA64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALPHANUMERIC = ITOA64.slice(2);
const ROUNDS = 5000;

/** A password as `mysql_native_password` stores it, for MariaDB and MySQL 5.7. */
export function nativeVerifier(password: string): string {
  return `*${sha1(sha1(Buffer.from(password)))
    .toString("hex")
    .toUpperCase()}`;
}

/** A password as `caching_sha2_password` stores it: SHA-crypt with 5 × 1000 rounds and a salt of 20 characters. */
export function cachingSha2Verifier(password: string, salt = randomSalt()): string {
  return `$A$005$${salt}${sha256Crypt(Buffer.from(password), Buffer.from(salt))}`;
}

function randomSalt(): string {
  return [...randomBytes(20)].map((byte) => ALPHANUMERIC[byte % ALPHANUMERIC.length]).join("");
}

/** SHA-crypt (Ulrich Drepper, https://www.akkadia.org/drepper/SHA-crypt.txt), without its prefix. */
function sha256Crypt(password: Buffer, salt: Buffer): string {
  const alternate = sha256(password, salt, password);
  const start = [password, salt, repeat(alternate, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) start.push(bits & 1 ? alternate : password);
  const p = repeat(sha256(...Array<Buffer>(password.length).fill(password)), password.length);
  let digest = sha256(...start);
  const s = repeat(sha256(...Array<Buffer>(16 + (digest[0] as number)).fill(salt)), salt.length);
  for (let round = 0; round < ROUNDS; round++) {
    const parts = [round & 1 ? p : digest];
    if (round % 3) parts.push(s);
    if (round % 7) parts.push(p);
    parts.push(round & 1 ? digest : p);
    digest = sha256(...parts);
  }
  return encode(digest);
}

/** The digest's bytes in threes, in the order of crypt(3): each group starts in the next of three columns. */
function encode(digest: Buffer): string {
  const at = (index: number) => digest[index] as number;
  let text = "";
  for (let group = 0; group < 10; group++) {
    const [a, b, c] = [0, 1, 2].map((place) => group + 10 * ((place + 2 * group) % 3)) as [number, number, number];
    text += base64((at(a) << 16) | (at(b) << 8) | at(c), 4);
  }
  return text + base64((at(31) << 8) | at(30), 3);
}

function base64(value: number, length: number): string {
  let text = "";
  for (let rest = value, i = 0; i < length; i++, rest >>= 6) text += ITOA64[rest & 63];
  return text;
}

function repeat(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block);
}

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function sha1(data: Buffer): Buffer {
  return createHash("sha1").update(data).digest();
}
