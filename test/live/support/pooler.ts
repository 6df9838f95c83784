import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Source } from "../../provision/sources.ts";

/** Where Debian's package puts it; null where it is not installed. */
export const pgbouncer = Bun.which("pgbouncer", { PATH: `${process.env.PATH}:/usr/sbin` });

/** PgBouncer with transaction pooling on a free port. It refuses to run as root. */
export async function startPgBouncer(source: Source): Promise<{ port: number; stop(): Promise<void> }> {
  const folder = mkdtempSync("/tmp/ditto-pooler-");
  chmodSync(folder, 0o755);
  const socket = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = socket;
  socket.stop(true);
  writeFileSync(join(folder, "users"), `"${source.user}" "${source.password}"\n`);
  writeFileSync(
    join(folder, "ini"),
    `[databases]\n* = host=${source.host} port=${source.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\n` +
      `unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = ${join(folder, "users")}\npool_mode = transaction\n`,
  );
  const asNobody = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  const child = Bun.spawn([...asNobody, pgbouncer ?? "", join(folder, "ini")], { stdout: "ignore", stderr: "ignore" });
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
