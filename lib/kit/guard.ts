import { start } from "./exec.ts";

/** $1 the path: removes it when stdin ends. Whoever still writes there, being ended too, may take a moment. */
const GUARD = `cat >/dev/null
tries=0
while [ -e "$1" ] && [ "$tries" -lt 150 ]; do rm -rf -- "$1" 2>/dev/null || sleep 0.1; tries=$((tries + 1)); done`;

/** What lies at a path that is made for this process goes with it, also by SIGKILL; `release` removes what is there then. */
export function guardPath(path: string): { release(): Promise<void> } {
  const { PATH = "/usr/bin:/bin" } = process.env;
  const guard = start(["/bin/sh", "-c", GUARD, "ditto", path], { env: { PATH }, bare: true, detached: true, cwd: "/" });
  return {
    async release() {
      await guard.stdin.end();
      await guard.done;
    },
  };
}
