import { parse, stringify } from "yaml";
import { z } from "zod";
import { fileSchema } from "../kit/config-schema.ts";
import type { Rule } from "../mask/rule.ts";
import { flow } from "../mask/suggestion-yaml.ts";
import { cronLine, type Schedule } from "./schedule.ts";

/** Everything that the interview decides. */
export interface SetupAnswers {
  project: string;
  sourceName: string;
  /** Absent for the built-in sample. */
  source?: { url: string; passwordSecret: string; password: string; tunnel: string; about: string };
  rules: Rule[];
  ttl: string;
  ports: string;
  runtime: string;
  storage: string;
  schedule: Schedule;
}

/** Where the file goes, as far as its text depends on that. */
interface Place {
  /** The JSON Schema's path, as the file would name it; "" when it is out of reach. */
  schema: string;
  /** What refreshes the base, for cron. */
  reseed: string;
}

/** The `ditto.yaml` of some answers, with comments; valid for this version's schema. */
export function configText(answers: SetupAnswers, place: Place): string {
  const text = `${[
    place.schema === "" ? [] : [`# yaml-language-server: $schema=${place.schema}`, "#"],
    headOf(),
    ["", "# The name that bases and copies belong to.", `project: ${scalar(answers.project)}`],
    sourceLines(answers),
    copyLines(answers),
    runtimeLines(answers),
    scheduleLines(answers, place),
    ruleLines(answers),
  ]
    .flat()
    .join("\n")}\n`;
  const checked = fileSchema.safeParse(parse(text));
  if (!checked.success)
    throw new Error(`The configuration that was written is not valid: ${z.prettifyError(checked.error)}`);
  return text;
}

/** A value on one line, quoted where YAML would read something else. */
function scalar(value: string): string {
  return value.includes("\n") ? JSON.stringify(value) : stringify(value, { lineWidth: 0 }).trim();
}

function headOf(): string[] {
  return [
    "# ditto's configuration. templates/ditto.yaml beside the scripts explains every key. Flags win over DITTO_* variables,",
    "# which win over this file. Paths count from this file; durations and sizes carry units (90s, 2h, 7d; 500M, 20G).",
  ];
}

function sourceLines({ source, sourceName }: SetupAnswers): string[] {
  if (source === undefined) {
    return [
      "",
      '# No source: bases come from a file, with "reseed.ts --from FILE".',
      "#source:",
      "#  url: postgres://user@host:5432/database",
    ];
  }
  const { url, passwordSecret, password, tunnel, about } = source;
  const lines = [
    `# ${about}. It is only ever read.`,
    `url: ${scalar(url)}`,
    ...(password === ""
      ? []
      : ["# This makes the file a secret: keep it out of git.", `password: ${scalar(password)}`]),
    ...(passwordSecret === ""
      ? []
      : [
          "# Where the password is: env:NAME, file:/path, cmd:some command",
          `password_secret: ${scalar(passwordSecret)}`,
        ]),
    ...(tunnel === ""
      ? []
      : ["# Started, watched and ended by ditto; it must ask for nothing.", `tunnel: ${scalar(tunnel)}`]),
    '# What "copy.ts run" and "env.ts" set: url, host, port, user, password, database, jdbc, dsn-go',
    "env: { DATABASE_URL: url }",
  ];
  if (sourceName === "default") return ["", "source:", ...lines.map((line) => `  ${line}`)];
  return ["", "sources:", `  ${scalar(sourceName)}:`, ...lines.map((line) => `    ${line}`)];
}

function copyLines({ ttl, ports }: SetupAnswers): string[] {
  return [
    "",
    "copy:",
    "  # How long an unnamed copy lives, or never.",
    `  ttl: ${scalar(ttl)}`,
    "  # auto: any free port; or a range such as 5433-5600.",
    `  ports: ${scalar(ports)}`,
  ];
}

function runtimeLines({ runtime, storage }: SetupAnswers): string[] {
  return [
    "",
    "# docker, podman or native (servers of this host); auto takes the first that answers.",
    `runtime: ${runtime}`,
    "# pool, reflink, image or copy; auto takes the best there is. Writing pool lets ditto make one.",
    `storage: ${storage}`,
  ];
}

function scheduleLines({ schedule, source }: SetupAnswers, { reseed }: Place): string[] {
  const line = cronLine(schedule, reseed);
  if (line === "") return [];
  const variables = [source?.url, source?.passwordSecret].flatMap((text) => /^env:(\w+)$/.exec(text ?? "")?.[1] ?? []);
  return [
    "",
    "# The base is refreshed by cron (crontab -e):",
    // Its shell has read no profile.
    ...variables.map((name) => `#   ${name}=...`),
    `#   ${line}`,
  ];
}

function ruleLines({ rules, source }: SetupAnswers): string[] {
  const lines = rules.map((rule) => `    - ${flow(rule)}`);
  return [
    "",
    "# What is masked while the source is read. The values of a column with a rule never reach a dump, a base or a copy.",
    "obfuscation:",
    "  # fail: a column that looks personal and has no rule stops the reseed. warn says so and goes on, allow doesn't look.",
    // The sample's people are invented.
    `  unreviewed: ${source === undefined ? "allow" : "fail"}`,
    "  # keep: somebody has looked, and it is not personal.",
    ...(lines.length === 0 ? ["  rules: []"] : ["  rules:", ...lines]),
  ];
}
