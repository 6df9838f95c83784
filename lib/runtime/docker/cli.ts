import { DittoError } from "../../kit/errors.ts";
import { type ExecResult, run, start } from "../../kit/exec.ts";

/** Which binary speaks the grammar; podman's differences stand where they matter. */
export type ContainerTool = "docker" | "podman";

/** `docker …` as a function. Throws for a failed call unless `check` is false. */
export interface ContainerCli {
  readonly tool: ContainerTool;
  (args: string[], options?: CliOptions): Promise<ExecResult>;
  start: (args: string[], env?: Record<string, string>) => ReturnType<typeof start>;
}

interface CliOptions {
  input?: string | Uint8Array;
  env?: Record<string, string>;
  check?: boolean;
  timeoutMs?: number;
  purpose?: string;
  /** What it writes to stderr is its answer too, and comes with stdout in its order, however long it is. */
  together?: boolean;
}

/** The command line of docker or podman. */
export function containerCli(tool: ContainerTool): ContainerCli {
  const call = async (args: string[], options: CliOptions = {}) => {
    const argv = options.together ? ["sh", "-c", 'exec "$@" 2>&1', "sh", tool, ...args] : [tool, ...args];
    const ended = await run(argv, { ...options, check: false });
    const result = options.together && ended.status !== 0 ? { ...ended, stderr: ended.stdout } : ended;
    if ((options.check ?? true) && result.status !== 0) throw explain(tool, args, options.purpose, result);
    return result;
  };
  return Object.assign(call, {
    tool,
    start: (args: string[], env: Record<string, string> = {}) => start([tool, ...args], { env }),
  });
}

/** True when the daemon (podman: the tool) answers. */
export async function answers(tool: ContainerTool): Promise<{ ok: boolean; version: string; reason: string }> {
  const format = tool === "docker" ? "{{.Server.Version}}" : "{{.Client.Version}}";
  try {
    const result = await run([tool, "version", "--format", format], { check: false, timeoutMs: 10_000 });
    const reason = result.stderr.trim().split("\n").at(-1) ?? "";
    return { ok: result.status === 0, version: result.stdout.trim(), reason };
  } catch {
    return { ok: false, version: "", reason: `"${tool}" is not installed` };
  }
}

/** The error for a failed call, in words. */
export function explain(
  tool: ContainerTool,
  args: string[],
  purpose: string | undefined,
  result: ExecResult,
): DittoError {
  // Some versions end every error with advice to read the help.
  const said = result.stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(Run '|See ')\S+ .*--help'/.test(line))
    .slice(-2)
    .join(" ")
    .replace(/^docker: /, "");
  const action = purpose ?? `run "${tool} ${args.slice(0, 2).join(" ")}"`;
  if (/Cannot connect to the Docker daemon|connection refused|unable to connect to Podman/i.test(said)) {
    return new DittoError(`Cannot ${action}: the ${tool} daemon does not answer`, {
      code: "RUNTIME_DOWN",
      hint: `Start ${tool} and run the command again; what was half made is swept then`,
    });
  }
  if (/port is already allocated|address already in use/i.test(said)) {
    return new DittoError(`Cannot ${action}: the port is in use`, {
      code: "PORT_IN_USE",
      hint: "Choose another --port, or leave it out",
    });
  }
  if (/no space left on device/i.test(said)) {
    return new DittoError(`Cannot ${action}: the disk of ${tool} is full`, {
      code: "DISK_FULL",
      hint: `Free space below the data root of ${tool}: "bun scripts/copy.ts prune", "bun scripts/base.ts list"`,
    });
  }
  return new DittoError(`Cannot ${action}: ${said || `exit status ${result.status}`}`, { code: "RUNTIME_FAILED" });
}
