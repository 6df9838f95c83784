import { type BaseRecord, readBases } from "../bases/catalogue.ts";
import { openFolder } from "../bases/folder-store.ts";
import { networksOf } from "../copies/home-things.ts";
import { readPatches } from "../copies/patch.ts";
import { type CopyRecord, knownCopies, wordFor } from "../copies/record.ts";
import { knownSnapshots, pathOf, type SnapshotRecord } from "../copies/snapshot-record.ts";
import { DittoError } from "../kit/errors.ts";
import { hasHome, homeFolder, homeId, homePath } from "../kit/state.ts";
import { formatBytes } from "../kit/units.ts";
import { answers } from "../runtime/docker/cli.ts";
import { type PoolVerbs, poolVerbs } from "../runtime/docker/pool.ts";
import type { RuntimeName } from "../runtime/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import type { PoolStatus } from "../runtime/storage/pool.ts";
import { readHomeFiles } from "./home-files.ts";

/** Everything that a state folder has, there and in the runtimes. */
export interface Holdings {
  folder: string;
  copies: CopyRecord[];
  snapshots: SnapshotRecord[];
  bases: BaseRecord[];
  dumps: { count: number; bytes: number };
  /** Files of the user's that copies' variables stand in. */
  patched: string[];
  pools: { tool: "docker" | "podman"; status: PoolStatus; verbs: PoolVerbs }[];
  /** Where something of it may be. */
  runtimes: RuntimeName[];
  /** Containers, volumes, images and directories with its mark. */
  things: number;
  networks: string[];
  /** What lies in the folder, by paths in it, as far as ditto put it there. */
  files: string[];
  /** What else lies there; it stays. */
  foreign: string[];
}

/** Lists it. Reads only; throws `RUNTIME_DOWN` when a runtime that has something of it can't be asked. */
export async function readHoldings(): Promise<Holdings> {
  const folder = homeFolder();
  const { own, foreign } = await readHomeFiles();
  const [copies, snapshots, stored, dumps, patches] = await Promise.all([
    knownCopies(),
    knownSnapshots(),
    readBases(),
    openFolder(homePath("dumps")).list(),
    readPatches(),
  ]);
  const bases = stored.flatMap((entry) => (entry.kind === "record" ? [entry.record] : []));
  const holdings = {
    ...{ folder, copies, snapshots, bases },
    dumps: { count: dumps.length, bytes: dumps.reduce((sum, { manifest }) => sum + manifest.bytes, 0) },
    patched: patches.map(({ file }) => file),
    ...{ files: own, foreign },
  };
  // Without an identity nothing can carry its mark, and asking for one would make it.
  if (!(await hasHome())) return { ...holdings, pools: [], runtimes: [], things: 0, networks: [] };
  const needed = [...copies, ...snapshots, ...bases].map((one) =>
    "runtime" in one ? one.runtime : one.frozen.runtime,
  );
  const tools = await toolsThatAnswer(new Set(needed));
  const runtimes: RuntimeName[] = [...tools, "native"];
  const home = await homeId();
  const lists = await Promise.all(runtimes.map(async (name) => (await runtimeNamed(name, () => {})).things()));
  const pools = await Promise.all(
    tools.map(async (tool) => {
      const verbs = await poolVerbs(tool);
      const status = await verbs.status();
      return status ? [{ tool, status, verbs }] : [];
    }),
  );
  return {
    ...holdings,
    runtimes,
    pools: pools.flat(),
    things: lists.flat().filter((thing) => thing.home === home).length,
    networks: (await Promise.all(tools.map(networksOf))).flat(),
  };
}

async function toolsThatAnswer(needed: Set<RuntimeName>): Promise<("docker" | "podman")[]> {
  const tools: ("docker" | "podman")[] = [];
  for (const tool of ["docker", "podman"] as const) {
    const { ok, reason } = await answers(tool);
    if (ok) tools.push(tool);
    else if (needed.has(tool)) {
      throw new DittoError(`Cannot uninstall: ${tool} has copies or bases of this state folder, and ${reason}`, {
        code: "RUNTIME_DOWN",
        hint: `Start ${tool} and run this again; nothing was removed`,
      });
    }
  }
  return tools;
}

/** True when there is nothing at all. */
export function isEmpty({ files, things, networks, pools }: Holdings): boolean {
  return files.length === 0 && things === 0 && networks.length === 0 && pools.length === 0;
}

/** The list, for a person who is about to lose it. */
export function describeHoldings(holdings: Holdings): string {
  const { folder, copies, snapshots, bases, dumps, patched, pools, things, networks, files, foreign } = holdings;
  const some = (count: number, what: string, names: string[]) =>
    count === 0
      ? []
      : [`  ${count} ${what}${count === 1 ? "" : "s"}${names.length > 0 ? `: ${names.join(", ")}` : ""}`];
  const secrets = files.filter((path) => path.startsWith("secrets/"));
  const lines = [
    ...some(copies.length, "copy", copies.map(wordFor)).map((line) => line.replace("copys", "copies")),
    ...some(snapshots.length, "snapshot", snapshots.map(pathOf)),
    ...some(
      bases.length,
      "base",
      bases.map(({ id, project }) => `${id} of "${project}"`),
    ),
    ...some(dumps.count, "dump", []).map((line) => `${line} in ${folder}/dumps, ${formatBytes(dumps.bytes)}`),
    ...pools.map(({ tool, status }) => `  the pool of ${tool}, ${formatBytes(status.size)}`),
    ...some(patched.length, "patched file", patched).map((line) => `${line} (put back as it was)`),
    ...some(things, "thing", []).map((line) => `${line} with its mark: containers, volumes, images, directories`),
    ...some(networks.length, "network", networks),
    ...(files.includes("mask.key") ? ["  the mask key: later pseudonyms will be others"] : []),
    ...(files.includes("ditto.yaml") ? [`  the configuration ${folder}/ditto.yaml`] : []),
    ...some(secrets.length, "password", secrets).map((line) => `${line} (kept by setup.ts)`),
    `  the state folder ${folder}${files.length > 0 ? ` with ${grouped(files)}` : ""}`,
    ...(foreign.length > 0 ? [`The folder stays, with ${few(foreign)}, which ditto did not put there`] : []),
  ];
  return `This state folder has:\n${lines.join("\n")}`;
}

/** A folder's files by their number: "identity.json, bases (2 files)". */
function grouped(paths: string[]): string {
  const tops = Map.groupBy(paths, (path) => path.split("/")[0] ?? "");
  return [...tops]
    .map(([top, below]) =>
      below[0] === top ? top : `${top} (${below.length} ${below.length === 1 ? "file" : "files"})`,
    )
    .join(", ");
}

function few(paths: string[]): string {
  const more = paths.length - 10;
  return more > 0 ? `${paths.slice(0, 10).join(", ")} and ${more} more` : paths.join(", ");
}
