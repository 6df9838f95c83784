#!/usr/bin/env bun
/**
 * Hands out copies: disposable database servers with the base's data, each its own, ready in under a second.
 *
 * Usage:
 *   bun scripts/copy.ts create [--name N] [--ttl 2h|never]    make a copy; in a pipe prints its URL alone
 *   bun scripts/copy.ts run [options] -- CMD                  make a copy, run CMD with DATABASE_URL set, delete the copy
 *   bun scripts/copy.ts list                                  the copies with their bases and snapshots, as a tree
 *   bun scripts/copy.ts url COPY                              the copy's URL, with its password
 *   bun scripts/copy.ts sql COPY [-c, --command SQL]          the database's own client
 *   bun scripts/copy.ts shell COPY                            a shell beside the server
 *   bun scripts/copy.ts logs COPY [--server]                  what happened to the copy; --server: the server's own log
 *   bun scripts/copy.ts stop COPY…                            end the server and free its memory; its data and URL stay
 *   bun scripts/copy.ts start COPY…                           bring it back on the same URL, as url, sql and shell do
 *   bun scripts/copy.ts extend COPY --ttl 2h|never            how long it lives from now on
 *   bun scripts/copy.ts pause COPY…                           halt the server: its processors are free, memory and clients stay
 *   bun scripts/copy.ts resume COPY…                          let it go on
 *   bun scripts/copy.ts clone COPY [--name N] [options]       a new copy of a copy as it is now, which goes on
 *   bun scripts/copy.ts reset COPY                            back to the base, on the same URL; what was done in it goes
 *   bun scripts/copy.ts delete COPY… | --all                  remove copies, and their snapshots after a question
 *   bun scripts/copy.ts prune [--older-than 8h]               remove what is expired, half made or orphaned, and unnamed
 *              [--every-home]                                 copies of that age; also other state folders' long expired ones
 *
 * A copy is named by its id, a unique beginning of the id, its name, or @branch.
 *
 * Options of create, run and clone:
 *   --name NAME          a name, unique in project and source; a named copy stays until it is deleted
 *   --ttl DURATION       how long it lives, e.g. 30m, 2h, never (default: copy.ttl, 2h)
 *   --port N             publish this port instead of a free one
 *   --label K=V          may be repeated
 *   --dump KEY           of the base that was made from this dump (not of clone)
 *   --dump FILE|URL --obfuscate    of this dump or SQL file, masked by the configured rules on its way
 *   --dump FILE|URL --raw          of it as it is, although there are rules; without --dump: a raw base may be taken
 *   --as ROLE            a URL for this ordinary role of the copy (Postgres with dump.roles: keep)
 *   --network NAME       also put it into this network of docker's or podman's; internal_url says where it is found there
 *
 * Options of create:
 *   --from COPY/NAME     of this snapshot instead of a base
 *   --if-exists WORD     when the name is taken: fail (default), reuse, or reset
 *   --count N            make N copies; a name is given a number for each
 *   --format FORMAT      auto, pipe (the URL alone) or json
 *
 * Options of clone:
 *   --format FORMAT, and as for "bun scripts/snapshot.ts create":
 *   --stop               stop the server for it: what only a stopped one has on disk is in the clone
 *   --allow-not-captured clone without what a running server can't give
 *
 * Options of run:
 *   --workers N          make N copies: DATABASE_URL_1 to DATABASE_URL_N, and DATABASE_URL for the first
 *   --keep-on-failure    leave the copy when CMD fails, and print its URL
 *   --require-connection an error when CMD never connected to the copy (it is said in any case)
 *
 * Options of all:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted.
 * run exits with CMD's own status: 125 ditto itself failed, 126 not executable, 127 not found, 128+n ended by signal n.
 */
import { swept } from "../lib/copies/afterwards.ts";
import { type Call, flags, script } from "../lib/kit/cli.ts";

const copyFlags = flags({
  name: { type: "string" },
  ttl: { type: "duration", or: "never" },
  port: { type: "integer", min: 1, max: 65_535 },
  label: { type: "string", multiple: true },
  as: { type: "string" },
  network: { type: "string" },
});
const baseFlags = flags({
  ...copyFlags,
  dump: { type: "string" },
  obfuscate: { type: "boolean" },
  raw: { type: "boolean" },
});
const createFlags = flags({
  ...baseFlags,
  from: { type: "string" },
  "if-exists": { type: "string", choices: ["fail", "reuse", "reset"] },
  count: { type: "integer", min: 1, max: 100 },
  format: { type: "string", choices: ["auto", "pipe", "json"] },
});
const cloneFlags = flags({
  ...copyFlags,
  format: { type: "string", choices: ["auto", "pipe", "json"] },
  stop: { type: "boolean" },
  "allow-not-captured": { type: "boolean" },
});
const runFlags = flags({
  ...baseFlags,
  workers: { type: "integer", min: 1, max: 100 },
  "keep-on-failure": { type: "boolean" },
  "require-connection": { type: "boolean" },
});
const extendFlags = flags({ ttl: { type: "duration", or: "never" } });
const sqlFlags = flags({ command: { type: "string", short: "c" } });
const logFlags = flags({ server: { type: "boolean" } });
const pruneFlags = flags({ "older-than": { type: "duration" }, "every-home": { type: "boolean" } });
const deleteFlags = flags({ all: { type: "boolean" } });

const one = { positionals: [1, 1], argument: "COPY" } as const;
const some = { positionals: [1, 999], argument: "COPY" } as const;

await script(import.meta, {
  verbs: {
    create: { flags: createFlags, run: swept(create) },
    run: { flags: runFlags, rest: "required", failureExit: 125, run },
    list: { run: swept(list) },
    url: { ...one, run: swept(url) },
    sql: { ...one, flags: sqlFlags, run: swept(sql) },
    shell: { ...one, run: swept(shell) },
    logs: { ...one, flags: logFlags, run: swept(logs) },
    stop: { ...some, run: swept(stop) },
    start: { ...some, run: swept(start) },
    pause: { ...some, run: swept(pause) },
    resume: { ...some, run: swept(resume) },
    clone: { ...one, flags: cloneFlags, run: swept(clone) },
    extend: { ...one, flags: extendFlags, run: swept(extend) },
    reset: { ...one, run: swept(reset) },
    delete: { positionals: [0, 999], argument: "COPY", flags: deleteFlags, run: swept(remove) },
    prune: { flags: pruneFlags, run: prune },
  },
});

async function create(call: Call<typeof createFlags>): Promise<void> {
  const { copies, config } = await open(call);
  const wishes = { ...(await copies.wishesOf(call)), ifExists: call.flags["if-exists"] };
  if (call.flags.count === undefined) {
    await copies.copyOfBase(config, wishes, call.say, (copy) => copies.answerCopy(call, copy, call.flags.format));
  } else {
    const many = await copies.copiesOfBase(config, wishes, { count: call.flags.count, say: call.say });
    await copies.answerCopies(call, many, { format: call.flags.format });
  }
}

async function run(call: Call<typeof runFlags>): Promise<number> {
  const { copies, config } = await open(call);
  const wishes = await copies.wishesOf(call);
  return copies.runOnCopy(call.rest, {
    config,
    wishes,
    call,
    workers: call.flags.workers ?? 1,
    keepOnFailure: call.flags["keep-on-failure"],
    requireConnection: call.flags["require-connection"],
  });
}

async function list(call: Call): Promise<void> {
  const { listCopies } = await import("../lib/copies/list.ts");
  const { json, text } = await listCopies();
  call.answer(json, () => text);
}

async function url(call: Call): Promise<void> {
  const { copies, copy: found } = await openCopy(call);
  const copy = await copies.awakeWherePossible(found, call.say);
  const address = await copies.urlOf(copy);
  call.answer(copies.viewOf(copy, address), () => address);
}

async function sql(call: Call<typeof sqlFlags>): Promise<number> {
  const { copies, copy } = await openAwake(call);
  return copies.openSql(copy, call.flags.command, call);
}

async function shell(call: Call): Promise<number> {
  const { copies, copy } = await openAwake(call);
  return copies.openShell(copy, call);
}

async function logs(call: Call<typeof logFlags>): Promise<void> {
  const { copies, copy } = await openCopy(call);
  const lines = call.flags.server ? await copies.serverLog(copy) : await copies.readEvents(copy.id);
  call.answer(lines, () => copies.renderLog(lines));
}

async function stop(call: Call): Promise<number> {
  const line = (name: string) => `Stopped ${name}; "bun scripts/copy.ts start" brings it back`;
  return changeSome(call, "stop", (copies, changed) => copies.answerChanged(call, changed, line));
}

async function start(call: Call): Promise<number> {
  return changeSome(call, "start", (copies, { done, failed }) => copies.answerCopies(call, done, { failed }));
}

async function pause(call: Call): Promise<number> {
  const line = (name: string) => `Paused ${name}; "bun scripts/copy.ts resume" lets it go on`;
  return changeSome(call, "pause", (copies, changed) => copies.answerChanged(call, changed, line));
}

async function resume(call: Call): Promise<number> {
  return changeSome(call, "resume", (copies, { done, failed }) => copies.answerCopies(call, done, { failed }));
}

async function clone(call: Call<typeof cloneFlags>): Promise<void> {
  const { copies, config, copy } = await openAwake(call);
  const { stop, "allow-not-captured": allowNotCaptured, format: wanted } = call.flags;
  const wishes = { ...(await copies.wishesOf(call)), stop, allowNotCaptured };
  const announce = (made: typeof copy) => copies.answerCopy(call, made, wanted);
  await copies.cloneCopy(copy, wishes, { config, say: call.say, announce });
}

async function extend(call: Call<typeof extendFlags>): Promise<void> {
  const { copies, config, copy } = await openCopy(call);
  const extended = await copies.extendCopy(copy, call.flags.ttl ?? config.copy.ttl);
  const until = extended.expiresAt ?? "it is deleted";
  call.answer(copies.viewOf(extended), () => `${copies.wordFor(copy)} lives until ${until}`);
}

async function reset(call: Call): Promise<void> {
  const { copies, config, copy } = await openCopy(call);
  await copies.confirmReset(call, copy);
  const base = await copies.baseForReset(copy, config);
  const fresh = (whole: typeof base) => copies.resetCopy(copy, whole, config);
  await copies.answerCopy(call, await copies.onWholeBase(base, { config, say: call.say }, fresh));
}

async function remove(call: Call<typeof deleteFlags>): Promise<void> {
  const { copies, scope } = await open(call);
  const chosen = await copies.chooseForDelete(call, scope);
  copies.sayUnpatched(await copies.destroyCopies(chosen, "deleted"), call.say);
  call.answer(
    chosen.map((copy) => ({ ...copies.viewOf(copy), status: "destroyed" })),
    () => chosen.map((copy) => `Deleted ${copies.wordFor(copy)}`).join("\n"),
  );
}

async function prune(call: Call<typeof pruneFlags>): Promise<number> {
  const { pruneEverything, renderSwept, sweptPartly } = await import("../lib/copies/prune.ts");
  const { "older-than": olderThan, "every-home": everyHome } = call.flags;
  const swept = await pruneEverything(call.say, { olderThan, everyHome });
  call.answer(swept, renderSwept);
  if (swept.failed.length > 0 && !call.json) throw sweptPartly(swept);
  return swept.failed.length > 0 ? 1 : 0;
}

async function open(call: Call) {
  const [copies, { loadConfig }] = await Promise.all([
    import("../lib/copies/index.ts"),
    import("../lib/kit/config.ts"),
  ]);
  const config = await loadConfig(call);
  return { copies, config, scope: { project: config.project, source: config.sourceName } };
}

async function openCopy(call: Call) {
  const { copies, config, scope } = await open(call);
  return { copies, config, copy: await copies.findCopy(call.positionals[0] ?? "", scope) };
}

async function openAwake(call: Call) {
  const { copies, config, copy } = await openCopy(call);
  return { copies, config, copy: await copies.awake(copy, call.say) };
}

type Copies = Awaited<ReturnType<typeof open>>["copies"];
type Changed = Awaited<ReturnType<Copies["doToEach"]>>;

/** Does to each copy that is named what the verb is there for, and answers with those that it was done to. */
async function changeSome(
  call: Call,
  verb: "stop" | "start" | "pause" | "resume",
  answer: (copies: Copies, changed: Changed) => Promise<void>,
): Promise<number> {
  const { copies, scope } = await open(call);
  const found = await copies.chooseSome(call, scope);
  const changed = await copies.doToEach(found, (copy) => copies[`${verb}Copy`](copy));
  const failed = changed.failed.length > 0;
  if (changed.done.length > 0) await answer(copies, changed);
  // Under --json the answer tells it: there is one.
  if (failed && (changed.done.length === 0 || !call.json)) throw copies.severalFailed(verb, changed.failed);
  return failed ? 1 : 0;
}
