/** A file's SHA-256 in the three places: as it was last copied, as it lies there now, as the toolkit has it now. */
export interface Three {
  base: string | undefined;
  yours: string | undefined;
  theirs: string | undefined;
}

/** What becomes of one file. */
export type Fate =
  /** It was not there and nobody knew it. */
  | "added"
  /** Untouched since it was copied, and there is a newer one. */
  | "replaced"
  | "unchanged"
  /** Edited, and nothing newer: it stays. */
  | "kept"
  /** Edited, and there is a newer one, which goes beside it. */
  | "conflict"
  /** It was deleted there, and stays so. */
  | "deleted"
  /** Untouched, and the toolkit has it no longer. */
  | "removed"
  /** Edited, and the toolkit has it no longer: it stays, and is nobody's but yours. */
  | "abandoned";

/** The three-way rule; undefined when there is no such file anywhere. */
export function fateOf({ base, yours, theirs }: Three): Fate | undefined {
  if (theirs === undefined) {
    if (base === undefined || yours === undefined) return undefined;
    return yours === base ? "removed" : "abandoned";
  }
  if (yours === undefined) return base === undefined ? "added" : "deleted";
  if (yours === theirs) return "unchanged";
  if (yours === base) return "replaced";
  return theirs === base ? "kept" : "conflict";
}
