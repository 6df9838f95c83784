import { resolve } from "node:path";
import { lackingTools } from "../bases/host-tools.ts";
import { repositoryRoot } from "../kit/config-file.ts";
import { messageOf, usageError } from "../kit/errors.ts";
import { projectOf } from "../kit/projects.ts";
import type { Option } from "../kit/questions.ts";
import { NAME, slug } from "../kit/state.ts";
import { terminalWidth } from "../kit/stdio.ts";
import { table } from "../kit/table.ts";
import { parseDuration } from "../kit/units.ts";
import type { Rule } from "../mask/rule.ts";
import { poolHelps } from "../runtime/docker/pool.ts";
import type { Runtime, RuntimeName } from "../runtime/index.ts";
import { openRuntime } from "../runtime/open.ts";
import { askSource, type Given, type ReachedSource, type Talk } from "./ask-source.ts";
import type { SetupAnswers } from "./config-text.ts";
import { describeRuntimes, type FoundRuntime, surveyRuntimes } from "./runtimes.ts";
import type { Schedule } from "./schedule.ts";
import { askSecret, inOwnFile, type KeptSecret, ownSecretFile } from "./secret.ts";
import { nameSource, type Proposal } from "./source.ts";

/** What an interview comes to; nothing is written yet. */
export interface Interview {
  answers: SetupAnswers;
  secret: KeptSecret | undefined;
  reached: ReachedSource | undefined;
}

/** The folder of this toolkit. */
const TOOLKIT = resolve(import.meta.dir, "../..");

type Wish = "auto" | RuntimeName;

/** Goes through the questions in their order; where nobody answers, each has its default. */
export async function interview(
  talk: Talk,
  given: Given,
  wishes: { sourceName: string; runtime: Wish | undefined },
): Promise<Interview> {
  const runtime = wishes.runtime ?? (await askRuntime(talk));
  const demo = given.url === undefined && (await askKind(talk)) === "demo";
  const opened = demo ? undefined : await openWished(runtime);
  // One that can't be opened finds no container by its name, and is doctor's to complain about.
  const reached = demo ? undefined : await askSource(talk, opened ?? { locate: async (host) => host }, given);
  if (reached && opened) await sayLackingTools(talk, opened, reached);
  const project = await askProject(talk, reached);
  const secret = reached && (await keep(talk, reached, ownSecretFile(project, wishes.sourceName)));
  const rules = reached ? await askRules(talk, reached) : [];
  const rest = await askRest(talk, { runtime, demo });
  const source = reached && {
    url: reached.url,
    tunnel: reached.tunnel,
    password: secret?.password ?? "",
    passwordSecret: secret?.reference ?? reached.passwordSecret,
    about: nameSource(reached.facts),
  };
  const answers = { project, sourceName: wishes.sourceName, rules, runtime, ...rest, ...(source ? { source } : {}) };
  return { answers, secret, reached };
}

async function askRuntime({ ask, say }: Talk): Promise<Wish> {
  const found = await surveyRuntimes();
  say(`Servers can run here on:\n${describeRuntimes(found)}`);
  const usable = found.filter((one) => one.usable);
  const [first] = usable;
  if (usable.length < 2 || !first) return "auto";
  return ask.choose<Wish>({
    message: "Where are copies to run?",
    options: [
      { value: "auto", label: `wherever it works, now ${first.name}` },
      ...usable.map(({ name, text }: FoundRuntime): Option<Wish> => ({ value: name, label: name, hint: text })),
    ],
    initial: "auto",
  });
}

async function askProject({ ask }: Talk, reached: ReachedSource | undefined): Promise<string> {
  const folder = repositoryRoot(process.cwd()) ?? process.cwd();
  // In a clone of ditto its folder's name would say nothing.
  const plain = folder === TOOLKIT && reached ? slug(reached.facts.database) : undefined;
  return ask.text({
    message: "A name for this project, which bases and copies belong to",
    initial: plain ?? (await projectOf(folder)).name,
    refuse: (answer) => (NAME.test(answer) ? undefined : `1 to 41 of a-z, 0-9, "_" and "-"; try "${slug(answer)}"`),
  });
}

async function askKind({ ask, interactive }: Talk): Promise<"url" | "demo"> {
  if (!interactive) {
    throw usageError("Cannot set up without asking: --url is missing", "Say --yes --url postgres://user@host/database");
  }
  return ask.choose({
    message: "What are copies to be made of?",
    options: [
      { value: "url", label: "a database of mine", hint: "Postgres, MySQL, MariaDB; it is only read" },
      { value: "demo", label: "the built-in sample, a small shop", hint: "to look around" },
    ],
    initial: "url",
  });
}

async function openWished(wish: Wish): Promise<Runtime | undefined> {
  return openRuntime(wish, () => {}).then(
    ({ runtime }) => runtime,
    () => undefined,
  );
}

/** What the first reseed would find out. */
async function sayLackingTools({ say }: Talk, runtime: Runtime, { facts }: ReachedSource): Promise<void> {
  const lacking = await lackingTools(runtime, facts.server);
  if (lacking) say(`✗ A reseed would fail here: ${lacking.state}\n  ${lacking.hint}`);
}

async function keep({ ask, interactive, say }: Talk, reached: ReachedSource, file: string) {
  if (reached.password === "") return undefined;
  const kept = interactive ? await askSecret(ask, reached.password, file) : inOwnFile(reached.password, file);
  if (kept.todo !== "") say(kept.todo);
  return kept;
}

/** A rule for every column that was ticked; the others are then looked at, and not personal. */
async function askRules({ ask, say }: Talk, { facts }: ReachedSource): Promise<Rule[]> {
  const { proposals, plainSchema } = facts;
  if (proposals.length === 0) {
    const looked = facts.missing.every(({ optional }) => optional);
    say(looked ? "No column looks personal" : "Not looked for personal columns: the user may not read everything");
    return [];
  }
  const rows = proposals.map((proposal) => rowOf(proposal, plainSchema));
  const head = ["COLUMN", "RULE", "AN INVENTED VALUE", "BECOMES"];
  say(`These columns look personal:\n${table(rows, { head, width: Math.max(60, terminalWidth(2)) })}`);
  const ticked = await ask.tick({
    message: "Which of them are to be masked? The others are kept as they are",
    options: rows.map(([column = "", rule = ""], at) => ({ value: String(at), label: `${column}  ${rule}` })),
    initial: rows.map((_, at) => String(at)),
  });
  return proposals.flatMap(({ finding }, at): Rule[] => {
    const { schema, table, column } = finding;
    const place = { ...(schema === plainSchema ? {} : { schema }), table, column };
    if (!ticked.includes(String(at))) return [{ ...place, strategy: "keep" }];
    return finding.suggest.map((suggested) => ({ ...place, ...suggested }));
  });
}

function rowOf({ finding, example }: Proposal, plain: string): string[] {
  const { schema, table: name, column, suggest } = finding;
  const [{ strategy, type, path } = { strategy: "keep" }, ...others] = suggest;
  const rule = [path, strategy, type, others.length > 0 ? `and ${others.length} more` : ""].filter(Boolean).join(" ");
  return [
    `${schema === plain ? "" : `${schema}.`}${name}.${column}`,
    rule,
    example?.before ?? "",
    example?.after ?? "",
  ];
}

async function askRest(
  { ask, say }: Talk,
  { runtime, demo }: { runtime: Wish; demo: boolean },
): Promise<Pick<SetupAnswers, "ttl" | "ports" | "schedule" | "storage">> {
  const ttl = await ask.text({
    message: "How long does a copy live that nobody named? (30m, 2h, 7d, never)",
    initial: "2h",
    refuse: (answer) => (answer === "never" ? undefined : complaint(() => parseDuration(answer))),
  });
  const ports = await ask.text({
    message: "Which ports may copies take? (auto, or a range such as 5433-5600)",
    initial: "auto",
    refuse: whyNoPorts,
  });
  const schedule = demo ? "never" : await askSchedule(ask);
  const tool = await containersOf(runtime);
  const helps = tool !== undefined && (await poolHelps(tool).catch(() => false));
  if (!helps) return { ttl, ports, schedule, storage: "auto" };
  say(`${tool} keeps its data where copies can't share blocks: the first look at a big table copies its file.`);
  const pool = await ask.agree({
    message: "Make a pool for them at the first reseed? It reserves up to 20 GB of the disk",
    initial: false,
  });
  return { ttl, ports, schedule, storage: pool ? "pool" : "auto" };
}

function askSchedule(ask: Talk["ask"]): Promise<Schedule> {
  return ask.choose<Schedule>({
    message: "How often is the data to be refreshed? You get a line for cron; ditto starts nothing by itself",
    options: [
      { value: "never", label: "when I say so" },
      { value: "nightly", label: "every night" },
      { value: "weekly", label: "every Sunday" },
    ],
    initial: "never",
  });
}

async function containersOf(wish: Wish): Promise<"docker" | "podman" | undefined> {
  if (wish !== "auto") return wish === "native" ? undefined : wish;
  const { runtime } = await openRuntime("auto", () => {});
  return runtime.name === "native" ? undefined : runtime.name;
}

function whyNoPorts(answer: string): string | undefined {
  const [, from, to = from] = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(answer) ?? [];
  if (answer === "auto" || (Number(from) >= 1 && Number(to) <= 65_535 && Number(from) <= Number(to))) return undefined;
  return 'write "auto", or a range such as 5433-5600';
}

function complaint(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
