import { closeSync, openSync, readFileSync } from "node:fs";

export interface CommandOptions {
  env?: Record<string, string>;
  cwd?: string;
  input?: string;
  timeoutMs?: number;
  /** Everything the command says goes to the end of this file instead of into the result. */
  log?: string;
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command and reports how it ended, 127 when there is no such command. Never throws. */
export async function attempt(argv: string[], options: CommandOptions = {}): Promise<Outcome> {
  if (!Bun.which(argv[0] ?? "")) return { status: 127, stdout: "", stderr: `${argv[0]}: not found` };
  const log = options.log === undefined ? undefined : openSync(options.log, "a");
  try {
    const child = Bun.spawn(argv, {
      env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: options.input === undefined ? "ignore" : new Blob([options.input]),
      stdout: log ?? "pipe",
      stderr: log ?? "pipe",
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" as const }),
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await child.exited;
    return { status: child.exitCode ?? 128, stdout, stderr };
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

/** Runs a command and returns what it printed. Throws, with the end of what it said, when its status is not 0. */
export async function must(argv: string[], options: CommandOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await attempt(argv, options);
  if (status === 0) return stdout;
  const said = options.log === undefined ? stderr || stdout : readFileSync(options.log, "utf8");
  throw new Error(
    `${argv.slice(0, 3).join(" ")} … ended with ${status}: ${lastLines(said)}${options.log ? ` (log: ${options.log})` : ""}`,
  );
}

/** Runs `from | into`; both must end with 0. */
export async function pipe(from: string[], into: string[], env: Record<string, string> = {}): Promise<string> {
  const source = Bun.spawn(from, { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, ...env } });
  const sink = Bun.spawn(into, {
    stdin: source.stdout,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...env },
  });
  const [out, sinkSaid, sourceSaid] = await Promise.all([text(sink.stdout), text(sink.stderr), text(source.stderr)]);
  const [sourceStatus, sinkStatus] = await Promise.all([source.exited, sink.exited]);
  if (sinkStatus !== 0)
    throw new Error(`${into.slice(0, 3).join(" ")} … ended with ${sinkStatus}: ${lastLines(sinkSaid)}`);
  if (sourceStatus !== 0) throw new Error(`${from.join(" ")} ended with ${sourceStatus}: ${lastLines(sourceSaid)}`);
  return out;
}

/**
 * A command in mount and process namespaces of its own that ends when this process does, however it ends: its mounts
 * and its children go with it, so a killed run leaves only files behind.
 */
export function confined(argv: string[]): string[] {
  return ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", ...argv];
}

export function say(line: string): void {
  process.stderr.write(`provision: ${line}\n`);
}

function lastLines(output: string): string {
  return output.trim().split("\n").slice(-4).join("\n");
}

async function text(stream: ReadableStream<Uint8Array> | number | undefined): Promise<string> {
  return stream instanceof ReadableStream ? new Response(stream).text() : "";
}
