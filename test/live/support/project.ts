import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { endProcesses } from "../../../lib/runtime/native/processes.ts";
import { ownerOf } from "../../provision/docker.ts";
import { attempt } from "../../provision/exec.ts";
import { readProvisioned } from "../../provision/report.ts";

/** The end of a script; `ms` is its whole duration. */
export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  ms: number;
}

export interface RunOptions {
  /** Added to the project's environment; undefined takes a variable out. */
  env?: Record<string, string | undefined>;
  input?: string;
  /** Working directory; the project's folder by default. */
  cwd?: string;
  /** SIGKILL after so long, and the test fails; 2 minutes by default. */
  timeoutMs?: number;
}

/** A script that is running. */
export interface Running {
  pid: number;
  /** What it has said so far. */
  stdout(): string;
  stderr(): string;
  kill(signal?: NodeJS.Signals): void;
  done: Promise<Outcome>;
}

/** A user's project: a folder with its ditto.yaml, a state folder of its own, and the scripts run in it as a user would. */
export interface Project {
  readonly name: string;
  readonly folder: string;
  /** DITTO_HOME, inside the folder. */
  readonly home: string;
  /** Writes ditto.yaml anew: the project's name, and what is given. */
  configure(config: object): void;
  /** Writes a file into the folder and returns its path. */
  write(name: string, content: string | Uint8Array): string;
  /** Runs `scripts/<script>.ts` to its end, whatever its status. */
  run(script: string, args?: string[], options?: RunOptions): Promise<Outcome>;
  /** As `run`; throws with what was said when the status is not 0. */
  must(script: string, args?: string[], options?: RunOptions): Promise<Outcome>;
  /** As `must` with `--json`; returns what was answered. */
  json<T = Record<string, unknown>>(script: string, args?: string[], options?: RunOptions): Promise<T>;
  start(script: string, args?: string[], options?: RunOptions): Running;
  /** Everything that this state folder has in docker, or in podman where it is configured, now: `container NAME`, `volume …`, `image …`, `network …`, sorted. */
  traces(): Promise<string[]>;
  /** Files below the state folder, relative and sorted. */
  files(): string[];
  /** Traces and files, without the state folder's identity and locks, which stay: the same before and after what changes nothing. */
  belongings(): Promise<string[]>;
  /** Removes everything that `traces` lists, native servers with their data, and the folder. */
  remove(): Promise<void>;
}

/** Where all projects lie. */
export const ROOT = join(tmpdir(), "ditto-live");
const SCRIPTS = resolve(import.meta.dir, "../../../scripts");

let made = 0;

/** Makes an empty project. Register its removal at once: `afterAll(() => project.remove())`. */
export async function makeProject(config: object = {}, name = "shop"): Promise<Project> {
  if (made++ === 0) await removeAbandoned();
  return projectIn(join(ROOT, `${maker()}-${made}`), config, name);
}

/** This process in the name of a folder: short, because sockets lie below it; whoever finds it can tell whether it lives. */
export function maker(): string {
  return ownerOf().split("/").slice(1).join("-");
}

/** A project in a folder of {@link ROOT}. */
export function projectIn(folder: string, config: object, name: string): Project {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const home = join(folder, "home");
  // Podman takes a while to say that it has nothing: only a project that was told to use it asks.
  let podman = !readProvisioned().docker.available;
  const project: Project = {
    name,
    folder,
    home,
    configure: (settings: { runtime?: string }) => {
      podman ||= settings.runtime === "podman";
      // JSON is YAML. Fixtures hold invented people, whom only the tests of masking look for.
      const file = { project: name, obfuscation: { unreviewed: "allow", large_objects: "keep" }, ...settings };
      const path = join(folder, "ditto.yaml");
      writeFileSync(path, JSON.stringify(file, null, 2));
      // It may hold a source's password.
      chmodSync(path, 0o600);
    },
    write(file, content) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    run: (script, args, options) => startScript(project, script, args, options).done,
    async must(script, args, options) {
      const outcome = await project.run(script, args, options);
      if (outcome.status === 0) return outcome;
      throw new Error(
        `${script} ${args?.join(" ") ?? ""} ended with ${outcome.status}:\n${outcome.stderr}${outcome.stdout}`,
      );
    },
    async json(script, args = [], options) {
      return JSON.parse((await project.must(script, [...args, "--json"], options)).stdout);
    },
    start: (script, args, options) => startScript(project, script, args, options),
    traces: () => tracesOf(home, containerTools(podman)),
    files: () => (existsSync(home) ? readdirSync(home, { recursive: true, encoding: "utf8" }).sort() : []),
    async belongings() {
      const files = project.files().filter((file) => !/^(identity\.json|locks)/.test(file));
      return [...(await project.traces()), ...files];
    },
    async remove() {
      await removeTraces(home, containerTools(podman));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  project.configure(config);
  return project;
}

function startScript(project: Project, script: string, args: string[] = [], options: RunOptions = {}): Running {
  const begun = performance.now();
  const child = Bun.spawn([process.execPath, join(SCRIPTS, `${script}.ts`), ...args], {
    cwd: options.cwd ?? project.folder,
    env: { ...environment(project.home), ...options.env },
    stdin: options.input === undefined ? "ignore" : new Blob([options.input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
  const limit = options.timeoutMs ?? 120_000;
  const timer = setTimeout(() => child.kill("SIGKILL"), limit);
  const finish = async (): Promise<Outcome> => {
    await Promise.all([child.exited, stdout.ended, stderr.ended]);
    clearTimeout(timer);
    const ms = Math.round(performance.now() - begun);
    if (ms >= limit)
      throw new Error(`${script} ${args.join(" ")} did not end within ${limit / 1000} s:\n${stderr.text()}`);
    return { status: await child.exited, stdout: stdout.text(), stderr: stderr.text(), ms };
  };
  const done = finish();
  // Whoever awaits it sees the failure; a test that ended meanwhile must not end the process.
  done.catch(() => {});
  return {
    pid: child.pid,
    stdout: stdout.text,
    stderr: stderr.text,
    kill: (signal = "SIGTERM") => child.kill(signal),
    done,
  };
}

/** The environment of a user who has nothing set: no DITTO_*, no PG*, no CI, and no colours. */
export function environment(home: string): Record<string, string> {
  const foreign = /^(DITTO_|PG|MYSQL_|AWS_|S3_|CI$|CI_|GITHUB_|FORCE_COLOR)/;
  const own = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || foreign.test(name) ? [] : [[name, value]],
  );
  const { podman } = readProvisioned();
  return { ...Object.fromEntries(own), ...podman.env, DITTO_HOME: home, DITTO_OFFLINE: "1", NO_COLOR: "1" };
}

function collected(stream: ReadableStream<Uint8Array>): { text(): string; ended: Promise<void> } {
  let text = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  };
  return { text: () => text, ended: read() };
}

/** The name by which a state folder marks what is its; undefined before it made anything, or where a test damaged it. */
export function homeIdOf(home: string): string | undefined {
  const file = join(home, "identity.json");
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { id: string }).id;
  } catch {
    return undefined;
  }
}

const LISTS = {
  container: ["ps", "-a", "--format", "{{.Names}}"],
  volume: ["volume", "ls", "--format", "{{.Name}}"],
  image: ["image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"],
  network: ["network", "ls", "--format", "{{.Name}}"],
};

async function tracesOf(home: string, tools: string[]): Promise<string[]> {
  const id = homeIdOf(home);
  if (id === undefined) return [];
  const found = await Promise.all(
    tools.flatMap((tool) =>
      Object.entries(LISTS).map(async ([kind, list]) => {
        const { stdout } = await attempt([tool, ...list, "--filter", `label=ditto.home=${id}`], {
          env: readProvisioned().podman.env,
        });
        return stdout.split("\n").flatMap((line) => (line.trim() ? [`${kind} ${line.trim()}`] : []));
      }),
    ),
  );
  return found.flat().sort();
}

function containerTools(withPodman = true): string[] {
  const { docker, podman } = readProvisioned();
  return [...(docker.available ? ["docker"] : []), ...(withPodman && podman.available ? ["podman"] : [])];
}

/** Where the native runtime has a state folder's data; undefined before it made anything. */
export function nativeRootOf(home: string): string | undefined {
  const id = homeIdOf(home);
  return id && (process.getuid?.() === 0 ? join("/var/lib/ditto", id) : join(home, "native"));
}

/** Native servers are processes, which no label finds. */
async function removeNative(home: string): Promise<void> {
  const root = nativeRootOf(home);
  if (root === undefined || !existsSync(root)) return;
  for (const folder of ["copies", "bases", "tmp"].flatMap((kind) => foldersIn(join(root, kind)))) {
    await endProcesses(folder);
  }
  rmSync(root, { recursive: true, force: true });
}

function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

export async function removeTraces(home: string, tools = containerTools()): Promise<void> {
  const id = homeIdOf(home);
  if (id === undefined) return;
  await removeNative(home);
  const { env } = readProvisioned().podman;
  const filter = ["--filter", `label=ditto.home=${id}`];
  for (const tool of tools) {
    const ids = async (list: string[]) => {
      const { stdout } = await attempt([tool, ...list, ...filter], { env });
      return [...new Set(stdout.split("\n").filter(Boolean))];
    };
    const removeAll = async (list: string[], remove: string[]) => {
      const found = await ids(list);
      if (found.length > 0) await attempt([tool, ...remove, ...found], { env });
    };
    await removeAll(["ps", "-aq"], ["rm", "-f", "-v"]);
    await removeAll(["image", "ls", "-q", "--no-trunc"], ["image", "rm", "-f"]);
    await removeAll(["volume", "ls", "-q"], ["volume", "rm", "-f"]);
    await removeAll(["network", "ls", "-q"], ["network", "rm"]);
  }
}

/** What a killed test run left: folders here whose maker is gone, and what they had in docker. */
async function removeAbandoned(): Promise<void> {
  if (!existsSync(ROOT)) return;
  for (const name of readdirSync(ROOT)) {
    const folder = join(ROOT, name);
    const [pid = "", started = ""] = name.split("-");
    if (ownerOf(Number(pid)).endsWith(`/${pid}/${started}`)) continue;
    await removeTraces(join(folder, "home"));
    rmSync(folder, { recursive: true, force: true });
  }
}
