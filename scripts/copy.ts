#!/usr/bin/env bun
/**
 * Hands out copies: disposable database servers with the base's data, each its own, ready in under a second.
 *
 * Usage:
 *   bun scripts/copy.ts create [--name N] [--ttl 2h|never]    make a copy; in a pipe prints its URL alone
 *   bun scripts/copy.ts run [options] -- CMD                  make a copy, run CMD with DATABASE_URL set, delete the copy
 *   bun scripts/copy.ts list                                  the copies of this state folder
 *   bun scripts/copy.ts url COPY                              the copy's URL, with its password
 *   bun scripts/copy.ts sql COPY [-c, --command SQL]          the database's own client
 *   bun scripts/copy.ts shell COPY                            a shell beside the server
 *   bun scripts/copy.ts logs COPY [--server]                  what happened to the copy; --server: the server's own log
 *   bun scripts/copy.ts delete COPY… | --all                  remove copies
 *   bun scripts/copy.ts prune                                 remove what is expired, half made or orphaned
 *
 * A copy is named by its id, a unique beginning of the id, its name, or @branch.
 *
 * Options of create and run:
 *   --name NAME          a name, unique in project and source; a named copy stays until it is deleted
 *   --ttl DURATION       how long it lives, e.g. 30m, 2h, never (default: copy.ttl, 2h)
 *   --port N             publish this port instead of a free one
 *   --label K=V          may be repeated
 *   --dump KEY           of the base that was made from this dump
 *   --format FORMAT      create only: auto, pipe (the URL alone) or json
 *   --keep-on-failure    run only: leave the copy when CMD fails, and print its URL
 *
 * Options of all:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted.
 * run exits with CMD's own status: 125 ditto itself failed, 126 not executable, 127 not found, 128+n ended by signal n.
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";

const copyFlags = flags({
  name: { type: "string" },
  ttl: { type: "duration", or: "never" },
  port: { type: "integer", min: 1, max: 65_535 },
  label: { type: "string", multiple: true },
  dump: { type: "string" },
});
const createFlags = flags({ ...copyFlags, format: { type: "string", choices: ["auto", "pipe", "json"] } });
const runFlags = flags({ ...copyFlags, "keep-on-failure": { type: "boolean" } });
const sqlFlags = flags({ command: { type: "string", short: "c" } });
const logFlags = flags({ server: { type: "boolean" } });
const deleteFlags = flags({ all: { type: "boolean" } });

const laterFlags = ["from", "obfuscate", "raw", "count", "if-exists", "as", "network", "workers", "require-connection"];
const one = { positionals: [1, 1], argument: "COPY" } as const;

await script(import.meta, {
  verbs: {
    create: { flags: createFlags, run: create, later: laterFlags },
    run: { flags: runFlags, rest: "required", failureExit: 125, run, later: laterFlags },
    list: { run: list },
    url: { ...one, run: url },
    sql: { ...one, flags: sqlFlags, run: sql },
    shell: { ...one, run: shell },
    logs: { ...one, flags: logFlags, run: logs },
    delete: { positionals: [0, 999], argument: "COPY", flags: deleteFlags, run: remove },
    prune: { run: prune, later: ["older-than", "every-home"] },
  },
  later: ["extend", "pause", "resume", "stop", "start", "reset", "clone"],
});

async function create(call: Call<typeof createFlags>): Promise<void> {
  const { copies, config } = await open(call);
  const wishes = await copies.wishesOf(call);
  await copies.copyOfBase(config, wishes, call.say, (copy) => copies.answerCopy(call, copy, call.flags.format));
  await copies.sweepInBackground(import.meta.path);
}

async function run(call: Call<typeof runFlags>): Promise<number> {
  const { copies, config } = await open(call);
  const wishes = await copies.wishesOf(call);
  const status = await copies.runOnCopy(call.rest, {
    config,
    wishes,
    call,
    keepOnFailure: call.flags["keep-on-failure"],
  });
  await copies.sweepInBackground(import.meta.path);
  return status;
}

async function list(call: Call): Promise<void> {
  const { readCopies, viewOf, renderList, sweepInBackground } = await import("../lib/copies/list.ts");
  const stored = await readCopies();
  call.answer(
    stored.map((entry) =>
      entry.kind === "record" ? viewOf(entry.record) : { id: entry.id, status: entry.kind, file: entry.file },
    ),
    () => renderList(stored),
  );
  await sweepInBackground(import.meta.path);
}

async function url(call: Call): Promise<void> {
  const { copies, copy } = await openCopy(call);
  const address = await copies.urlOf(copy);
  call.answer(copies.viewOf(copy, address), () => address);
  await copies.sweepInBackground(import.meta.path);
}

async function sql(call: Call<typeof sqlFlags>): Promise<number> {
  const { copies, copy } = await openCopy(call);
  const status = await copies.openSql(copy, call.flags.command, call);
  await copies.sweepInBackground(import.meta.path);
  return status;
}

async function shell(call: Call): Promise<number> {
  const { copies, copy } = await openCopy(call);
  const status = await copies.openShell(copy, call);
  await copies.sweepInBackground(import.meta.path);
  return status;
}

async function logs(call: Call<typeof logFlags>): Promise<void> {
  const { copies, copy } = await openCopy(call);
  const lines = call.flags.server ? await copies.serverLog(copy) : await copies.readEvents(copy.id);
  call.answer(lines, () => copies.renderLog(lines));
  await copies.sweepInBackground(import.meta.path);
}

async function remove(call: Call<typeof deleteFlags>): Promise<void> {
  const { copies, config } = await open(call);
  const chosen = await copies.chooseForDelete(call, { project: config.project, source: config.sourceName });
  await copies.destroyCopies(chosen, "deleted");
  call.answer(
    chosen.map((copy) => ({ ...copies.viewOf(copy), status: "destroyed" })),
    () => chosen.map((copy) => `Deleted ${copy.name || copy.id}`).join("\n"),
  );
  await copies.sweepInBackground(import.meta.path);
}

async function prune(call: Call): Promise<void> {
  const { pruneEverything, renderSwept } = await import("../lib/copies/prune.ts");
  const swept = await pruneEverything(call.say);
  call.answer(swept, renderSwept);
  if (swept.failed.length > 0) throw new Error(`could not remove ${swept.failed.join("; ")}`);
}

async function open(call: Call) {
  const [copies, { loadConfig }] = await Promise.all([
    import("../lib/copies/index.ts"),
    import("../lib/kit/config.ts"),
  ]);
  return { copies, config: await loadConfig(call) };
}

async function openCopy(call: Call) {
  const { copies, config } = await open(call);
  const [word = ""] = call.positionals;
  return { copies, copy: await copies.findCopy(word, { project: config.project, source: config.sourceName }) };
}
