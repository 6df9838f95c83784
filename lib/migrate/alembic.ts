import { join } from "node:path";
import { type DatabaseUrl, formatDatabaseUrl } from "../kit/url.ts";

/** A copy's URL as SQLAlchemy wants it, with the driver that another one names: `postgresql+psycopg://…`. */
export function sqlalchemyUrl(access: DatabaseUrl, like = ""): string {
  const scheme = /^(postgresql|mysql|mariadb)(\+\w+)?(?=:\/\/)/.exec(like)?.[0];
  const usual = access.engine === "postgres" ? "postgresql" : "mysql+pymysql";
  const fits = scheme?.startsWith(access.engine === "postgres" ? "postgresql" : "m") ?? false;
  return formatDatabaseUrl(access).replace(/^\w+/, fits ? (scheme ?? usual) : usual);
}

/**
 * alembic.ini with the copy's URL in the place of its own, which may be production's; undefined where it has none, and
 * the project's env.py asks for it elsewhere. The file will lie somewhere else, so places that count from it are written out.
 */
export function alembicFile(ini: string, folder: string, access: DatabaseUrl): string | undefined {
  const line = /^(sqlalchemy\.url[ \t]*[=:][ \t]*)(.*(?:\n[ \t]+\S.*)*)$/gm;
  if (!line.test(ini)) return undefined;
  const here = folder.replaceAll("%", "%%");
  return ini
    .replace(line, (_, name: string, old: string) => name + sqlalchemyUrl(access, old.trim()).replaceAll("%", "%%"))
    .replaceAll("%(here)s", () => here)
    .replace(/^(script_location[ \t]*[=:][ \t]*)(?![/:]|.*:)(\S.*)$/gm, (_, name: string, place: string) =>
      place.startsWith(here) ? name + place : name + join(here, place),
    );
}
