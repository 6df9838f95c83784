import { statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "../../provision/exec.ts";

/** Where servers, tools and daemons write: container stores with their logs, native roots, temporary folders, core files. */
export const DISKS = [
  ...["/var/lib/docker", "/var/lib/containers", "/run/containers", "/var/lib/ditto", "/var/lib/systemd/coredump"],
  ...["/var/log", "/var/tmp", "/var/crash", tmpdir()],
];

/** Files on this machine's disks that were written since `since` was made and hold a text, whatever stands around it. */
export async function filesHolding(text: string, since: string): Promise<string[]> {
  const there = DISKS.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  const find =
    'find "$@" -xdev -type f -size +0 -cnewer "$SINCE" -print0 2>/dev/null | xargs -0 -r grep -laF -e "$TEXT" -- 2>/dev/null';
  const { stdout } = await attempt(["sh", "-c", find, "sh", ...there], { env: { TEXT: text, SINCE: since } });
  return stdout.split("\n").filter(Boolean);
}

/** A file whose age marks this moment. */
export function markNow(folder: string): string {
  const file = join(folder, "moment");
  writeFileSync(file, "");
  return file;
}
