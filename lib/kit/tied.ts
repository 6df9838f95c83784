import { closeSync } from "node:fs";
import { defer } from "./cleanup.ts";
import { startGroup } from "./exec.ts";

/** A command of the user's that must not outlive this one. */
export interface Tied {
  env: Record<string, string>;
  /** Variables of ours that it must not see. */
  unset: string[];
  cwd: string;
  /** What it writes, on both streams, as it comes. */
  onOutput(text: string): void;
}

/**
 * POSIX sh around a command: stdin of the watch is a lifeline. When that closes, be it because ditto was killed, the
 * whole group is asked to end, and after five seconds made to.
 */
const WRAPPER = `
trap : TERM INT HUP
"$@" </dev/null 3<&- & child=$!
{
  while read -r line <&3; do :; done
  trap "" TERM
  kill -TERM 0
  tries=0
  while [ "$tries" -lt 50 ] && kill -0 "$child"; do tries=$((tries + 1)); sleep 0.1; done
  kill -KILL 0
} >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$child"; status=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
kill -KILL "$watch" 2>/dev/null
exit "$status"
`;

/** What its end may take until it is taken for ended. */
const END_LIMIT_MS = 8_000;
/** Somebody whom it left behind may hold its streams. */
const DRAIN_LIMIT_MS = 500;

/** Runs a command to its end, with nothing on stdin. Resolves to its status: 128+n by signal n. */
export async function runTied(argv: string[], { env, unset, cwd, onOutput }: Tied): Promise<number> {
  const child = startGroup(["/bin/sh", "-c", WRAPPER, "ditto", ...argv], { env, unset, cwd });
  let open = true;
  const cut = () => {
    if (open) closeSync(child.lifeline);
    open = false;
  };
  const release = defer(async () => {
    cut();
    await Promise.race([child.exited, Bun.sleep(END_LIMIT_MS)]);
  });
  const read = Promise.all([pass(child.stdout, onOutput), pass(child.stderr, onOutput)]);
  const status = await child.exited;
  await Promise.race([read, Bun.sleep(DRAIN_LIMIT_MS)]);
  release();
  cut();
  return status;
}

async function pass(stream: ReadableStream<Uint8Array>, onOutput: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) onOutput(decoder.decode(chunk, { stream: true }));
}
