import {
  type Action,
  type Change,
  type Destructive,
  type DiffOptions,
  destroying,
  kindsOf,
  type Plan,
  type Statement,
} from "../change.ts";
import type { FullSchema, ObjectKey } from "../model-objects.ts";
import { selector } from "../select.ts";
import { type Fates, fatesOf } from "./closure.ts";
import { faithful } from "./faithful.ts";
import { keyOf, nameIn } from "./keys.ts";
import type { Draft, Node, World } from "./node.ts";
import { type Nodes, nodesOf } from "./nodes.ts";
import { keepUntilBuilt } from "./online-swap.ts";
import { stepsOf } from "./operations.ts";
import { proposeRenames } from "./propose-renames.ts";
import { takeRenames } from "./renames.ts";
import { rankOf, type Step, sortSteps } from "./sort.ts";

/** What turns A into B. */
export function diffPostgres(before: FullSchema, b: FullSchema, options: DiffOptions): Plan {
  const { schema: a, ...renamed } = takeRenames(before, b, options);
  const world: World = {
    a,
    b,
    options,
    notCompared: new Map(),
    standing: new Set(a.tables.map((table) => keyOf.relation(table.schema, table.name))),
    partitionKeys: partitionKeysOf(a),
    remade: new Set(),
  };
  const met = new Set<string>();
  const found = settled(world, met);
  const { nodes, fates } = found;
  const steps = sortSteps(stepsOf(fates, nodes));
  const notCompared = new Map([...a.notCompared, ...b.notCompared].map((one) => [one.what, one]));
  for (const [what, one] of world.notCompared) notCompared.set(what, one);
  return {
    changes: [...renamed.changes, ...changesOf(steps, found)],
    statements: valuesFirst(
      renamed,
      steps.flatMap((step) => statementsOf(step, found)),
    ),
    renames: proposeRenames(a, b),
    notCompared: [...notCompared.values()],
    unmatched: options.ignore.filter((glob) => !met.has(glob)),
  };
}

/** New values of enums have to be committed before they are used: before all else, so that nothing that makes way is committed with them. */
function valuesFirst({ changes, statements: renames }: Pick<Plan, "changes" | "statements">, rest: Statement[]) {
  const isValue = ({ sql, commitAfter }: Statement) => commitAfter === true && sql.startsWith("ALTER TYPE ");
  const values = rest.filter(isValue);
  // By their new name only where they have got one.
  const renamed = changes.some(({ kind }) => kind === "enum");
  const own = values.map((value, at) => ({ ...value, commitAfter: at === values.length - 1 }));
  const others = rest.filter((statement) => !isValue(statement));
  return renamed ? [...renames, ...own, ...others] : [...own, ...renames, ...others];
}

/** What is done with everything; again where a partitioned table turns out to be made anew, for its partitions are then on their own. */
function settled(world: World, met: Set<string>): Found {
  const { a, b, options, remade } = world;
  for (;;) {
    const all = { a: nodesOf(world, a, b), b: nodesOf(world, b, a) };
    const nodes = { a: chosen(all.a, all.b, { options, met }), b: chosen(all.b, all.a, { options, met }) };
    const fates = fatesOf(nodes.a, nodes.b);
    const more = a.tables
      .filter(({ kind }) => kind === "partitioned")
      .map((table) => keyOf.relation(table.schema, table.name))
      .filter((key) => fates.drop.has(key) && fates.create.has(key) && !remade.has(key));
    if (more.length === 0) {
      keepUntilBuilt(world, fates, nodes);
      return { nodes, fates, consents: consentsOf(fates, nodes) };
    }
    for (const key of more) remade.add(key);
  }
}

/** Postgres notes that they cannot go without their table. */
function partitionKeysOf({ dependencies }: FullSchema): Set<ObjectKey> {
  const keys = dependencies.filter(
    ({ from, to }) => to.startsWith("relation:") && from.startsWith(`column:${nameIn(to)}.`),
  );
  return new Set(keys.map(({ from }) => from));
}

/** What the options leave out is neither made nor dropped nor compared; what only one of the two has comes whole. */
function chosen(nodes: Nodes, others: Nodes, { options, met }: { options: DiffOptions; met: Set<string> }): Nodes {
  if (options.ignore.length + options.schemas.length + options.kinds.length === 0) return nodes;
  const takes = selector(options, met);
  // By its name alone: of a kind that isn't asked for, its parts may be.
  const named = selector({ ...options, kinds: [] });
  const left: Nodes = new Map();
  for (const [key, node] of nodes) {
    const whole = node.parents.some((parent) => left.has(parent) && !others.has(parent));
    const partOfOther = node.parents.some(
      (parent) => nodes.has(parent) && !left.has(parent) && !named(nodes.get(parent) ?? node),
    );
    const taken = takes(node);
    if (whole || (taken && !partOfOther)) left.set(key, node);
  }
  return left;
}

interface Found {
  fates: Fates;
  nodes: { a: Nodes; b: Nodes };
  /** The destructive kinds that a type or a column changes over with. */
  consents: ReadonlyMap<ObjectKey, Destructive[]>;
}

function statementsOf(step: Step, found: Found): Statement[] {
  const { fates, nodes } = found;
  const { verb, key, node } = step.operation;
  const standing = fates.drop.has(key) && fates.create.has(key);
  const kept = node.kind === "column" && fates.swapped.has(key);
  const destructive = kept ? undefined : standing ? recreation(node) : node.destructive;
  const whole = verb === "drop" && destructive !== undefined ? [destructive] : boundTo(step, found);
  return draftsOf(step, fates, nodes).map((draft) => ({
    sql: faithful(draft.sql),
    hazards: draft.hazards ?? [],
    transactional: draft.transactional ?? true,
    change: key,
    ...(draft.commitAfter ? { commitAfter: true } : {}),
    ...destroying([...(node.kind === "column" && APART.test(draft.sql) ? [] : whole), ...kindsOf(draft)]),
  }));
}

/** What of a column's waits for no consent to its new type. */
const APART = /^(COMMENT|GRANT|REVOKE) /;

/** Its column's new type would refuse the default. */
function boundTo({ operation: { key, node } }: Step, { consents }: Found): Destructive[] {
  return consents.get(node.kind === "default" ? (node.parents[0] ?? "") : key) ?? [];
}

/** What types that are swapped and columns that change over destroy: where one waits for consent, so does what goes with it. */
function consentsOf(fates: Fates, nodes: Found["nodes"]): Map<ObjectKey, Destructive[]> {
  const consents = new Map<ObjectKey, Destructive[]>();
  for (const key of fates.swapped) consents.set(key, nodes.b.get(key)?.swap?.losses ?? []);
  for (const key of [...fates.retyped, ...fates.alter.keys()])
    if (key.startsWith("column:")) consents.set(key, changingOver(key, fates, nodes).flatMap(kindsOf));
  const pairs = [...consents.keys()].flatMap((key) =>
    [...(nodes.a.get(key)?.needs ?? []), ...(nodes.b.get(key)?.needs ?? [])]
      .filter((need) => need.startsWith("type:") && consents.has(need))
      .map((need) => [key, need] as const),
  );
  for (let settled = false; !settled; ) {
    settled = true;
    for (const [key, need] of pairs) {
      const [own = [], theirs = []] = [consents.get(key), consents.get(need)];
      const all = [...new Set([...own, ...theirs])].sort();
      if (all.length === new Set(own).size && all.length === new Set(theirs).size) continue;
      consents.set(key, all).set(need, all);
      settled = false;
    }
  }
  return consents;
}

/** How a column that stays is altered. */
function changingOver(key: ObjectKey, fates: Fates, nodes: Found["nodes"]): Draft[] {
  const drafts = fates.alter.get(key)?.drafts ?? [];
  const typed = drafts.some(({ sql }) => / ALTER COLUMN .* TYPE /.test(sql));
  const retyped = fates.retyped.has(key) && !typed ? (nodes.b.get(key)?.retype?.() ?? []) : [];
  return [...retyped, ...drafts];
}

/** What is lost when something is dropped to be made anew. */
function recreation(node: Node): Statement["destructive"] {
  if (node.kind === "table") return node.key.startsWith("relation:") ? "recreate-table" : undefined;
  return node.kind === "column" ? node.destructive && "recreate-column" : undefined;
}

function draftsOf(step: Step, fates: Fates, nodes: Found["nodes"]): Draft[] {
  const { verb, key, node } = step.operation;
  if (verb === "create") {
    const aside = fates.swapped.has(key) ? (nodes.a.get(key)?.swap?.aside(fates.swapped) ?? []) : [];
    return [...aside, ...node.create(step.members.map((member) => member.node))];
  }
  if (verb === "drop") return fates.swapped.has(key) && node.swap !== undefined ? node.swap.end() : node.drop();
  return changingOver(key, fates, nodes);
}

/** One entry for every object that differs or is made anew. */
function changesOf(steps: Step[], { fates, nodes }: Found): Change[] {
  const changes = new Map<ObjectKey, Change>();
  for (const { operation } of steps) {
    const { key, node } = operation;
    if (changes.has(key) || (node.implied && !fates.alter.get(key)?.drafts.length)) continue;
    changes.set(key, { id: key, kind: node.kind, name: node.title, ...told(key, fates, nodes) });
  }
  return [...changes.values()].sort((x, y) => rankOf(x.kind) - rankOf(y.kind) || (x.name < y.name ? -1 : 1));
}

function told(key: ObjectKey, fates: Fates, nodes: Found["nodes"]): { action: Action; words: string[] } {
  const reason = fates.rebuilt.get(key);
  if (reason !== undefined) {
    const other = nodes.a.get(reason) ?? nodes.b.get(reason);
    return { action: "rebuild", words: [`makes way for ${other?.kind} ${other?.title}`] };
  }
  const verdict = fates.replaced.get(key) ?? fates.alter.get(key);
  if (verdict !== undefined) return { action: fates.replaced.has(key) ? "replace" : "alter", words: verdict.words };
  if (fates.retyped.has(key)) return { action: "rebuild", words: ["its type is made anew"] };
  return { action: fates.create.has(key) ? "create" : "drop", words: [] };
}
