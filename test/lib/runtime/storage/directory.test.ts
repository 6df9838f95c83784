import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, which } from "../../../../lib/kit/exec.ts";
import {
  canReflink,
  cloneDirectory,
  createDirectory,
  directorySize,
  freeBytes,
  ownBytes,
  removeDirectory,
  requireReflink,
  syncDirectory,
} from "../../../../lib/runtime/storage/directory.ts";

const folder = await mkdtemp(join(tmpdir(), "ditto-directory-"));

const blocked = await whyNoDisks();
if (blocked) console.error(`SKIPPED file systems in ${import.meta.path}: ${blocked}`);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a clone by all bytes", () => {
  test("has every file, mode and link of the original, and is the only thing that appears", async () => {
    const from = await filledDirectory(join(folder, "from"));
    const clone = await cloneDirectory(from, join(folder, "clone"), "copy");
    expect(clone.method).toBe("copy");
    expect(await readFile(join(folder, "clone", "base", "1"), "utf8")).toBe("one");
    expect((await stat(join(folder, "clone"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "clone", "base", "1"))).mode & 0o777).toBe(0o600);
    expect(await readlink(join(folder, "clone", "link"))).toBe("base/1");
    expect((await readdir(folder)).sort()).toEqual(["clone", "from"]);
    await writeFile(join(folder, "clone", "base", "1"), "other");
    expect(await readFile(join(from, "base", "1"), "utf8")).toBe("one");
  });

  test("that fails leaves nothing behind and says why", async () => {
    const attempt = cloneDirectory(join(folder, "nowhere"), join(folder, "never"), "copy");
    await expect(attempt).rejects.toMatchObject({ code: "CLONE_FAILED", message: expect.stringContaining("nowhere") });
    expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/^never/));
  });
});

describe("removing a directory", () => {
  test("refuses whatever is not safely below the root", async () => {
    const root = join(folder, "root");
    const outside = await filledDirectory(join(folder, "outside"));
    await mkdir(root);
    await symlink(outside, join(root, "bases"));
    const paths = ["", ".", "..", "../outside", "bases/base", "copies/../../outside", "copies/.hidden", "copies/UPPER"];
    for (const path of [...paths.map((each) => `${root}/${each}`), outside, "/"]) {
      await expect(removeDirectory(path, root)).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    }
    expect(await readFile(join(outside, "base", "1"), "utf8")).toBe("one");
  });

  test("removes a symbolic link, not what it points to", async () => {
    const outside = await filledDirectory(join(folder, "pointed-to"));
    const root = join(folder, "links");
    await mkdir(root);
    await symlink(outside, join(root, "copy"));
    await removeDirectory(join(root, "copy"), root);
    expect(await readdir(root)).toEqual([]);
    expect(await readFile(join(outside, "base", "1"), "utf8")).toBe("one");
  });

  test("takes everything below it, and nothing is fine too", async () => {
    const root = join(folder, "removal");
    await mkdir(root);
    await filledDirectory(join(root, "copy"));
    await removeDirectory(join(root, "copy"), root);
    await removeDirectory(join(root, "copy"), root);
    await removeDirectory(join(root, "copies", "never"), root);
    expect(await readdir(root)).toEqual([]);
  });
});

test("sizes are allocated bytes", async () => {
  const path = join(folder, "sizes");
  await mkdir(path);
  await writeFile(join(path, "full"), Buffer.alloc(1_000_000, 1));
  await run(["truncate", "-s", "1G", join(path, "sparse")]);
  expect(await directorySize(path)).toBeWithin(1_000_000, 1_300_000);
  expect(await freeBytes(path)).toBeGreaterThan(0);
});

describe.skipIf(blocked !== undefined)("with little memory as disk", () => {
  const small = () => join(folder, "small");

  beforeAll(async () => {
    await mkdir(small());
    await run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small()]);
  });

  afterAll(() => unmount(small()));

  test("a clone that doesn't fit says so and leaves nothing behind", async () => {
    const from = join(folder, "big");
    await mkdir(from);
    await writeFile(join(from, "file"), Buffer.alloc(6_000_000, 1));
    await expect(cloneDirectory(from, join(small(), "clone"), "auto")).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(await readdir(small())).toEqual([]);
  });

  test("a wish for reflink is refused with what would do it", async () => {
    const from = await filledDirectory(join(small(), "from"));
    expect(await canReflink(small())).toBe(false);
    await expect(requireReflink(small())).rejects.toMatchObject({ code: "STORAGE_UNSUPPORTED", exit: 2 });
    const attempt = cloneDirectory(from, join(small(), "clone"), "reflink");
    await expect(attempt).rejects.toMatchObject({ message: expect.stringContaining("tmpfs can't share blocks") });
    await expect(attempt).rejects.toMatchObject({ hint: expect.stringContaining("XFS") });
    expect((await cloneDirectory(from, join(small(), "clone"), "auto")).method).toBe("copy");
  });
});

for (const [name, make] of [
  ["XFS", "mkfs.xfs -q -m reflink=1"],
  ["btrfs", "mkfs.btrfs -q"],
] as const) {
  describe.skipIf(blocked !== undefined)(`on ${name}`, () => {
    const disk = () => join(folder, name);

    beforeAll(async () => {
      await mkdir(disk());
      await run(["truncate", "-s", "512M", `${disk()}.img`]);
      await run([...make.split(" "), `${disk()}.img`]);
      await run(["mount", "-o", "loop", `${disk()}.img`, disk()]);
    }, 30_000);

    afterAll(() => unmount(disk()));

    test("a clone shares its blocks until it is written to", async () => {
      const [from, clone] = [join(disk(), "from"), join(disk(), "clone")];
      await createDirectory(from);
      await writeFile(join(from, "table"), Buffer.alloc(8_000_000, 7));
      await syncDirectory(from);
      const before = await freeBytes(disk());
      expect((await cloneDirectory(from, clone, "auto")).method).toBe("reflink");
      await syncDirectory(clone);
      expect(before - (await freeBytes(disk()))).toBeLessThan(2_000_000);
      expect(await ownBytes(clone)).toBeLessThan(100_000);
      expect(await directorySize(clone)).toBeGreaterThan(8_000_000 - 1);

      await writeFile(join(clone, "table"), Buffer.alloc(2_000_000, 9), { flag: "r+" });
      await syncDirectory(clone);
      expect(await ownBytes(clone)).toBeWithin(2_000_000 - 1, 3_000_000);
      expect((await readFile(join(from, "table")))[0]).toBe(7);
    });

    test("a wish to copy all bytes shares none", async () => {
      const path = join(disk(), "bytes");
      expect((await cloneDirectory(join(disk(), "from"), path, "copy")).method).toBe("copy");
      await syncDirectory(path);
      expect(await ownBytes(path)).toBeGreaterThan(8_000_000 - 1);
    });

    test("clones of clones are removed without a trace", async () => {
      await mkdir(join(disk(), "copies"));
      await cloneDirectory(join(disk(), "clone"), join(disk(), "copies", "place"), "reflink");
      await removeDirectory(join(disk(), "copies"), disk());
      await removeDirectory(join(disk(), "clone"), disk());
      expect((await readdir(disk())).sort()).toEqual(["bytes", "from"]);
    });

    if (name === "btrfs") {
      test("a directory is a subvolume, so that the number of its files costs nothing", async () => {
        await createDirectory(join(disk(), "subvolume"));
        await cloneDirectory(join(disk(), "subvolume"), join(disk(), "snapshot"), "reflink");
        expect((await lstat(join(disk(), "snapshot"))).ino).toBe(256);
        await removeDirectory(join(disk(), "snapshot"), disk());
      });
    }
  });
}

/** Why this process can't mount files as disks; undefined when it can. */
async function whyNoDisks(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "only root can mount";
  for (const tool of ["mkfs.xfs", "mkfs.btrfs"]) if (!which(tool)) return `"${tool}" is missing`;
  const [disk, path] = [join(folder, "trial.img"), join(folder, "trial")];
  await mkdir(path);
  await run(["truncate", "-s", "128M", disk]);
  await run(["mkfs.btrfs", "-q", disk]);
  const { status, stderr } = await run(["mount", "-o", "loop", disk, path], { check: false });
  if (status === 0) await unmount(path);
  await rm(disk);
  await rm(path, { recursive: true });
  return status === 0 ? undefined : stderr.trim();
}

async function filledDirectory(path: string): Promise<string> {
  await mkdir(join(path, "base"), { recursive: true });
  await chmod(path, 0o700);
  await writeFile(join(path, "base", "1"), "one", { mode: 0o600 });
  await symlink("base/1", join(path, "link"));
  return path;
}

async function unmount(path: string): Promise<void> {
  await run(["umount", path], { check: false });
}
