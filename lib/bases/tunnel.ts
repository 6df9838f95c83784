import { connect } from "node:net";
import { withCleanup } from "../kit/cleanup.ts";
import { DittoError, usageError } from "../kit/errors.ts";
import { type Child, start } from "../kit/exec.ts";
import { quoteShell } from "../kit/shell.ts";
import type { DatabaseUrl } from "../kit/url.ts";

/** How long a tunnel may take until its end here accepts connections, in milliseconds. */
const OPEN_LIMIT_MS = 30_000;

/**
 * POSIX sh around the user's command. Its stdin is a lifeline: it closes when ditto dies, be it by SIGKILL, and then the
 * command goes with all that it started.
 */
const LIFELINE = `
exec 3<&0
trap 'trap "" TERM; kill -TERM 0' TERM INT HUP
sh -c "$1" </dev/null >&2 3<&- & child=$!
{ cat <&3 >/dev/null; kill -TERM 0; } & watch=$!
exec 3<&-
wait "$child"; status=$?
kill "$watch" 2>/dev/null
exit "$status"
`;

/**
 * Runs `action` with the source as it is reached through `command`, which is started, watched and ended here; without a
 * command with the source as it is. A tunnel that ends early is what the error then says, with its output.
 */
export async function throughTunnel<T>(
  command: string,
  source: DatabaseUrl,
  action: (source: DatabaseUrl) => Promise<T>,
): Promise<T> {
  if (command === "") return action(source);
  const port = await freePort();
  const child = start(["sh", "-c", LIFELINE, "ditto", fillIn(command, source, port)], { detached: true });
  let ended: number | undefined;
  child.done.then(({ status }) => {
    ended = status;
  });
  const died = () => (ended === undefined ? undefined : tunnelDied(ended, child.errorsSoFar()));
  return withCleanup(
    async () => {
      await untilOpen(port, died, child);
      try {
        return await action({ ...source, via: { host: "127.0.0.1", port } });
      } catch (error) {
        // What broke with the tunnel tells of a lost connection only. Its end is seen a moment later.
        await Bun.sleep(200);
        throw died() ?? withOutput(error, child.errorsSoFar());
      }
    },
    () => endTunnel(child),
  );
}

/** The command with `{local_port}`, `{host}` and `{port}` filled in, quoted for the shell. Throws exit 2 for one that can't work. */
function fillIn(command: string, source: DatabaseUrl, localPort: number): string {
  if (source.socket !== undefined) {
    throw usageError(
      "Cannot open the tunnel: the source is a socket on this host",
      "Remove source.tunnel, or name the source's host and port in source.url",
    );
  }
  if (!command.includes("{local_port}")) {
    throw usageError(
      "Cannot open the tunnel: source.tunnel does not say where it listens",
      'Write {local_port} where the command names its port here: "ssh -N -L {local_port}:{host}:{port} bastion"',
    );
  }
  const values: Record<string, string> = {
    local_port: String(localPort),
    host: /^[\w.:-]+$/.test(source.host) ? source.host : quoteShell(source.host),
    port: String(source.port),
  };
  return command.replace(/\{(local_port|host|port)\}/g, (_, name: string) => values[name] ?? "");
}

async function untilOpen(port: number, died: () => DittoError | undefined, child: Child): Promise<void> {
  const deadline = Date.now() + OPEN_LIMIT_MS;
  while (Date.now() < deadline) {
    const early = died();
    if (early) throw early;
    if (await accepts(port)) return;
    await Bun.sleep(50);
  }
  throw new DittoError(
    `Cannot open the tunnel: nothing listens on 127.0.0.1:${port} after ${OPEN_LIMIT_MS / 1000} s${saidAs(child.errorsSoFar())}`,
    { code: "TUNNEL_FAILED", hint: "Check that source.tunnel listens on {local_port} of this host" },
  );
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

async function freePort(): Promise<number> {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

function tunnelDied(status: number, said: string): DittoError {
  return new DittoError(`Cannot reach the source: the tunnel ended with status ${status}${saidAs(said)}`, {
    code: "TUNNEL_FAILED",
    hint: "Run the command of source.tunnel by hand; it must stay open, and must not ask for anything (ssh -N -o BatchMode=yes)",
  });
}

/** A tunnel that is open may still not reach the host behind it, which only it tells. */
function withOutput(error: unknown, said: string): unknown {
  if (error instanceof DittoError && said.trim() !== "") error.message += saidAs(said, "; the tunnel said");
  return error;
}

function saidAs(said: string, before = ":"): string {
  const lines = said.trim().split("\n").slice(-5).join("\n  ");
  return lines === "" ? "" : `${before}\n  ${lines}`;
}

async function endTunnel(child: Child): Promise<void> {
  // Its lifeline: the whole group goes with it.
  await child.stdin.end();
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await child.done;
  clearTimeout(timer);
}
