import { type Source, type SourceRequest, startSource } from "../../provision/sources.ts";

const sources = new Map<string, Promise<Source>>();

/** One server per request for all test files of this process; it goes when the process ends, however it ends. */
export function shareSource(request: SourceRequest): Promise<Source> {
  const key = JSON.stringify(request);
  const running = sources.get(key) ?? startSource(request).then(reaped);
  sources.set(key, running);
  return running;
}

/** A shell waits at the other end of a pipe for this process to end: tests have no hook for that. */
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
