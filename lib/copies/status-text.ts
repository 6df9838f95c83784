import { homedir } from "node:os";
import { readable } from "../kit/glyphs.ts";
import { asTypedHere } from "../kit/runner.ts";
import { isTerminal, paint, terminalWidth } from "../kit/stdio.ts";
import { table, wrap } from "../kit/table.ts";
import { formatAge, formatBytes } from "../kit/units.ts";
import { projectLabel } from "./record.ts";
import type { BaseStatus, CopyStatus, SnapshotStatus, Status } from "./status.ts";

/** How things stand, for a person: facts, bases, copies, and what needs attention. */
export function renderStatus(status: Status): string {
  const bold = paint(1).bold;
  const foreign = [...status.bases, ...status.copies].some((one) => projectLabel(one) !== projectLabel(status));
  const title = `${bold(status.project)}${status.source === "default" ? "" : `, source ${bold(status.source)}`}`;
  const parts = [
    title,
    renderFacts(factsOf(status)),
    renderBases(status.bases, foreign),
    renderCopies(status.copies, foreign),
    renderSnapshots(status.snapshots),
  ];
  return readable([...parts, renderWarnings(status.warnings)].filter((part) => part !== "").join("\n\n"));
}

function factsOf(status: Status): [string, string][] {
  const { config_file, home, runtime, dump, dump_store, disk } = status;
  const newest = dump && [
    formatAge(dump.created_at),
    formatBytes(dump.bytes),
    `sha256 ${dump.sha256.slice(0, 12)}…`,
    dump.key,
  ];
  const sizes = [
    ["bases", disk.bases_bytes] as const,
    ["copies", disk.copies_bytes] as const,
    ...(status.snapshots.length > 0 ? [["snapshots", disk.snapshots_bytes] as const] : []),
    ["dumps", disk.dumps_bytes] as const,
  ];
  return [
    ["Config", config_file === null ? "no ditto.yaml here; everything has its default" : shortPath(config_file)],
    ["State", shortPath(home)],
    ["Runtime", runtime.reason],
    ...storageFacts(status),
    ["Network", networkOf(status)],
    ["Dump", newest?.join(", ") ?? (dump_store.error === null ? "none" : "not known, see below")],
    ["Disk", sizes.map(([name, bytes]) => `${name} ${formatBytes(bytes)}`).join(", ")],
  ];
}

function networkOf({ network, runtime }: Status): string {
  if (!network.reaches_world) return "copies reach neither the world nor each other";
  const why = network.wish === "open" ? "copy.network is open" : `${runtime.name ?? "the runtime"} can't shut that off`;
  return `copies can reach the world: ${why}`;
}

function storageFacts({ storage }: Status): [string, string][] {
  if (storage === null) return [];
  const { method, cost, better, pool } = storage;
  const sentences = [`${method ?? "no base yet"}: ${cost}`, better].filter((text) => text !== "");
  const facts: [string, string][] = [["Storage", sentences.join(". ")]];
  if (pool?.mounted)
    facts.push(["Pool", `${formatBytes(pool.used_bytes ?? 0)} used, ${formatBytes(pool.free_bytes ?? 0)} free`]);
  else if (pool) facts.push(["Pool", "not mounted; the next command that needs it mounts it"]);
  return facts;
}

function renderBases(bases: BaseStatus[], foreign: boolean): string {
  if (bases.length === 0) return 'There is no base yet; "bun scripts/reseed.ts" makes one';
  const row = (base: BaseStatus) => [
    base.id,
    ...(foreign ? [projectLabel(base)] : []),
    `${base.engine} ${base.version}${base.raw ? ", raw" : ""}`,
    formatCount(base.rows),
    formatBytes(base.disk_bytes),
    String(base.copies),
    formatAge(base.created_at),
  ];
  const head = ["BASE", ...(foreign ? ["PROJECT"] : []), "ENGINE", "ROWS", "DISK", "COPIES", "AGE"];
  const first = foreign ? 3 : 2;
  return table(bases.toReversed().map(row), { head, right: [first, first + 1, first + 2] });
}

function renderCopies(copies: CopyStatus[], foreign: boolean): string {
  if (copies.length === 0) return 'There are no copies; "bun scripts/copy.ts create" makes one';
  const row = (copy: CopyStatus) => [
    copy.name || copy.id,
    ...(foreign ? [projectLabel(copy)] : []),
    `${copy.status === "failed" ? "lost" : copy.status}${copy.raw ? ", raw" : ""}`,
    String(copy.port),
    copy.disk_bytes === null ? "-" : formatBytes(copy.disk_bytes),
    formatAge(copy.created_at),
    expiryOf(copy),
  ];
  const head = ["COPY", ...(foreign ? ["PROJECT"] : []), "STATUS", "PORT", "DISK", "AGE", "EXPIRES"];
  const first = foreign ? 3 : 2;
  return table(copies.map(row), { head, right: [first, first + 1] });
}

function renderSnapshots(snapshots: SnapshotStatus[]): string {
  if (snapshots.length === 0) return "";
  const row = (snapshot: SnapshotStatus) => [
    `${snapshot.copy}/${snapshot.name}`,
    snapshot.parent || "the base",
    snapshot.disk_bytes === null ? "-" : formatBytes(snapshot.disk_bytes),
    formatAge(snapshot.created_at),
  ];
  return table(snapshots.map(row), { head: ["SNAPSHOT", "AFTER", "DISK", "AGE"], right: [2] });
}

/** "2,576", "12.3M": exact as long as it is short. */
function formatCount(count: number): string {
  if (count < 1_000_000) return count.toLocaleString("en");
  return count.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

/** In the largest unit only, so that the table stays narrow. */
function expiryOf({ expires_at }: CopyStatus): string {
  if (expires_at === null) return "never";
  const minutes = (Date.parse(expires_at) - Date.now()) / 60_000;
  if (minutes < 0) return "expired";
  if (minutes < 100) return `in ${Math.ceil(minutes)} min`;
  return minutes < 48 * 60 ? `in ${Math.round(minutes / 60)} h` : `in ${Math.round(minutes / 1440)} d`;
}

function renderWarnings(warnings: string[]): string {
  return renderFacts(warnings.map((warning) => [paint(1).yellow("!"), warning]));
}

/** Labels and texts in two columns; long texts go on below themselves. */
function renderFacts(facts: [string, string][]): string {
  const indent = Math.max(0, ...facts.map(([label]) => Bun.stringWidth(label))) + 2;
  const width = isTerminal(1) ? Math.min(100, terminalWidth(1)) : 80;
  return facts
    .map(([label, text]) => {
      const blank = " ".repeat(indent - Bun.stringWidth(label));
      return `${paint(1).dim(label)}${blank}${wrap(asTypedHere(text).split(" "), width - indent).join(`\n${" ".repeat(indent)}`)}`;
    })
    .join("\n");
}

/** A path with `~` for the user's home. */
export function shortPath(path: string): string {
  const home = homedir();
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
