import { shortest } from "../kit/shell.ts";
import { displayUrl, parseDatabaseUrl } from "../kit/url.ts";
import type { PlannedFiles } from "./files.ts";
import type { Interview } from "./interview.ts";

/** What setup did, as `--json` has it. */
export interface SetupAnswer {
  config: string;
  /** False: a file was there and stayed. */
  written: boolean;
  project: string;
  source: { url: string; engine: string; version: string; tables: number; bytes: number } | null;
  password_secret: string;
  rules: number;
  /** What the source's user lacks for a dump, as statements. */
  missing: string[];
  storage: string;
  /** The base that was made at once, in words; "" for none. */
  base: string;
  /** The line for crontab that refreshes the base; "" for none. */
  cron: string;
  next: string[];
}

/** The answer; no secret is in it. */
export function setupAnswer(
  { answers, reached }: Interview,
  files: PlannedFiles,
  done: { written: boolean; base: string; next: string[] },
): SetupAnswer {
  const facts = reached?.facts;
  const { server, tables = 0, bytes = 0 } = facts ?? {};
  const url = reached && /:\/\//.test(reached.url) ? displayUrl(parseDatabaseUrl(reached.url)) : (reached?.url ?? "");
  return {
    config: files.config.path,
    project: answers.project,
    source: server ? { url, engine: server.flavour, version: server.version, tables, bytes } : null,
    password_secret: answers.source?.passwordSecret ?? "",
    rules: answers.rules.length,
    missing: facts?.missing.filter(({ optional }) => !optional).flatMap(({ statements }) => statements) ?? [],
    storage: answers.storage,
    cron: files.cron,
    ...done,
  };
}

/** The end of the interview, with the three commands to type next. */
export function renderSetup({ config, written, base, cron, next }: SetupAnswer): string {
  const file = shortest(config);
  const first = written ? `Wrote ${file}` : `Kept ${file} as it was; --force replaces it`;
  const schedule = cron === "" ? [] : ["", "For cron (crontab -e):", `  ${cron}`];
  const seeded = base === "" ? [] : [base];
  return [first, ...seeded, ...schedule, "", "Next:", ...next.map((line) => `  ${line}`)].join("\n");
}
