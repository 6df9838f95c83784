import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { attempt, must } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import type { Site } from "./site.ts";

/**
 * Bytes on disk for these copies. Where blocks are shared it is all that the file system holds, so only differences
 * mean something.
 */
export async function diskUse(site: Site, ids: string[]): Promise<number> {
  const { storage } = site.method;
  if (storage === "pool") return settled(() => poolUse(site));
  if (storage === "image") return sum(ids.map((id) => layerSize(site, id)));
  const root = site.nativeRoot;
  if (storage === "reflink") return settled(() => fileSystemUse(root));
  return sum(ids.map((id) => folderSize(join(root, "copies", id))));
}

/** Free bytes where docker keeps its data and where the bench does; the smaller counts. Infinity where nothing tells. */
export async function freeBytes(scratch: string): Promise<number> {
  const { stdout } = await attempt(["docker", "info", "--format", "{{.DockerRootDir}}"], { timeoutMs: 20_000 });
  const free = await Promise.all(
    [stdout.trim(), scratch].map(async (folder) => {
      const facts = await statfs(folder).catch(() => undefined);
      return facts ? facts.bavail * facts.bsize : Number.POSITIVE_INFINITY;
    }),
  );
  return Math.min(...free);
}

/** What was deleted before is given back in the background, by btrfs for half a minute: waits until nothing changes. */
async function settled(measure: () => Promise<number>): Promise<number> {
  let [last, same] = [await measure(), 1];
  for (let tries = 0; tries < 60 && same < 4; tries++) {
    await Bun.sleep(1000);
    const now = await measure();
    same = now === last ? same + 1 : 1;
    last = now;
  }
  return last;
}

async function poolUse({ home, method }: Site): Promise<number> {
  const filter = ["--filter", `label=ditto.home=${home.id()}`, "--filter", "label=ditto.kind=pool"];
  const anchor = (await must([method.runtime, "ps", "-q", ...filter])).trim().split("\n")[0] ?? "";
  // What is still to be written is not yet in the file system's own count.
  await must([method.runtime, "exec", anchor, "sync"]);
  const { used } = await home.json<{ used: number }>("pool", ["status"]);
  return used;
}

async function layerSize({ method }: Site, id: string): Promise<number> {
  const options = { env: readProvisioned().podman.env };
  const filter = ["--filter", `label=ditto.id=${id}`, "--filter", "label=ditto.kind=copy"];
  const container = (await must([method.runtime, "ps", "-q", ...filter], options)).trim();
  const argv = [method.runtime, "container", "inspect", "--size", "--format", "{{.SizeRw}}", container];
  return Number((await must(argv, options)).trim());
}

async function fileSystemUse(root: string): Promise<number> {
  await must(["sync", "-f", root]);
  const { blocks, bfree, bsize } = await statfs(root);
  return (blocks - bfree) * bsize;
}

async function folderSize(folder: string): Promise<number> {
  return Number.parseInt(await must(["du", "-sk", folder]), 10) * 1024;
}

async function sum(numbers: Promise<number>[]): Promise<number> {
  return (await Promise.all(numbers)).reduce((total, one) => total + one, 0);
}
