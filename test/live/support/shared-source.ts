import { afterAll } from "bun:test";
import { type Source, type SourceRequest, startSource } from "../../provision/sources.ts";

const sources = new Map<string, Promise<Source>>();

// A worker lives on when a file has ended, and an idle server takes memory of those that come.
afterAll(async () => {
  const running = await Promise.allSettled(sources.values());
  sources.clear();
  await Promise.all(running.map((source) => (source.status === "fulfilled" ? source.value.stop() : undefined)));
});

/** One server per request for all tests of a file; it goes with it, however the process ends. */
export function shareSource(request: SourceRequest): Promise<Source> {
  const key = JSON.stringify(request);
  const running = sources.get(key) ?? startSource(request).then(reaped);
  sources.set(key, running);
  return running;
}

/** A shell waits at the other end of a pipe for this process to end: a killed one runs no hook. */
function reaped(source: Source): Source {
  const script = 'trap "" INT TERM HUP; cat; docker rm -f -v "$0"';
  const child = Bun.spawn(["sh", "-c", script, source.containerName], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  child.unref();
  return source;
}
