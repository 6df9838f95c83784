import { DittoError } from "../../kit/errors.ts";
import { withLock } from "../../kit/lock.ts";
import type { FrozenKind } from "../index.ts";
import type { ContainerCli } from "./cli.ts";
import { removeImage } from "./images.ts";
import { labelFlags, labels } from "./labels.ts";
import { removeContainer } from "./workshop.ts";

/** What an image of ditto's holds. */
interface Content {
  kind: FrozenKind;
  id: string;
}

/** Two commits at once have corrupted layers; the lock is this machine's, which is where the daemon is hardly ever shared. */
export function oneCommit<T>(commit: () => Promise<T>): Promise<T> {
  return withLock("commit", commit, 10 * 60_000);
}

/** Makes a container's file system an image; resolves to its id. */
export function commitImage(cli: ContainerCli, container: string, content: Content): Promise<string> {
  return oneCommit(() => commitNow(cli, container, content));
}

/** As {@link commitImage}, for who holds the lock. A container that runs is not halted here. */
export async function commitNow(cli: ContainerCli, container: string, content: Content): Promise<string> {
  // What a copy's container got at its start, by its environment and its labels, is not its data's.
  const changes = [...(await ownLabels(content)), "ENV DITTO_FILE_0="].flatMap((change) => ["--change", change]);
  const args = ["commit", "--pause=false", ...changes, container, nameOf(content)];
  const { stdout } = await cli(args, { purpose: `freeze the ${content.kind}` });
  return stdout.trim();
}

/** Docker refuses an image of more than 127 layers, and one more for each container on it. */
const MOST_LAYERS = 100;

/** The image, or one of a single layer with the same content where it has so many that more can't be put on it. */
export async function flattened(cli: ContainerCli, image: string, content: Content): Promise<string> {
  const format = "{{len .RootFS.Layers}}\t{{json .Config.Env}}";
  const { stdout } = await cli(["image", "inspect", "--format", format, image], { purpose: "look at the snapshot" });
  const [layers, env = "null"] = stdout.trim().split("\t");
  if (Number(layers) < MOST_LAYERS) return image;
  const container = `ditto-${content.id}-flat`;
  await cli(["create", "--name", container, ...(await labelFlags("tool", content.id)), image, "true"], {
    purpose: "flatten the snapshot",
  });
  try {
    const flat = await throughTar(cli, container, await changesOf(content, JSON.parse(env) as string[] | null));
    await cli(["tag", flat, nameOf(content)], { purpose: "flatten the snapshot" });
    return flat;
  } finally {
    await removeContainer(cli, container);
    await removeImage(cli, image);
  }
}

async function changesOf(content: Content, env: string[] | null): Promise<string[]> {
  const variables = (env ?? []).filter((entry) => !entry.startsWith("DITTO_"));
  const quoted = variables.map((entry) => {
    const at = entry.indexOf("=");
    return `ENV ${entry.slice(0, at)}=${JSON.stringify(entry.slice(at + 1)).replaceAll("$", "\\$")}`;
  });
  return [...(await ownLabels(content)), ...quoted].flatMap((change) => ["--change", change]);
}

async function throughTar(cli: ContainerCli, container: string, changes: string[]): Promise<string> {
  const reader = cli.start(["import", ...changes, "-"]);
  const writer = cli.start(["export", container]);
  for await (const chunk of writer.stdout) await reader.stdin.write(chunk);
  const written = await writer.done;
  // Half a file system must not become an image.
  if (written.status !== 0) reader.kill("SIGKILL");
  else await reader.stdin.end();
  const [read, stdout] = await Promise.all([reader.done, new Response(reader.stdout).text()]);
  const failed = [read, written].find(({ status }) => status !== 0);
  if (!failed) return stdout.trim().split("\n").at(-1) ?? "";
  throw new DittoError(`Cannot flatten the snapshot: ${failed.stderr.trim().split("\n").at(-1)}`, {
    code: "RUNTIME_FAILED",
    hint: "Look for free space where the images lie, and run the command again; the copy is as it was",
  });
}

async function ownLabels({ kind, id }: Content): Promise<string[]> {
  const own = await labels(kind, id, { "ditto.expires": "" });
  return Object.entries(own).map(([key, value]) => `LABEL ${key}=${JSON.stringify(value)}`);
}

function nameOf({ kind, id }: Content): string {
  return `ditto-${kind}:${id}`;
}
