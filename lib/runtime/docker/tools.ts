import { randomBytes } from "node:crypto";
import type { Child, ExecResult } from "../../kit/exec.ts";
import type { Command, Toolbox } from "../index.ts";
import type { ContainerCli } from "./cli.ts";

/**
 * POSIX sh around a tool: finds it under one of its names, puts a secret into a 0600 file, and, without data on stdin,
 * holds stdin as a lifeline: `docker exec`'s tool outlives a killed client, but the client's death closes its stdin.
 */
const WRAPPER = `
names=$1 mode=$2 file=$3; shift 3
tool=
for name in $names; do if command -v "$name" >/dev/null 2>&1; then tool=$name; break; fi; done
if [ -z "$tool" ]; then echo "ditto: this image has no $names" >&2; exit 127; fi
if [ -n "$file" ]; then umask 077; printf '%s' "$DITTO_SECRET" > "$file"; unset DITTO_SECRET; fi
if [ "$mode" = data ]; then "$tool" "$@"; status=$?
else
  exec 3<&0
  "$tool" "$@" </dev/null 3<&- & child=$!
  { cat <&3 >/dev/null; kill "$child"; } >/dev/null 2>&1 & watch=$!
  exec 3<&-
  wait "$child"; status=$?
  kill "$watch" 2>/dev/null
fi
if [ -n "$file" ]; then rm -f "$file"; fi
exit "$status"
`;

/** The tools of a running container; `user` is whom they run as. */
export function containerToolbox(cli: ContainerCli, container: string, user: string, work: string): Toolbox {
  const startTool: Toolbox["start"] = async (command, options = {}) => {
    const { args, env } = execArguments(command, container, options.asRoot ? "root" : user, options.input ?? "none");
    const child = cli.start(args, env);
    return options.input === "data" ? child : withoutInput(child);
  };
  return {
    work,
    start: startTool,
    async run(command, options = {}): Promise<ExecResult> {
      const withInput = options.input !== undefined;
      const child = await startTool(command, {
        ...(withInput ? { input: "data" as const } : {}),
        ...(options.asRoot === undefined ? {} : { asRoot: options.asRoot }),
      });
      let timedOut = false;
      const timer = setTimeout(
        () => {
          timedOut = true;
          child.kill("SIGKILL");
        },
        options.timeoutMs ?? 2 ** 31 - 1,
      );
      if (options.input !== undefined) {
        await child.stdin.write(options.input);
        await child.stdin.end();
      }
      const stdout = await new Response(child.stdout).text();
      const { status, stderr } = await child.done;
      clearTimeout(timer);
      return { status, stdout, stderr, timedOut };
    },
    close: async () => {},
  };
}

/** `exec …` for a command in a container; secrets travel in `env`, of which argv holds only the names. */
export function execArguments(
  command: Command,
  container: string,
  user: string,
  mode: "data" | "none",
): { args: string[]; env: Record<string, string> } {
  const secretPath = command.secretFile === undefined ? "" : `/tmp/ditto-${randomBytes(8).toString("hex")}`;
  const env: Record<string, string> = { ...command.env };
  if (command.secretFile !== undefined) env.DITTO_SECRET = command.secretFile;
  const names = Array.isArray(command.tool) ? command.tool.join(" ") : command.tool;
  const args = [
    ...["exec", "-i", "--user", user],
    ...Object.keys(env).flatMap((name) => ["-e", name]),
    ...[container, "sh", "-c", WRAPPER, "ditto", names, mode, secretPath],
    ...command.args.map((arg) => arg.replaceAll("{secretFile}", secretPath)),
  ];
  return { args, env };
}

/** The caller writes nothing; stdin stays open as the lifeline until the tool ends. */
function withoutInput(child: Child): Child {
  return { ...child, stdin: { write: async () => {}, end: async () => {} } };
}
