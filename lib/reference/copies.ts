import { destroyCopies } from "../copies/destroy.ts";
import { findCopy, type Scope } from "../copies/find.ts";
import { copyOfBase } from "../copies/open.ts";
import { accessTo, type CopyRecord } from "../copies/record.ts";
import { awake } from "../copies/wake.ts";
import { withCleanup } from "../kit/cleanup.ts";
import type { Conversation } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Reference } from "./reference.ts";

/** Whose names count. */
export function scopeOf({ project, sourceName }: Config): Scope {
  return { project, source: sourceName };
}

/** Where a copy is; one that was stopped is started. */
export async function accessForReading(word: string, scope: Scope, say: (text: string) => void): Promise<DatabaseUrl> {
  return accessTo(await awake(await findCopy(word, scope), say));
}

/** Runs `action` with a copy of its own of a base or a snapshot, which goes with this process. */
export async function throwawayCopy<T>(
  { kind, word }: Reference,
  { config, call }: { config: Config; call: Conversation },
  action: (url: DatabaseUrl) => Promise<T>,
): Promise<T> {
  const made: CopyRecord[] = [];
  const origin = kind === "snapshot" ? { from: word } : word === "" ? {} : { dump: word };
  return withCleanup(
    async () => {
      const copy = await copyOfBase(config, { ...origin, bound: true, raw: kind === "snapshot" }, call.say, (one) => {
        made.push(one);
      });
      return action(await accessTo(copy));
    },
    async () => {
      await destroyCopies(made, "ended");
    },
  );
}
