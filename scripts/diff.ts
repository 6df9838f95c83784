#!/usr/bin/env bun
/**
 * What differs between two databases, and the SQL that turns the first into the second.
 *
 * Usage:
 *   bun scripts/diff.ts schema A B [options]   tables, columns, constraints, indexes, types, code, policies, privileges, …
 *
 * A and B are references: source · base · copy:ID · snapshot:COPY/NAME · a URL (postgres://…, mysql://…, sqlite:PATH) ·
 * the path of a .sql file, which is loaded into a throwaway server of --engine, else of one like the other reference's.
 * Neither is changed. What extensions own is left out.
 *
 * Options:
 *   --sql                  print the SQL, each statement under its hazards; "| psql -v ON_ERROR_STOP=1" takes it from there
 *   --html FILE            write one page with everything in it
 *   --json                 changes, statements, hazards and proposed renames as data
 *   --allow KINDS          carry out what destroys something, by name: drop-table,drop-column,drop-attribute,
 *                          narrow-type (values are cut, rounded or read otherwise),… or all. What is not allowed stands
 *                          in the SQL as a comment
 *   --online               forms that let others go on working: CONCURRENTLY, NOT VALID and VALIDATE, NOT NULL by a CHECK
 *   --rename OLD=NEW       take a rename that was proposed: users=accounts, users.mail=email (may be repeated)
 *   --verify               try it first (Postgres): make A anew on a throwaway server from pg_dump, run every statement, and
 *                          compare with B once more
 *   --ignore PATTERN       leave out what is called so; * is any run of characters (may be repeated)
 *   --schemas LIST         compare only these schemas
 *   --kinds LIST           compare only these kinds: table,column,index,…
 *   --engine NAME:VERSION  the server for .sql files, e.g. postgres:17, mysql:9.7, mariadb:11.8
 *
 * Options of all:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 the same · 3 they differ · 1 failed · 2 bad usage or configuration · 130/143 interrupted
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";

const schemaFlags = flags({
  sql: { type: "boolean" },
  html: { type: "string" },
  allow: { type: "string", multiple: true },
  online: { type: "boolean" },
  rename: { type: "string", multiple: true },
  verify: { type: "boolean" },
  ignore: { type: "string", multiple: true },
  schemas: { type: "string", multiple: true },
  kinds: { type: "string", multiple: true },
  engine: { type: "string" },
});

await script(import.meta, {
  verbs: { schema: { positionals: [2, 2], argument: "A B", flags: schemaFlags, run: schema } },
  later: ["rows", "pack"],
});

async function schema(call: Call<typeof schemaFlags>): Promise<number> {
  const [{ parseWishes }, { labelOf, parseReference }] = await Promise.all([
    import("../lib/reference/wishes.ts"),
    import("../lib/reference/reference.ts"),
  ]);
  const wishes = parseWishes(call.flags);
  const [a, b] = call.positionals.map(parseReference);
  if (a === undefined || b === undefined) throw new Error("Two positionals were checked");
  const [{ compareSchemas }, { answerComparison }] = await Promise.all([
    import("../lib/reference/compare.ts"),
    import("../lib/reference/answer.ts"),
  ]);
  const comparison = await compareSchemas({ a, b, engine: call.flags.engine }, wishes.options, call);
  if (call.flags.verify) {
    const { verifyPlan } = await import("../lib/reference/verify.ts");
    await verifyPlan({ a, b, engine: call.flags.engine }, comparison, wishes.options, call);
    call.say("Verified: on a throwaway server the SQL turned A into B");
  }
  await answerComparison(call, comparison, { a: labelOf(a), b: labelOf(b), ...wishes });
  return comparison.plan.changes.length > 0 ? 3 : 0;
}
