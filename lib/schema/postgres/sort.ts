import type { ObjectKind } from "../model-objects.ts";
import type { Operation, Steps } from "./operations.ts";

/** Kinds in the order in which they are made where nothing says otherwise; dropped the other way round. */
const RANKS: ObjectKind[] = [
  "schema",
  "language",
  "extension",
  "access method",
  "collation",
  "enum",
  "base type",
  "domain",
  "range type",
  "composite type",
  "sequence",
  "foreign data wrapper",
  "server",
  "user mapping",
  "table",
  "column",
  "default",
  "foreign table",
  "function",
  "procedure",
  "aggregate",
  "operator",
  "operator family",
  "operator class",
  "cast",
  "transform",
  "conversion",
  "text search parser",
  "text search template",
  "text search dictionary",
  "text search configuration",
  "check",
  "not null",
  "primary key",
  "unique",
  "exclusion",
  "index",
  "partition",
  "foreign key",
  "statistics",
  "view",
  "materialized view",
  "rule",
  "trigger",
  "policy",
  "event trigger",
  "publication",
  "default privileges",
];
const RANK = new Map(RANKS.map((kind, at) => [kind, at]));

/** The place of a kind among the others. */
export function rankOf(kind: ObjectKind): number {
  return RANK.get(kind) ?? RANKS.length;
}

/** An operation with those that its statement does as well. */
export interface Step {
  operation: Operation;
  members: Operation[];
}

/** The operations in an order that works; what stands in another's statement is taken out of it where that closes a circle. */
export function sortSteps(steps: Steps): Step[] {
  for (;;) {
    const groups = groupsOf(steps);
    const { sorted, circle } = arranged(steps, groups);
    if (circle.length === 0) return sorted.map((id) => stepOf(steps, groups, id));
    if (!split(steps, groups, circle)) cut(steps, groups, circle);
  }
}

interface Groups {
  /** Operation → the one whose statement it is in. */
  leader: Map<string, string>;
  members: Map<string, string[]>;
  /** Leader → leaders that come before it. */
  before: Map<string, Set<string>>;
}

function groupsOf({ operations, before }: Steps): Groups {
  const leader = new Map<string, string>();
  const leaderOf = (id: string): string => {
    const known = leader.get(id);
    if (known !== undefined) return known;
    const within = operations.get(id)?.within;
    const found = within === undefined || !operations.has(within) ? id : leaderOf(within);
    leader.set(id, found);
    return found;
  };
  const members = new Map<string, string[]>();
  for (const id of operations.keys()) {
    const first = leaderOf(id);
    members.set(first, [...(members.get(first) ?? []), ...(first === id ? [] : [id])]);
  }
  const edges = new Map<string, Set<string>>([...members.keys()].map((id) => [id, new Set()]));
  for (const [id, earlier] of before) {
    const own = leaderOf(id);
    for (const other of earlier) if (leaderOf(other) !== own) edges.get(own)?.add(leaderOf(other));
  }
  return { leader, members, before: edges };
}

function stepOf({ operations }: Steps, { members }: Groups, id: string): Step {
  const found = (one: string) => {
    const operation = operations.get(one);
    if (operation === undefined) throw new Error(`No operation ${one}`);
    return operation;
  };
  return { operation: found(id), members: (members.get(id) ?? []).map(found) };
}

/** Drops first, from the last kind to the first; then what is made and changed, from the first to the last. */
function priority({ verb, node }: Operation): number {
  const rank = rankOf(node.kind);
  return verb === "drop" ? RANKS.length - rank : 100 + rank;
}

function arranged({ operations }: Steps, { before, members }: Groups): { sorted: string[]; circle: string[] } {
  const waits = new Map([...before].map(([id, earlier]) => [id, earlier.size]));
  const after = new Map<string, string[]>();
  for (const [id, earlier] of before) for (const other of earlier) after.set(other, [...(after.get(other) ?? []), id]);
  const place = new Map([...members.keys()].sort((x, y) => comparePlaces(operations, x, y)).map((id, at) => [id, at]));
  const ready = new Heap((x, y) => (place.get(x) ?? 0) - (place.get(y) ?? 0));
  for (const [id, count] of waits) if (count === 0) ready.push(id);
  const sorted: string[] = [];
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    sorted.push(id);
    for (const later of after.get(id) ?? []) {
      const left = (waits.get(later) ?? 0) - 1;
      waits.set(later, left);
      if (left === 0) ready.push(later);
    }
  }
  const done = new Set(sorted);
  return { sorted, circle: sorted.length === members.size ? [] : circleIn(before, done) };
}

function comparePlaces(operations: Map<string, Operation>, x: string, y: string): number {
  const [one, other] = [operations.get(x), operations.get(y)];
  if (one === undefined || other === undefined) return 0;
  return priority(one) - priority(other) || (one.node.place < other.node.place ? -1 : 1);
}

/** Some operations each of which waits for the next. */
function circleIn(before: Map<string, Set<string>>, done: Set<string>): string[] {
  const path: string[] = [];
  let at = [...before.keys()].find((id) => !done.has(id));
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = [...(before.get(at) ?? [])].find((id) => !done.has(id));
  }
  return at === undefined ? path : path.slice(path.indexOf(at));
}

/** What can be dropped before the table that it is a part of: all that may name something else. */
const APART = new Set<ObjectKind>([
  "foreign key",
  "default",
  "sequence",
  "check",
  "index",
  "exclusion",
  "statistics",
  "rule",
  "trigger",
  "policy",
]);

/** Takes members of the circle out of their statements that tie it to another part of the circle. */
function split(steps: Steps, groups: Groups, circle: string[]): boolean {
  const inside = new Set(circle);
  let found = false;
  for (const leader of circle) {
    for (const id of groups.members.get(leader) ?? []) {
      const operation = steps.operations.get(id);
      const ties = [...(steps.before.get(id) ?? [])].some((other) => {
        const first = groups.leader.get(other) ?? other;
        return first !== leader && inside.has(first);
      });
      const tied = [...steps.before].some(([other, earlier]) => {
        const first = groups.leader.get(other) ?? other;
        return first !== leader && inside.has(first) && earlier.has(id);
      });
      if (operation === undefined || !(operation.verb === "create" ? ties : tied || ties)) continue;
      if (operation.verb === "drop" && !APART.has(operation.node.kind)) continue;
      // It still comes with or after what it is part of.
      const within = operation.within ?? "";
      operation.within = undefined;
      if (operation.verb === "create") steps.before.get(id)?.add(within);
      else steps.before.get(within)?.add(id);
      found = true;
    }
  }
  return found;
}

/** A circle that the server allows to be made some other way, and we don't know how: its weakest link goes. */
function cut(steps: Steps, groups: Groups, circle: string[]): void {
  const [id = ""] = [...circle].sort((x, y) => comparePlaces(steps.operations, x, y));
  const next = circle[(circle.indexOf(id) + 1) % circle.length] ?? "";
  const whole = new Set([next, ...(groups.members.get(next) ?? [])]);
  for (const member of [id, ...(groups.members.get(id) ?? [])]) {
    for (const other of [...(steps.before.get(member) ?? [])])
      if (whole.has(other)) steps.before.get(member)?.delete(other);
  }
}

/** The smallest first. */
class Heap {
  readonly #items: string[] = [];
  readonly #compare: (a: string, b: string) => number;

  constructor(compare: (a: string, b: string) => number) {
    this.#compare = compare;
  }

  push(item: string): void {
    const items = this.#items;
    items.push(item);
    for (let at = items.length - 1; at > 0; ) {
      const up = (at - 1) >> 1;
      if (this.#compare(items[at] ?? "", items[up] ?? "") >= 0) break;
      [items[at], items[up]] = [items[up] ?? "", items[at] ?? ""];
      at = up;
    }
  }

  pop(): string | undefined {
    const items = this.#items;
    const [top] = items;
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    items[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < items.length && this.#compare(items[child] ?? "", items[least] ?? "") < 0) least = child;
      if (least === at) return top;
      [items[at], items[least]] = [items[least] ?? "", items[at] ?? ""];
      at = least;
    }
  }
}
