import { statfs } from "node:fs/promises";
import { type FreeSpace, type Frozen, HERE } from "../index.ts";
import type { ContainerCli } from "./cli.ts";
import { daemonHost } from "./daemon-host.ts";

/** Bytes that are free where the daemon keeps everything; undefined where this host can't see it (a remote daemon, a VM). */
export async function freeSpaceOf(cli: ContainerCli, from?: Frozen): Promise<FreeSpace | undefined> {
  if ((await daemonHost(cli)) !== HERE) return undefined;
  const path = from?.dataRoot ?? (await dataRoot(cli));
  if (!path) return undefined;
  const facts = await statfs(path).catch(() => undefined);
  return facts && { path, bytes: facts.bavail * facts.bsize };
}

/** The folder that the daemon keeps everything in, as it says itself; "" when it doesn't. */
export async function dataRoot(cli: ContainerCli): Promise<string> {
  const format = cli.tool === "docker" ? "{{.DockerRootDir}}" : "{{.Store.GraphRoot}}";
  const { status, stdout } = await cli(["info", "--format", format], { check: false });
  return status === 0 ? stdout.trim() : "";
}
