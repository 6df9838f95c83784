import type { Config } from "../kit/config.ts";
import { usageError } from "../kit/errors.ts";
import { formatAs } from "../kit/url.ts";
import { accessForUser, type CopyRecord } from "./record.ts";

/** Which variables the source's configuration names, and what is in them. */
export function variableForms(config: Config) {
  return config.source?.env ?? { DATABASE_URL: "url" as const };
}

/** The variables of a copy, as the source's configuration names them. */
export async function variablesOf(copy: CopyRecord, config: Config): Promise<Record<string, string>> {
  const access = await accessForUser(copy);
  return Object.fromEntries(
    Object.entries(variableForms(config)).map(([name, form]) => [name, formatAs(access, form)] as const),
  );
}

/** {@link variablesOf} and the copy's id, as a command gets them. */
export async function environmentOf(copy: CopyRecord, config: Config): Promise<Record<string, string>> {
  return { ...(await variablesOf(copy, config)), DITTO_COPY_ID: copy.id };
}

/** Throws exit 2 where the source is read from a variable that would then name the copy: the next reseed would dump that. */
export function refuseSourceVariables(config: Config): void {
  const read = [config.source?.url, config.source?.password_secret];
  const name = Object.keys(variableForms(config)).find((variable) => read.includes(`env:${variable}`));
  if (name === undefined) return;
  throw usageError(
    `Cannot set ${name} to a copy: the source itself is read from it (env:${name}), and the next reseed would read the copy`,
    "Put the source's URL into another variable, and that one's name into ditto.yaml: url: env:SOURCE_URL",
    "SOURCE_VARIABLE",
  );
}
