import { dirname } from "node:path";
import { which } from "../kit/exec.ts";
import { howToRun, lastingPath } from "../kit/runner.ts";
import { quoteWord } from "../kit/shell.ts";

/** How often the base is to be refreshed. */
export type Schedule = "never" | "nightly" | "weekly";

const TIMES: Record<Exclude<Schedule, "never">, string> = { nightly: "30 3 * * *", weekly: "30 3 * * 0" };

/** What ditto may start; what a tunnel or a secret's command starts comes on top. */
const TOOLS = [
  ...["bun", "node", "docker", "podman", "ssh", "aws"],
  ...["psql", "pg_dump", "mysql", "mysqldump", "mariadb", "mariadb-dump"],
];

/** Where all systems' cron looks for commands. */
const CRONS_PATH = ["/usr/bin", "/bin"];

/** Keys of the configuration that a reseed looks at and that hold no secret; all others stay out of the file. */
const KEYS = [
  ...["PROJECT", "RUNTIME", "STORAGE", "DISK_MIN_FREE", "DISK_MAX", "OBFUSCATION_UNREVIEWED"],
  ...["OBFUSCATION_LARGE_OBJECTS", "COPY_IMAGE", "COPY_BIND", "COPY_SIDE_EFFECTS", "COPY_MEMORY", "COPY_CPUS"],
  ...["DUMP_STORE", "DUMP_KEEP", "DUMP_KEEP_BASES", "DUMP_PATH", "DUMP_SCHEMA_PATH", "DUMP_CLIENT_IMAGE"],
  ...["DUMP_TABLES", "DUMP_EXCLUDE_TABLES", "DUMP_EXCLUDE_TABLE_DATA", "DUMP_EXCLUDE_EXTENSIONS", "DUMP_ROLES"],
];
const OTHERS = [
  "DITTO_HOME",
  "DITTO_OFFLINE",
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
  "DOCKER_CONFIG",
  "DOCKER_CERT_PATH",
  "DOCKER_TLS_VERIFY",
];

/** A key's parts are parted by two underscores, or by one. */
const isKept = (name: string): boolean =>
  OTHERS.includes(name) ||
  /^DITTO_DUMP__ROWS__\w+$/.test(name) ||
  (name.startsWith("DITTO_") && KEYS.includes(name.slice("DITTO_".length).replace("__", "_")));

/** The line for crontab, "" for none: ditto starts nothing by itself. A `%` would end the command there. */
export function cronLine(schedule: Schedule, command: string): string {
  return schedule === "never" ? "" : `${TIMES[schedule]} ${command.replaceAll("%", "\\%")}`;
}

/**
 * A script's command line for a shell that has been told nothing but HOME and cron's PATH: it brings along where the tools are,
 * those of the `commands` too, and what ditto was told by variables.
 */
export function withoutLogin(script: string, args: string[], commands: string[]): string {
  const [runner = "", ...rest] = howToRun().split(" ");
  const path = lastingPath();
  const words = [runner, ...TOOLS, ...commands.flatMap((command) => command.split(/\s+/))];
  const folders = words
    .filter((word) => /^[\w.-]+$/.test(word))
    .flatMap((word) => which(word, path) ?? [])
    .map((found) => dirname(found))
    .filter((folder) => !CRONS_PATH.includes(folder));
  const own = folders.length === 0 ? {} : { PATH: [...new Set(folders), ...CRONS_PATH].join(":") };
  const kept = Object.entries(process.env).filter(([name, value]) => isKept(name) && value);
  const set = Object.entries({ ...Object.fromEntries(kept), ...own });
  return [
    ...set.map(([name, value]) => `${name}=${quoteWord(value ?? "")}`),
    ...[which(runner, path) ?? runner, ...rest, script, ...args].map(quoteWord),
  ].join(" ");
}
