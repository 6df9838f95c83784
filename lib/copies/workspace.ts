import type { Config } from "../kit/config.ts";
import { usageError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { formatDuration } from "../kit/units.ts";
import type { Announce } from "./create.ts";
import { findCopy } from "./find.ts";
import { copyOfBase } from "./open.ts";
import type { CopyRecord } from "./record.ts";
import { awake } from "./wake.ts";
import { checkedName } from "./wishes.ts";

/** Which copy a command is about; with nothing said it is a new one, which expires. */
export interface WorkspaceWishes {
  /** The copy of this name, which is made when there is none. */
  name: string | undefined;
  /** A copy that is there, by id, beginning of the id, or name. */
  copy: string | undefined;
  /** How long a copy lives that is made. */
  ttl: number | "never" | undefined;
}

interface Taking {
  config: Config;
  say(text: string): void;
}

/** How long one waits for another who makes the copy of that name. */
const WAIT_MS = 10 * 60_000;

/** The copy that is meant, its server running, handed to `announce`: when that fails, a copy made for it is gone. */
export async function takeCopy(
  { name: typed, copy: word, ttl }: WorkspaceWishes,
  { config, say }: Taking,
  announce: Announce = () => {},
): Promise<CopyRecord> {
  if (typed !== undefined && word !== undefined) {
    throw usageError("Cannot tell which copy is meant: --name and --copy are both given", "Give one of them");
  }
  if (word !== undefined) {
    const found = await findCopy(word, { project: config.project, source: config.sourceName });
    const copy = await awake(found, say);
    await announce(copy);
    return copy;
  }
  const name = await checkedName(typed);
  const rawHint = `Say --copy ${name} if that is meant, or give another name`;
  const take = () => copyOfBase(config, { name, ttl, ifExists: "reuse", rawHint }, say, announce);
  // Commands that start together and want the same copy, as those of a Procfile do, get one.
  return name === undefined ? take() : withLock(`name-${name}`, take, WAIT_MS);
}

/** Says which copy is in use, and until when. */
export function sayCopy(copy: CopyRecord, say: (text: string) => void): void {
  const end = copy.expiresAt === null ? "stays until it is deleted" : `expires in ${timeLeft(copy.expiresAt)}`;
  say(`Copy ${copy.name || copy.id} ${end}`);
}

function timeLeft(until: string): string {
  const seconds = Math.max(1, Math.ceil((Date.parse(until) - Date.now()) / 1000));
  return formatDuration(1000 * (seconds < 120 ? seconds : Math.ceil(seconds / 60) * 60));
}
