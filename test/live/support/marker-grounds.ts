import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, must } from "../../provision/exec.ts";
import { readProvisioned, type ServerImage } from "../../provision/report.ts";
import type { Source } from "../../provision/sources.ts";
import { filesSince } from "./byte-search.ts";
import { DISKS } from "./disk-search.ts";
import type { MarkerEngine } from "./markers.ts";
import { homeIdOf, nativeRootOf, type Project } from "./project.ts";

/** Where a marker may be: beside what the names say, `rest` is everything else that a daemon, a pool or the native root keeps. */
export const STORES = ["dump", "base", "copy", "sql", "home", "temp", "logs", "rest"] as const;
export type Store = (typeof STORES)[number];

/** An engine on one of the ways in which bases and copies are kept. */
export interface MarkerGround {
  engine: MarkerEngine;
  version: string;
  runtime: "docker" | "podman" | "native";
  storage: "image" | "pool" | "folder";
}

const ENGINES = [
  { engine: "postgres", version: "17" },
  { engine: "mysql", version: "9.7" },
  { engine: "mariadb", version: "11.8" },
] as const;

/** The first is for the short run. */
export const MARKER_GROUNDS: MarkerGround[] = [
  ...ENGINES.map((server) => ({ ...server, runtime: "docker" as const, storage: "image" as const })),
  ...ENGINES.map((server) => ({ ...server, runtime: "docker" as const, storage: "pool" as const })),
  ...ENGINES.map((server) => ({ ...server, runtime: "podman" as const, storage: "image" as const })),
  // The host's own servers; of MySQL there is none.
  { engine: "postgres", version: "15", runtime: "native", storage: "folder" },
  { engine: "mariadb", version: "10.11", runtime: "native", storage: "folder" },
];

/** In words, for titles. */
export function groundName({ engine, runtime, storage }: MarkerGround): string {
  return storage === "pool" ? `${engine} in a pool of ${runtime}` : `${engine} on ${runtime}`;
}

/** Why a ground can't be tried here; undefined when it can. */
export function whyMissing({ engine, version, runtime }: MarkerGround): string | undefined {
  const { docker, podman, images, podmanImages, native } = readProvisioned();
  const image = `${engine}:${version}` as ServerImage;
  if (!docker.available) return docker.reason;
  if (images[image] === undefined) return `no image of ${image}`;
  if (runtime === "podman" && !podman.available) return podman.reason;
  if (runtime === "podman" && podmanImages[image] === undefined) return `podman has no image of ${image}`;
  const server = engine === "postgres" ? native.postgresBin : native.mariadbServer;
  return runtime === "native" && server === null ? `no native ${engine}` : undefined;
}

/** docker or podman itself; throws when its status is not 0. */
export function toolOf({ runtime }: MarkerGround, ...args: string[]): Promise<string> {
  return must([runtime === "podman" ? "podman" : "docker", ...args], { env: readProvisioned().podman.env });
}

const DOCKER = "/var/lib/docker";
const PODMAN = "/var/lib/containers";

/** Files that were written since `moment`, wherever servers, tools and daemons write, without the source's own. */
export async function writtenSince(
  moment: string,
  { source, project, ground }: { source: Source; project: Project; ground: MarkerGround },
): Promise<string[]> {
  const pool = await poolRoot(ground, project);
  // What lies in the kernel's cache of a pool's file system is not in the pool's file yet.
  if (pool !== undefined) await must(["sync", "-f", pool]);
  const excluded = await placesOfSource(source);
  const files = [
    ...(await filesSince([...DISKS, tmpdir()].filter(existsSync), moment)),
    // Each subvolume of btrfs is a file system of its own.
    ...(await filesSince(pool === undefined ? [] : [pool], moment, { across: true })),
  ];
  return files.filter((file) => file !== moment && !excluded.some((place) => file.startsWith(place)));
}

/** The source's own layer, volumes and log. */
async function placesOfSource({ containerName }: Source): Promise<string[]> {
  const [facts] = JSON.parse(await must(["docker", "inspect", containerName])) as [
    { GraphDriver: Layers; Mounts: { Source: string }[]; LogPath: string },
  ];
  return [layerOf(facts), ...facts.Mounts.map((mount) => mount.Source), facts.LogPath];
}

/** Which store a file is of, by the beginnings of paths. */
export async function storesOf(
  ground: MarkerGround,
  project: Project,
  made: { copyId: string; base: string },
): Promise<(file: string) => Store> {
  const beginnings: [string, Store][] = [
    ...(await ownPlaces(ground, project, made)),
    [join(project.home, "dumps"), "dump"],
    [project.home, "home"],
    [`${DOCKER}/containers/`, "logs"],
    [`${PODMAN}/storage/overlay-containers/`, "logs"],
    ["/var/log/", "logs"],
    ...[`${DOCKER}/`, `${PODMAN}/`, "/var/lib/ditto/", "/proc/"].map((path): [string, Store] => [path, "rest"]),
  ];
  return (file) => beginnings.find(([start]) => file.startsWith(start))?.[1] ?? "temp";
}

async function ownPlaces(
  ground: MarkerGround,
  project: Project,
  { copyId, base }: { copyId: string; base: string },
): Promise<[string, Store][]> {
  if (ground.runtime === "native") {
    const root = nativeRootOf(project.home) ?? "";
    return [
      [`${root}/copies/${copyId}/server.log`, "logs"],
      [`${root}/bases/`, "base"],
      [`${root}/copies/`, "copy"],
    ];
  }
  const pool = await poolRoot(ground, project);
  if (pool !== undefined)
    return [
      [`${pool}/bases/`, "base"],
      [`${pool}/copies/`, "copy"],
    ];
  const [image] = JSON.parse(await toolOf(ground, "image", "inspect", base));
  const [copy] = JSON.parse(await toolOf(ground, "inspect", `ditto-${copyId}`));
  return [
    [layerOf(image), "base"],
    [layerOf(copy), "copy"],
  ];
}

interface Layers {
  Data: Record<string, string>;
}

function layerOf({ GraphDriver }: { GraphDriver: Layers }): string {
  return (GraphDriver.Data.UpperDir ?? "").replace(/\/diff$/, "");
}

/** The pool's file system as its anchor sees it; undefined where there is none. */
async function poolRoot(ground: MarkerGround, project: Project): Promise<string | undefined> {
  if (ground.storage !== "pool") return undefined;
  const anchor = `ditto-${homeIdOf(project.home)}-anchor`;
  const { stdout } = await attempt([ground.runtime, "inspect", "--format", "{{.State.Pid}}", anchor]);
  return Number(stdout) > 0 ? `/proc/${Number(stdout)}/root/pool` : undefined;
}
