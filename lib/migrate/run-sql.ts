import { join, relative } from "node:path";
import { accessTo, type CopyRecord, runtimeIdOf } from "../copies/record.ts";
import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import { interrupted } from "../kit/cleanup.ts";
import { formatDuration } from "../kit/units.ts";
import { runtimeNamed } from "../runtime/open.ts";
import type { ProjectFolder } from "./project-folder.ts";

/** The end of what was run. */
export interface RunEnd {
  status: number;
  /** Where and why it failed, when that is known. */
  failure?: string;
}

interface SqlRun {
  folder: ProjectFolder;
  names: string[];
  say(text: string): void;
  onOutput(text: string): void;
}

/** Runs SQL files in a copy, each by the engine's own client beside the server, up to the first that fails. */
export async function runSqlFiles(copy: CopyRecord, { folder, names, say, onOutput }: SqlRun): Promise<RunEnd> {
  const engine: ServerEngine = servers[copy.engine];
  const runtime = await runtimeNamed(copy.runtime, () => {});
  const toolbox = await runtime.insideCopy(runtimeIdOf(copy), copy.frozen);
  const access = await accessInside(copy);
  try {
    for (const name of names) {
      const begun = performance.now();
      const path = join(folder.path, name);
      const child = await toolbox.start(engine.scriptClient(access, copy.server), { input: "data" });
      const reading = passOn(child.stdout, onOutput);
      for await (const chunk of Bun.file(path).stream()) await child.stdin.write(chunk);
      await child.stdin.end();
      await reading;
      const { status, stderr } = await child.done;
      if (stderr.trim() !== "") onOutput(`${stderr.trim().replaceAll("psql:<stdin>:", `${name}:`)}\n`);
      const error = engine.scriptError(stderr);
      // MySQL's client ends with 1, psql with 3; either may have been ended by a signal.
      if (status !== 0 || interrupted()) {
        const shown = relative(process.cwd(), path);
        const where = error ? `${shown}:${error.line}: ${error.message}` : `${shown} (status ${status})`;
        return { status: status || 1, failure: where };
      }
      say(`${name}  ${formatDuration(performance.now() - begun)}`);
    }
    return { status: 0 };
  } finally {
    await toolbox.close();
  }
}

/** How a client beside the copy's server reaches it. */
export async function accessInside(copy: CopyRecord) {
  const access = await accessTo(copy);
  if (copy.runtime === "native") return access;
  return { ...access, host: "127.0.0.1", port: servers[copy.engine].defaultPort };
}

async function passOn(stream: ReadableStream<Uint8Array>, onOutput: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) onOutput(decoder.decode(chunk, { stream: true }));
}
