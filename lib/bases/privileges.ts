import { DittoError } from "../kit/errors.ts";

/** Something that the dump user may not do. */
export interface MissingPrivilege {
  code: "NO_PRIVILEGE" | "ROW_SECURITY";
  /** Who may not do what, in words: `the user "dump" may not read public.orders`. */
  state: string;
  /** What an administrator of the source runs to give it to this very user, and no more; without semicolons. */
  statements: string[];
  /** A complete dump can be made without it. */
  optional?: boolean;
}

/** More would push the error's first line out of sight. */
const SHOWN = 20;

/** Throws what a complete dump lacks; does nothing when it lacks nothing. */
export function refuseMissing(missing: MissingPrivilege[]): void {
  if (missing.some(({ optional }) => !optional)) throw privilegeError(missing);
}

/** The error for what a complete dump lacks, with the statements that give it. */
export function privilegeError(missing: MissingPrivilege[]): DittoError {
  const needed = missing.filter(({ optional }) => !optional);
  const statements = needed.flatMap((one) => one.statements);
  const lines = statements.slice(0, SHOWN).map((statement) => `  ${statement};`);
  if (statements.length > SHOWN)
    lines.push(`and ${statements.length - SHOWN} more, which "bun scripts/doctor.ts" prints`);
  const hint = ["Let an administrator of the source run this, or leave them out (dump.exclude_tables):", ...lines];
  return new DittoError(`Cannot dump the source: ${needed.map(({ state }) => state).join("; ")}`, {
    code: needed[0]?.code ?? "NO_PRIVILEGE",
    hint: hint.join("\n"),
  });
}

/** The first names of a list, and how many more there are. */
export function shorten(names: string[], count: number): string {
  return names.slice(0, count).join(", ") + (names.length > count ? ` and ${names.length - count} more` : "");
}
