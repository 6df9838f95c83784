import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import { ask, type Copy, countItems, onEachGround, type Stage, soak } from "./support/ground.ts";

setDefaultTimeout(soak ? 3_600_000 : 240_000);

const WRITERS = 6;
const SNAPSHOTS = soak ? 30 : 3;
/** Of the load, each of which a copy is made of and looked through. */
const LOOKED_AT = soak ? 6 : 2;
const CHAIN = 200;

onEachGround("under load", writeThrough, { copy: { keep_snapshots: 300 } });
onEachGround("under load in a pool", writeThrough, { copy: { keep_snapshots: 300 }, storage: "pool" });
if (soak) onEachGround("a long chain", followChain, { copy: { keep_snapshots: 300 } });

function writeThrough(stage: Stage): void {
  afterEach(() => stage.copy(["delete", "--all", "--yes"]));

  test(`${WRITERS} writers see no error and no reconnect, and each snapshot has every acknowledged commit`, async () => {
    const { connection_string: url } = await stage.create("--name", "busy");
    await ask(url, "CREATE TABLE log (writer int, n int, filler varchar(200), PRIMARY KEY (writer, n))");
    const acknowledged = new Array<number>(WRITERS).fill(0);
    let stop = false;
    const writers = acknowledged.map(async (_, writer) => {
      const client = new SQL(url, { max: 1 });
      const before = await client.unsafe(ownSession(stage));
      while (!stop) {
        const n = (acknowledged[writer] ?? 0) + 1;
        await client.unsafe(`INSERT INTO log VALUES (${writer}, ${n}, '${"x".repeat(180)}')`);
        acknowledged[writer] = n;
      }
      const after = await client.unsafe(ownSession(stage));
      await client.close();
      expect([...after]).toEqual([...before]);
    });
    const counts: number[][] = [];
    const pauses: number[] = [];
    for (let turn = 0; turn < SNAPSHOTS; turn++) {
      counts.push([...acknowledged]);
      const taken = await stage.project.json<{ paused_ms: number }>("snapshot", ["create", "busy", `s${turn}`]);
      pauses.push(taken.paused_ms);
    }
    stop = true;
    await Promise.all(writers);
    expect(pauses.every((ms) => ms > 0)).toBe(true);
    for (let look = 0; look < LOOKED_AT; look++) {
      const turn = Math.floor((look * SNAPSHOTS) / LOOKED_AT);
      const copy = await stage.create("--from", `busy/s${turn}`);
      const rows = await ask<{ writer: number; count: number; last: number }>(
        copy.connection_string,
        "SELECT writer, count(*) AS count, max(n) AS last FROM log GROUP BY writer ORDER BY writer",
      );
      const found = new Map(rows.map((row) => [Number(row.writer), row]));
      for (const [writer, least] of (counts[turn] ?? []).entries()) {
        const row = found.get(writer);
        expect(Number(row?.last ?? 0)).toBeGreaterThanOrEqual(least);
        // Without a gap: each was committed after the one before.
        expect(Number(row?.count ?? 0)).toBe(Number(row?.last ?? 0));
      }
      await expectSound(stage, copy);
      await stage.project.must("copy", ["delete", copy.id]);
    }
  });
}

/** The server's own checks find nothing wrong. */
async function expectSound({ ground }: Stage, { connection_string: url }: Copy): Promise<void> {
  if (ground.engine === "mysql") {
    for (const table of ["items", "log"]) {
      const rows = await ask<{ Msg_text: string }>(url, `CHECK TABLE ${table} EXTENDED`);
      expect(rows.map(({ Msg_text }) => Msg_text)).toEqual(["OK"]);
    }
    return;
  }
  const [known] = await ask(url, "SELECT FROM pg_available_extensions WHERE name = 'amcheck'");
  if (!known) return;
  await ask(url, "CREATE EXTENSION IF NOT EXISTS amcheck");
  for (const table of ["items", "log"]) {
    expect(await ask(url, `SELECT * FROM verify_heapam('${table}')`)).toEqual([]);
    await ask(url, `SELECT bt_index_check('${table}_pkey', true)`);
  }
}

function ownSession({ ground }: Stage): string {
  return ground.engine === "postgres" ? "SELECT pg_backend_pid() AS n" : "SELECT connection_id() AS n";
}

function followChain(stage: Stage): void {
  afterEach(() => stage.copy(["delete", "--all", "--yes"]));

  test(`${CHAIN} snapshots, each of a copy that was put back on the one before, stay usable`, async () => {
    const { connection_string: url } = await stage.create("--name", "long");
    for (let link = 1; link <= CHAIN; link++) {
      await ask(url, `DELETE FROM items WHERE id = ${link}`);
      await stage.project.must("snapshot", ["create", "long", `s${link}`]);
      await stage.project.must("snapshot", ["rollback", "long"]);
    }
    for (const link of [1, CHAIN, 99]) {
      await stage.project.must("snapshot", ["rollback", "long", "--to", `s${link}`]);
      expect(await countItems(url)).toBe(1000 - link);
    }
    await stage.project.must("copy", ["delete", "long", "--yes"]);
    expect(await stage.leftovers()).toEqual([]);
  });
}
