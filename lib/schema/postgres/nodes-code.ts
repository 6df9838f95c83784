import type { Hazard } from "../change.ts";
import type { Extension, Namespace, Routine, Trigger } from "../model-objects.ts";
import { commentDraft, describeChange, describeNew, type Named } from "./access.ts";
import { keyOf } from "./keys.ts";
import { Differences, hazardsOn, type Node, node, textWords, type World } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";

export function schemaNode(world: World, it: Namespace): Node {
  const name = ident(it.name);
  const named: Named = { sqlName: `SCHEMA ${name}`, grantOn: { keyword: "SCHEMA", name }, schema: "" };
  return node<Namespace>({
    key: keyOf.schema(it.name),
    kind: "schema",
    schema: it.name,
    title: name,
    it,
    destructive: "drop-schema",
    create: () => [{ sql: `CREATE SCHEMA ${name}` }, ...describeNew(world, named, it)],
    drop: `DROP SCHEMA ${name}`,
    compare: (a, b) => describeChange(world, named, a, b),
  });
}

export function extensionNode(world: World, it: Extension): Node {
  const name = ident(it.name);
  const usual = world.a.postgres?.extensionVersions[it.name] === it.version;
  const own = it.comment !== it.usualComment;
  return node<Extension>({
    key: keyOf.extension(it.name),
    kind: "extension",
    schema: "",
    title: it.name,
    it,
    needs: [keyOf.schema(it.schema)],
    destructive: "drop-extension",
    create: () => [
      {
        sql: `CREATE EXTENSION ${name} WITH SCHEMA ${ident(it.schema)}${usual ? "" : ` VERSION '${it.version.replaceAll("'", "''")}'`}`,
        hazards: [
          { name: "permissions", detail: `CREATE on the database, or a superuser where ${it.name} is not trusted` },
        ],
      },
      ...(own ? [commentDraft(`EXTENSION ${name}`, it.comment ?? "")] : []),
    ],
    drop: `DROP EXTENSION ${name}`,
    compare: (a, b) => {
      const found = new Differences();
      if (!a.relocatable) found.anew("schema", a.schema, b.schema);
      else found.note("schema", a.schema, b.schema, `ALTER EXTENSION ${name} SET SCHEMA ${ident(b.schema)}`);
      found.note(
        "version",
        a.version,
        b.version,
        `ALTER EXTENSION ${name} UPDATE TO '${b.version.replaceAll("'", "''")}'`,
      );
      // Each version may come with another comment.
      if (a.version === b.version || b.comment !== b.usualComment)
        found.note("comment", a.comment, b.comment, commentDraft(`EXTENSION ${name}`, b.comment ?? ""));
      return found;
    },
  });
}

const ROUTINE_KEYWORDS = { function: "FUNCTION", window: "FUNCTION", procedure: "PROCEDURE", aggregate: "AGGREGATE" };

export function routineNode(world: World, it: Routine): Node {
  const name = qualified(it.schema, it.name);
  const aggregate = it.kind === "aggregate";
  const call = `${name}(${aggregate ? it.arguments || "*" : it.signature})`;
  const named: Named = {
    sqlName: `${ROUTINE_KEYWORDS[it.kind]} ${call}`,
    grantOn: { keyword: it.kind === "procedure" ? "PROCEDURE" : "FUNCTION", name: `${name}(${it.signature})` },
    schema: it.schema,
  };
  return node<Routine>({
    key: keyOf.routine(it.schema, it.name, it.signature),
    kind: it.kind === "window" ? "function" : it.kind,
    schema: it.schema,
    title: `${shown(it.schema, it.name)}(${it.signature})`,
    names: [it.name, `${it.schema}.${it.name}`],
    it,
    needs: [keyOf.schema(it.schema)],
    slots: [`routine:${name}(${it.signature})`],
    destructive: "drop-routine",
    create: () => [{ sql: made(it.definition) }, ...describeNew(world, named, it)],
    drop: `DROP ${named.sqlName}`,
    compare: (a, b) => {
      const found = new Differences();
      if (a.kind !== b.kind) found.anew("kind", a.kind, b.kind);
      if (a.definition !== b.definition) found.words.push(...textWords("definition", a.definition, b.definition));
      if (a.definition !== b.definition && (aggregate || !replaceable(a, b))) found.replace = true;
      if (found.replace) return found;
      if (a.definition !== b.definition) found.add(b.definition);
      found.join(describeChange(world, named, a, b));
      return found;
    },
  });
}

/** The server writes CREATE OR REPLACE, which a new one doesn't need. */
function made(definition: string): string {
  return definition.replace(/^CREATE OR REPLACE /, "CREATE ");
}

/** CREATE OR REPLACE may neither change what is returned, nor rename arguments, nor take defaults away. */
function replaceable(a: Routine, b: Routine): boolean {
  if (a.returns !== b.returns || a.kind !== b.kind) return false;
  const [old, now] = [splitArguments(a.arguments), splitArguments(b.arguments)];
  return (
    old.length === now.length &&
    old.every((argument, at) => {
      const [before, after] = [partsOf(argument), partsOf(now[at] ?? "")];
      return (before.head === after.head || before.unnamed) && (!before.hasDefault || after.hasDefault);
    })
  );
}

function partsOf(argument: string): { head: string; hasDefault: boolean; unnamed: boolean } {
  const at = argument.search(/ DEFAULT /);
  const head = at < 0 ? argument : argument.slice(0, at);
  // An argument without a name may be given one; two words may be a type as well, and are then taken for a name.
  return { head, hasDefault: at >= 0, unnamed: /^(IN |VARIADIC )?"?[\w.]+"?(\([\d,]+\))?(\[\])?$/.test(head) };
}

/** At the commas that stand in no bracket, string or quoted name. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const [token] of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[\s\S]/g)) {
    if ("([".includes(token)) depth++;
    if (")]".includes(token)) depth--;
    if (token === "," && depth === 0) {
      parts.push(part.trim());
      part = "";
    } else part += token;
  }
  return part.trim() === "" ? parts : [...parts, part.trim()];
}

/** How triggers and rules fire, in the words of ALTER TABLE. */
export const STATES: Record<string, string> = {
  "": "ENABLE",
  disabled: "DISABLE",
  replica: "ENABLE REPLICA",
  always: "ENABLE ALWAYS",
};

/** What a trigger, a rule and a policy have of their table. */
export function ofTable({ schema, table, name }: { schema: string; table: string; name: string }) {
  const relation = keyOf.relation(schema, table);
  return {
    schema,
    title: `${shown(schema, table)}.${ident(name)}`,
    names: [name, `${schema}.${table}.${name}`],
    parents: [relation],
    needs: [relation],
  };
}

/** Where a trigger is. */
interface TriggerPlace {
  keyword: string;
  /** How the partitioned table's fires, where it came with that. */
  above: string;
}

export function triggerNode(world: World, it: Trigger, { keyword, above }: TriggerPlace): Node {
  if (it.table === "") return eventTriggerNode(world, it);
  const table = qualified(it.schema, it.table);
  const relation = keyOf.relation(it.schema, it.table);
  const alter = `ALTER ${keyword} ${table}`;
  const commented = (comment: string) => commentDraft(`TRIGGER ${ident(it.name)} ON ${table}`, comment);
  const state = (enabled: string) => `${alter} ${STATES[enabled]} TRIGGER ${ident(it.name)}`;
  const lock: Hazard = { name: "locks", detail: `SHARE ROW EXCLUSIVE on ${shown(it.schema, it.table)}` };
  const implied = it.local === false;
  return node<Trigger>({
    key: keyOf.trigger(it.schema, it.table, it.name),
    kind: "trigger",
    ...ofTable(it),
    it,
    follows: implied ? [keyOf.partition(it.schema, it.table)] : [],
    implied,
    destructive: "drop-trigger",
    create: () =>
      implied
        ? it.enabled === above
          ? []
          : [{ sql: state(it.enabled) }]
        : [
            { sql: it.definition, ...hazardsOn(world, relation, lock) },
            ...(it.enabled === "" ? [] : [{ sql: state(it.enabled) }]),
            ...(it.comment ? [commented(it.comment)] : []),
          ],
    drop: () =>
      implied
        ? []
        : [
            {
              sql: `DROP TRIGGER ${ident(it.name)} ON ${table}`,
              ...hazardsOn(world, relation, {
                name: "locks",
                detail: `ACCESS EXCLUSIVE on ${shown(it.schema, it.table)}`,
              }),
            },
          ],
    compare: (a, b) => {
      const found = new Differences();
      if (implied && a.enabled !== b.enabled)
        found.note("fires", a.enabled || "as usual", b.enabled || "as usual", state(b.enabled));
      if (implied || a.local === false) return found;
      found.anew("definition", a.definition, b.definition);
      if (found.replace) return found;
      found.note("fires", a.enabled || "as usual", b.enabled || "as usual", state(b.enabled));
      found.note("comment", a.comment, b.comment, commented(b.comment ?? ""));
      return found;
    },
  });
}

function eventTriggerNode(world: World, it: Trigger): Node {
  const named: Named = { sqlName: `EVENT TRIGGER ${ident(it.name)}`, schema: "" };
  const state = (enabled: string) => `ALTER EVENT TRIGGER ${ident(it.name)} ${STATES[enabled]}`;
  const superuser: Hazard = { name: "permissions", detail: "event triggers are a superuser's" };
  return node<Trigger>({
    key: keyOf.eventTrigger(it.name),
    kind: "event trigger",
    schema: "",
    title: it.name,
    it,
    destructive: "drop-trigger",
    create: () => [
      { sql: it.definition, hazards: [superuser] },
      ...(it.enabled === "" ? [] : [{ sql: state(it.enabled) }]),
      ...describeNew(world, named, it),
    ],
    drop: `DROP EVENT TRIGGER ${ident(it.name)}`,
    compare: (a, b) => {
      const found = new Differences();
      found.anew("definition", a.definition, b.definition);
      if (found.replace) return found;
      found.note("fires", a.enabled || "as usual", b.enabled || "as usual", state(b.enabled));
      found.join(describeChange(world, named, a, b));
      return found;
    },
  });
}
