import { holdsRows, qualifiedName, type Table } from "../../schema/model.ts";
import { catalog } from "../../schema/mysql/catalog.ts";
import type { SourceBuild } from "../build.ts";
import type { Chosen } from "../selection.ts";

/** Storage engines whose reads belong to the snapshot. */
const TRANSACTIONAL = /^(InnoDB|ROCKSDB|TokuDB|ndbcluster)$/i;

/** Says what of the chosen tables a copy will not have exactly as the source has it. */
export async function warnOfTables(build: SourceBuild, chosen: Chosen): Promise<void> {
  const read = [...chosen.whole, ...chosen.filtered.map(({ table }) => table)];
  const plain = read.filter((table) => holdsRows(table) && !TRANSACTIONAL.test(table.storage));
  if (plain.length > 0) {
    const list = plain.map((table) => `${table.name} (${table.storage})`);
    build.warn(`Not part of the snapshot, because their engine has no transactions: ${shorten(list)}`);
  }
  if (chosen.dragged.length > 0) {
    build.warn(
      `Left out as well, because they need tables that are left out: ${shorten(chosen.dragged.map(({ name }) => `view ${name}`))}`,
    );
  }
  const memory = plain.filter(({ storage }) => /^MEMORY$/i.test(storage));
  if (memory.length > 0)
    build.warn(`Empty after a copy's start, because they are in memory: ${shorten(memory.map(({ name }) => name))}`);
  const versioned = await systemVersioned(build, read);
  if (versioned.length > 0)
    build.warn(`System-versioned tables are taken with their current rows, without history: ${shorten(versioned)}`);
  const outside = read.flatMap((table) => outsideKeys(table));
  if (outside.length > 0)
    build.warn(`Foreign keys into other databases can't be satisfied in copies: ${shorten(outside)}`);
  if (build.selection.roles === "keep")
    build.warn("Accounts of MySQL and MariaDB sources are not taken along: dump.roles has no effect");
  warnOfClock(build);
}

async function systemVersioned(build: SourceBuild, read: Table[]): Promise<string[]> {
  if (build.look.server.flavour !== "mariadb") return [];
  const rows = await catalog<{ name: string }>(build.session, {
    fields: { name: "TABLE_NAME" },
    from: "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'SYSTEM VERSIONED'",
  });
  const names = new Set(read.map(({ name }) => name));
  return rows.map(({ name }) => name).filter((name) => names.has(name));
}

function outsideKeys(table: Table): string[] {
  return table.keys
    .filter(({ references }) => references !== undefined && references.schema !== table.schema)
    .map((key) => `${qualifiedName(table)}.${key.name}`);
}

function warnOfClock({ look, warn }: SourceBuild): void {
  const { time_zone: zone, system_time_zone: clock } = look.traits;
  if (zone === "SYSTEM" && clock !== undefined && !/^(UTC|GMT|Etc\/UTC)$/i.test(clock)) {
    warn(
      `The source's server runs in the time zone of its machine (${clock}), copies run in UTC unless copy.settings has default_time_zone`,
    );
  }
}

function shorten(names: string[]): string {
  return names.slice(0, 10).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
}
