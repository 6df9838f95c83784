import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DittoError } from "../../kit/errors.ts";
import { type Child, type ExecResult, start, which } from "../../kit/exec.ts";
import type { Command, Toolbox } from "../index.ts";
import { type Owner, runAs } from "./privileges.ts";

/**
 * POSIX sh around a tool. A secret goes into a 0600 file that is removed with the tool's end. Without data for the tool
 * stdin is a lifeline: it closes when ditto dies, be it by SIGKILL, and then the tool and what it started are ended, by
 * SIGKILL what doesn't heed SIGTERM (a server that is just starting). A signal that comes early may find a child that
 * is still a copy of this shell and loses it, hence a second one.
 * `escapes=no` forbids the tool to start processes: clients that read SQL from files have commands for a shell.
 */
const WRAPPER = `
umask 077
mode=$1 escapes=$2 file=$3; shift 3
leave() { if [ -n "$file" ]; then rm -f "$file"; fi; exit "$1"; }
early() { trap "" TERM INT HUP; kill -TERM 0; if [ -n "$!" ]; then kill -KILL "$!" 2>/dev/null; fi; leave "$1"; }
trap 'early 143' TERM; trap 'early 130' INT; trap 'early 129' HUP
if [ -n "$file" ]; then printf '%s' "$DITTO_SECRET" > "$file"; unset DITTO_SECRET; fi
exec 3<&0
again=
pass_on() { trap 'again=1; trap "" TERM INT HUP; kill -TERM 0; sleep 0.1; kill -TERM 0' TERM INT HUP; }
if [ "$mode" = data ]; then
  { if [ "$escapes" = no ]; then ulimit -u 0 2>/dev/null || ulimit -p 0 2>/dev/null; fi; exec "$@"; } <&3 3<&- & child=$!
  pass_on
  watch=
else
  "$@" </dev/null 3<&- & child=$!
  pass_on
  {
    while read -r line <&3; do :; done
    trap "" TERM
    kill -TERM 0
    tries=0
    while [ "$tries" -lt 100 ] && kill -0 "$child"; do tries=$((tries + 1)); sleep 0.1; done
    sleep 0.2
    kill -KILL 0
  } >/dev/null 2>&1 & watch=$!
fi
exec 3<&- </dev/null
wait "$child"; status=$?
while [ -n "$again" ]; do
  again=; wait "$child"; late=$?
  if [ "$late" != 127 ]; then status=$late; fi
done
if [ -n "$watch" ]; then kill "$watch" 2>/dev/null; fi
leave "$status"
`;

/** Clients with commands that start a shell. */
const ESCAPING = ["psql", "mysql", "mariadb"];

/** Where and as whom tools run. */
export interface ToolboxPlace {
  owner: Owner;
  /** Folders of binaries, searched before PATH. */
  bin: string[];
  /** A folder of the owner's: working directory, home, temporary files. */
  work: string;
  /** argv in front of each tool, e.g. to cut it off from the network. */
  prefix?: string[];
}

/** The host's own tools, run as the server's user in an environment without anything of ours. */
export function hostToolbox(place: ToolboxPlace): Toolbox {
  const children = new Set<Child>();
  const startTool: Toolbox["start"] = async (command, options = {}) => {
    const drop = options.asRoot ? [] : await runAs(place.owner);
    const { argv, env } = wrap(command, place, options.input ?? "none");
    const begun = start([...(place.prefix ?? []), ...drop, ...argv], {
      env,
      bare: true,
      detached: true,
      cwd: place.work,
    });
    const child = asGroup(begun, options.input === "data");
    children.add(child);
    child.done.then(() => {
      children.delete(child);
      return begun.stdin.end();
    });
    return child;
  };
  return {
    work: place.work,
    start: startTool,
    run: (command, options = {}) => runTool(startTool, command, options),
    close: async () => {
      await Promise.all([...children].map(endChild));
    },
  };
}

/** argv and environment of a command under the wrapper. Secrets are in the environment only. */
function wrap(
  command: Command,
  place: ToolboxPlace,
  mode: "data" | "none",
): { argv: string[]; env: Record<string, string> } {
  const tool = findTool(command, place.bin);
  const file = command.secretFile === undefined ? "" : join(place.work, `.secret-${randomBytes(8).toString("hex")}`);
  const escapes = ESCAPING.includes(tool.slice(tool.lastIndexOf("/") + 1)) ? "no" : "yes";
  const args = command.args.map((arg) => arg.replaceAll("{secretFile}", file));
  return {
    argv: ["/bin/sh", "-c", WRAPPER, "ditto", mode, escapes, file, tool, ...args],
    env: {
      ...cleanEnvironment(place.bin, place.work),
      ...command.env,
      ...(command.secretFile === undefined ? {} : { DITTO_SECRET: command.secretFile }),
    },
  };
}

/** What servers and tools see of the world: the same on every machine, and nothing that is the user's. */
export function cleanEnvironment(bin: string[], home: string): Record<string, string> {
  return { PATH: searchPath(bin), HOME: home, TMPDIR: home, LC_ALL: "C", TZ: "UTC" };
}

/** PATH with these folders first. */
export function searchPath(bin: string[]): string {
  return [...bin, ...(process.env.PATH || "/usr/bin:/bin").split(":")].join(":");
}

/** The path of a command's tool. Throws `TOOL_MISSING`. */
export function findTool(command: Command, bin: string[]): string {
  const names = [command.tool].flat();
  const path = searchPath(bin);
  for (const name of names) {
    const found = which(name, path);
    if (found) return found;
  }
  throw new DittoError(`Cannot run "${names.join('" or "')}": it is not installed on this host`, {
    code: "TOOL_MISSING",
    hint: `Install the client tools of this database (looked in ${bin.join(", ")} and on PATH), or use --runtime docker`,
  });
}

/** Signals go to the tool with all that it started. */
function asGroup(child: Child, writes: boolean): Child {
  const kill = (signal: NodeJS.Signals = "SIGTERM") => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      child.kill(signal);
    }
  };
  // Nothing is written to a lifeline; it closes with the tool's end.
  return writes ? { ...child, kill } : { ...child, kill, stdin: { write: async () => {}, end: async () => {} } };
}

async function endChild(child: Child): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await child.done;
  clearTimeout(timer);
}

async function runTool(
  startTool: Toolbox["start"],
  command: Command,
  options: NonNullable<Parameters<Toolbox["run"]>[1]>,
): Promise<ExecResult> {
  const { input, timeoutMs, asRoot = false } = options;
  const child = await startTool(command, { asRoot, ...(input === undefined ? {} : { input: "data" as const }) });
  let timedOut = false;
  const stop = () => {
    timedOut = true;
    child.kill("SIGKILL");
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs);
  const fed = input === undefined ? Promise.resolve() : child.stdin.write(input).then(() => child.stdin.end());
  const stdout = await new Response(child.stdout).text();
  const { status, stderr } = await child.done;
  await fed;
  clearTimeout(timer);
  return { status, stdout, stderr, timedOut };
}
