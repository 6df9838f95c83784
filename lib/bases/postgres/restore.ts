import { quoteIdentifier, quoteLiteral } from "../../engine/postgres/quote.ts";
import { ADMIN, majorOf } from "../../engine/postgres/server.ts";
import type { Build } from "../build.ts";
import { restoreFailure } from "./errors.ts";
import { copiesByPsql, watchCopies } from "./progress.ts";
import { statementEnvironment } from "./session.ts";
import { sql } from "./sql.ts";

/** Makes the base's empty database with the source's encoding and collation; without traits with the server's own. */
export async function createDatabase(build: Build, traits: Record<string, string>): Promise<void> {
  if (build.database === "postgres") {
    await sql(build, "DROP DATABASE postgres", "template1");
  }
  const options = [`TEMPLATE template0`];
  if (traits.encoding) options.push(`ENCODING ${quoteLiteral(traits.encoding)}`);
  if (traits.lc_collate)
    options.push(
      `LC_COLLATE ${quoteLiteral(traits.lc_collate)}`,
      `LC_CTYPE ${quoteLiteral(traits.lc_ctype ?? traits.lc_collate)}`,
    );
  if (traits.provider === "i" && traits.locale)
    options.push(`LOCALE_PROVIDER icu ICU_LOCALE ${quoteLiteral(traits.locale)}`);
  if (traits.provider === "b" && traits.locale)
    options.push(`LOCALE_PROVIDER builtin BUILTIN_LOCALE ${quoteLiteral(traits.locale)}`);
  if (traits.icu_rules) options.push(`ICU_RULES ${quoteLiteral(traits.icu_rules)}`);
  await sql(build, `CREATE DATABASE ${quoteIdentifier(build.database)} ${options.join(" ")}`, "template1");
}

type Section = "pre-data" | "data" | "post-data";

/** An archive of pg_dump's as the workshop sees it. */
export interface Archive {
  path: string;
  /** Of the rows in it, where that is known. */
  bytes?: number;
  /** A file that names the entries to restore; without it all. */
  list?: string;
}

/** Restores sections of an archive in the workshop, in one run; the first error ends it. */
export async function restoreSections(build: Build, sections: readonly Section[], archive: Archive): Promise<void> {
  const withRows = sections.includes("data");
  const title = withRows
    ? "Restore"
    : sections.includes("post-data")
      ? "Build indexes and constraints"
      : "Restore definitions";
  const step = build.step(title, withRows ? archive.bytes : undefined);
  const watch = withRows
    ? watchCopies(
        () => copiesByPsql((text) => sql(build, text, build.database)),
        (bytes) => step.update({ bytes }),
      )
    : undefined;
  const owners = build.selection.roles === "drop" ? ["--no-owner", "--no-acl"] : [];
  const { status, stderr } = await build.workshop.run({
    tool: "pg_restore",
    args: [
      ...["-h", build.workshop.place.run, "-U", ADMIN, "-d", build.database, "--exit-on-error", "--no-tablespaces"],
      ...["--no-subscriptions", "--no-security-labels", ...owners, `--jobs=${build.jobs}`],
      ...(sections.length === 3 ? [] : sections.map((section) => `--section=${section}`)),
      ...(archive.list === undefined ? [] : [`--use-list=${archive.list}`]),
      archive.path,
    ],
    env: statementEnvironment(),
  });
  await watch?.stop();
  if (status !== 0) throw restoreFailure("restore the dump", stderr, build.serverErrors());
}

/** Whether this version of Postgres's tools can forbid psql's backslash commands; see `\restrict` in psql's manual. */
export function knowsRestrict(version: string): boolean {
  const since: Record<string, number> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };
  const major = majorOf({ flavour: "postgres", version });
  if (Number(major) >= 18) return true;
  return Number(/^\d+\.(\d+)/.exec(version)?.[1] ?? 0) >= (since[major] ?? Number.POSITIVE_INFINITY);
}
