import { majorOf } from "../../engine/postgres/server.ts";
import type { Versions } from "../build.ts";

/** The tool that dumps a source. */
export function dumpTool(): string[] {
  return ["pg_dump"];
}

/** Why these versions can't make a base together, and the way out; undefined: they can. */
export function misfitOf({ source, tool, copies }: Versions): { state: string; hint: string } | undefined {
  const [own, client, server] = [source, tool, copies].map((one) => Number(majorOf(one))) as [number, number, number];
  if (client < own) {
    return {
      state: `pg_dump ${tool.version} is older than the source's Postgres ${source.version}`,
      hint: `Name an image of Postgres ${own} in dump.client_image, or install its client tools`,
    };
  }
  if (server < own) {
    return {
      state: `the source runs Postgres ${source.version}, copies only ${copies.version}`,
      hint: `Name an image of Postgres ${own} in copy.image`,
    };
  }
  if (client <= server) return undefined;
  return {
    state: `pg_dump ${tool.version} writes what the copies' Postgres ${copies.version} can't read`,
    hint: `Name an image of Postgres ${own} in dump.client_image, or one of ${client} in copy.image`,
  };
}
