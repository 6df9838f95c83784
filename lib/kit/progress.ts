import { defer } from "./cleanup.ts";
import { redact } from "./errors.ts";
import { readable } from "./glyphs.ts";
import { isTerminal, paint, terminalWidth, writeFully } from "./stdio.ts";
import { formatBytes, formatDuration, formatRate } from "./units.ts";

/** What a step is told while it runs; `bytes` and `total` are sums, not differences. */
export interface StepNews {
  bytes?: number;
  total?: number;
  note?: string;
}

/** One step of a longer work, shown on stderr. */
export interface Step {
  update(news: StepNews): void;
  /** Ends the step; `note` stands behind its time. */
  done(note?: string): void;
  /** Ends the step as failed; why is the error's business. */
  fail(note?: string): void;
}

/** The steps of one work. */
export interface Progress {
  step(name: string, options?: { total?: number }): Step;
}

/** Where progress is shown; tests give their own. */
export interface Screen {
  write(text: string): void;
  live: boolean;
  /** How the marks of ended steps are coloured. */
  paint: { green(text: string): string; red(text: string): string };
  width(): number;
  now(): number;
}

const LIVE_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 10_000;

const stderr: Screen = {
  write: (text) => writeFully(2, readable(text)),
  live: isTerminal(2) && process.env.TERM !== "dumb" && !process.env.CI,
  get paint() {
    return paint(2);
  },
  width: () => terminalWidth(2),
  now: () => performance.now(),
};

let silent = false;
/** The steps that run now, each with one line at the end of the terminal. */
const running: Running[] = [];
/** Columns that each drawn line takes, to know its rows when the terminal has been made narrower meanwhile. */
let drawn: number[] = [];
let timer: NodeJS.Timeout | undefined;
let releaseCursor: (() => void) | undefined;

/** Stops all progress of this process (`--quiet`). */
export function silenceProgress(): void {
  silent = true;
}

/** Writes to stderr, above the live lines of progress. */
export function writeStderr(text: string): void {
  erase(stderr);
  stderr.write(text);
  draw(stderr);
}

/** Shows steps as they run: on a terminal one live line each, elsewhere a line at start and end and every 10 s. */
export function steps(total?: number, screen: Screen = stderr): Progress {
  let begun = 0;
  return {
    step(name, options = {}) {
      begun++;
      const title = total === undefined ? name : `${begun}/${total} ${name}`;
      return beginStep(new Running(title, options.total, screen.now()), screen);
    },
  };
}

const silentStep: Step = { update() {}, done() {}, fail() {} };

class Running {
  bytes = 0;
  note = "";
  shownAt: number;
  constructor(
    readonly title: string,
    public total: number | undefined,
    readonly startedAt: number,
  ) {
    this.shownAt = startedAt;
  }
}

function beginStep(step: Running, screen: Screen): Step {
  if (silent) return silentStep;
  let ended = false;
  if (screen.live) addLive(step, screen);
  else screen.write(`${step.title}\n`);
  const end = (mark: string, note: string) => {
    if (ended) return;
    ended = true;
    const line = endLine(step, screen, mark, note);
    if (!screen.live) return screen.write(line);
    erase(screen);
    running.splice(running.indexOf(step), 1);
    screen.write(line);
    draw(screen);
    if (running.length === 0) stopLive(screen);
  };
  return {
    update(news) {
      if (ended) return;
      Object.assign(step, news);
      if (!screen.live) reportPlain(step, screen);
    },
    done: (note = "") => end(screen.paint.green("✓"), note),
    fail: (note = "") => end(screen.paint.red("✗"), note),
  };
}

function endLine(step: Running, screen: Screen, mark: string, note: string): string {
  const took = screen.now() - step.startedAt;
  const amount = step.bytes > 0 ? [formatBytes(step.bytes), formatRate(step.bytes, took)] : [];
  const facts = [formatDuration(took), ...amount, redact(note)].filter(Boolean).join(" · ");
  return `${mark} ${step.title}  ${facts}\n`;
}

/** Bytes, share, rate and time left, as far as they are known. */
function runningFacts(step: Running, screen: Screen): string {
  const took = screen.now() - step.startedAt;
  const facts: string[] = [];
  if (step.bytes > 0) {
    const share = step.total ? ` of ${formatBytes(step.total)}` : "";
    facts.push(`${formatBytes(step.bytes)}${share}`, formatRate(step.bytes, took));
  }
  // The first second says nothing about the rest.
  if (step.total && step.bytes > 0 && step.bytes < step.total && took > 1000) {
    facts.push(`${formatDuration(roundUp((took / step.bytes) * (step.total - step.bytes)))} left`);
  }
  if (facts.length === 0) facts.push(formatDuration(roundUp(took)));
  if (step.note !== "") facts.push(redact(step.note));
  return facts.filter(Boolean).join(" · ");
}

function roundUp(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000) * 1000;
}

function reportPlain(step: Running, screen: Screen): void {
  if (screen.now() - step.shownAt < PLAIN_INTERVAL_MS) return;
  step.shownAt = screen.now();
  screen.write(`  ${step.title}  ${runningFacts(step, screen)}\n`);
}

function addLive(step: Running, screen: Screen): void {
  if (running.length === 0) {
    screen.write("\x1b[?25l");
    releaseCursor = defer(() => {
      erase(screen);
      stopLive(screen);
    });
    timer = setInterval(() => {
      erase(screen);
      draw(screen);
    }, LIVE_INTERVAL_MS);
    // A step that somebody forgot to end must not keep the process.
    timer.unref();
  }
  erase(screen);
  running.push(step);
  draw(screen);
}

function stopLive(screen: Screen): void {
  clearInterval(timer);
  running.length = 0;
  releaseCursor?.();
  releaseCursor = undefined;
  screen.write("\x1b[?25h");
}

function erase(screen: Screen): void {
  if (drawn.length === 0) return;
  const width = screen.width();
  const rows = drawn.reduce((sum, columns) => sum + Math.max(1, Math.ceil(columns / width)), 0);
  // The cursor stands at the end of the last live line.
  screen.write(`\r\x1b[2K${"\x1b[1A\x1b[2K".repeat(rows - 1)}`);
  drawn = [];
}

function draw(screen: Screen): void {
  if (running.length === 0) return;
  const width = screen.width();
  // One column stays free: a full row would put the cursor on the next one.
  const lines = running.map((step) => cut(readable(`• ${step.title}  ${runningFacts(step, screen)}`), width - 1));
  screen.write(lines.join("\n"));
  drawn = lines.map((line) => Bun.stringWidth(line));
}

/** The beginning of a text that fits into so many columns, with "…" where it was cut. */
export function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  const end = readable("…");
  let short = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (Bun.stringWidth(short + segment) > width - end.length) break;
    short += segment;
  }
  return `${short}${end}`;
}
