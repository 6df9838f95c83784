import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync } from "node:fs";
import { attempt } from "../provision/exec.ts";
import { configOf, countItems, ITEMS, onEachGround } from "./support/ground.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(60_000);

const says = (pattern: RegExp) => expect.stringMatching(pattern);
const SCRIPT = `${import.meta.dir}/../../scripts/copy.ts`;

/** Says when it is up, what signal it got, and ends a moment after it. */
const LISTENER =
  "trap 'echo got INT; exit 9' INT; trap 'echo got TERM; exit 8' TERM; trap 'echo got HUP; exit 6' HUP; echo up; while :; do sleep 0.1; done";

onEachGround("copy.ts run", (stage) => {
  afterEach(async () => {
    stage.project.configure(configOf(stage.ground));
    const left = await stage.leftovers();
    await stage.copy(["delete", "--all", "--yes"]);
    expect(left).toEqual([]);
  });

  const run = (...command: string[]) => stage.copy(["run", "--", ...command]);

  /** A shell line in which `$copy` is the script, as in a user's pipeline. */
  const shell = (line: string) =>
    attempt(["bash", "-c", `cd "$folder" && ${line.replaceAll("$copy", `"${process.execPath}" "${SCRIPT}"`)}`], {
      env: { ...stage.env, folder: stage.project.folder },
    });

  /** The script on a terminal of its own. */
  const onTerminal = (...args: string[]) => {
    let output = "";
    const child = Bun.spawn([process.execPath, SCRIPT, ...args], {
      cwd: stage.project.folder,
      env: { ...process.env, ...stage.env },
      terminal: {
        data(_, data) {
          output += Buffer.from(data).toString();
        },
      },
    });
    return { output: () => output, terminal: child.terminal, exited: child.exited, pid: child.pid };
  };

  test("exits with the command's own status, 128+n when signal n ended it", async () => {
    const [seven, killed, terminated] = await Promise.all([
      run("sh", "-c", "exit 7"),
      run("sh", "-c", "kill -KILL $$"),
      run("sh", "-c", "kill -TERM $$"),
    ]);
    expect([seven.status, killed.status, terminated.status]).toEqual([7, 137, 143]);
  });

  test("a copy that is kept is what its command made of it", async () => {
    const change = (verb: string) =>
      shell(`$copy run --keep-on-failure -- sh -c '$copy ${verb} "$DITTO_COPY_ID" --yes >&2; exit 3'`);
    const { status, stdout, stderr } = await change("reset");
    expect(status).toBe(3);
    await stage.project.must("copy", ["prune"]);
    const url = /its copy stays: (\S+)/.exec(`${stdout}${stderr}`)?.[1] ?? "";
    expect(await countItems(url)).toBe(ITEMS);
    await stage.copy(["delete", "--all", "--yes"]);
    expect(await change("delete")).toMatchObject({ status: 3, stderr: expect.not.stringContaining("stays") });
    expect(await stage.list()).toEqual([]);
  });

  test("127: not found, 126: not executable, and both are said", async () => {
    const file = stage.project.write("plain.txt", "echo never");
    chmodSync(file, 0o644);
    const [missing, plain, folder, own] = await Promise.all([
      run("no-such-command"),
      run(file),
      run("/tmp"),
      run("sh", "-c", "exit 127"),
    ]);
    expect(missing).toMatchObject({
      status: 127,
      stdout: "",
      stderr: says(/"no-such-command": the command was not found/),
    });
    expect(plain).toMatchObject({ status: 126, stdout: "", stderr: says(/is not executable/) });
    expect(folder).toMatchObject({ status: 126, stderr: says(/is not executable/) });
    expect(own).toMatchObject({ status: 127, stderr: "" });
  });

  test("125 when ditto itself failed, 2 when nothing was to be run", async () => {
    expect(await stage.copy(["run"])).toMatchObject({ status: 2, stderr: says(/command/) });
    expect(await stage.copy(["run", "--"])).toMatchObject({ status: 2, stderr: says(/command/) });
    expect(await stage.copy(["run", "--no-such-flag", "--", "true"])).toMatchObject({ status: 2 });
    stage.project.configure(configOf(stage.ground, { copy: { settings: { no_such_setting: "1" } } }));
    expect(await run("echo", "never")).toMatchObject({ status: 125, stdout: "", stderr: says(/^Cannot make a copy/) });
  });

  test("the command has ditto's stdin, stdout and stderr", async () => {
    const outcome = await stage.copy(["run", "--", "sh", "-c", "cat; echo aside >&2"], { input: "through\n" });
    expect(outcome).toMatchObject({ status: 0, stdout: "through\n", stderr: says(/^aside\nNote: nothing but ditto/) });
  });

  test("--keep-on-failure leaves the copy of a command that failed, and only of such a one", async () => {
    expect((await stage.copy(["run", "--keep-on-failure", "--", "true"])).status).toBe(0);
    expect(await stage.list()).toEqual([]);
    const failed = await stage.copy(["run", "--keep-on-failure", "--name", "why", "--", "false"]);
    const url = /its copy stays: (\w+:\/\/\S+)/.exec(failed.stderr)?.[1] ?? "";
    expect(failed).toMatchObject({ status: 1, stdout: "" });
    await stage.copy(["prune"]);
    expect(await countItems(url)).toBe(ITEMS);
    expect((await stage.copy(["delete", "why"])).status).toBe(0);
  });

  test("a command may delete its own copy", async () => {
    const line = `"${process.execPath}" "${SCRIPT}" delete "$DITTO_COPY_ID" >&2; exit 5`;
    expect(await run("sh", "-c", line)).toMatchObject({ status: 5, stderr: says(/^Deleted \w+\n$/) });
  });

  for (const [signal, status, said] of [
    ["SIGINT", 9, "got INT"],
    ["SIGTERM", 8, "got TERM"],
    ["SIGHUP", 6, "got HUP"],
  ] as const) {
    test(`${signal} to ditto alone is passed on to the command, and its copy is gone`, async () => {
      const running = stage.project.start("copy", ["run", "--", "sh", "-c", LISTENER]);
      await until(() => running.stdout().includes("up"));
      running.kill(signal);
      expect(await running.done).toMatchObject({ status, stdout: `up\n${said}\n`, stderr: "" });
    });
  }

  test("Ctrl-C on a terminal reaches the command once, and its copy is gone", async () => {
    const running = onTerminal("run", "--", "bash", "-c", "trap 'echo got INT' INT; echo up; sleep 1; sleep 1; exit 9");
    await until(() => running.output().includes("up"));
    running.terminal?.write("\x03");
    expect(await running.exited).toBe(9);
    expect(running.output().match(/got INT/g)).toHaveLength(1);
  });

  test("Ctrl-C ends a command that doesn't listen, as a shell would say it", async () => {
    const running = onTerminal("run", "--", "sh", "-c", "echo up; exec sleep 30");
    await until(() => running.output().includes("up"));
    running.terminal?.write("\x03");
    expect(await running.exited).toBe(130);
  });

  test("a terminal that is closed ends the command, and its copy is gone", async () => {
    const running = onTerminal("run", "--", "sh", "-c", "echo up; exec sleep 30");
    await until(() => running.output().includes("up"));
    running.terminal?.close();
    expect(await running.exited).toBe(129);
  });

  test("Ctrl-C while the copy is being made leaves nothing", async () => {
    for (const ms of [150, 300, 450, 600, 750, 900]) {
      const running = onTerminal("create", "--name", "early");
      await Bun.sleep(ms);
      running.terminal?.write("\x03");
      const status = await running.exited;
      expect({ ms, status, output: running.output() }).toMatchObject({ status: status === 0 ? 0 : 130 });
      const handedOut = /\w+:\/\/ditto:/.test(running.output());
      expect({ ms, handedOut, copies: (await stage.list()).length }).toEqual({
        ms,
        handedOut,
        copies: handedOut ? 1 : 0,
      });
      if (handedOut) await stage.copy(["delete", "early"]);
    }
    // A container that was being made while it was looked for would appear now.
    await Bun.sleep(1_000);
  });

  test("nothing prompts and nothing hangs without a terminal, with an empty or a closed stdin", async () => {
    expect(await shell("$copy run -- cat < /dev/null")).toMatchObject({ status: 0, stdout: "" });
    expect(await shell("$copy run -- true <&-")).toMatchObject({ status: 0, stdout: "" });
    expect(await shell("$copy delete --all <&-")).toMatchObject({ status: 0 });
    expect(await shell("$copy run -- true <&- >&- 2>&-")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  test("a reader of stdout that went away is no error of ditto's, and the copy of run is gone", async () => {
    expect(await shell("$copy run -- yes | head -1; echo $PIPESTATUS")).toMatchObject({
      stdout: "y\n141\n",
      stderr: "",
    });
    expect(await shell("$copy create --name unread --format pipe | head -c 0; echo $PIPESTATUS")).toMatchObject({
      stdout: "0\n",
      stderr: "",
    });
    expect((await stage.copy(["delete", "unread"])).status).toBe(0);
  });
});
