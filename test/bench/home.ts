import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ownerOf } from "../provision/docker.ts";
import { attempt } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { removeNativeRoot } from "./native-root.ts";
import { type Timed, type TimedOptions, timed, timedWell } from "./timed.ts";

/** A state folder for one block, with its ditto.yaml; the scripts run in it as a user runs them. */
export interface Home {
  /** Holds `ditto.yaml` and the state folder. */
  folder: string;
  readonly environment: Record<string, string>;
  /** Runs `bun scripts/<script>.ts …` and times it. Throws when its status is not 0. */
  run(script: string, args: string[], options?: Pick<TimedOptions, "timeoutMs">): Promise<Timed>;
  /** As `run` with `--json`, parsed. */
  json<T>(script: string, args: string[]): Promise<T>;
  /** Its mark on everything that it makes, `ditto.home`; after the first script that made something. */
  id(): string;
}

const SCRIPTS = resolve(import.meta.dir, "../../scripts");

let made = 0;

/** Makes a state folder below `scratch`. Whoever opens it closes it. */
export function openHome(scratch: string, config: object): Home {
  const folder = join(scratch, ownerOf().split("/").slice(1).join("-"), String(++made));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // JSON is YAML. The URL in it has a password.
  writeFileSync(join(folder, "ditto.yaml"), JSON.stringify({ project: "bench", ...config }, null, 2), { mode: 0o600 });
  const argv = (script: string, args: string[]) => [process.execPath, join(SCRIPTS, `${script}.ts`), ...args];
  const options = { cwd: folder, env: environmentOf(folder) };
  const home: Home = {
    folder,
    environment: options.env,
    run: (script, args, more) => timedWell(argv(script, args), { ...options, ...more }),
    json: async (script, args) => JSON.parse((await home.run(script, [...args, "--json"])).stdout),
    id: () => idOf(folder) ?? "",
  };
  return home;
}

/** Removes a state folder with everything that it made anywhere. */
export async function closeHome(folder: string): Promise<void> {
  const options = { cwd: folder, env: environmentOf(folder) };
  const ditto = (...args: string[]) => {
    const [script, ...rest] = args;
    return timed([process.execPath, join(SCRIPTS, `${script}.ts`), ...rest], options);
  };
  const id = idOf(folder);
  if (id !== undefined) {
    await ditto("copy", "delete", "--all", "--yes");
    await ditto("copy", "prune");
    if (readFileSync(join(folder, "ditto.yaml"), "utf8").includes('"storage": "pool"'))
      await ditto("pool", "delete", "--yes");
    await removeTraces(id);
  }
  await removeNativeRoot(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes what benches left that were killed. */
export async function closeAbandonedHomes(scratch: string): Promise<void> {
  if (!existsSync(scratch)) return;
  for (const name of readdirSync(scratch)) {
    const [pid = "", started = ""] = name.split("-");
    if (!/^\d+-\w+$/.test(name) || ownerOf(Number(pid)).endsWith(`/${pid}/${started}`)) continue;
    for (const home of readdirSync(join(scratch, name))) await closeHome(join(scratch, name, home));
    rmSync(join(scratch, name), { recursive: true, force: true });
  }
}

/** Removes this process's own folder, and `scratch` when nobody else has one there. */
export function leaveScratch(scratch: string): void {
  const own = join(scratch, ownerOf().split("/").slice(1).join("-"));
  rmSync(own, { recursive: true, force: true });
  if (existsSync(scratch) && readdirSync(scratch).length === 0) rmSync(scratch, { recursive: true });
}

/** The environment of a user who has nothing set, and no registry that a missing image could be pulled from meanwhile. */
function environmentOf(folder: string): Record<string, string> {
  const foreign = /^(DITTO_|PG|MYSQL_|CI$|CI_|GITHUB_|FORCE_COLOR)/;
  const own = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || foreign.test(name) ? [] : [[name, value]],
  );
  const { env } = readProvisioned().podman;
  return { ...Object.fromEntries(own), ...env, DITTO_HOME: join(folder, "home"), DITTO_OFFLINE: "1", NO_COLOR: "1" };
}

function idOf(folder: string): string | undefined {
  const file = join(folder, "home/identity.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { id: string }).id : undefined;
}

/** In the order in which they hold on to each other. */
const REMOVALS: { list: string[]; remove: string[] }[] = [
  { list: ["ps", "-aq"], remove: ["rm", "-f", "-v"] },
  { list: ["image", "ls", "-q", "--no-trunc"], remove: ["image", "rm", "-f"] },
  { list: ["volume", "ls", "-q"], remove: ["volume", "rm", "-f"] },
  { list: ["network", "ls", "-q"], remove: ["network", "rm"] },
];

async function removeTraces(id: string): Promise<void> {
  const { docker, podman } = readProvisioned();
  const tools = [...(docker.available ? ["docker"] : []), ...(podman.available ? ["podman"] : [])];
  for (const tool of tools) {
    for (const { list, remove } of REMOVALS) {
      const { stdout } = await attempt([tool, ...list, "--filter", `label=ditto.home=${id}`], { env: podman.env });
      const found = [...new Set(stdout.split("\n").filter(Boolean))];
      if (found.length > 0) await attempt([tool, ...remove, ...found], { env: podman.env });
    }
  }
}
