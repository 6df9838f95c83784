import { randomBytes } from "node:crypto";
import { fileSchema } from "../kit/config-schema.ts";
import { DittoError, messageOf, registerSecret } from "../kit/errors.ts";
import { cancelled } from "../kit/prompt.ts";
import type { Asker } from "../kit/questions.ts";
import { resolveSource } from "../kit/secrets.ts";
import { quoteWord } from "../kit/shell.ts";
import { type DatabaseUrl, displayUrl, formatDatabaseUrl, parseDatabaseUrl } from "../kit/url.ts";
import type { Runtime } from "../runtime/index.ts";
import { describeSource, inspectSource, type SourceFacts } from "./source.ts";

/** Whom the interview talks to, and how. */
export interface Talk {
  ask: Asker;
  /** Somebody answers, so that a mistake may be mended. */
  interactive: boolean;
  say(text: string): void;
  /** As `say`, for what may hold a secret that was asked for. */
  reveal(text: string): void;
}

/** What flags have said already. */
export interface Given {
  url?: string | undefined;
  tunnel?: string | undefined;
  passwordSecret?: string | undefined;
}

/** A source that was reached. */
export interface ReachedSource {
  /** What `source.url` says: without the password, or the reference that was given. */
  url: string;
  /** To be kept somewhere; "" where there is none, or a reference leads to it. */
  password: string;
  /** The reference that was given. */
  passwordSecret: string;
  tunnel: string;
  facts: SourceFacts;
}

interface Access {
  url: string;
  user: string;
  password: string;
  passwordSecret: string;
  tunnel: string;
}

const REFERENCE = /^(env|file|cmd):|^arn:aws/;

/** Asks for the source until it is reached, shows what it is, and who should read it. */
export async function askSource(talk: Talk, runtime: Pick<Runtime, "locate">, given: Given): Promise<ReachedSource> {
  let access: Access | undefined;
  for (;;) {
    access = await askAccess(talk, given, access);
    const reached = await reach(talk, runtime, access);
    if (reached === undefined) continue;
    const again = await settleUser(talk, access, reached);
    if (again === undefined) return { ...access, facts: reached.facts };
    access = again;
    const second = await reach(talk, runtime, access);
    if (second !== undefined) return { ...access, facts: second.facts };
  }
}

async function askAccess({ ask }: Talk, given: Given, last: Access | undefined): Promise<Access> {
  const address =
    (last === undefined ? given.url : undefined) ??
    (await ask.address({
      message: "The URL of the database that copies are made of",
      placeholder: "postgres://user@host:5432/database",
      initial: last?.url,
      refuse: whyNoSource,
    }));
  const why = whyNoSource(address);
  if (why !== undefined) parseDatabaseUrl(address);
  const parts = REFERENCE.test(address) ? undefined : parseDatabaseUrl(address);
  registerSecret(parts?.password ?? "");
  const passwordSecret = given.passwordSecret ?? "";
  const asks = parts !== undefined && parts.user !== "" && parts.password === "" && passwordSecret === "";
  const typed = asks ? await ask.hidden({ message: `The password of "${parts.user}" (none: just Enter)` }) : "";
  registerSecret(typed);
  return {
    url: parts === undefined ? address : withoutPassword(parts),
    user: parts?.user ?? "",
    password: parts?.password || typed,
    passwordSecret,
    tunnel: given.tunnel ?? (parts?.socket === undefined ? await askWay(ask, last?.tunnel) : ""),
  };
}

function whyNoSource(text: string): string | undefined {
  if (text === "") return "write a URL";
  if (REFERENCE.test(text)) return undefined;
  try {
    const { engine, database } = parseDatabaseUrl(text);
    if (engine === "sqlite") return "SQLite is compared and drawn, not copied";
    return database === "" ? "the database's name is missing at the end" : undefined;
  } catch (error) {
    return `${messageOf(error)}. ${(error as DittoError).hint ?? ""}`.trim();
  }
}

/** As the user wrote it, as far as it tells MariaDB from MySQL. */
function withoutPassword(parts: DatabaseUrl): string {
  const url = formatDatabaseUrl({ ...parts, password: "" });
  return parts.flavourHint === "mariadb" ? url.replace(/^mysql:/, "mariadb:") : url;
}

async function askWay(ask: Asker, last = ""): Promise<string> {
  const way = await ask.choose({
    message: "How is it reached from here?",
    options: [
      { value: "direct", label: "directly" },
      { value: "ssh", label: "through an SSH host" },
      { value: "command", label: "through a tunnel that a command opens", hint: "kubectl port-forward, cloud proxies" },
    ],
    initial: last === "" ? "direct" : "command",
  });
  if (way === "direct") return "";
  if (way === "ssh") {
    const host = await ask.text({
      message: "Which SSH host? ditto asks for no passphrase: use an agent or a key without one",
      placeholder: "me@bastion.example.com",
      refuse: (answer) =>
        /^[^\s-]\S*$/.test(answer) ? undefined : "write user@host, or a name of your SSH configuration",
    });
    return `ssh -N -o BatchMode=yes -L {local_port}:{host}:{port} ${quoteWord(host)}`;
  }
  return ask.text({
    message: "Which command? It listens on {local_port} and leads to {host} and {port}",
    initial: last || undefined,
    placeholder: "kubectl port-forward service/db {local_port}:5432",
    refuse: (answer) =>
      answer.includes("{local_port}") ? undefined : "it must say {local_port} where it names its port",
  });
}

/** Undefined when it failed and another try is wanted. */
async function reach(talk: Talk, runtime: Pick<Runtime, "locate">, access: Access) {
  // Nobody reads along where nobody is asked: what is shown there ends up in a log.
  const newPassword = talk.interactive ? randomBytes(15).toString("base64url") : "CHOOSE-ONE";
  const { url, password, passwordSecret, tunnel } = access;
  try {
    const { source } = fileSchema.parse({ source: { url, password, password_secret: passwordSecret, tunnel } });
    if (source === undefined) throw new Error("there is no source");
    const resolved = await resolveSource(source);
    talk.say(`Connecting to ${displayUrl(resolved)} …`);
    const facts = await inspectSource(resolved, { tunnel, runtime, newPassword });
    talk.say(`✓ ${describeSource(facts)}`);
    return { facts, newPassword };
  } catch (error) {
    if (!talk.interactive || !(error instanceof DittoError)) throw error;
    talk.say(`✗ ${error.message}${error.hint ? `\n  ${error.hint}` : ""}`);
    const again = await talk.ask.agree({ message: "Try again with other answers?", initial: true });
    if (!again) throw cancelled(1);
    return undefined;
  }
}

/** Shows what the user lacks, or could do beyond reading; resolves to another user's access where one was made. */
async function settleUser(
  { ask, interactive, say, reveal }: Talk,
  access: Access,
  { facts, newPassword }: { facts: SourceFacts; newPassword: string },
): Promise<Access | undefined> {
  const needed = facts.missing.filter(({ optional }) => !optional);
  for (const { state, statements, optional } of facts.missing)
    say(`${optional ? "Note:" : "✗"} ${state}. An administrator can run:\n${listed(statements)}`);
  if (facts.couldChange !== "") {
    const who = access.user === "" ? "This user" : `"${access.user}"`;
    const lines = `${listed(facts.dumpUser.statements)}`;
    // Only where somebody is asked does a new password stand in them.
    (interactive ? reveal : say)(
      `Note: ${who} could change ${facts.couldChange}. A user who can only read is safer:\n${lines}`,
    );
  }
  if (!interactive || (needed.length === 0 && facts.couldChange === "")) return undefined;
  const { name } = facts.dumpUser;
  // Behind a reference stands the whole URL.
  const other = facts.dumpUser.statements.length > 0 && access.user !== "";
  const way = await ask.choose({
    message: "Which user is to read the database?",
    options: [
      {
        value: "this",
        label: needed.length === 0 ? "go on with this one" : "go on with this one, as far as that goes",
      },
      ...(needed.length > 0 ? [{ value: "again" as const, label: "look again: the statements were run" }] : []),
      ...(other ? [{ value: "other" as const, label: `"${name}": the statements were run` }] : []),
    ],
    initial: "this",
  });
  if (way === "this") return undefined;
  if (way === "again") return access;
  const typed = await ask.hidden({ message: `The password of "${name}" (the one above: just Enter)` });
  const password = typed || newPassword;
  registerSecret(password);
  return { ...access, url: withoutPassword({ ...parseDatabaseUrl(access.url), user: name }), user: name, password };
}

function listed(statements: string[]): string {
  return statements.map((statement) => `    ${statement};`).join("\n");
}
