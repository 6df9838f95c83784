import { describe, expect, test } from "bun:test";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const greet = join(root, "test/fixtures/greet.ts");

function spawn(args: string[], env: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, greet, ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const textOf = (stream: ReadableStream) => new Response(stream).text();

async function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(args, env);
  const [stdout, stderr, status] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
  return { stdout, stderr, status };
}

/** Waits for a line of the child's stderr, then sends the signals and returns what came. */
async function interrupt(args: string[], signals: NodeJS.Signals[]) {
  const child = spawn(args);
  let stderr = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    const before = stderr;
    stderr += decoder.decode(chunk);
    if (!before.includes("waiting") && stderr.includes("waiting")) {
      for (const signal of signals) {
        child.kill(signal);
        // Both pending at once, the kernel would deliver them in an order of its own.
        await Bun.sleep(200);
      }
    }
  }
  return { status: await child.exited, stdout: await textOf(child.stdout), stderr };
}

describe("every script", () => {
  test("prints its own header for --help, whatever else is typed", async () => {
    for (const args of [["--help"], ["hello", "--wrong", "-h"], ["nonsense", "--help"]]) {
      const { stdout, stderr, status } = await run(args);
      expect(stdout).toBe(
        "Greets people; only the tests of lib/kit/cli.ts run it.\n\n  bun test/fixtures/greet.ts hello NAME…\n",
      );
      expect([stderr, status]).toEqual(["", 0]);
    }
  });

  test("prints the version of package.json", async () => {
    const { version } = await Bun.file(join(root, "package.json")).json();
    expect((await run(["--version"])).stdout).toBe(`${version}\n`);
  });

  test("does nothing when it is imported", async () => {
    const child = Bun.spawn([process.execPath, "-e", `await import(${JSON.stringify(greet)}); console.log("alive")`]);
    expect(await textOf(child.stdout)).toBe("alive\n");
  });

  test("answers on stdout and talks on stderr", async () => {
    expect(await run(["hello", "bob"])).toEqual({ stdout: "hello bob\n", stderr: "greeting\n", status: 0 });
    expect((await run(["hello", "bob", "--quiet"])).stderr).toBe("");
  });

  test("answers with JSON under --json, also when the flag stands before the verb", async () => {
    const { stdout } = await run(["--json", "hello", "bob", "--count", "2"]);
    expect(JSON.parse(stdout)).toMatchObject({ people: ["bob"], count: 2 });
  });

  test("starts processes that know the same state folder, wherever they work", async () => {
    expect((await run(["child"], { DITTO_HOME: "state/here" })).stdout).toBe(`/\n${join(root, "state/here")}\n`);
    expect((await run(["child"], { DITTO_HOME: "/srv/state" })).stdout).toBe("/\n/srv/state\n");
    expect((await run(["child"], { DITTO_HOME: "" })).stdout).toBe("/\n\n");
  });

  test("knows ls for list", async () => {
    expect((await run(["ls"])).stdout).toBe("1\n2\n");
  });

  test.each([
    [[], "the verb is missing"],
    [["helo"], 'Did you mean "hello"?'],
    [["constructor"], 'unknown verb "constructor"'],
    [["sing"], '"sing" is not in this version'],
    [["hello", "--lable", "x"], 'Did you mean "--label"?'],
  ])("refuses %p with 2", async (args, sentence) => {
    const { status, stderr, stdout } = await run(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain("--help");
  });
});

describe("errors", () => {
  test("a known one prints what happened and the way out, without a stack", async () => {
    expect(await run(["fail"])).toEqual({
      stdout: "",
      stderr: 'Cannot greet "bob": nobody is there\nAsk alice\n',
      status: 1,
    });
  });

  test("an unknown one keeps its stack", async () => {
    const { status, stderr } = await run(["fail", "--raw"]);
    expect(status).toBe(1);
    expect(stderr).toContain("TypeError: nobody expected this");
    expect(stderr).toContain("greet.ts:");
  });

  test.each([
    [["fail"], "NOBODY", 1],
    [["fail", "--raw"], "INTERNAL", 1],
    [["fail", "--x"], "USAGE", 2],
  ])("%p is JSON on stdout under --json", async (args, code, expected) => {
    const { status, stdout } = await run([...args, "--json"]);
    expect(status).toBe(expected);
    expect(Object.keys(JSON.parse(stdout).error)).toEqual(["code", "message", "hint"]);
    expect(JSON.parse(stdout).error.code).toBe(code);
  });

  test("never show a registered secret, plain or percent-encoded, also in stacks and JSON", async () => {
    for (const flags of [[], ["--json"], ["--raw"], ["--raw", "--json"]]) {
      const { stdout, stderr } = await run(["leak", ...flags]);
      expect(stdout + stderr).toContain("***");
      expect(stdout + stderr).not.toMatch(/sw\/rdfish|sw%2Frdfish/);
    }
  });

  test("a verb may have its own status for ditto's failures; usage stays 2", async () => {
    expect((await run(["run", "--", "x"])).status).toBe(125);
    expect((await run(["run"])).status).toBe(2);
    expect((await run(["fail", "--status", "7"])).status).toBe(7);
  });

  test("of a promise that nobody waits for are printed and fail the command", async () => {
    const { status, stderr } = await run(["stray"]);
    expect(status).toBe(1);
    expect(stderr).toContain("nobody waits for this");
    expect(stderr).toContain("cleaned");
  });
});

describe("stdout", () => {
  test("is complete when the process has ended, also with a slow reader", async () => {
    const child = spawn(["big"]);
    await Bun.sleep(200);
    expect((await textOf(child.stdout)).length).toBe(3_000_001);
  });

  test("may be closed early without a word", async () => {
    const child = Bun.spawn(["sh", "-c", `"${process.execPath}" "${greet}" big | head -c 3`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect([await textOf(child.stdout), await textOf(child.stderr)]).toEqual(["xxx", ""]);
  });
});

describe("signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as [NodeJS.Signals, number][])("%s undoes what was made and exits with %d", async (signal, status) => {
    const ended = await interrupt(["wait"], [signal]);
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain("cleaned");
  });

  test("a second one ends the process at once", async () => {
    const ended = await interrupt(["wait", "--slow"], ["SIGTERM", "SIGINT"]);
    expect(ended.status).toBe(130);
    expect(ended.stderr).not.toContain("cleaned");
  });

  test("the failure of interrupted work does not cut the cleaning short", async () => {
    const ended = await interrupt(["wait", "--brittle"], ["SIGTERM"]);
    expect(ended.status).toBe(143);
    expect(ended.stderr).toContain("cleaned");
  });

  test("give a JSON error under --json", async () => {
    expect(JSON.parse((await interrupt(["wait", "--json"], ["SIGINT"])).stdout).error.code).toBe("INTERRUPTED");
  });
});

test("GitHub Actions masks a value, in one line; elsewhere nothing is printed", async () => {
  expect((await run(["mask"], { GITHUB_ACTIONS: "true" })).stderr).toBe("::add-mask::100%25%0Asure\n");
  expect((await run(["mask"], { GITHUB_ACTIONS: "" })).stderr).toBe("");
});
