import type { Frozen, RuntimeName } from "../runtime/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { type CopyRecord, runtimeIdOf } from "./record.ts";
import { surveyPool } from "./storage-status.ts";

/** Tells what things occupy of their own, in bytes; undefined where it can't be told. Each pool is asked once. */
export interface DiskMeter {
  ofCopy(copy: CopyRecord): Promise<number | undefined>;
  ofFrozen(frozen: Frozen): Promise<number | undefined>;
}

/** A look at the disk, as of now. */
export function diskMeter(): DiskMeter {
  const surveys = new Map<RuntimeName, ReturnType<typeof surveyPool>>();
  const inPool = async (name: RuntimeName, path: string) => {
    if (name === "native") return undefined;
    const survey = surveys.get(name) ?? surveyPool(name).catch(() => null);
    surveys.set(name, survey);
    return (await survey)?.bytes.get(path);
  };
  return {
    async ofCopy(copy) {
      const id = runtimeIdOf(copy);
      if (copy.method === "pool") return inPool(copy.runtime, `copies/${id}`);
      const runtime = await runtimeNamed(copy.runtime, () => {});
      return runtime.usage(id, copy.frozen).catch(() => undefined);
    },
    async ofFrozen(frozen) {
      if (frozen.method === "pool") return inPool(frozen.runtime, frozen.reference);
      const runtime = await runtimeNamed(frozen.runtime, () => {});
      return runtime.frozenUsage(frozen).catch(() => undefined);
    },
  };
}
