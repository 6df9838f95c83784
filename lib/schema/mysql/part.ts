import type { Action, Change, Destructive, Hazard } from "../change.ts";
import type { ObjectKind } from "../model-objects.ts";

/**
 * What an ALTER TABLE costs a table in use, the dearest last. `instant`: only the dictionary changes. `inplace`: built
 * beside, others go on. `rebuild`: all rows are written anew beside, others go on. `shared`: in place, and writes wait.
 * `copy`: all rows are copied, and writes wait.
 */
export const COSTS = ["instant", "inplace", "rebuild", "shared", "copy"] as const;
export type Cost = (typeof COSTS)[number];

/** In which order the clauses of one ALTER TABLE are written. */
export const RANK = {
  option: 0,
  dropIndex: 1,
  dropCheck: 2,
  dropColumn: 3,
  modify: 4,
  add: 5,
  primaryKey: 6,
  index: 7,
  visibility: 8,
  check: 9,
  period: 10,
  versioning: 11,
} as const;

export interface Clause {
  rank: number;
  sql: string;
}

/** One thing that differs in a table, and what in ALTER TABLE ends it. */
export interface Part {
  change: Change;
  clauses: Clause[];
  cost: Cost;
  hazards: Hazard[];
  /** It stands in a statement of its own, with others of this kind, so that it can be left out. */
  destructive?: Destructive;
  /** Whole statements that must have been carried out before, or are to be afterwards. */
  before?: string[];
  after?: string[];
  /** What stands behind all clauses, without a comma: partitioning. */
  tail?: string;
  /** A clause that takes no others beside it. */
  alone?: string;
  /** It must go in one statement with the others, also when it is destructive. */
  bound?: boolean;
}

/** A change under the object's key. */
export function changeOf(kind: ObjectKind, name: string, action: Action, words: string[] = []): Change {
  return { id: `${kind}:${name}`, kind, name, action, words };
}

/** The dearer of costs. */
export function dearest(costs: Cost[]): Cost {
  return COSTS[Math.max(0, ...costs.map((cost) => COSTS.indexOf(cost)))] ?? "copy";
}

/** `label: old → new`, an absent value in words. */
export function fromTo(label: string, before: string | undefined, after: string | undefined): string {
  return `${label}: ${before || "none"} → ${after || "none"}`;
}
