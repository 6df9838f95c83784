import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bootId } from "./docker.ts";
import { attempt, pipe, say } from "./exec.ts";
import type { Images } from "./images.ts";
import { type Availability, cacheFolder, type Missing, type ServerImage, writeWhole } from "./report.ts";
import { RECIPE_LABEL, replacing } from "./stand-in.ts";

export interface Podman extends Availability {
  env: Record<string, string>;
  images: Partial<Record<ServerImage, string>>;
  missing: Missing[];
}

/** Copies of every image would double what the images cost; these are the ones that tests start with podman. */
const USED_WITH_PODMAN: ServerImage[] = ["postgres:17", "mysql:9.7", "mariadb:11.8"];

const env = { CONTAINERS_CONF: join(import.meta.dir, "containers.conf") };

/** Copies the images to podman and starts a container to see that podman works here. */
export async function providePodman({ images, poolTools }: Pick<Images, "images" | "poolTools">): Promise<Podman> {
  const podman: Podman = { available: false, reason: whyNot() ?? "", env, images: {}, missing: [] };
  if (podman.reason !== "") return podman;
  const servers = USED_WITH_PODMAN.flatMap((name) => images[name] ?? []);
  const wanted = poolTools === null ? servers : [...servers, poolTools];
  const [here, there] = [await labelled("podman", wanted), await labelled("docker", wanted)];
  const copied = new Set<string>();
  for (const image of wanted) {
    const why = here.get(image) === there.get(image) ? undefined : await copy(image);
    if (why === undefined) copied.add(image);
    else podman.missing.push({ what: `${image} in podman`, why, fix: `docker save ${image} | podman load` });
  }
  for (const name of USED_WITH_PODMAN) if (copied.has(images[name] ?? "")) podman.images[name] = images[name] as string;
  const [sample] = Object.values(podman.images);
  podman.reason = sample === undefined ? "it has no image to start" : await whyNotRunning(sample);
  return { ...podman, available: podman.reason === "" };
}

function whyNot(): string | undefined {
  if (!Bun.which("podman")) return "there is no podman command";
  if (process.getuid?.() !== 0) return "the tests use podman as root only";
  return undefined;
}

/** Image name → the recipe that it was made by; official images have none, and are the same wherever they are. */
async function labelled(tool: "docker" | "podman", names: string[]): Promise<Map<string, string>> {
  const labels = tool === "docker" ? ".Config.Labels" : ".Labels";
  const format = `{{range .RepoTags}}{{.}} {{end}}\t{{if ${labels}}}{{index ${labels} "${RECIPE_LABEL}"}}{{end}}`;
  const { stdout } = await attempt([tool, "image", "inspect", "--format", format, ...names], { env });
  const found = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [tags, recipe] = line.split("\t");
    for (const tag of tags?.trim().split(" ") ?? []) found.set(shortName(tag), recipe ?? "");
  }
  return found;
}

/** podman writes "localhost/" before a name that has no registry, "docker.io/library/" before an official one. */
function shortName(tag: string): string {
  return tag.replace(/^(localhost|docker\.io\/library|docker\.io)\//, "");
}

async function copy(image: string): Promise<string | undefined> {
  say(`copying ${image} to podman`);
  try {
    await replacing("podman", image, async () => {
      await pipe(["docker", "save", image], ["podman", "load", "--quiet"], env);
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Empty when a container runs. Seen once per boot, because it costs half a second. */
async function whyNotRunning(image: string): Promise<string> {
  const marker = join(cacheFolder(), "podman-ran");
  const seen = `${bootId()} ${image} ${readFileSync(env.CONTAINERS_CONF, "utf8").length}\n`;
  if (existsSync(marker) && readFileSync(marker, "utf8") === seen) return "";
  const argv = ["podman", "run", "--rm", "--log-driver", "none", "--publish", "127.0.0.1::1", image, "true"];
  const { status, stderr } = await attempt(argv, { env, timeoutMs: 60_000 });
  if (status !== 0) return stderr.trim().split("\n").at(-1) || `podman run ended with ${status}`;
  writeWhole(marker, seen);
  return "";
}
