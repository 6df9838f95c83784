import { DittoError } from "../../kit/errors.ts";
import { type ContainerCli, explain } from "./cli.ts";

/** How long the daemon may refuse to remove an image, in milliseconds. */
const REMOVAL_MS = 5_000;

/** What ditto needs to know of an image. */
export interface ImageFacts {
  id: string;
  /** Paths that the image declares as VOLUME: data there is in no commit, and each container makes one. */
  volumes: string[];
  architecture: string;
}

/** Looks an image up, pulls it when it is missing. Throws `IMAGE_MISSING` with what to do. */
export async function ensureImage(cli: ContainerCli, image: string, say: (text: string) => void): Promise<ImageFacts> {
  const present = await inspectImage(cli, image);
  if (present) return present;
  if (process.env.DITTO_OFFLINE === "1") throw missing(image, "it is not here and DITTO_OFFLINE forbids pulling it");
  say(`Pulling image ${image} …`);
  const pulled = await cli(["pull", "--quiet", image], { check: false, timeoutMs: 30 * 60_000 });
  const facts = pulled.status === 0 ? await inspectImage(cli, image) : undefined;
  if (facts) return facts;
  throw missing(image, pulled.stderr.trim().split("\n").at(-1) ?? "the pull failed");
}

/** What is known of an image; undefined when it is not here. */
export async function inspectImage(cli: ContainerCli, image: string): Promise<ImageFacts | undefined> {
  // podman reads a template that begins with a bracket as something else.
  const format = "{{.Id}}\t{{json .Config.Volumes}}\t{{.Architecture}}";
  const { status, stdout } = await cli(["image", "inspect", "--format", format, image], { check: false });
  if (status !== 0) return undefined;
  const [id = "", volumes = "null", architecture = ""] = stdout.trim().split("\t");
  return { id, volumes: Object.keys((JSON.parse(volumes) as Record<string, unknown> | null) ?? {}), architecture };
}

/**
 * Removes an image of ditto's; none is fine. One that others were made on loses its name only: its layers are theirs too,
 * and go with the last of them.
 */
export async function removeImage(cli: ContainerCli, id: string): Promise<void> {
  const until = Date.now() + REMOVAL_MS;
  for (;;) {
    const removed = await cli(["image", "rm", "-f", id], { check: false });
    if (removed.status === 0 || /no such image|image not known/i.test(removed.stderr)) return;
    if (/dependent child|has children|used by/i.test(removed.stderr)) return removeName(cli, id);
    if (Date.now() > until) throw explain(cli.tool, [], "remove an image", removed);
    await Bun.sleep(200);
  }
}

async function removeName(cli: ContainerCli, id: string): Promise<void> {
  const { stdout } = await cli(["image", "inspect", "--format", '{{join .RepoTags " "}}', id], { check: false });
  const names = stdout.trim().split(" ").filter(Boolean);
  if (names.length > 0) await cli(["image", "rm", ...names], { purpose: "remove an image" });
}

function missing(image: string, state: string): DittoError {
  return new DittoError(`Cannot use image "${image}": ${state}`, {
    code: "IMAGE_MISSING",
    hint: `Pull it by hand, or name one that is here in copy.image (and dump.client_image)`,
  });
}

/** Flags that cover declared volumes with empty memory, so that no anonymous volume is made and left behind. */
export function coverVolumes(volumes: string[]): string[] {
  return volumes.flatMap((path) => ["--mount", `type=tmpfs,destination=${path},tmpfs-size=65536`]);
}
