import { DittoError, messageOf, registerSecret, usageError } from "../kit/errors.ts";
import { flowing, within } from "../kit/time-limit.ts";
import { type DumpManifest, parseManifest, type RemoteDump } from "./store.ts";

/** How long a server may take, in milliseconds: to answer, and for the next bytes. */
const ANSWER_MS = 20_000;
const BYTES_MS = 60_000;
const MOST_REDIRECTS = 5;

/** No manifest is longer, even of a database of 100,000 tables. */
const MANIFEST_LENGTH = 20_000_000;

/** Where a file lies, with what its server wants to see; the URL itself is without user and password. */
interface Place {
  url: URL;
  /** The header of the login in the URL; sent to its own origin only. */
  authorization: string | undefined;
  /** For messages: no login, no query, which may hold a signature. */
  address: string;
}

/** A dump or SQL file at an https address, with its manifest (`<url>.json`) when there is one. Throws exit 2 for plain http. */
export async function findUrl(text: string): Promise<RemoteDump> {
  const place = parsePlace(text);
  const manifest = await findManifest(place);
  return {
    address: place.address,
    manifest,
    async read() {
      const answer = await get(place);
      if (!answer.ok) throw refused(place, answer.status);
      if (isPage(answer)) throw notADump(place);
      const length = answer.headers.get("content-length");
      return { bytes: length === null ? undefined : Number(length), stream: bodyOf(answer, place) };
    },
  };
}

function parsePlace(text: string): Place {
  if (!URL.canParse(text)) {
    throw usageError("Cannot load what --from names: it is no valid URL", "Write https://host/path");
  }
  const url = new URL(text);
  const login = [url.username, url.password].map(decodeURIComponent);
  const authorization = login.join("") === "" ? undefined : `Basic ${Buffer.from(login.join(":")).toString("base64")}`;
  url.username = "";
  url.password = "";
  url.hash = "";
  const address = `${url.origin}${url.pathname}`;
  // Short values of a query are words; a token or signature is long.
  const tokens = [...url.searchParams.values()].filter((value) => value.length >= 16);
  for (const secret of [login[1] ?? "", authorization ?? "", ...tokens]) registerSecret(secret);
  if (!isPrivate(url)) {
    throw usageError(
      `Cannot load "${address}": plain http lets everybody on the way read and change a dump`,
      "Use https://; http:// is for localhost only",
    );
  }
  if (url.pathname.endsWith("/")) {
    throw usageError(
      `Cannot load "${address}": it is a folder, and only single files are fetched`,
      "Name a file; fetch a folder of pg_dump's directory format yourself and name its path",
    );
  }
  return { url, authorization, address };
}

/** True when nobody on the way can read along: https, or a server of this host. */
function isPrivate({ protocol, hostname }: URL): boolean {
  if (protocol === "https:") return true;
  return protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** A signed address is for one file: for the other it is refused. */
const NO_MANIFEST = [401, 403, 404, 410];

async function findManifest(place: Place): Promise<DumpManifest | undefined> {
  const url = new URL(place.url);
  url.pathname += ".json";
  const answer = await get({ ...place, url });
  if (!answer.ok && !NO_MANIFEST.includes(answer.status)) throw unchecked(place, answer.status);
  if (!answer.ok || isPage(answer)) return undefined;
  const text = await firstText(bodyOf(answer, place));
  return text.startsWith("{") ? parseManifest(text, `${place.address}.json`) : undefined;
}

/** A text that may be a manifest, read no further than one goes: some servers answer any path with the file itself. */
async function firstText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text = `${text}${decoder.decode(chunk, { stream: true })}`.trimStart();
    if ((text !== "" && !text.startsWith("{")) || text.length > MANIFEST_LENGTH) break;
  }
  return text;
}

function isPage(answer: Response): boolean {
  return answer.headers.get("content-type")?.startsWith("text/html") ?? false;
}

/** Asks for a file and follows redirects, each as private as the first; the login stays with its origin. */
async function get(place: Place): Promise<Response> {
  let { url } = place;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await request(url, place);
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status > 399 || location === null) return answer;
    if (!URL.canParse(location, url.href)) break;
    url = new URL(location, url);
    if (!isPrivate(url)) {
      throw new DittoError(`Cannot load "${place.address}": its server sends on to "${url.host}" by plain http`, {
        code: "URL_REFUSED",
        hint: "Name an address that stays with https",
      });
    }
  }
  throw new DittoError(`Cannot load "${place.address}": its server sends on and on`, {
    code: "URL_FAILED",
    hint: "Open the address in a browser and name the one where it ends",
  });
}

async function request(url: URL, place: Place): Promise<Response> {
  const login = place.authorization !== undefined && url.origin === place.url.origin;
  const controller = new AbortController();
  // The bytes as they lie there: the size and the checksum are theirs.
  const headers = { "accept-encoding": "identity", ...(login ? { authorization: place.authorization ?? "" } : {}) };
  const options = { redirect: "manual", decompress: false, headers, signal: controller.signal } as const;
  try {
    return await within(ANSWER_MS, fetch(url, options));
  } catch (error) {
    controller.abort();
    throw unreachable(place, error);
  }
}

async function* bodyOf(answer: Response, place: Place): AsyncGenerator<Uint8Array> {
  try {
    if (answer.body) yield* flowing(answer.body, BYTES_MS);
  } catch (error) {
    throw unreachable(place, error);
  }
}

function refused(place: Place, status: number): DittoError {
  const [code, state, hint] =
    status === 404 || status === 410
      ? ["DUMP_MISSING", "there is no such file", "Check the address"]
      : status === 401 || status === 403
        ? ["URL_DENIED", "access is denied", "Use https://user:password@… or a fresh signed address"]
        : [
            "URL_FAILED",
            "its server can't send it",
            "Run it again later, or fetch the file yourself and name its path",
          ];
  return new DittoError(`Cannot load "${place.address}": ${state} (HTTP ${status})`, { code, hint });
}

function unchecked(place: Place, status: number): DittoError {
  return new DittoError(
    `Cannot load "${place.address}": whether it has a manifest can't be told, as its server can't send "${place.address}.json" (HTTP ${status})`,
    {
      code: "URL_FAILED",
      hint: "Run it again later, or fetch the file and what lies beside it as .json yourself and name its path",
    },
  );
}

function notADump(place: Place): DittoError {
  return new DittoError(`Cannot load "${place.address}": its server sends a web page instead of a file`, {
    code: "DUMP_FOREIGN",
    hint: "Name the address of the file itself; a login page can't be passed",
  });
}

function unreachable(place: Place, cause: unknown): DittoError {
  const code = String((cause as NodeJS.ErrnoException).code ?? "");
  return new DittoError(
    `Cannot load "${place.address}": ${place.url.host} can't be reached (${code || messageOf(cause)})`,
    {
      code: "URL_UNREACHABLE",
      hint: "Check the network and the address, or fetch the file yourself and name its path",
      cause,
    },
  );
}
