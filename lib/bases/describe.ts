import { formatBytes, formatDuration } from "../kit/units.ts";
import { type BaseRecord, isMasked } from "./catalogue.ts";

/** A base as JSON (snake_case, stable) and in words. */
export function describeBase(base: BaseRecord): { json: Record<string, unknown>; text: string } {
  return {
    json: {
      id: base.id,
      project: base.project,
      source: base.source,
      profile: base.profile,
      masked: isMasked(base),
      raw: base.raw,
      engine: base.server.flavour,
      version: base.server.version,
      database: base.database,
      runtime: base.frozen.runtime,
      method: base.frozen.method,
      bytes: base.frozen.bytes,
      tables: base.tables,
      rows: base.rows,
      dump_key: base.dumpKey,
      dump_sha256: base.dumpSha256,
      duration_ms: base.durationMs,
      warnings: base.warnings,
      disarmed: base.disarmed ?? [],
      created_at: base.createdAt,
    },
    text: `Base ${base.id} of "${base.project}" is ready: ${base.server.flavour} ${base.server.version}, ${base.tables} tables, ${base.rows.toLocaleString("en")} rows, ${formatBytes(base.frozen.bytes)}, ${formatDuration(base.durationMs)} (${base.frozen.method})${base.raw ? "; it is raw" : ""}`,
  };
}
