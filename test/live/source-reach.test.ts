import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import type { Source } from "../provision/sources.ts";
import { makeProject, type Project } from "./support/project.ts";
import { startSshd } from "./support/sshd.ts";
import { type Authority, makeAuthority, startTlsSource, TLS_NAME } from "./support/tls.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

const { docker, images } = readProvisioned();
const missing = docker.available && images["postgres:17"] && images["mariadb:11.8"] ? undefined : "no docker or images";
const FORWARD = join(import.meta.dir, "../fixtures/forward.ts");

const SHOP: Record<string, string> = {
  postgres:
    "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 500) n",
  mariadb:
    "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items SELECT seq, concat('item ', seq) FROM seq_1_to_500",
};

for (const engine of ["postgres", "mariadb"] as const) {
  describe.skipIf(missing !== undefined)(
    `A ${engine} that takes TLS only, of a private authority${missing ? ` (${missing})` : ""}`,
    () => {
      let folder: string;
      let authority: Authority;
      let source: Source;
      let project: Project;
      const image = images[engine === "postgres" ? "postgres:17" : "mariadb:11.8"];

      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "ditto-tls-"));
        authority = await makeAuthority(folder);
        source = await startTlsSource(engine, authority);
        await source.sql(SHOP[engine] ?? "");
        project = await makeProject();
      });
      afterAll(async () => {
        await source?.stop();
        await project?.remove();
        rmSync(folder, { recursive: true, force: true });
      });

      const configure = (settings: object, host = TLS_NAME, runtime = "docker") =>
        project.configure({
          source: { url: source.url.replace("127.0.0.1", host), ...settings },
          copy: runtime === "docker" ? { image } : {},
          runtime,
        });
      /** The port stands in the tunnel's own words, as a bastion sees another address than we. */
      const forward = () => `${process.execPath} ${FORWARD} {local_port} 127.0.0.1 {port}`;
      const rows = async () => (await project.json<{ rows: number }>("reseed")).rows;

      test("is read with the authority's certificate and the name that it is for", async () => {
        configure({ tls: { ca: authority.ca, server_name: TLS_NAME } }, "127.0.0.1");
        expect(await rows()).toBe(500);
      });

      test("is refused without the authority, and with another name", async () => {
        configure({ tls: { mode: "verify-full" } }, "127.0.0.1");
        expect(await project.run("reseed")).toMatchObject({
          status: 1,
          stderr: expect.stringContaining("not trusted"),
        });
        configure({ tls: { ca: authority.ca } }, "127.0.0.1");
        expect(await project.run("reseed")).toMatchObject({
          status: 1,
          stderr: expect.stringContaining("not trusted"),
        });
      });

      test("is reached through a command, and the name is still its own", async () => {
        configure({ tls: { ca: authority.ca, mode: "verify-full" }, tunnel: forward() });
        expect(await rows()).toBe(500);
        configure({
          tls: { ca: authority.ca, mode: "verify-full", server_name: "other.ditto.test" },
          tunnel: forward(),
        });
        expect(await project.run("reseed")).toMatchObject({
          status: 1,
          stderr: expect.stringContaining("not trusted"),
        });
      });

      test("is reached through ssh", async () => {
        const ssh = await startSshd(folder);
        try {
          configure({
            tls: { ca: authority.ca, mode: "verify-full" },
            tunnel: `ssh -N -o ExitOnForwardFailure=yes -L {local_port}:127.0.0.1:{port} ${ssh.login}`,
          });
          expect(await rows()).toBe(500);
          expect(await processesWith("ssh -N")).toBe("");
        } finally {
          ssh.stop();
        }
      });

      test("a tunnel that ends is said with its words, and none lives on", async () => {
        configure({ tunnel: "echo no route to bastion >&2; exit 7 # {local_port}" });
        expect(await project.run("reseed")).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(/tunnel ended with status 7:\n {2}no route to bastion\n/),
        });
        configure({ tunnel: `${process.execPath} ${FORWARD} {local_port} 127.0.0.1 1` });
        expect(await project.run("reseed")).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(/tunnel ended with status 3:[\s\S]*cannot reach 127\.0\.0\.1:1/),
        });
        configure({ tunnel: "sleep 300" });
        expect(await project.run("reseed")).toMatchObject({
          status: 2,
          stderr: expect.stringContaining("{local_port}"),
        });
        configure({ tls: { ca: authority.ca }, tunnel: forward() });
        const running = project.start("reseed", ["--verbose"]);
        await until(() => running.stderr().includes("Open the workshop"));
        running.kill("SIGKILL");
        await running.done;
        await until(async () => (await processesWith(FORWARD)) === "");
        expect(await project.run("copy", ["prune"])).toMatchObject({ status: 0 });
      });

      test("with the tools of this host, too", async () => {
        const found = readProvisioned().native;
        const major = engine === "postgres" ? found.postgresBin : found.mariadbServer;
        expect(major).not.toBeNull();
        configure({ tls: { ca: authority.ca, mode: "verify-full" }, tunnel: forward() }, TLS_NAME, "native");
        const { status, stderr } = await project.run("reseed");
        // This host's tools are older than the source: they are refused by their version, and not by a name.
        expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.not.stringContaining("trusted") });
      });
    },
  );
}

async function processesWith(text: string): Promise<string> {
  const { stdout } = await attempt(["pgrep", "-f", "--", text]);
  return stdout.trim();
}
