import { join, resolve } from "node:path";
import { environment, type Project } from "./project.ts";
import { ENTER, onTerminal, type Terminal } from "./terminal.ts";

/** The script. */
export const SETUP = resolve(import.meta.dir, "../../../scripts/setup.ts");

/** The questions of setup.ts in their order, by their words; those that need not come are asked only where they mean something. */
export const QUESTIONS = {
  runtime: "Where are copies to run?",
  project: "A name for this project",
  kind: "What are copies to be made of?",
  url: "The URL of the database",
  password: "The password of",
  way: "How is it reached from here?",
  host: "Which SSH host?",
  user: "Which user is to read the database?",
  again: "Try again with other answers?",
  keep: "Where is the password to be kept?",
  file: "Which file?",
  variable: "Which variable?",
  command: "Which command prints it?",
  anyway: /Keep this command all the same\?/,
  rules: "Which of them are to be masked?",
  ttl: "How long does a copy live",
  ports: "Which ports may copies take?",
  schedule: "How often is the data to be refreshed?",
  pool: "Make a pool for them",
  write: "Write ditto.yaml",
  base: "Make the first base now?",
} as const;

export type Question = keyof typeof QUESTIONS;

/** What is typed at a question each time that it comes; Enter, which takes the default, where nothing is said. */
export type Replies = Partial<Record<Question, string[][]>>;

/** An interview that is over. */
export interface Held {
  status: number;
  /** The questions that were asked. */
  asked: Question[];
  terminal: Terminal;
}

/** Holds the interview in a project's folder; `stopAt` types those keys at the n-th question instead of an answer. */
export async function holdInterview(
  project: Project,
  replies: Replies,
  {
    args = [],
    stopAt,
    env = {},
    cols,
  }: { args?: string[]; stopAt?: [number, string]; env?: Record<string, string>; cols?: number } = {},
): Promise<Held> {
  const terminal = onTerminal([process.execPath, SETUP, ...args], {
    cwd: project.folder,
    env: { ...environment(project.home), HOME: join(project.folder, "nobody"), ...env },
    ...(cols === undefined ? {} : { cols }),
  });
  const asked: Question[] = [];
  for (;;) {
    const question = await nextQuestion(terminal, asked);
    if (question === undefined) break;
    asked.push(question);
    if (asked.filter((one) => one === "again").length > 4) throw new Error(`no end:\n${terminal.shown().slice(-3000)}`);
    if (stopAt?.[0] === asked.length - 1) await terminal.type(stopAt[1]);
    else for (const keys of replyTo(question, replies, asked)) await terminal.type(keys);
  }
  return { status: await terminal.exited, asked, terminal };
}

function replyTo(question: Question, replies: Replies, asked: Question[]): string[] {
  const times = asked.filter((one) => one === question).length;
  return replies[question]?.[times - 1] ?? replies[question]?.at(-1) ?? [ENTER];
}

/** The next question that stands open on the screen; undefined when the program has ended. */
async function nextQuestion(terminal: Terminal, asked: Question[]): Promise<Question | undefined> {
  const until = Date.now() + 120_000;
  let ended = false;
  terminal.exited.then(() => {
    ended = true;
  });
  for (;;) {
    const shown = terminal.shown();
    const open = shown.slice(shown.lastIndexOf("◇  ") + 1);
    const answered = shown.split("◇  ").length - 1;
    const title = /◆ {2}(.+)/.exec(open)?.[1];
    if (title !== undefined && answered === asked.length) return named(title);
    if (ended) return undefined;
    if (Date.now() > until) throw new Error(`no question comes; the terminal shows:\n${shown.slice(-3000)}`);
    await Bun.sleep(20);
  }
}

function named(title: string): Question {
  const found = (Object.entries(QUESTIONS) as [Question, string | RegExp][]).find(([, words]) =>
    typeof words === "string" ? title.startsWith(words) : words.test(title),
  );
  if (found) return found[0];
  throw new Error(`the question "${title}" is not known`);
}
