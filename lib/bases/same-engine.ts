import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import type { DetectedDump } from "./files.ts";

/** A base belongs to a source: a file of another engine is a mistake. A URL that is a secret isn't fetched for this. */
export function refuseOtherEngine(
  config: Config,
  file: Pick<DetectedDump, "name" | "engine" | "flavour">,
  what: "dump" | "base" = "dump",
): void {
  const { engine = "", url = "" } = config.source ?? {};
  const named = /^(?:jdbc:)?(postg|pgsql|mysql|mariadb)/i.exec(engine || url)?.[1]?.toLowerCase();
  if (!file.engine || named === undefined) return;
  const family = named.startsWith("p") ? "postgres" : "mysql";
  if (family === file.engine) return;
  throw new DittoError(
    `Cannot load "${file.name}": it is a ${file.flavour} ${what}, and the source "${config.sourceName}" is of ${family}`,
    {
      code: "ENGINE_MISMATCH",
      exit: 2,
      hint: `Choose the source that it belongs to with --source, or a ${what} of this one`,
    },
  );
}
