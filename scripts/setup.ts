#!/usr/bin/env bun
/**
 * Sets ditto up by asking: where servers can run, which database copies are made of and how it is reached, who reads it,
 * where its password is kept, what is masked. Tests the connection, read-only, and writes a commented ditto.yaml.
 *
 * Usage:
 *   bun scripts/setup.ts                    ask; nothing is written before the end, and nothing when you cancel
 *   bun scripts/setup.ts --yes --url URL    the same without asking: every answer is the default
 *   bun scripts/setup.ts --uninstall        list everything that this state folder has, and remove it after a question
 *
 * A ditto.yaml that is there is kept, and what would differ is shown; the exit code is then 3. A password in the URL goes
 * into a file that only you can read, never into ditto.yaml unless you choose so.
 *
 * Options:
 *   --url URL              of the source, in any form that applications use; or env:NAME, file:PATH, cmd:COMMAND
 *   --password-secret REF  where its password is: env:NAME, file:PATH, cmd:COMMAND
 *   --tunnel COMMAND       what opens a way to it: "ssh -N -L {local_port}:{host}:{port} bastion"
 *   --output PATH          write this file instead of ./ditto.yaml
 *   --force                replace the file that is there
 *   --uninstall            remove copies, snapshots, bases, dumps, the pool, patches and the state folder
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage · 3 a ditto.yaml that differs was kept · 130/143 interrupted
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";

const setupFlags = flags({
  url: { type: "string" },
  "password-secret": { type: "string" },
  tunnel: { type: "string" },
  output: { type: "string" },
  force: { type: "boolean" },
  uninstall: { type: "boolean" },
});

await script(import.meta, { flags: setupFlags, run: main });

async function main(call: Call<typeof setupFlags>): Promise<number> {
  if (call.flags.uninstall) return uninstall(call);
  const [{ interview }, { openTalk }, files, { renderSetup, setupAnswer }] = await Promise.all([
    import("../lib/setup/interview.ts"),
    import("../lib/setup/talk.ts"),
    import("../lib/setup/files.ts"),
    import("../lib/setup/describe.ts"),
  ]);
  const talk = await openTalk(call);
  const output = call.flags.output ?? call.configPath ?? "ditto.yaml";
  files.sayWhenKept(output, call.flags.force, call.say);
  const { url, tunnel, "password-secret": passwordSecret } = call.flags;
  const given = { url, tunnel, passwordSecret };
  const wishes = { sourceName: call.sourceName ?? "default", runtime: call.runtimeName };
  const told = await interview(talk, given, wishes);

  const planned = await files.planFiles(told, output);
  const kept = planned.diff !== undefined && planned.diff !== "" && !call.flags.force;
  files.sayDiff(planned, call.say);
  const seeds = !kept && (await files.agreeToWrite(talk, planned));
  if (!kept) await files.writeFiles(planned);
  const { makeFirstBase } = await import("../lib/setup/first-base.ts");
  const base = seeds ? await makeFirstBase(call, planned.config.path) : "";
  const next = await files.nextCommands(told, planned.config.path, base !== "");
  call.answer(setupAnswer(told, planned, { written: !kept, base, next }), renderSetup);
  return kept ? 3 : 0;
}

async function uninstall(call: Call<typeof setupFlags>): Promise<number> {
  const { agreeToRemove, describeHoldings, readHoldings, removeHoldings } = await import("../lib/setup/uninstall.ts");
  const holdings = await readHoldings();
  call.say(describeHoldings(holdings));
  await agreeToRemove(call, holdings);
  const removed = await removeHoldings(holdings, call.say);
  call.answer(removed.json, () => removed.text);
  return 0;
}
