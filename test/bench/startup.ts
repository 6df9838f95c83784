import { loadavg } from "node:os";
import { join } from "node:path";
import { withCleanup } from "../../lib/kit/cleanup.ts";
import { closeHome, openHome } from "./home.ts";
import type { Startup } from "./results.ts";
import { summarize } from "./stats.ts";
import { timedWell } from "./timed.ts";

/** Times the commands that must answer at once, whole processes, in turn with an empty one. */
export async function measureStartup(scratch: string, runs: number): Promise<Startup> {
  const home = openHome(scratch, {});
  return withCleanup(
    async () => {
      const load = loadavg();
      const empty = join(home.folder, "empty.ts");
      await Bun.write(empty, "export {};\n");
      const bun: number[] = [];
      const help: number[] = [];
      const list: number[] = [];
      for (let run = 0; run < runs; run++) {
        bun.push((await timedWell([process.execPath, empty], { cwd: home.folder })).ms);
        help.push((await home.run("copy", ["--help"])).ms);
        list.push((await home.run("copy", ["list"])).ms);
      }
      return {
        measured_at: new Date().toISOString(),
        load_before: load,
        bun: summarize(bun),
        help: summarize(help),
        list: summarize(list),
      };
    },
    () => closeHome(home.folder),
  );
}
