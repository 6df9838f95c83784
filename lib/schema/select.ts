import type { DiffOptions } from "./change.ts";
import type { ObjectKind } from "./model-objects.ts";

/** Whether the options leave an object in the comparison: `names` are what a pattern may call it. Patterns that leave one out are noted in `met`. */
export function selector(
  options: DiffOptions,
  met: Set<string> = new Set(),
): (thing: { kind: ObjectKind; schema: string; names: string[] }) => boolean {
  const ignored = options.ignore.map((glob) => ({ glob, pattern: patternOf(glob) }));
  const schemas = new Set(options.schemas);
  const kinds = new Set<string>(options.kinds);
  return ({ kind, schema, names }) => {
    const matched = ignored.filter(({ pattern }) => names.some((name) => pattern.test(name)));
    for (const { glob } of matched) met.add(glob);
    return (
      matched.length === 0 &&
      (schemas.size === 0 || schema === "" || schemas.has(schema)) &&
      (kinds.size === 0 || kinds.has(kind))
    );
  };
}

/** `*` is any run of characters, all else stands for itself. */
function patternOf(glob: string): RegExp {
  const parts = glob.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`);
}
