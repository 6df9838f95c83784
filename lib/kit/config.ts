import type { FileConfig } from "./config-schema.ts";
import { usageError } from "./errors.ts";
import type { UnnamedProject } from "./projects.ts";

export type DumpConfig = FileConfig["dump"];
export type CopyConfig = FileConfig["copy"];
export type ObfuscationConfig = FileConfig["obfuscation"];
export type SourceConfig = Omit<NonNullable<FileConfig["source"]>, "dump" | "copy" | "obfuscation">;

/** The configuration of one command: one project, one of its sources. Durations are in seconds, sizes in bytes (0: no limit), paths absolute. */
export interface Config {
  /** The file that was read; a configuration is optional. */
  file?: string;
  /** The folder that the file's relative paths count from. */
  directory: string;
  project: string;
  /** Set when the configuration names no project, and its folder does. */
  unnamed?: UnnamedProject;
  /** The chosen source's name, "default" when none is configured. */
  sourceName: string;
  /** The chosen source; absent when none is configured, or there are several and none was chosen. */
  source?: SourceConfig;
  /** Names of all configured sources. */
  sources: string[];
  /** These three already hold what the chosen source sets for itself. */
  dump: DumpConfig;
  copy: CopyConfig;
  obfuscation: ObfuscationConfig;
  runtime: FileConfig["runtime"];
  storage: FileConfig["storage"];
  disk: FileConfig["disk"];
}

/** What decides which configuration applies; `cwd` and `env` are the process's own by default. */
export interface ConfigRequest {
  configPath?: string | undefined;
  sourceName?: string | undefined;
  cwd?: string;
  env?: Record<string, string | undefined>;
}

/** Reads and checks the configuration; it is optional. Throws exit 2 naming file, line and the nearest valid key. */
export async function loadConfig(request: ConfigRequest = {}): Promise<Config> {
  // Loaded here because zod and yaml cost 60 ms, which --help must not pay.
  const { readLayers } = await import("./config-layers.ts");
  return readLayers(request);
}

/** The chosen source. Throws exit 2 when there is none to choose. */
export function requireSource(config: Config): SourceConfig {
  if (config.source !== undefined) return config.source;
  if (config.sources.length > 0) {
    const names = config.sources.map((name) => `"${name}"`).join(", ");
    throw usageError(`Cannot choose a source: there are ${names}`, "Name one with --source", "SOURCE_AMBIGUOUS");
  }
  throw usageError(
    config.file === undefined
      ? "No source is configured: there is no ditto.yaml here"
      : `No source is configured: "${config.file}" has no "source"`,
    'Run "bun scripts/setup.ts", or set DITTO_SOURCE_URL=postgres://user@host/database',
    "NO_SOURCE",
  );
}
