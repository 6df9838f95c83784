import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DittoError } from "../../../../lib/kit/errors.ts";
import { start } from "../../../../lib/kit/exec.ts";
import {
  type Cli,
  createPool,
  deletePool,
  growPool,
  type OpenPool,
  openPool,
  type PoolFilesystem,
  poolStatus,
} from "../../../../lib/runtime/storage/pool.ts";
import { CLONE } from "../../../../lib/runtime/storage/pool-scripts.ts";
import { soak } from "../../../live/support/ground.ts";
import { POOL_TOOLS } from "../../../provision/report.ts";
import { type PrivateDockerd, startPrivateDockerd, whyNoPrivateDockerd } from "../private-dockerd.ts";

const SIZE = 640 * 1024 * 1024;
const SLOW = 120_000;

const blocked = whyNoPrivateDockerd() ?? ((await hasImage()) ? undefined : `image "${POOL_TOOLS}" is missing`);
if (blocked) console.error(`SKIPPED ${import.meta.path}: ${blocked}`);

let daemon: PrivateDockerd;
const cli: Cli = Object.assign(
  (args: string[], options?: { input?: string }) =>
    daemon.docker(args, options?.input === undefined ? {} : { input: options.input }),
  { start: (args: string[]) => start(["docker", "--host", daemon.host, ...args]) },
);

describe("paths of a pool", () => {
  const refuse = () => Promise.reject(new Error("the daemon was called"));
  const deaf: Cli = Object.assign(refuse, { start: cli.start });
  const known = { mountpoint: "/nowhere", filesystem: "btrfs" } as const;
  const bad = [
    "bases",
    "bases/",
    "/bases/a",
    "bases/../a",
    "bases/a/b",
    "etc/a",
    "bases/A",
    "bases/-a",
    "bases/a b",
    "bases/a\n",
    "",
    "tmp/.",
  ];

  test.each(bad)("refuses %p before anything runs", async (path) => {
    const pool = await openPool(deaf, "home", { known });
    for (const verb of [
      () => pool?.remove(path),
      () => pool?.clone("bases/a", path),
      () => pool?.rename(path, "bases/b"),
    ]) {
      expect(await codeOf(verb)).toBe("PATH_INVALID");
    }
  });

  test.each(["../x", "a/../x", "/etc/x", "a b", "x\nE", "", "a//b"])("refuses to write the file %p", async (file) => {
    const pool = await openPool(deaf, "home", { known });
    expect(await codeOf(() => pool?.clone("bases/a", "copies/a", { files: { [file]: "" } }))).toBe("PATH_INVALID");
  });

  test("refuses a home and an owner that a shell could misread", async () => {
    expect(await codeOf(() => openPool(deaf, "a b"))).toBe("NAME_INVALID");
    const pool = await openPool(deaf, "home", { known });
    expect(await codeOf(() => pool?.create("tmp/a", "0; true"))).toBe("OWNER_INVALID");
  });
});

describe.skipIf(blocked !== undefined)("a pool on a daemon", () => {
  beforeAll(async () => {
    daemon = await startPrivateDockerd({ images: [POOL_TOOLS] });
  }, SLOW);
  afterAll(() => daemon?.stop(), SLOW);

  describe.each(soak ? (["btrfs", "xfs"] as const) : (["btrfs"] as const))("%s", (filesystem) => {
    const home = `h-${filesystem}`;
    const inPool = (script: string) => inAnchor(home, script);
    let pool: OpenPool;
    beforeAll(async () => {
      await createPool(cli, request(home, filesystem));
      pool = await openBase(home);
    }, SLOW);
    afterAll(() => removePool(home), SLOW);

    test("is reserved, attached, mounted and empty but for the base", async () => {
      const status = await poolStatus(cli, home);
      expect(status).toMatchObject({
        home,
        filesystem,
        complete: true,
        size: SIZE,
        reserved: true,
        attached: true,
        mounted: true,
      });
      expect(status).toMatchObject({
        anchor: "running",
        bases: 1,
        copies: 0,
        snapshots: 0,
        mountpoint: pool.mountpoint,
      });
      expect((status?.used ?? 0) + (status?.free ?? 0)).toBeGreaterThan(SIZE / 2);
    });

    test("labels its volumes and its anchor, which has no network and a read-only root", async () => {
      const format = "{{json .Labels}}";
      for (const volume of [`ditto-${home}-pool`, `ditto-${home}-poolfile`]) {
        const { stdout } = await cli(["volume", "inspect", "--format", format, volume]);
        expect(JSON.parse(stdout)).toMatchObject({ "ditto.managed": "true", "ditto.home": home, "ditto.kind": "pool" });
      }
      const anchor = JSON.parse((await cli(["container", "inspect", `ditto-${home}-anchor`])).stdout)[0];
      expect(anchor.Config.Labels).toMatchObject({ "ditto.managed": "true", "ditto.home": home, "ditto.kind": "pool" });
      expect(anchor.HostConfig).toMatchObject({
        NetworkMode: "none",
        ReadonlyRootfs: true,
        Privileged: false,
        CapDrop: ["ALL"],
      });
      expect(anchor.HostConfig.RestartPolicy.Name).toBe("no");
    });

    test("refuses a second creation", async () => {
      expect(await codeOf(() => createPool(cli, request(home, filesystem)))).toBe("POOL_EXISTS");
    });

    test("clones a base with the given files, 0600, and leaves the base as it was", async () => {
      await pool.clone("bases/one", "copies/files", {
        files: { "data/conf": "a = 'ü'\n", "ditto.json": '{"home":"x"}', "data/empty": "" },
      });
      await inPool("echo changed >copies/files/data/rows");
      expect(
        await inPool(
          "cat copies/files/data/conf; stat -c '%a %u:%g %n' copies/files copies/files/data/conf copies/files/data/empty",
        ),
      ).toBe(
        "a = 'ü'\n700 999:998 copies/files\n600 999:998 copies/files/data/conf\n600 999:998 copies/files/data/empty\n",
      );
      expect(await inPool("cat bases/one/data/rows; ls bases/one/data")).toBe("base\nbig\nout\nrows\nsecret\n");
      expect(await pool.list()).toContainEqual({ path: "copies/files", marker: '{"home":"x"}' });
      await pool.remove("copies/files");
      expect(await pool.exists("copies/files")).toBe(false);
    });

    test("replaces a symbolic link that a server left, and follows none", async () => {
      await pool.clone("bases/one", "copies/link", { owner: "5:6", files: { "data/secret": "mine" } });
      expect(await inPool("cat copies/link/data/secret; stat -c %u:%g copies/link/data/secret")).toBe("mine5:6\n");
      expect((await inPool("cat .ditto-pool")).trim()).toMatch(/^[0-9a-f]{16}$/);
      expect(await codeOf(() => pool.clone("bases/one", "copies/out", { files: { "data/out/x": "" } }))).toBe(
        "PATH_INVALID",
      );
      expect(await pool.exists("copies/out")).toBe(false);
      await pool.remove("copies/link");
    });

    test("says so when the source is missing or the target is there", async () => {
      expect(await codeOf(() => pool.clone("bases/none", "copies/x"))).toBe("POOL_PATH_MISSING");
      expect(await codeOf(() => pool.clone("bases/one", "bases/one"))).toBe("POOL_PATH_EXISTS");
      await pool.remove("copies/none");
      expect(await inPool("ls tmp copies")).toBe("copies:\n\ntmp:\n");
    });

    test("renames and removes what is frozen", async () => {
      await pool.clone("bases/one", "tmp/two");
      await pool.freeze("tmp/two");
      await pool.rename("tmp/two", "snapshots/two");
      if (filesystem === "btrfs") await expect(inPool("touch snapshots/two/x")).rejects.toThrow("Read-only");
      await pool.remove("snapshots/two");
      expect(await pool.exists("snapshots/two")).toBe(false);
    });

    test("freezes what somebody writes, as it is while that one is halted", async () => {
      await pool.clone("bases/one", "copies/live", { owner: "5:6" });
      const steps: string[] = [];
      const bytes = await pool.cloneLive("copies/live", "snapshots/live", {
        ...{ owner: "5:6", files: { "data/conf": "mine" } },
        async halted(action) {
          steps.push("halted");
          await inPool("echo before >copies/live/rows");
          await action();
          await inPool("echo after >copies/live/rows");
          steps.push("let go");
        },
      });
      expect(steps).toEqual(["halted", "let go"]);
      expect(await inPool("cat snapshots/live/rows snapshots/live/data/conf copies/live/rows")).toBe(
        "before\nmineafter\n",
      );
      expect(bytes).toBeGreaterThan(64_000_000);
      expect(bytes).toBeLessThan(70_000_000);
      if (filesystem === "btrfs") await expect(inPool("touch snapshots/live/x")).rejects.toThrow("Read-only");
      for (const path of ["snapshots/live", "copies/live"]) await pool.remove(path);
    });

    test("freezes nothing when whoever writes can't be halted, or the place is taken", async () => {
      const refuse = async () => {
        throw new DittoError("it goes on", { code: "PAUSE_FAILED" });
      };
      const how = { owner: "5:6", files: {} };
      expect(await codeOf(() => pool.cloneLive("bases/one", "snapshots/x", { ...how, halted: refuse }))).toBe(
        "PAUSE_FAILED",
      );
      const halted = (action: () => Promise<void>) => action();
      expect(await codeOf(() => pool.cloneLive("bases/none", "snapshots/x", { ...how, halted }))).toBe(
        "POOL_PATH_MISSING",
      );
      expect(await codeOf(() => pool.cloneLive("bases/one", "bases/one", { ...how, halted }))).toBe("POOL_PATH_EXISTS");
      expect(await inPool("ls tmp snapshots")).toBe("snapshots:\n\ntmp:\n");
    });

    test(
      "takes 20 clones at once, and their removal",
      async () => {
        const free = async () => (await poolStatus(cli, home))?.free ?? 0;
        const before = await free();
        const paths = Array.from({ length: 20 }, (_, i) => `copies/c${i}`);
        await Promise.all(paths.map((path) => pool.clone("bases/one", path, { files: { "ditto.json": path } })));
        expect((await pool.list()).filter(({ path, marker }) => marker === path)).toHaveLength(20);
        // 20 copies of the base's 64 MB would not even fit.
        expect(before - (await free())).toBeLessThan(40 * 1024 * 1024);
        await Promise.all(paths.map((path) => pool.remove(path)));
        expect(await inPool("ls tmp copies")).toBe("copies:\n\ntmp:\n");
      },
      SLOW,
    );

    test(
      "a clone that waits for its files is nobody's to sweep; killed, it leaves only tmp/, which is swept",
      async () => {
        const stuck = await stuckClone(home, "copies/stuck");
        const age = () => inPool("touch -d '2 minutes ago' tmp/copies.stuck.part");
        await age();
        expect(await pool.sweep()).toEqual([]);
        await cli(["kill", `ditto-${home}-anchor`]);
        await stuck.exited;
        expect(await inPool("ls copies tmp")).toBe("copies:\n\ntmp:\ncopies.stuck.part\n");
        await inPool("touch tmp/copies.stuck.part");
        expect(await pool.sweep()).toEqual([]);
        await age();
        expect(await pool.sweep()).toEqual(["copies/stuck"]);
        expect(await inPool("ls copies tmp")).toBe("copies:\n\ntmp:\n");
      },
      SLOW,
    );

    test(
      "a clone whose client is killed cleans up after itself",
      async () => {
        const stuck = await stuckClone(home, "copies/left");
        stuck.kill("SIGKILL");
        await until(async () => (await inPool("ls tmp")) === "");
        expect(await pool.exists("copies/left")).toBe(false);
      },
      SLOW,
    );

    test(
      "finds its file again when the loop device is gone and its number is somebody else's",
      async () => {
        const device = (await poolStatus(cli, home))?.device ?? "";
        await cli(["rm", "-f", `ditto-${home}-anchor`]);
        const other = join(daemon.dataRoot, "other.img");
        await shell(`losetup -d ${device}; truncate -s 300M ${other}`);
        await until(async () => (await shell(`losetup ${device} ${other}`)).status === 0);
        try {
          await pool.clone("bases/one", "copies/relooped");
          const status = await poolStatus(cli, home);
          expect(status?.attached).toBe(true);
          expect(status?.device).not.toBe(device);
          await pool.remove("copies/relooped");
        } finally {
          await shell(`losetup -d ${device}; rm -f ${other}`);
        }
      },
      SLOW,
    );

    // The same lines for either file system.
    if (filesystem === "btrfs") {
      test(
        "opens again after the anchor was stopped, paused, removed, and the volume with it",
        async () => {
          for (const harm of [["stop"], ["pause"], ["rm", "-f"]]) {
            await cli([...harm, `ditto-${home}-anchor`]);
            await pool.clone("bases/one", "copies/again");
            await pool.remove("copies/again");
          }
          await cli(["rm", "-f", `ditto-${home}-anchor`]);
          await cli(["volume", "rm", `ditto-${home}-pool`]);
          expect(await (await openPool(cli, home))?.exists("bases/one")).toBe(true);
        },
        SLOW,
      );

      test(
        "is repaired by many commands at once",
        async () => {
          await cli(["rm", "-f", `ditto-${home}-anchor`]);
          await shell(`losetup -d ${(await poolStatus(cli, home))?.device}`);
          const known = { mountpoint: pool.mountpoint, filesystem };
          await Promise.all(
            Array.from({ length: 8 }, async (_, i) =>
              (await openPool(cli, home, { known }))?.clone("bases/one", `copies/many${i}`),
            ),
          );
          expect((await pool.list()).filter(({ path }) => path.startsWith("copies/many"))).toHaveLength(8);
          expect(
            (await shell(`losetup -l -n -O NAME,BACK-FILE -j ${await file(home)}`)).stdout.trim().split("\n"),
          ).toHaveLength(1);
          await Promise.all(Array.from({ length: 8 }, (_, i) => pool.remove(`copies/many${i}`)));
        },
        SLOW,
      );

      test(
        "a wrong memory of the mountpoint is noticed",
        async () => {
          const stale = await openPool(cli, home, { known: { mountpoint: "/elsewhere", filesystem } });
          expect(await stale?.exists("bases/one")).toBe(true);
          expect(stale?.mountpoint).toBe(pool.mountpoint);
        },
        SLOW,
      );

      test(
        "when only the daemon lost the mount, no container gets an empty directory, and a remount heals it",
        async () => {
          await shell(`umount ${pool.mountpoint}`);
          const mount = ["--mount", `type=bind,source=${pool.mountpoint}/bases/one,target=/d`];
          const look = () => cli(["run", "--rm", "--network", "none", ...mount, POOL_TOOLS, "cat", "/d/data/rows"]);
          expect((await look()).stderr).toContain("bind source path does not exist");
          await pool.repair({ remount: true });
          expect((await look()).stdout).toBe("base\n");
        },
        SLOW,
      );
    }

    test(
      "gives no byte back to the host when its content is deleted",
      async () => {
        const held = (await stat(await file(home))).blocks;
        await inPool("head -c 100000000 /dev/zero >tmp/junk; sync -f .; rm tmp/junk; sync -f .");
        await Bun.sleep(1000);
        expect((await stat(await file(home))).blocks).toBeGreaterThanOrEqual(held);
        expect((await poolStatus(cli, home))?.reserved).toBe(true);
      },
      SLOW,
    );

    test(
      "full, says so, keeps its clones whole and can be emptied",
      async () => {
        await pool.clone("bases/one", "copies/kept");
        await inPool(FILL);
        const files = { "data/much": "x".repeat(300_000) };
        // What is left of a full file system is the file system's affair; some clones may still find room.
        const codes = await Promise.all(
          Array.from({ length: 12 }, (_, i) => codeOf(() => pool.clone("bases/one", `copies/full${i}`, { files }))),
        );
        expect(codes).toContain("POOL_FULL");
        for (const [i, code] of codes.entries()) expect(await pool.exists(`copies/full${i}`)).toBe(code === undefined);
        expect(await inPool("cat copies/kept/data/rows")).toBe("base\n");
        await inPool("rm -f tmp/filler tmp/rest");
        await Promise.all([...codes.keys()].map((i) => pool.remove(`copies/full${i}`)));
        await pool.remove("copies/kept");
        expect(await inPool("ls tmp copies")).toBe("copies:\n\ntmp:\n");
      },
      SLOW,
    );

    test(
      "grows in use, reserved as before; never shrinks",
      async () => {
        const grown = await growPool(cli, home, SIZE * 2);
        expect(grown).toMatchObject({ size: SIZE * 2, reserved: true, bases: 1 });
        expect(grown.free).toBeGreaterThan(SIZE);
        expect(await codeOf(() => growPool(cli, home, SIZE))).toBe("POOL_NOT_LARGER");
        expect(await codeOf(() => growPool(cli, home, 2 ** 50))).toBe("POOL_SPACE");
        expect((await stat(await file(home))).size).toBe(SIZE * 2);
      },
      SLOW,
    );

    test(
      "is not deleted while a container uses it, running or not",
      async () => {
        await pool.clone("bases/one", "copies/used");
        const mount = ["--mount", `type=bind,source=${pool.mountpoint}/copies/used,target=/d`, POOL_TOOLS, "true"];
        await cli(["create", "--name", `other-${home}`, "--label", "ditto.home=other", ...mount]);
        expect(await codeOf(() => deletePool(cli, home))).toBe("POOL_IN_USE");
        expect(await inPool("cat copies/used/data/rows")).toBe("base\n");
        await cli(["rm", `other-${home}`]);
      },
      SLOW,
    );

    test(
      "survives a restart of the daemon and a crash of everything",
      async () => {
        for (const crash of [false, true]) {
          await daemon.restart({ crash });
          await pool.clone("bases/one", `copies/after-${crash}`);
          expect(await inPool("cat bases/one/data/rows")).toBe("base\n");
        }
      },
      SLOW,
    );

    test(
      "deleted, nothing is left of it",
      async () => {
        await deletePool(cli, home);
        expect(await poolStatus(cli, home)).toBeUndefined();
        expect(await openPool(cli, home)).toBeUndefined();
        expect(await traces(home)).toBe("");
        expect(await codeOf(() => deletePool(cli, home))).toBe("POOL_MISSING");
      },
      SLOW,
    );
  });

  describe("creation", () => {
    const home = "making";
    afterEach(() => removePool(home), SLOW);

    test(
      "takes btrfs, a sparse file where asked, and grows it sparse",
      async () => {
        const made = await createPool(cli, { home, size: SIZE, sparse: true, toolsImage: POOL_TOOLS });
        expect(made).toMatchObject({ filesystem: "btrfs", reserved: false, size: SIZE });
        expect(await growPool(cli, home, SIZE * 2)).toMatchObject({ reserved: false, size: SIZE * 2 });
      },
      SLOW,
    );

    test(
      "refuses what is too small or does not fit, and leaves nothing",
      async () => {
        expect(await codeOf(() => createPool(cli, { ...request(home), size: 1024 }))).toBe("POOL_TOO_SMALL");
        expect(await codeOf(() => createPool(cli, { ...request(home), size: 2 ** 50 }))).toBe("POOL_SPACE");
        expect(await traces(home)).toBe("");
      },
      SLOW,
    );

    test(
      "without the tools' image and offline, says what to load, and leaves nothing",
      async () => {
        process.env.DITTO_OFFLINE = "1";
        try {
          const error = await errorOf(() => createPool(cli, { home, size: SIZE, toolsImage: "ditto-test/none:1" }));
          expect(error).toMatchObject({ code: "POOL_TOOLS_MISSING", hint: expect.stringContaining("btrfs-progs") });
        } finally {
          delete process.env.DITTO_OFFLINE;
        }
        expect(await traces(home)).toBe("");
      },
      SLOW,
    );

    test(
      "without the tools' image and with no registry in reach, the same",
      async () => {
        expect(await codeOf(() => createPool(cli, { home, size: SIZE, toolsImage: "ditto-test/none:1" }))).toBe(
          "POOL_TOOLS_MISSING",
        );
        expect(await traces(home)).toBe("");
      },
      SLOW,
    );

    test(
      "killed after any of its steps, starts over",
      async () => {
        const whole = counted(Number.POSITIVE_INFINITY);
        await createPool(whole.cli, request(home));
        await deletePool(cli, home);
        expect(whole.calls()).toBeGreaterThan(5);
        for (let step = 1; step < whole.calls(); step++) {
          const killed = await codeOf(() => createPool(counted(step).cli, request(home)));
          if ((await openPool(cli, home)) === undefined) {
            expect(await createPool(cli, request(home))).toMatchObject({ complete: true, mounted: true });
          } else {
            // Only the answer was lost: the pool is complete, and usable.
            expect(killed).toBe("KILLED");
            expect((await poolStatus(cli, home))?.complete).toBe(true);
          }
          await deletePool(cli, home);
          expect(await traces(home)).toBe("");
        }
      },
      SLOW * 2,
    );
  });
});

function request(home: string, filesystem: "auto" | PoolFilesystem = "auto") {
  return { home, size: SIZE, filesystem, toolsImage: POOL_TOOLS };
}

/** Quick where bytes need only be promised; dd takes the rest. */
const FILL = `free=$(df -B1 --output=avail . | tail -n 1)
for left in 8 64 128 256 512; do
  if fallocate -l "$((free - left * 1048576))" tmp/filler 2>/dev/null; then break; fi
done
dd if=/dev/zero of=tmp/rest bs=1M 2>/dev/null || sync -f .`;

/** A frozen base of 64 MB, with a link to the pool's own secret and one that leads out of it. */
async function openBase(home: string): Promise<OpenPool> {
  const pool = await openPool(cli, home);
  if (!pool) throw new Error("there is no pool");
  await pool.create("tmp/one", "999:998");
  await inAnchor(
    home,
    `mkdir tmp/one/data; cd tmp/one/data; echo base >rows; ln -s /pool/.ditto-pool secret; ln -s /pool/bases out
    head -c 64000000 /dev/urandom >big`,
  );
  await pool.rename("tmp/one", "bases/one");
  await pool.freeze("bases/one");
  return pool;
}

/** What a script prints that runs in the pool's root. */
async function inAnchor(home: string, script: string): Promise<string> {
  // An anchor that was ended is started.
  await openPool(cli, home);
  const exec = ["exec", `ditto-${home}-anchor`, "sh", "-euc", `cd /pool; ${script}`];
  const { status, stdout, stderr } = await cli(exec);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** A clone that has made its directory and waits for the rest of its files. */
async function stuckClone(home: string, to: string) {
  const script = ["sh", "-euc", CLONE, "ditto", "", "bases/one", to, "", "files"];
  const child = Bun.spawn(["docker", "--host", daemon.host, "exec", "-i", `ditto-${home}-anchor`, ...script], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  child.stdin.write("F data/conf eA==\n");
  child.stdin.flush();
  const part = `tmp/${to.replace("/", ".")}.part/data/data/conf`;
  await until(async () => (await cli(["exec", `ditto-${home}-anchor`, "test", "-e", `/pool/${part}`])).status === 0);
  return child;
}

/** A command line that stops answering after so many calls that change something, as if the process had been killed there. */
function counted(limit: number): { cli: Cli; calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    cli: Object.assign(
      async (args: string[], options?: { input?: string }) => {
        const changes = ["run", "create", "rm"].some((verb) => args.slice(0, 2).includes(verb));
        if (changes && ++calls > limit) throw new DittoError("killed", { code: "KILLED" });
        return cli(args, options);
      },
      { start: cli.start },
    ),
  };
}

async function removePool(home: string): Promise<void> {
  if (await poolStatus(cli, home)) await deletePool(cli, home);
}

async function traces(home: string): Promise<string> {
  const containers = (await cli(["ps", "-aq", "--filter", `label=ditto.home=${home}`])).stdout;
  const volumes = (await cli(["volume", "ls", "-q", "--filter", `label=ditto.home=${home}`])).stdout;
  const mounts = (await shell(`grep -F ditto-${home}- /proc/self/mounts`)).stdout;
  return containers + volumes + mounts;
}

async function file(home: string): Promise<string> {
  const folder = join(daemon.dataRoot, "volumes", `ditto-${home}-poolfile`, "_data");
  const name = (await readdir(folder)).find((entry) => entry.endsWith(".img"));
  return join(folder, name ?? "missing.img");
}

async function codeOf(action: () => unknown): Promise<string | undefined> {
  return (await errorOf(action))?.code;
}

async function errorOf(action: () => unknown): Promise<DittoError | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof DittoError) return error;
    throw error;
  }
}

async function until(claim: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await claim()) return;
    await Bun.sleep(100);
  }
  throw new Error("it did not come true in 10 seconds");
}

async function shell(script: string): Promise<{ status: number; stdout: string }> {
  const child = Bun.spawn(["sh", "-c", script], { stdout: "pipe", stderr: "ignore" });
  return { stdout: await new Response(child.stdout).text(), status: await child.exited };
}

async function hasImage(): Promise<boolean> {
  return Bun.which("docker") !== null && (await shell(`docker image inspect ${POOL_TOOLS}`)).status === 0;
}
