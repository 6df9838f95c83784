import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, start } from "../../../lib/kit/exec.ts";
import { requireOurs } from "../../../lib/kit/own-folder.ts";
import { ownerAlive, ownerTag } from "../../../lib/kit/owner.ts";
import { homeId, newId } from "../../../lib/kit/state.ts";
import { nativeRoot, openRoot, openTemporary } from "../../../lib/runtime/native/folders.ts";
import { type Owner, parseOwner, self } from "../../../lib/runtime/native/privileges.ts";
import { endProcesses, pidFile, serverProcess } from "../../../lib/runtime/native/processes.ts";
import { openRunDirectory, removeRunDirectory } from "../../../lib/runtime/native/run-directory.ts";
import { listThings, removeThing } from "../../../lib/runtime/native/things.ts";

const isRoot = process.getuid?.() === 0;
const owner: Owner = isRoot ? { uid: 65534, gid: 65534 } : self();
const { DITTO_HOME } = process.env;
let folder: string;
let root: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ditto-folders-"));
  process.env.DITTO_HOME = join(folder, "home");
  root = await openRoot();
});

afterAll(async () => {
  await rm(await nativeRoot(), { recursive: true, force: true });
  if (DITTO_HOME === undefined) delete process.env.DITTO_HOME;
  else process.env.DITTO_HOME = DITTO_HOME;
  await rm(folder, { recursive: true, force: true });
});

describe("a directory of ditto's", () => {
  test("is refused when somebody else could have prepared it", async () => {
    const open = join(folder, "open");
    await mkdir(open);
    await requireOurs(open);
    await run(["chmod", "o+w", open]);
    await expect(requireOurs(open)).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    await symlink(folder, join(folder, "link"));
    await expect(requireOurs(join(folder, "link"))).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    if (!isRoot) return;
    const foreign = join(folder, "foreign");
    await mkdir(foreign);
    await chown(foreign, 65534, 65534);
    await expect(requireOurs(foreign)).rejects.toMatchObject({ code: "UNSAFE_PATH" });
  });

  test("shows other users nothing of what lies in it", async () => {
    for (const name of ["", "bases", "copies", "tmp"]) {
      expect((await stat(join(root, name))).mode & 0o066).toBe(0);
    }
  });
});

describe("a run directory", () => {
  test("lies beside the place when that is short enough", async () => {
    const home = join(folder, "short");
    await mkdir(home);
    const { run: path, elsewhere } = await openRunDirectory(home, home, owner);
    expect([path, elsewhere]).toEqual([join(home, "run"), null]);
    const facts = await stat(path);
    expect([facts.mode & 0o777, facts.uid]).toEqual([0o700, owner.uid]);
  });

  test("lies in /tmp when a socket's path would be too long, the server's alone", async () => {
    const home = join(folder, "x".repeat(90));
    const first = await openRunDirectory(folder, home, owner);
    expect(first.elsewhere).toBe(first.run);
    expect(`${first.run}/.s.PGSQL.65535.lock`.length).toBeLessThanOrEqual(103);
    const facts = await lstat(first.run);
    expect([facts.isDirectory(), facts.mode & 0o777, facts.uid]).toEqual([true, 0o700, owner.uid]);

    await writeFile(join(first.run, "left-behind"), "");
    const again = await openRunDirectory(folder, home, owner);
    expect([again.run, await readdir(again.run)]).toEqual([first.run, []]);
    await removeRunDirectory(first.run);
    await expect(lstat(first.run)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("things", () => {
  test("are told by their marker, whatever the folder's name", async () => {
    const id = newId();
    await openTemporary(id, { kind: "copy", id, expiresAt: "2030-01-01T00:00:00.000Z" });
    const [thing] = await ours();
    expect(thing).toMatchObject({ kind: "copy", id, home: await homeId(), owner: await ownerTag(), running: false });
    expect(thing?.expiresAt).toBe("2030-01-01T00:00:00.000Z");
    if (thing) await removeThing(thing);
    expect(await ours()).toEqual([]);
  });

  test("without a marker were just begun, or belong to nobody living", async () => {
    const path = join(root, "tmp", "halfmade");
    await mkdir(path);
    const owners = async () => (await ours()).map((thing) => ownerAlive(thing.owner));
    expect(await Promise.all(await owners())).toEqual([true]);
    await utimes(path, 1_600_000_000, 1_600_000_000);
    expect(await Promise.all(await owners())).toEqual([false]);
    for (const thing of await ours()) await removeThing(thing);
    expect(await readdir(join(root, "tmp"))).toEqual([]);
  });

  test("with a damaged marker outside tmp belong to no state folder", async () => {
    const path = join(root, "bases", "damaged");
    await mkdir(path);
    await writeFile(join(path, "marker.json"), "{");
    const found = (await listThings()).find(({ id }) => id === "damaged");
    expect(found).toMatchObject({ home: "" });
    await rm(path, { recursive: true });
  });

  test("elsewhere are not removed", async () => {
    const thing = {
      kind: "copy",
      id: "x",
      home: "",
      owner: "",
      running: false,
      createdAt: "",
      expiresAt: null,
    } as const;
    await mkdir(join(folder, "copies", "x"), { recursive: true });
    for (const reference of [join(folder, "copies", "x"), `${root}/copies/../../x`, root, "/"]) {
      await expect(removeThing({ ...thing, reference })).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    }
    expect(await readdir(join(folder, "copies"))).toEqual(["x"]);
  });

  async function ours() {
    const home = await homeId();
    return (await listThings()).filter((thing) => thing.home === home);
  }
});

describe("processes in a folder", () => {
  test("are found by the pid that was written, but not when another process has it now", async () => {
    const copy = join(root, "copies", "pids");
    await mkdir(copy);
    const child = start(["sleep", "100"]);
    const tag = await ownerTag(child.pid);
    await writeFile(pidFile(copy), tag);
    expect(await serverProcess(copy)).toEqual({ pid: child.pid, stopped: false });
    await writeFile(pidFile(copy), tag.replace(/\d+$/, "1"));
    expect(await serverProcess(copy)).toBeUndefined();
    await endProcesses(copy);
    expect(await ownerTag(child.pid)).toBe(tag);
    child.kill();
    await child.done;
    await rm(copy, { recursive: true });
  });

  test("end with it, even those whose parent is gone and those that ignore a request", async () => {
    const copy = join(root, "copies", "orphans");
    await mkdir(copy);
    const script = "(trap '' TERM QUIT; echo ready > ready; while :; do sleep 0.1; done) & exit 0";
    const child = start(["sh", "-c", script], { cwd: copy, detached: true });
    while (!(await readFile(join(copy, "ready"), "utf8").catch(() => ""))) await Bun.sleep(5);
    child.kill();
    await endProcesses(copy);
    await child.done;
    await rm(copy, { recursive: true });
  }, 20_000);
});

test("a base of another user is refused before anything starts", () => {
  expect(parseOwner(`${owner.uid}:${owner.gid}`)).toEqual(owner);
  for (const text of ["0:0", "", "x:y", ...(isRoot ? [] : [`${self().uid + 1}:1`])]) {
    expect(() => parseOwner(text)).toThrow("Cannot run a server as user");
  }
});
