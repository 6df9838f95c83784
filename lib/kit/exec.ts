import { constants } from "node:os";
import { defer, mustFinish, takeSignals } from "./cleanup.ts";
import { DittoError } from "./errors.ts";

/** How a process is started. `env` is added to this process's own environment. */
export interface ExecOptions {
  env?: Record<string, string>;
  /** `env` is the whole environment: nothing of ours, where the user's secrets may stand, reaches the process. */
  bare?: boolean;
  /** In a session of its own: a terminal's Ctrl-C doesn't reach it, and its group can be signalled as a whole. */
  detached?: boolean;
  /** Detached, and ended with all that it has started: at its time limit, and when this command is interrupted. */
  group?: boolean;
  cwd?: string;
  /** Written to stdin, which is closed afterwards; without it stdin is empty. */
  input?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** SIGKILL after so many milliseconds; `timedOut` is then true. */
  timeoutMs?: number;
  /** Throws when the status is not 0 (the default for {@link run}). */
  check?: boolean;
  /** What the process was for, in an error: "start the copy". */
  purpose?: string;
}

/** The end of a process. `status` is 128+n when signal n ended it, 127 when it could not be started. */
export interface ExecResult {
  status: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** A process whose output is read as it comes. */
export interface Child {
  pid: number;
  stdin: ChildInput;
  stdout: ReadableStream<Uint8Array>;
  /** Resolves when the process ended and its stderr was read; never throws. */
  done: Promise<{ status: number; stderr: string }>;
  /** What it has written to stderr so far. */
  errorsSoFar(): string;
  kill(signal?: NodeJS.Signals): void;
}

/** The writing end; `write` resolves when the pipe took the bytes, so memory stays bounded. */
export interface ChildInput {
  write(chunk: Uint8Array | string): Promise<void>;
  end(): Promise<void>;
}

/** Enough for every message a tool ends with; the beginning is kept too, where the first cause stands. */
const STDERR_LIMIT = 64 * 1024;

/** How long a process that was killed is waited for, in milliseconds: whom it leaves behind may hold its streams. */
const DRAIN_LIMIT_MS = 500;

/** Starts a process and waits for its end. Throws {@link DittoError} `EXEC_MISSING` or `EXEC_FAILED`. */
export async function run(argv: string[], options: ExecOptions = {}): Promise<ExecResult> {
  const child = start(argv, options);
  const late = Promise.withResolvers<undefined>();
  let timedOut = false;
  const kill = () => {
    timedOut = true;
    child.kill("SIGKILL");
    setTimeout(late.resolve, DRAIN_LIMIT_MS);
  };
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(kill, options.timeoutMs);
  const output = textOf(child.stdout);
  const whole = Promise.all([output.ended, child.done, feed(child.stdin, options.input)]);
  const [, ended] = (await Promise.race([whole, late.promise])) ?? [];
  clearTimeout(timer);
  const { status, stderr } = ended ?? { status: 128 + constants.signals.SIGKILL, stderr: child.errorsSoFar() };
  const result = { status, stdout: output.text(), stderr, timedOut };
  if ((options.check ?? true) && (status !== 0 || timedOut)) throw failure(argv, options, result);
  return result;
}

/** Starts a process and returns at once; it is ended when this command is interrupted. */
export function start(
  argv: string[],
  options: Pick<ExecOptions, "env" | "bare" | "cwd" | "detached" | "group"> = {},
): Child {
  const [command = ""] = argv;
  const env = environment(options);
  let child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  try {
    child = Bun.spawn(argv, {
      env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      // What undoes, or must be finished, is not for a terminal's Ctrl-C to end, which goes to the whole group.
      detached: options.group || (options.detached ?? mustFinish()),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
  } catch (cause) {
    throw missing(command, cause);
  }
  const kill = (signal: NodeJS.Signals) => (options.group ? killGroup(child.pid, signal) : child.kill(signal));
  const release = defer(() => kill("SIGTERM"));
  const errors = tailOf(child.stderr);
  const done = child.exited.then(async () => {
    if (!options.group) release();
    await errors.ended;
    release();
    return { status: statusOf(child), stderr: errors.text() };
  });
  return {
    pid: child.pid,
    stdin: inputOf(child.stdin),
    stdout: child.stdout,
    done,
    errorsSoFar: errors.text,
    kill: (signal = "SIGTERM") => kill(signal),
  };
}

function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nobody of it is left.
  }
}

/**
 * Runs a process on this terminal: its stdin, stdout and stderr are ours, signals are passed on to it.
 * Resolves to its status: 128+n by signal n, 127 not found, 126 not executable.
 */
export async function runAttached(
  argv: string[],
  options: Pick<ExecOptions, "env" | "cwd"> & { unset?: string[]; onSignal?: () => void } = {},
): Promise<number> {
  const env = { ...(process.env as Record<string, string>), ...options.env };
  for (const name of options.unset ?? []) delete env[name];
  let child: Bun.Subprocess<"inherit", "inherit", "inherit">;
  try {
    child = Bun.spawn(argv, {
      env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: ["inherit", "inherit", "inherit"],
    });
  } catch (cause) {
    return (cause as { code?: string }).code === "EACCES" ? 126 : 127;
  }
  const release = takeSignals((signal) => {
    options.onSignal?.();
    // A terminal's Ctrl-C goes to the whole foreground group: the child has it already.
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  });
  await child.exited;
  release();
  return statusOf(child);
}

/** Starts a process as the leader of a group in a session of its own; the writing end of its descriptor 3 is `lifeline`. */
export function startGroup(
  argv: string[],
  options: { env: Record<string, string>; unset: string[]; cwd: string },
): {
  lifeline: number;
  stdout: ReadableStream<Uint8Array>;
  stderr: ReadableStream<Uint8Array>;
  exited: Promise<number>;
} {
  const env = environment(options);
  for (const name of options.unset) delete env[name];
  const child = Bun.spawn(argv, {
    env,
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
  });
  const exited = child.exited.then(() => statusOf(child));
  return { lifeline: Number(child.stdio[3]), stdout: child.stdout, stderr: child.stderr, exited };
}

/** Starts a process that outlives this command, in a session of its own, its output appended to `logFile`. Resolves to its pid. */
export async function startDetached(
  argv: string[],
  options: Pick<ExecOptions, "env" | "bare" | "cwd"> & { logFile: string },
): Promise<{ pid: number; exited: Promise<number> }> {
  const { open } = await import("node:fs/promises");
  const log = await open(options.logFile, "a", 0o600);
  try {
    const child = Bun.spawn(argv, {
      env: environment(options),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
    });
    child.unref();
    return { pid: child.pid, exited: child.exited.then(() => statusOf(child)) };
  } catch (cause) {
    throw missing(argv[0] ?? "", cause);
  } finally {
    await log.close();
  }
}

/** The path of a command, looked for in the PATH of now, or undefined. */
export function which(command: string, path = process.env.PATH ?? ""): string | undefined {
  return Bun.which(command, { PATH: path }) ?? undefined;
}

function environment(options: Pick<ExecOptions, "env" | "bare">): Record<string, string> {
  return options.bare ? { ...options.env } : { ...(process.env as Record<string, string>), ...options.env };
}

function statusOf(child: { exitCode: number | null; signalCode: NodeJS.Signals | number | null }): number {
  const signal = child.signalCode;
  if (signal !== null) return 128 + (typeof signal === "number" ? signal : (constants.signals[signal] ?? 0));
  return child.exitCode ?? 1;
}

function inputOf(sink: Bun.FileSink): ChildInput {
  // A child that ended early closes the pipe; its status says why, so the broken pipe itself is no news.
  return {
    async write(chunk) {
      try {
        sink.write(chunk);
        await sink.flush();
      } catch (error) {
        if (!isBrokenPipe(error)) throw error;
      }
    },
    async end() {
      try {
        await sink.end();
      } catch (error) {
        if (!isBrokenPipe(error)) throw error;
      }
    },
  };
}

function isBrokenPipe(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED" || code === "ECONNRESET";
}

async function feed(stdin: ChildInput, input: ExecOptions["input"]): Promise<void> {
  if (input instanceof ReadableStream) {
    for await (const chunk of input) await stdin.write(chunk);
  } else if (input !== undefined && input.length > 0) {
    await stdin.write(input);
  }
  await stdin.end();
}

function tailOf(stream: ReadableStream<Uint8Array>): { text(): string; ended: Promise<void> } {
  let head = "";
  let tail = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      if (head.length < STDERR_LIMIT) head += text;
      else tail = (tail + text).slice(-STDERR_LIMIT);
    }
  };
  return { text: () => head + tail, ended: read() };
}

function textOf(stream: ReadableStream<Uint8Array>): { text(): string; ended: Promise<void> } {
  const decoder = new TextDecoder();
  let text = "";
  const read = async () => {
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
    text += decoder.decode();
  };
  return { text: () => text, ended: read() };
}

function missing(command: string, cause: unknown): DittoError {
  return new DittoError(`Cannot start "${command}": the command was not found`, {
    code: "EXEC_MISSING",
    hint: `Install "${command}" or put it on PATH`,
    cause,
  });
}

function failure(argv: string[], options: ExecOptions, result: ExecResult): DittoError {
  const purpose = options.purpose ?? `run "${argv.slice(0, 3).join(" ")}"`;
  const state = result.timedOut
    ? `no answer within ${(options.timeoutMs ?? 0) / 1000} s`
    : lastLines(result.stderr) || `exit status ${result.status}`;
  return new DittoError(`Cannot ${purpose}: ${state}`, { code: "EXEC_FAILED" });
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-3).join("; ").trim();
}
