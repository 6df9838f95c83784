import { rmSync } from "node:fs";
import { attempt, say } from "./exec.ts";
import { whyNotInstall } from "./packages.ts";
import { cacheFolder, type Missing, POOL_TOOLS, SERVER_IMAGES, type ServerImage } from "./report.ts";
import { buildStandIn, RECIPE_LABEL, recipeOf, STAND_INS } from "./stand-in.ts";

export interface Images {
  images: Partial<Record<ServerImage, string>>;
  poolTools: string | null;
  missing: Missing[];
}

/** A registry that does not answer in this time is not in reach; a pull that has begun may take longer. */
const FIRST_WORD_MS = 15_000;
const PULL_MS = 600_000;
const WORKERS = 2;

/**
 * Finds an image for every server: the official one when it is here, then a stand-in that was built before, then the
 * official one from a registry, then a stand-in built now.
 */
export async function provideImages(): Promise<Images> {
  const here = await imagesHere();
  const images: Partial<Record<ServerImage, string>> = {};
  for (const name of SERVER_IMAGES) {
    const found = here.has(name) ? name : here.has(STAND_INS[name].name) ? STAND_INS[name].name : undefined;
    if (found !== undefined) images[name] = found;
  }
  await pullInto(images);
  const absent: (keyof typeof STAND_INS)[] = SERVER_IMAGES.filter((name) => images[name] === undefined);
  if (!here.has(POOL_TOOLS)) absent.push("pool-tools");
  const missing = await buildAll(absent);
  const failed = new Set(missing.map(({ what }) => what));
  for (const name of absent) {
    if (name !== "pool-tools" && !failed.has(STAND_INS[name].name)) images[name] = STAND_INS[name].name;
  }
  return { images, poolTools: failed.has(POOL_TOOLS) ? null : POOL_TOOLS, missing };
}

/** Names of the images that are here; a stand-in made by an older recipe counts as absent. */
async function imagesHere(): Promise<Set<string>> {
  const format = `{{range .RepoTags}}{{.}} {{end}}\t{{if .Config.Labels}}{{index .Config.Labels "${RECIPE_LABEL}"}}{{end}}`;
  const names = [...SERVER_IMAGES, ...Object.values(STAND_INS).map(({ name }) => name)];
  const { stdout } = await attempt(["docker", "image", "inspect", "--format", format, ...names]);
  const here = new Set<string>();
  for (const line of stdout.split("\n")) {
    const [tags, recipe] = line.split("\t");
    for (const tag of tags?.trim().split(" ") ?? []) {
      const standIn = Object.values(STAND_INS).find(({ name }) => name === tag);
      if (!standIn || recipe === recipeOf(standIn)) here.add(tag);
    }
  }
  return here;
}

/** The first pull that fails means that there is no registry, and is the last one tried. */
async function pullInto(images: Partial<Record<ServerImage, string>>): Promise<void> {
  if (process.env.DITTO_OFFLINE === "1") return;
  for (const name of SERVER_IMAGES) {
    if (images[name] !== undefined) continue;
    const outcome = await pull(name);
    if (outcome === "unreachable") return;
    if (outcome === "pulled") images[name] = name;
  }
}

async function pull(name: string): Promise<"pulled" | "unknown" | "unreachable"> {
  say(`pulling ${name}`);
  const child = Bun.spawn(["docker", "pull", name], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: PULL_MS,
  });
  const silence = setTimeout(() => child.kill("SIGKILL"), FIRST_WORD_MS);
  const said = new Response(child.stderr).text();
  for await (const _ of child.stdout) clearTimeout(silence);
  const status = await child.exited;
  clearTimeout(silence);
  if (status === 0) return "pulled";
  return /manifest.*(unknown|not found)/i.test(await said) ? "unknown" : "unreachable";
}

async function buildAll(names: (keyof typeof STAND_INS)[]): Promise<Missing[]> {
  const refusal = Bun.which("debootstrap") ? whyNotInstall() : "there is no debootstrap";
  rmSync(cacheFolder("work"), { recursive: true, force: true });
  const missing: Missing[] = [];
  const queue = [...names];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const why = refusal ?? (await build(name));
      if (why !== undefined) missing.push(missingImage(name, why));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return missing;
}

async function build(name: keyof typeof STAND_INS): Promise<string | undefined> {
  const image = STAND_INS[name];
  const begun = performance.now();
  say(`building ${image.name} from Debian ${image.suite}`);
  try {
    await buildStandIn(image);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  say(`${image.name} is ready (${((performance.now() - begun) / 1000).toFixed(0)} s)`);
  return undefined;
}

function missingImage(name: keyof typeof STAND_INS, why: string): Missing {
  const fix =
    name === "pool-tools"
      ? "run the tests as root on Debian, once"
      : `docker pull ${name}, or run the tests as root on Debian, once`;
  return { what: STAND_INS[name].name, why, fix };
}
