import type { ServerVersion } from "../../engine/index.ts";
import { toolNames } from "../../engine/mysql/tools.ts";
import { atLeast, majorMinorOf } from "../../engine/mysql/version.ts";
import type { Versions } from "../build.ts";

/** The tool that dumps a source, its own flavour's name first. */
export function dumpTool(source: ServerVersion): string[] {
  return toolNames(source, "dump");
}

/** False for an older tool, or the other flavour's: it leaves out what it doesn't know. */
export function canDump(tool: ServerVersion, source: ServerVersion): boolean {
  return tool.flavour === source.flavour && atLeast(tool, majorMinorOf(source));
}

/** Why these versions can't make a base together, and the way out; undefined: they can. */
export function misfitOf({ source, tool }: Versions): { state: string; hint: string } | undefined {
  if (canDump(tool, source)) return undefined;
  const own = `${source.flavour} ${source.version}`;
  return {
    state: `the source is ${own}, and the dump tool is ${tool.flavour} ${tool.version}`,
    hint: `Name an image with the tools of ${own} in dump.client_image, or install them`,
  };
}
