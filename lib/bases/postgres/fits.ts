import { majorOf } from "../../engine/postgres/server.ts";
import { DittoError } from "../../kit/errors.ts";
import type { Build, SourceLook } from "../build.ts";
import { sql } from "./sql.ts";

/** Checks version, extensions, preloaded libraries and locales of the source against the workshop's server, before the first byte. */
export async function fits(build: Build, source: SourceLook): Promise<void> {
  if (Number(majorOf(source.server)) > Number(majorOf(build.server))) {
    throw unfit(
      `the source runs Postgres ${source.server.version}, the image only ${build.server.version}`,
      `Name an image of Postgres ${majorOf(source.server)} in copy.image`,
    );
  }
  if (source.role === "replica" && source.traits.unlogged) {
    build.warn(
      `Unlogged tables are empty in the base, because a replica has no rows of them: ${source.traits.unlogged}`,
    );
  }
  await extensionsFit(build, source);
  await localesFit(build, source.traits);
}

async function extensionsFit(build: Build, source: SourceLook): Promise<void> {
  const available = new Set((await sql(build, "SELECT name FROM pg_available_extensions")).split("\n"));
  const missing = source.extensions.map(({ name }) => name).filter((name) => !available.has(name));
  if (missing.length > 0) {
    throw unfit(
      `the image has no extension ${missing.map((name) => `"${name}"`).join(", ")}, which the source uses`,
      "Name an image that has it in copy.image, e.g. postgis/postgis:17-3.5 or timescale/timescaledb:latest-pg17",
    );
  }
  const preloaded = (source.traits.preload ?? "").split(",").map((library) => library.trim());
  const unloaded = source.extensions.map(({ name }) => name).filter((name) => preloaded.includes(name));
  if (unloaded.length > 0) {
    build.warn(
      `The source preloads ${unloaded.join(", ")}; copies do so only when copy.settings.shared_preload_libraries says it`,
    );
  }
}

/** Checks the locales that a database was made with or uses against the workshop's server. */
export async function localesFit(build: Build, traits: Record<string, string>): Promise<void> {
  const used = [traits.lc_collate ?? "", traits.lc_ctype ?? "", ...(traits.collations ?? "").split("\n")];
  const wanted = used.filter((name) => !["", "C", "POSIX", "default"].includes(name));
  if (wanted.length === 0) return;
  const known = new Set(
    (await sql(build, "SELECT collname FROM pg_collation UNION SELECT collcollate FROM pg_collation"))
      .split("\n")
      .map(plain),
  );
  const missing = new Set(wanted.filter((name) => !known.has(plain(name))));
  if (missing.size === 0) return;
  throw unfit(
    `the copies' server does not know the locale ${[...missing].map((name) => `"${name}"`).join(", ")}, which the database uses`,
    `In containers, name an image with that locale in copy.image (FROM postgres:${majorOf(build.server)}; RUN localedef …); on this host itself, generate it (Debian: apt-get install locales, then localedef -i en_US -f UTF-8 en_US.utf8, or whichever it is)`,
  );
}

/** `en_US.UTF-8` and `en_US.utf8` are one. */
function plain(locale: string): string {
  return locale.toLowerCase().replace(/[^a-z0-9@]/g, "");
}

function unfit(state: string, hint: string): DittoError {
  return new DittoError(`Cannot build the base: ${state}`, { code: "IMAGE_UNFIT", hint });
}
