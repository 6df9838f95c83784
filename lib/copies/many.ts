import { withCleanup } from "../kit/cleanup.ts";
import type { Config } from "../kit/config.ts";
import { baseFor } from "./base-for.ts";
import { destroyCopies } from "./destroy.ts";
import { type CopyWishes, copyOfBase } from "./open.ts";
import { type CopyRecord, knownCopies } from "./record.ts";

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
  // Those that --if-exists takes up were not made here.
  const before = new Set((await knownCopies()).map(({ id }) => id));
  let next = 0;
  // Once for all of them: it may have to be built.
  const maybeBuilt = wishes.from === undefined && (wishes.raw || wishes.obfuscate);
  const common = maybeBuilt ? { ...wishes, base: await baseFor(config, wishes, say) } : wishes;
  let whole = false;
  let failed = false;
  const worker = async () => {
    while (next < count && !failed) {
      const number = ++next;
      const name = wishes.name && count > 1 ? { name: `${wishes.name}-${number}` } : {};
      try {
        const copy = await copyOfBase(config, { ...common, ...name }, say);
        copies[number - 1] = copy;
        many.made?.(copy);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  return withCleanup(
    async () => {
      const ends = await Promise.allSettled(Array.from({ length: Math.min(count, AT_ONCE) }, worker));
      const end = ends.find(({ status }) => status === "rejected");
      if (end?.status === "rejected") throw end.reason;
      whole = true;
      return copies;
    },
    async () => {
      // Who collects them removes them as well.
      if (whole || many.made) return;
      const ours = copies.filter((copy) => copy && !before.has(copy.id));
      await destroyCopies(ours, "ended");
    },
  );
}
