import type { Config } from "../kit/config.ts";
import { baseFor } from "./base-for.ts";
import { destroyCopies } from "./destroy.ts";
import { type CopyWishes, copyOfBase } from "./open.ts";
import type { CopyRecord } from "./record.ts";

/** Starts that run side by side: more of them would only wait for the processors. */
const AT_ONCE = 4;

interface Many {
  count: number;
  say(text: string): void;
  /** Called for each copy as soon as it is there. */
  made?(copy: CopyRecord): void;
}

/** Several copies of the project's current base; a name is given a number for each. When one can't be made, none stays. */
export async function copiesOfBase(config: Config, wishes: CopyWishes, many: Many): Promise<CopyRecord[]> {
  const { count, say } = many;
  const copies: CopyRecord[] = [];
  let next = 0;
  // Once for all of them: it may have to be built.
  const maybeBuilt = wishes.from === undefined && (wishes.raw || wishes.obfuscate);
  const common = maybeBuilt ? { ...wishes, base: await baseFor(config, wishes, say) } : wishes;
  const worker = async () => {
    while (next < count) {
      const number = ++next;
      const name = wishes.name && count > 1 ? { name: `${wishes.name}-${number}` } : {};
      const copy = await copyOfBase(config, { ...common, ...name }, say);
      copies[number - 1] = copy;
      many.made?.(copy);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(count, AT_ONCE) }, worker));
  const failed = ends.find((end) => end.status === "rejected");
  if (!failed) return copies;
  // Who collects them removes them as well.
  if (!many.made) await destroyCopies(copies.filter(Boolean), "ended");
  throw failed.reason;
}
