import { join } from "node:path";
import { say } from "./exec.ts";
import { cacheFolder } from "./report.ts";

/**
 * Runs `work` while no other process holds the same file: by default, while none provisions into the same cache. The lock is held by a child that lives as long as
 * its stdin is open, so that the kernel releases it when this process is killed.
 */
export async function withLock<Result>(
  work: () => Promise<Result>,
  path = join(cacheFolder(), "lock"),
): Promise<Result> {
  if (!Bun.which("flock")) return work();
  const holder = Bun.spawn(["flock", path, "sh", "-c", "echo held; exec cat"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const waiting = setTimeout(() => say(`another run is provisioning (${path}); waiting for it`), 500);
  const first = await holder.stdout.getReader().read();
  clearTimeout(waiting);
  if (first.done) throw new Error(`Cannot lock "${path}": flock ended with ${await holder.exited}`);
  try {
    return await work();
  } finally {
    await holder.stdin.end();
    await holder.exited;
  }
}
