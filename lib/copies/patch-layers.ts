import { quoteLike, rawValues, unquoteDotenv, withLine, withRawValues } from "../kit/dotenv.ts";

/** What a copy did to one variable of a file. */
interface Change {
  name: string;
  /** The values by which the copy's lines are known, the newest first. */
  ours: string[];
  /** What was written there before, line by line; empty when the variable was missing. */
  before: string[];
}

/** What a copy did to a file. Of several copies the last one's values are in the file. */
export interface Layer {
  copyId: string;
  changes: Change[];
}

export interface Layered {
  text: string;
  layers: Layer[];
}

/** Puts a copy's values on top; what was there before them is kept in its layer. */
export function lay({ text, layers }: Layered, copyId: string, values: Record<string, string>): Layered {
  const below = lift({ text, layers }, copyId);
  const mine = layers.find((layer) => layer.copyId === copyId)?.changes ?? [];
  // Variables that the configuration named once go back with the others, when the copy goes.
  const carried = Object.fromEntries(mine.map(({ name, ours }) => [name, ours[0] ?? ""]));
  const changes: Change[] = [];
  let patched = below.text;
  for (const [name, value] of Object.entries({ ...carried, ...values })) {
    const before = rawValues(below.text, name);
    const known = mine.find((change) => change.name === name)?.ours ?? [];
    changes.push({ name, ours: [...new Set([value, ...known])], before });
    patched =
      before.length === 0
        ? withLine(patched, name, quoteLike("", value))
        : withRawValues(
            patched,
            name,
            before.map((raw) => quoteLike(raw, value)),
          );
  }
  return { text: patched, layers: [...below.layers, { copyId, changes }] };
}

/**
 * Takes a copy's values out again, from the file and from what later copies found there. `left` names the variables
 * that somebody has given another value meanwhile, which they keep.
 */
export function lift({ text, layers }: Layered, copyId: string): Layered & { restored: string[]; left: string[] } {
  const at = layers.findIndex((layer) => layer.copyId === copyId);
  const restored: string[] = [];
  const left: string[] = [];
  let lifted = text;
  const rest = layers.filter((_, index) => index !== at);
  for (const change of layers[at]?.changes ?? []) {
    const { name } = change;
    // Two copies may have the same host: what a later one wrote as well is that one's now.
    const claimed = new Set<string>();
    for (let above = at; above < rest.length; above++) {
      const layer = rest[above] as Layer;
      rest[above] = handedDown(layer, change, claimed);
      for (const value of layer.changes.find((other) => other.name === name)?.ours ?? []) claimed.add(value);
    }
    const mine = { ...change, ours: change.ours.filter((value) => !claimed.has(value)) };
    const written = rawValues(lifted, name);
    if (written.some((raw) => isOurs(raw, mine))) restored.push(name);
    else if (written.length > 0 && claimed.size === 0) left.push(name);
    lifted = withRawValues(lifted, name, undone(written, mine));
  }
  return { text: lifted, layers: rest, restored, left };
}

function handedDown(layer: Layer, gone: Change, claimed: ReadonlySet<string>): Layer {
  const mine = { ...gone, ours: gone.ours.filter((value) => !claimed.has(value)) };
  const changes = layer.changes.map((change) =>
    change.name === gone.name
      ? { ...change, before: undone(change.before, mine).filter((raw) => raw !== null) }
      : change,
  );
  return { ...layer, changes };
}

function isOurs(raw: string, { ours }: Change): boolean {
  return ours.includes(unquoteDotenv(raw));
}

/** Line by line; where lines were added or removed since, from the last on, because that one counts. */
function undone(raws: string[], change: Change): (string | null)[] {
  const { before } = change;
  if (raws.length === before.length) return raws.map((raw, at) => (isOurs(raw, change) ? (before[at] ?? null) : raw));
  let taken = 0;
  return raws
    .toReversed()
    .map((raw) => (isOurs(raw, change) ? (before.at(-++taken) ?? before[0] ?? null) : raw))
    .toReversed();
}
