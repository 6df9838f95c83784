import type { Thing, ThingKind } from "../index.ts";
import type { Yard } from "../storage/yard.ts";
import type { ContainerCli } from "./cli.ts";
import { removeImage } from "./images.ts";
import { removeContainer } from "./workshop.ts";

const LABELS = ["ditto.kind", "ditto.id", "ditto.home", "ditto.owner", "ditto.expires"];

/** Every container, volume, image and directory that carries ditto's labels, of all state folders. */
export async function listThings(cli: ContainerCli, yards: Yard[]): Promise<Thing[]> {
  const filter = ["--filter", "label=ditto.managed=true"];
  // In lists docker's labels are a text with a function beside it, podman's a map.
  const own = LABELS.map((label) => (cli.tool === "docker" ? `.Label "${label}"` : `index .Labels "${label}"`));
  const [containers, volumes, images, directories] = await Promise.all([
    cli(["ps", "-a", "--no-trunc", ...filter, "--format", row([".ID", ...own, ".State", ".CreatedAt"])]),
    cli(["volume", "ls", ...filter, "--format", row([".Name", ...own])]),
    cli(["image", "ls", "--no-trunc", ...filter, "--format", "{{.ID}}"]),
    Promise.all(yards.map(async (yard) => (await yard.list()).map((entry) => directoryThing(yard, entry)))),
  ]);
  return [
    ...lines(containers.stdout).map((line) => thing("container", line)),
    ...lines(volumes.stdout).map((line) => thing("volume", line)),
    ...(await imageThings(cli, lines(images.stdout))),
    ...directories.flat(),
  ];
}

/** Removes one thing of the list; its absence is fine. */
export async function removeThing(cli: ContainerCli, yards: Yard[], what: Thing): Promise<void> {
  const [sort = "", ...rest] = what.reference.split(":");
  const name = rest.join(":");
  if (sort === "container") await removeContainer(cli, name);
  else if (sort === "volume") await cli(["volume", "rm", "-f", name], { check: false });
  else if (sort === "image") await removeImage(cli, name);
  else {
    const [method = "", path = ""] = rest;
    await yards.find((yard) => yard.method === method)?.remove(path);
  }
}

function row(fields: string[]): string {
  return fields.map((field) => `{{${field}}}`).join("\t");
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function thing(sort: string, line: string): Thing {
  const [reference = "", kind = "", id = "", home = "", owner = "", expires = "", state = "", createdAt = ""] =
    line.split("\t");
  return {
    kind: kind as ThingKind,
    id,
    home,
    owner,
    running: /^(running|up\b)/i.test(state),
    createdAt,
    expiresAt: expires || null,
    reference: `${sort}:${reference}`,
  };
}

async function imageThings(cli: ContainerCli, ids: string[]): Promise<Thing[]> {
  const unique = [...new Set(ids)];
  if (unique.length === 0) return [];
  const format =
    '{{.Id}}\t{{index .Config.Labels "ditto.kind"}}\t{{index .Config.Labels "ditto.id"}}\t{{index .Config.Labels "ditto.home"}}\t{{index .Config.Labels "ditto.owner"}}\t\t\t{{.Created}}';
  const { stdout } = await cli(["image", "inspect", "--format", format, ...unique], { check: false });
  return lines(stdout).map((line) => thing("image", line));
}

function directoryThing(yard: Yard, { path, marker }: { path: string; marker: string }): Thing {
  const [folder = "", id = ""] = path.split("/");
  let facts: Partial<Record<"home" | "owner" | "createdAt" | "expiresAt", string>> = {};
  try {
    facts = JSON.parse(marker) as typeof facts;
  } catch {
    // A directory without a readable marker belongs to nobody we know: it is listed with no home and left alone.
  }
  const kind: ThingKind =
    folder === "bases" ? "base" : folder === "copies" ? "copy" : folder === "snapshots" ? "snapshot" : "tool";
  return {
    kind,
    id,
    home: facts.home ?? "",
    owner: facts.owner ?? "",
    running: false,
    createdAt: facts.createdAt ?? "",
    expiresAt: facts.expiresAt ?? null,
    reference: `directory:${yard.method}:${path}`,
  };
}
