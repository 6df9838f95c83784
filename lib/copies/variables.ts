import type { Config } from "../kit/config.ts";
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
