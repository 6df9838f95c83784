import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDownload } from "../../../lib/bases/download.ts";
import { findUrl } from "../../../lib/bases/url-dump.ts";
import { redact } from "../../../lib/kit/errors.ts";
import { manifestOf } from "./dump-manifest.ts";
import { setEnvironment } from "./environment.ts";

const home = mkdtempSync(join(tmpdir(), "ditto-url-"));
const SQL = "create table t(x int);\n";
const asked: string[] = [];

/** Answers with what the path names. */
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    const login = request.headers.get("authorization");
    asked.push(`${pathname}${search} ${login ?? ""}`.trim());
    const routes: Record<string, () => Response> = {
      "/plain.sql": () => new Response(SQL),
      "/with.sql": () => new Response(SQL),
      "/with.sql.json": () => Response.json(manifestOf(Buffer.from(SQL), 1)),
      "/changed.sql": () => new Response(SQL.replace("x", "y")),
      "/changed.sql.json": () => Response.json(manifestOf(Buffer.from(SQL), 1)),
      "/same.sql": () => new Response(SQL),
      "/same.sql.json": () => new Response(SQL),
      "/busy.sql": () => new Response(SQL),
      "/busy.sql.json": () => new Response("busy", { status: 503 }),
      "/packed.sql.gz": () => new Response(Bun.gzipSync(SQL), { headers: { "content-encoding": "gzip" } }),
      "/moved.sql": () => Response.redirect("/plain.sql", 302),
      "/loop.sql": () => Response.redirect("/loop.sql"),
      "/leak.sql": () => Response.redirect("http://db.example.com/dump.sql?token=abc"),
      "/away.sql": () => Response.redirect(`http://localhost:${server.port}/plain.sql`),
      "/page.sql": () => new Response("<html>log in</html>", { headers: { "content-type": "text/html" } }),
      "/private.sql": () => (login ? new Response(SQL) : new Response("no", { status: 401 })),
    };
    return routes[pathname]?.() ?? new Response("not found", { status: 404 });
  },
});
/** Promises more than it sends. */
const liar = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    data(socket, request) {
      const found = !request.toString().includes(".json");
      socket.write(
        found ? "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc" : "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
      );
      // On a busy machine the end may else be read before what was sent.
      setTimeout(() => socket.end(), 300);
    },
  },
});
const base = `http://127.0.0.1:${server.port}`;

const restore = setEnvironment({ DITTO_HOME: home });
afterAll(async () => {
  restore();
  rmSync(home, { recursive: true, force: true });
  liar.stop(true);
  await server.stop(true);
});

const fetched = async (url: string) =>
  withDownload(await findUrl(url), { step: () => ({ update() {} }) }, (path) => Bun.file(path).bytes());
const textOf = async (url: string) => Buffer.from(await fetched(url)).toString();

describe("--from https://", () => {
  test("fetches a file, checks it against the manifest beside it, and leaves nothing", async () => {
    expect(await textOf(`${base}/plain.sql`)).toBe(SQL);
    expect(await textOf(`${base}/with.sql`)).toBe(SQL);
    expect((await findUrl(`${base}/same.sql`)).manifest).toBeUndefined();
    expect((await findUrl(`${base}/with.sql`)).manifest?.database).toBe("app");
    await expect(fetched(`${base}/changed.sql`)).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    expect(readdirSync(join(home, "work"))).toEqual([]);
  });

  test("is refused where a manifest may be there and can't be had", async () => {
    await expect(fetched(`${base}/busy.sql`)).rejects.toMatchObject({
      code: "URL_FAILED",
      message: expect.stringContaining(`its server can't send "${base}/busy.sql.json" (HTTP 503)`),
    });
  });

  test("takes compressed files as they lie there", async () => {
    expect(await fetched(`${base}/packed.sql.gz`)).toEqual(new Uint8Array(Bun.gzipSync(SQL)));
  });

  test("follows redirects, but not to where others can read along, and not for ever", async () => {
    expect(await textOf(`${base}/moved.sql`)).toBe(SQL);
    await expect(fetched(`${base}/loop.sql`)).rejects.toMatchObject({ code: "URL_FAILED" });
    const leak = await fetched(`${base}/leak.sql`).catch((error) => `${error.code}: ${error.message}`);
    expect(leak).toBe(
      `URL_REFUSED: Cannot load "${base}/leak.sql": its server sends on to "db.example.com" by plain http`,
    );
  });

  test("a login goes to its own server only, and never into a message", async () => {
    const url = (path: string) => `http://clerk:open%20sesame@127.0.0.1:${server.port}${path}`;
    expect(await textOf(url("/private.sql"))).toBe(SQL);
    const header = `Basic ${Buffer.from("clerk:open sesame").toString("base64")}`;
    expect(asked.filter((line) => line.startsWith("/private.sql")).every((line) => line.endsWith(header))).toBe(true);
    asked.length = 0;
    await fetched(url("/away.sql"));
    expect(asked).toEqual([`/away.sql.json ${header}`, `/away.sql ${header}`, "/plain.sql"]);
    const missing = await fetched(`${url("/none.sql")}?X-Amz-Signature=0123456789abcdef01`).catch((error) => error);
    expect(missing).toMatchObject({
      code: "DUMP_MISSING",
      message: `Cannot load "${base}/none.sql": there is no such file (HTTP 404)`,
    });
    expect(redact("open sesame 0123456789abcdef01")).toBe("*** ***");
  });

  test("plain http, folders, pages and what was cut off are refused in a sentence", async () => {
    await expect(fetched("http://me:hush@example.com/a.sql")).rejects.toMatchObject({
      ...{ exit: 2, message: expect.stringContaining('Cannot load "http://example.com/a.sql": plain http') },
    });
    await expect(fetched("https://example.com/dump.dir/")).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining("it is a folder"),
    });
    await expect(fetched(`${base}/page.sql`)).rejects.toMatchObject({ code: "DUMP_FOREIGN" });
    await expect(fetched(`${base}/private.sql`)).rejects.toMatchObject({ code: "URL_DENIED" });
    await expect(fetched("https://127.0.0.1:9/a.sql")).rejects.toMatchObject({ code: "URL_UNREACHABLE" });
    await expect(fetched(`http://127.0.0.1:${liar.port}/a.sql`)).rejects.toMatchObject({
      code: "DOWNLOAD_CUT_OFF",
      message: expect.stringContaining("the download was cut off after 3 B of 0.98 kB"),
    });
  });
});
