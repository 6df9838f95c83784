import type { DiffOptions } from "./change.ts";
import type { ObjectKind } from "./model-objects.ts";

/** Whether the options leave an object in the comparison: `names` are what a pattern may call it. */
export function selector(
  options: DiffOptions,
): (thing: { kind: ObjectKind; schema: string; names: string[] }) => boolean {
  const ignored = options.ignore.map(patternOf);
  const schemas = new Set(options.schemas);
  const kinds = new Set<string>(options.kinds);
  return ({ kind, schema, names }) =>
    (schemas.size === 0 || schema === "" || schemas.has(schema)) &&
    (kinds.size === 0 || kinds.has(kind)) &&
    !ignored.some((pattern) => names.some((name) => pattern.test(name)));
}

/** `*` is any run of characters, all else stands for itself. */
function patternOf(glob: string): RegExp {
  const parts = glob.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`);
}
