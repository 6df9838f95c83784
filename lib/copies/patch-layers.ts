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
  let rest = layers.filter((_, index) => index !== at);
  for (const change of layers[at]?.changes ?? []) {
    const { name } = change;
    const written = rawValues(lifted, name);
    const later = rest.some(
      (layer, index) =>
        index >= at && layer.changes.some((other) => other.name === name && holds(other.before, change)),
    );
    if (holds(written, change)) restored.push(name);
    else if (written.length > 0 && !later) left.push(name);
    lifted = withRawValues(lifted, name, undone(written, change));
    rest = rest.map((layer, index) => (index < at ? layer : handedDown(layer, change)));
  }
  return { text: lifted, layers: rest, restored, left };
}

function handedDown(layer: Layer, gone: Change): Layer {
  const changes = layer.changes.map((change) =>
    change.name === gone.name
      ? { ...change, before: undone(change.before, gone).filter((raw) => raw !== null) }
      : change,
  );
  return { ...layer, changes };
}

function holds(raws: string[], change: Change): boolean {
  return raws.some((raw) => change.ours.includes(unquoteDotenv(raw)));
}

/** From the last on, because that one counts where a line was added or removed since. */
function undone(raws: string[], { ours, before }: Change): (string | null)[] {
  let taken = 0;
  return raws
    .toReversed()
    .map((raw) => {
      if (!ours.includes(unquoteDotenv(raw))) return raw;
      taken++;
      return before.at(-taken) ?? before[0] ?? null;
    })
    .toReversed();
}
