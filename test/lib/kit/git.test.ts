import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gitStateOf } from "../../../lib/kit/git.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "ditto-git-")));
const main = join(root, "main");
const who = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b.c", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b.c" };

function git(folder: string, ...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["git", "-C", folder, "-c", "protocol.file.allow=always", ...args], {
    env: { ...process.env, ...who, GIT_DIR: undefined, GIT_INDEX_FILE: undefined },
  });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

function repository(folder: string): void {
  mkdirSync(join(folder, "app"), { recursive: true });
  git(folder, "init", "-q");
  writeFileSync(join(folder, ".gitignore"), "*.local\n");
  writeFileSync(join(folder, "app", ".env"), "X=1\n");
  writeFileSync(join(folder, "app", "*"), "X=1\n");
  git(folder, "add", ".gitignore", "app/.env");
  git(folder, "commit", "-qm", "first");
}

beforeAll(() => {
  repository(join(root, "library"));
  repository(main);
  git(main, "worktree", "add", "-q", join(root, "tree"));
  git(main, "submodule", "--quiet", "add", join(root, "library"), "sub");
  git(main, "commit", "-qm", "second");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

for (const place of ["main", "tree", "main/sub"]) {
  test(`tracked, ignored and untracked files are told apart in ${place}`, async () => {
    const states = ["app/.env", "app/.env.local", "app/.env.mine", "app/*"].map((file) =>
      gitStateOf(join(root, place, file)),
    );
    expect(await Promise.all(states)).toEqual(["tracked", "ignored", "untracked", "untracked"]);
  });
}

test("a tracked file is tracked also while it is deleted, forced past an ignore, or only in the index", async () => {
  rmSync(join(root, "tree/app/.env"));
  writeFileSync(join(root, "tree/forced.local"), "");
  git(join(root, "tree"), "add", "-f", "forced.local");
  const states = ["app/.env", "forced.local"].map((file) => gitStateOf(join(root, "tree", file)));
  expect(await Promise.all(states)).toEqual(["tracked", "tracked"]);
});

test("outside of repositories nothing is tracked", async () => {
  expect(await gitStateOf(join(root, ".env"))).toBe("outside");
});

test("a hook's variables don't lead to another repository", async () => {
  process.env.GIT_DIR = join(root, "library/.git");
  process.env.GIT_INDEX_FILE = join(root, "library/.git/none");
  try {
    expect(await gitStateOf(join(main, "app/.env"))).toBe("tracked");
  } finally {
    delete process.env.GIT_DIR;
    delete process.env.GIT_INDEX_FILE;
  }
});

test("a repository that git can't read is no leave to write", async () => {
  mkdirSync(join(root, "broken/.git/refs"), { recursive: true });
  mkdirSync(join(root, "broken/.git/objects"), { recursive: true });
  writeFileSync(join(root, "broken/.git/HEAD"), "ref: refs/heads/main\n");
  writeFileSync(join(root, "broken/.git/index"), "no index");
  expect(gitStateOf(join(root, "broken/.env"))).rejects.toThrow(/^Cannot tell whether git tracks .+: .+index/);
});
