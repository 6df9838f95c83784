#!/usr/bin/env bun
/**
 * Points an application to a copy: by variables of your shell, by lines in its .env file, or for one command.
 *
 * Usage:
 *   eval "$(bun scripts/env.ts export)"       set the variables of a copy in this shell
 *   bun scripts/env.ts patch [FILE]           write them into FILE (default: .env.local); its old values are kept
 *   bun scripts/env.ts destroy COPY…          remove copies, and put the files that they patched back as they were
 *   bun scripts/env.ts -- CMD                 run CMD with the variables
 *
 * Which variables these are, source.env says (default: DATABASE_URL, the URL). In the shell and for CMD DITTO_COPY_ID is
 * set too. A file is also put back when the copy is deleted, expires or is swept; lines that you changed meanwhile stay.
 *
 * Without options the copy is a new one, which expires, or ends with CMD.
 *   --name NAME      the copy of this name, made when there is none, which stays; @branch: the current git branch
 *   --copy COPY      a copy that is there, by its id, a unique beginning of the id, its name, or @branch
 *   --ttl DURATION   how long a copy lives that is made, e.g. 30m, 2h, never
 *
 * Options of export:
 *   --shell SHELL    bash (default, also sh and zsh), fish, pwsh, or dotenv
 *                      bun scripts/env.ts export --shell fish | source
 *                      bun scripts/env.ts export --shell pwsh | Out-String | Invoke-Expression
 *
 * Options of all:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted.
 * With -- CMD its own status: 125 ditto itself failed, 126 not executable, 127 not found, 128+n ended by signal n.
 */
import { swept } from "../lib/copies/afterwards.ts";
import { type Call, flags, script } from "../lib/kit/cli.ts";
import { assignments } from "../lib/kit/shell.ts";

const copyFlags = flags({
  name: { type: "string" },
  copy: { type: "string" },
  ttl: { type: "duration", or: "never" },
});
const exportFlags = flags({
  ...copyFlags,
  shell: { type: "string", choices: ["bash", "fish", "pwsh", "dotenv"] },
});

await script(import.meta, {
  verbs: {
    export: { flags: exportFlags, run: swept(exportLines) },
    patch: { positionals: [0, 1], argument: "FILE", flags: copyFlags, run: swept(patch) },
    destroy: { positionals: [1, 999], argument: "COPY", run: swept(destroy) },
    "": { flags: copyFlags, rest: "required", failureExit: 125, run },
  },
  aliases: { delete: "destroy", rm: "destroy" },
});

async function exportLines(call: Call<typeof exportFlags>): Promise<void> {
  const { copies, config } = await open(call);
  copies.refuseSourceVariables(config);
  await copies.takeCopy(call.flags, { config, say: call.say }, async (copy) => {
    const env = await copies.environmentOf(copy, config);
    copies.sayCopy(copy, call.say);
    call.answer({ ...copies.viewOf(copy, await copies.urlOf(copy)), env }, () =>
      assignments(call.flags.shell ?? "bash", env),
    );
  });
}

async function patch(call: Call<typeof copyFlags>): Promise<void> {
  const { copies, config } = await open(call);
  copies.refuseSourceVariables(config);
  const file = await copies.envFileAt(call.positionals[0] ?? ".env.local");
  await copies.takeCopy(call.flags, { config, say: call.say }, async (copy) => {
    const env = await copies.variablesOf(copy, config);
    await copies.patchFile(file.path, copy, env);
    copies.sayCopy(copy, call.say);
    copies.sayWhenUnignored(file, call.say);
    const variables = Object.keys(env);
    call.answer({ ...copies.viewOf(copy), file: file.path, variables }, () =>
      copies.renderPatch(file, copy, variables),
    );
  });
}

async function destroy(call: Call): Promise<void> {
  const { copies, config } = await open(call);
  const scope = { project: config.project, source: config.sourceName };
  const chosen = await copies.chooseForDelete({ ...call, flags: { all: false } }, scope);
  const files = await copies.destroyCopies(chosen, "deleted");
  copies.sayUnpatched(files, call.say);
  call.answer({ copies: chosen.map((copy) => ({ ...copies.viewOf(copy), status: "destroyed" })), files }, () =>
    chosen.map((copy) => `Deleted ${copy.name || copy.id}`).join("\n"),
  );
}

async function run(call: Call<typeof copyFlags>): Promise<number> {
  const { copies, config } = await open(call);
  if (call.flags.name === undefined && call.flags.copy === undefined) {
    const plain = { workers: 1, keepOnFailure: false, requireConnection: false };
    return copies.runOnCopy(call.rest, { config, wishes: { ttl: call.flags.ttl }, call, ...plain });
  }
  const copy = await copies.takeCopy(call.flags, { config, say: call.say });
  return copies.runBeside(call.rest, copy, { config, call });
}

async function open(call: Call<object>) {
  const [copies, { loadConfig }] = await Promise.all([
    import("../lib/copies/index.ts"),
    import("../lib/kit/config.ts"),
  ]);
  return { copies, config: await loadConfig(call) };
}
