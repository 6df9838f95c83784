import { type DumpManifest, dumpKey } from "../../../lib/bases/store.ts";

/** A manifest of these bytes, made on this day of January 2026. */
export function manifestOf(
  content: Uint8Array,
  day: number,
  of = { database: "app", source: "default" },
): DumpManifest {
  const owner = { project: "shop", profile: "none", ...of };
  const time = new Date(Date.UTC(2026, 0, day));
  return {
    ...{ version: 1, key: dumpKey(owner, time), ...owner, engine: "postgres", flavour: "postgres" },
    ...{ server_version: "17.6", ditto_version: "0.1.0", tables: [], duration_ms: 1, warnings: [], disarmed: [] },
    bytes: content.length,
    sha256: new Bun.CryptoHasher("sha256").update(content).digest("hex"),
    created_at: time.toISOString(),
  };
}
