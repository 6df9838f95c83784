import { destroying, type Hazard } from "../change.ts";
import type { Column } from "../model.ts";
import { columnGrantsLeft, commentDraft } from "./access.ts";
import { conversion } from "./casts.ts";
import { columnGrants, exclusive, foreignOptions, identityClause, type Placed, usualNotNull } from "./column-parts.ts";
import { Differences, type Draft, isPartition, versionOf, type World } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";
import { sequenceChange } from "./sequence-sql.ts";
import { goesOn } from "./sequence-value.ts";

export function compareColumns(world: World, a: Placed, b: Placed) {
  const found = new Differences();
  const { table } = b;
  const alter = `ALTER ${table.kind === "foreign table" ? "FOREIGN TABLE" : "TABLE"} ${qualified(table.schema, table.name)}`;
  if (b.adoption !== undefined) {
    found.anew("inherited", "no", "yes");
    found.keeps = true;
    return found;
  }
  const on = { world, found, alter, column: `${alter} ALTER COLUMN ${ident(b.column.name)}` };
  if (!isPartition(table)) endIdentity(on, a, b);
  if (!b.inherited) {
    compareGenerated(on, a, b);
    if (!found.replace && !(a.typedAbove && b.typedAbove)) compareType(on, a, b);
  }
  if (found.replace) return found;
  if (!isPartition(table)) compareIdentity(on, a, b);
  compareNullable(on, a, b);
  compareSettings(on, a, b);
  const sqlName = `COLUMN ${qualified(table.schema, table.name)}.${ident(b.column.name)}`;
  found.note("comment", a.column.comment, b.column.comment, commentDraft(sqlName, b.column.comment));
  const grants = columnGrants(world, table, {
    before: columnGrantsLeft(a.table, b.table, a.column.privileges),
    after: b.column,
  });
  if (grants.length > 0) found.words.push("privileges differ");
  found.add(...grants);
  return found;
}

interface On {
  world: World;
  found: Differences;
  /** `ALTER TABLE t`. */
  alter: string;
  /** `ALTER TABLE t ALTER COLUMN c`. */
  column: string;
}

function compareGenerated({ world, found, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column, b.column];
  if (old.generated === now.generated && (old.expression ?? "") === (now.expression ?? "")) return;
  const told = ({ generated, expression }: Column) => (generated === "no" ? "" : `${expression} ${generated}`);
  if (old.generated === "stored" && now.generated === "no" && versionOf(world) >= 13)
    return void found.note("generated", told(old), told(now), `${column} DROP EXPRESSION`);
  if (versionOf(world) >= 17 && old.generated === now.generated && old.type === now.type) {
    const hazards =
      old.generated === "stored"
        ? [
            {
              name: "rewrites-table",
              detail: `every row for ${shown(b.table.schema, b.table.name, now.name)}`,
            } as const,
          ]
        : [];
    return void found.note("generated", told(old), told(now), {
      sql: `${column} SET EXPRESSION AS (${now.expression})`,
      hazards: [exclusive(b.table), ...hazards],
    });
  }
  found.anew("generated", told(old), told(now));
}

function compareType({ world, found, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column, b.column];
  const collate = [old.postgres?.collate ?? "", now.postgres?.collate ?? ""];
  if (old.type === now.type && collate[0] === collate[1]) return;
  const where = shown(b.table.schema, b.table.name, now.name);
  if (now.generated !== "no") {
    found.anew("type", old.type, now.type);
    found.anew("collation", collate[0], collate[1]);
    return;
  }
  const { using, hazards, losses, zoned } = conversion(world, ident(now.name), { from: old.type, to: now.type, where });
  const collation = collate[1] !== "" ? ` COLLATE ${collate[1]}` : "";
  if (old.type !== now.type) found.words.push(`type: ${old.type} → ${now.type}`);
  if (collate[0] !== collate[1])
    found.words.push(`collation: ${collate[0] || "the type's"} → ${collate[1] || "the type's"}`);
  // Or the values would be those of whoever runs the script.
  if (zoned && b.table.kind !== "foreign table") found.add("SET LOCAL TimeZone = 'UTC'");
  found.add({
    sql: `${column} TYPE ${now.type}${collation}${using === undefined ? "" : ` USING ${using}`}`,
    hazards: [exclusive(b.table), ...hazards],
    // Rows of a foreign table are another server's.
    ...(b.table.kind === "foreign table" ? {} : destroying(losses)),
  });
  found.disturbs = true;
}

/** Before the type changes: an identity's is a number. */
function endIdentity({ found, column }: On, { column: old }: Placed, { column: now }: Placed): void {
  if (old.identity !== "no" && now.identity === "no")
    found.note("identity", old.identity, "", `${column} DROP IDENTITY`);
}

function compareIdentity({ world, found, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column, b.column];
  const [before, after] = [old.postgres?.sequence, now.postgres?.sequence];
  if (old.identity === "no" && now.identity !== "no") {
    // An identity needs the column to be NOT NULL already.
    if (old.nullable) found.add(`${column} SET NOT NULL`);
    found.note("identity", "", now.identity, `${column} ADD ${identityClause(b.table, now)}`);
    const owner = { schema: b.table.schema, table: b.table.name, column: now.name };
    if (after !== undefined)
      found.add(...goesOn(world, owner, { schema: after.schema ?? "", name: after.name ?? "" }, after));
  } else if (old.identity !== "no" && now.identity !== "no") {
    found.note("identity", old.identity, now.identity, `${column} SET GENERATED ${now.identity.toUpperCase()}`);
    if (before === undefined || after === undefined) return;
    const [from, to] = [
      qualified(before.schema ?? "", before.name ?? ""),
      qualified(after.schema ?? "", after.name ?? ""),
    ];
    if (before.schema === after.schema)
      found.note("sequence", from, to, `ALTER SEQUENCE ${from} RENAME TO ${ident(after.name ?? "")}`);
    // The column's type is the sequence's too, unless somebody said otherwise.
    const { words, clauses } = sequenceChange(before, after, "");
    found.words.push(...words.map((word) => `identity's ${word}`));
    const kept = clauses.filter((clause) => !clause.startsWith("AS "));
    if (clauses.some((clause) => clause.startsWith("AS "))) found.add(`ALTER SEQUENCE ${to} AS ${after.type}`);
    if (kept.length > 0)
      found.add(`${column} ${kept.map((clause) => `SET ${clause}`.replace(/^SET RESTART/, "RESTART")).join(" ")}`);
  }
}

function compareNullable({ world, found, alter, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column.postgres?.notNull, b.column.postgres?.notNull];
  // It comes and goes with the parent's.
  if (b.followsParent && (now ?? old)?.local === false && (old ?? now)?.local === false) return;
  const name = ident(b.column.name);
  const where = shown(b.table.schema, b.table.name, b.column.name);
  const freed = b.requiredAbove && old?.local !== true && !a.column.nullable;
  const [label, before, after] = freed ? ["NOT NULL", "the parent's", "its own"] : ["nullable", "yes", "no"];
  const note = (...drafts: Draft[]) => found.note(label ?? "", before, after, ...drafts);
  if ((a.column.nullable || freed) && !b.column.nullable) {
    const added = b.column.identity !== "no" && a.column.identity === "no";
    const hazards: Hazard[] = [
      { name: "may-fail", detail: `rows whose ${where} is null` },
      { name: "scans-table", detail: `every ${where} is looked at` },
      exclusive(b.table),
    ];
    const named =
      now !== undefined && (now.name !== usualNotNull(b.table, b.column) || now.noInherit || !now.validated);
    const constraint = `${alter} ADD CONSTRAINT ${ident(now?.name ?? "")} NOT NULL ${name}`;
    if (named)
      note({
        sql: `${constraint}${now.noInherit ? " NO INHERIT" : ""}${now.validated ? "" : " NOT VALID"}`,
        hazards,
      });
    else if (world.options.online && !added) note(...onlineNotNull(alter, b, hazards));
    else note(...(added ? [] : [{ sql: `${column} SET NOT NULL`, hazards }]));
    if (now?.comment)
      found.add(
        commentDraft(`CONSTRAINT ${ident(now.name)} ON ${qualified(b.table.schema, b.table.name)}`, now.comment),
      );
  } else if (!a.column.nullable && b.column.nullable) {
    found.note("nullable", "no", "yes", `${column} DROP NOT NULL`);
  } else if (old !== undefined && now !== undefined && !b.inherited) {
    const constraint = qualified(b.table.schema, b.table.name);
    if (old.name !== now.name)
      found.note(
        "name of NOT NULL",
        old.name,
        now.name,
        `${alter} RENAME CONSTRAINT ${ident(old.name)} TO ${ident(now.name)}`,
      );
    if (old.noInherit !== now.noInherit)
      found.note(
        "NOT NULL inherited",
        String(!old.noInherit),
        String(!now.noInherit),
        `${alter} ALTER CONSTRAINT ${ident(now.name)} ${now.noInherit ? "NO INHERIT" : "INHERIT"}`,
      );
    if (!old.validated && now.validated)
      found.note("NOT NULL", "not valid", "valid", `${alter} VALIDATE CONSTRAINT ${ident(now.name)}`);
    found.note(
      "comment on NOT NULL",
      old.comment,
      now.comment,
      commentDraft(`CONSTRAINT ${ident(now.name)} ON ${constraint}`, now.comment),
    );
  }
}

/** A CHECK that is validated while others write spares SET NOT NULL its scan under the lock (Postgres 12 and later). */
function onlineNotNull(alter: string, { table, column }: Placed, hazards: Hazard[]): Draft[] {
  const check = ident(`${column.name.slice(0, 40)}_is_not_null`);
  const name = ident(column.name);
  const [mayFail, scan] = hazards;
  const shared: Hazard = { name: "locks", detail: `SHARE UPDATE EXCLUSIVE on ${shown(table.schema, table.name)}` };
  return [
    {
      sql: `${alter} ADD CONSTRAINT ${check} CHECK (${name} IS NOT NULL) NOT VALID`,
      hazards: [exclusive(table)],
      commitAfter: true,
    },
    {
      sql: `${alter} VALIDATE CONSTRAINT ${check}`,
      hazards: [mayFail, scan, shared].filter((one) => one !== undefined),
      commitAfter: true,
    },
    { sql: `${alter} ALTER COLUMN ${name} SET NOT NULL`, hazards: [exclusive(table)] },
    { sql: `${alter} DROP CONSTRAINT ${check}` },
  ];
}

function compareSettings({ world, found, column }: On, a: Placed, b: Placed): void {
  const [before, now] = [a.column.postgres, b.column.postgres];
  if (before === undefined || now === undefined) return;
  // Another type takes them back.
  const retyped = a.column.type !== b.column.type || before.collate !== now.collate;
  const old = retyped ? { ...before, storage: "", compression: "" } : before;
  // 16 brought DEFAULT.
  const usual = versionOf(world) >= 16 ? "DEFAULT" : now.usualStorage;
  found.note("storage", old.storage, now.storage, `${column} SET STORAGE ${now.storage || usual}`);
  found.note(
    "compression",
    old.compression,
    now.compression,
    `${column} SET COMPRESSION ${now.compression || "DEFAULT"}`,
  );
  const target = (statistics: number) => (statistics < 0 ? "" : String(statistics));
  found.note(
    "statistics",
    target(old.statistics),
    target(now.statistics),
    `${column} SET STATISTICS ${now.statistics}`,
  );
  const gone = old.options.filter(
    (option) => !now.options.some((other) => other.split("=")[0] === option.split("=")[0]),
  );
  const come = now.options.filter((option) => !old.options.includes(option));
  if (gone.length > 0)
    found.note(
      "options",
      old.options.join(", "),
      now.options.join(", "),
      `${column} RESET (${gone.map((option) => option.split("=")[0]).join(", ")})`,
    );
  if (come.length > 0)
    found.note("options", old.options.join(", "), now.options.join(", "), `${column} SET (${come.join(", ")})`);
  const options = foreignOptions(old.foreignOptions, now.foreignOptions);
  if (options !== "")
    found.note("options", old.foreignOptions.join(", "), now.foreignOptions.join(", "), `${column} ${options}`);
}
