import { readFile } from "node:fs/promises";
import { defer, interrupted, mustFinish } from "../../lib/kit/cleanup.ts";

const MEMORY_MS = 200;

/** The end of a process, with the milliseconds from its start. */
export interface Timed {
  status: number;
  stdout: string;
  stderr: string;
  /** To its end. */
  ms: number;
  /** To the first line on stdout; `ms` when there was none. */
  firstLineMs: number;
  /** Of the processors, with the tools that it ran on this host. */
  cpuMs: number;
  /** Of memory, the most that it had itself; 0 where that can't be seen. */
  peakBytes: number;
  /** Each line of stderr with its moment. */
  lines: { text: string; ms: number }[];
}

export interface TimedOptions {
  cwd?: string;
  /** The whole environment. */
  env?: Record<string, string>;
  timeoutMs?: number;
}

/** Runs a process as a user would and times it. It is ended when the bench is interrupted. Throws when it takes too long. */
export async function timed(argv: string[], options: TimedOptions = {}): Promise<Timed> {
  stopIfInterrupted();
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const child = Bun.spawn(argv, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const release = defer(() => child.kill("SIGTERM"));
  const limit = options.timeoutMs ?? 600_000;
  const timer = setTimeout(() => child.kill("SIGKILL"), limit);
  const memory = watchMemory(child.pid);
  const [stdout, stderr] = [readLines(child.stdout, since), readLines(child.stderr, since)];
  const status = await child.exited;
  const ms = since();
  const [said, lines] = await Promise.all([stdout, stderr]);
  clearTimeout(timer);
  memory.stop();
  release();
  if (ms >= limit) throw new Error(`${argv.slice(0, 4).join(" ")} did not end within ${limit / 1000} s`);
  return {
    status,
    stdout: said.map(({ text }) => text).join("\n"),
    stderr: lines.map(({ text }) => text).join("\n"),
    ms,
    firstLineMs: said[0]?.ms ?? ms,
    cpuMs: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000,
    peakBytes: memory.peak(),
    lines,
  };
}

/** What the kernel counts for an ended process begins with what its parent had when it started it; this doesn't. */
function watchMemory(pid: number): { peak(): number; stop(): void } {
  let peak = 0;
  const look = async () => {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024);
  };
  const timer = setInterval(look, MEMORY_MS);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

/** As `timed`; throws with what was said when the status is not 0. */
export async function timedWell(argv: string[], options: TimedOptions = {}): Promise<Timed> {
  const end = await timed(argv, options);
  if (end.status === 0) return end;
  stopIfInterrupted();
  const said = (end.stderr.trim() || end.stdout.trim()).split("\n").slice(-4).join("\n");
  throw new Error(`${argv.slice(0, 4).join(" ")} … ended with ${end.status}: ${said}`);
}

/** Throws after a signal, except in what cleans up. */
export function stopIfInterrupted(): void {
  if (interrupted() && !mustFinish()) throw new Error("interrupted");
}

async function readLines(stream: ReadableStream<Uint8Array>, since: () => number): Promise<Timed["lines"]> {
  const lines: Timed["lines"] = [];
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const ms = since();
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.map((text) => ({ text, ms })));
  }
  if (rest !== "") lines.push({ text: rest, ms: since() });
  return lines;
}
