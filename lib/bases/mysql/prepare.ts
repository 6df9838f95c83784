import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import { adminArguments, toolNames } from "../../engine/mysql/tools.ts";
import { isMysql } from "../../engine/mysql/version.ts";
import { DittoError } from "../../kit/errors.ts";
import { quoteShell as sh } from "../../kit/shell.ts";
import type { Build, SourceBuild } from "../build.ts";
import { sql } from "./admin.ts";

/** Makes the build's empty database, with the source's character set where there is one. */
export async function createDatabase(build: Build, traits: Record<string, string> = {}): Promise<void> {
  const { database_character_set: charset, database_collation: collation } = traits;
  const options = charset && collation ? ` CHARACTER SET ${charset} COLLATE ${collation}` : "";
  await sql(build, `CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(build.database)}${options};\n`);
}

/** Settings under which definitions are taken that a strict or newer server would refuse, as the source once did not. */
export function definitionSettings({ server }: Build): string {
  const settings = ["foreign_key_checks = 0", "innodb_strict_mode = 0"];
  if (isMysql(server, "8.0.13")) settings.push("sql_require_primary_key = 0");
  if (isMysql(server, "8.0.30")) settings.push("sql_generate_invisible_primary_key = 0");
  if (isMysql(server, "8.4")) settings.push("restrict_fk_on_non_standard_key = 0");
  return settings.map((setting) => `SET SESSION ${setting};\n`).join("");
}

/** Time zones by name, when the source has them: views, events and sessions may use them. */
export async function loadTimeZones(build: SourceBuild): Promise<void> {
  if (build.look.traits.time_zone_names !== "yes") return;
  const { place } = build.workshop;
  const names = (tool: "tzinfo" | "client") => toolNames(build.server, tool).map(sh).join(" ");
  const client = [...adminArguments(place), "--database=mysql"].map(sh).join(" ");
  const script = `first() { for name; do if command -v "$name" >/dev/null 2>&1; then echo "$name"; return; fi; done; return 1; }
tzinfo=$(first ${names("tzinfo")}) && client=$(first ${names("client")}) && [ -d /usr/share/zoneinfo ] || exit 3
{ echo "SET SESSION sql_mode = '';"; "$tzinfo" /usr/share/zoneinfo 2>/dev/null; } | "$client" ${client} >/dev/null`;
  const { status } = await build.workshop.run({ tool: "sh", args: ["-c", script] });
  if (status === 0) return;
  if (/^[a-z]+\/|^(?!SYSTEM|UTC)[a-z]/i.test(build.look.traits.time_zone ?? "")) {
    throw new DittoError(
      `Cannot build the base: the source's time zone is "${build.look.traits.time_zone}", and the image has no time zones`,
      {
        code: "TIME_ZONES_MISSING",
        hint: "Name an image with tzdata in copy.image, or set copy.settings.default_time_zone to an offset like '+01:00'",
      },
    );
  }
  build.warn("Time zones by name (CONVERT_TZ, SET time_zone) don't work in the copies: the image lacks their files");
}
