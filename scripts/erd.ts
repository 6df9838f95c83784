#!/usr/bin/env bun
/**
 * Draws the tables of a database and how they hang together. Rows are not looked at.
 *
 * Usage:
 *   bun scripts/erd.ts [REF]                        print a Mermaid diagram
 *   bun scripts/erd.ts [REF] --output shop.html     a page that works offline: pan, zoom, search, from table to table
 *
 * REF is source, base, copy:ID, snapshot:COPY/NAME, a URL, or a .sql file that is loaded into a throwaway server
 * (default: base, in a throwaway copy).
 *
 * Options:
 *   --format F        mermaid, dbml, dot, svg, html, json or markdown (default: by the output's ending, else mermaid)
 *   --output PATH     write there instead of printing
 *   --schema NAME     only this schema; may be repeated
 *   --table NAME      only this table and its neighbours
 *   --depth N         how many foreign keys its neighbours may be away (default: 1)
 *   --against REF     colour what is added, removed or changed since that database
 *   --engine SERVER   what a .sql file is loaded into, e.g. postgres:17, mysql:9.7, mariadb:11.8
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";

const erdFlags = flags({
  format: { type: "string", choices: ["mermaid", "dbml", "dot", "svg", "html", "json", "markdown"] },
  output: { type: "string" },
  schema: { type: "string", multiple: true },
  table: { type: "string" },
  depth: { type: "integer", min: 0, max: 1000 },
  against: { type: "string" },
  engine: { type: "string" },
});

await script(import.meta, { positionals: [0, 1], argument: "REF", flags: erdFlags, run: draw });

async function draw(call: Call<typeof erdFlags>): Promise<void> {
  const [erd, { readDiagrams }, { saveText }] = await Promise.all([
    import("../lib/erd/index.ts"),
    import("../lib/reference/diagram.ts"),
    import("../lib/kit/output.ts"),
  ]);
  const { flags: wish } = call;
  const format = wish.format ?? erd.formatOf(wish.output) ?? (call.json ? "json" : "mermaid");
  const diagram = await readDiagrams([call.positionals[0] ?? "base", wish.against], call);
  const text = await erd.writeDiagram(diagram, format);
  if (wish.output === undefined) {
    return call.answer(format === "json" ? JSON.parse(text) : { format, text }, () => text.trimEnd());
  }
  await saveText(wish.output, text);
  const counts = { tables: diagram.entities.length, foreign_keys: diagram.relations.length };
  call.answer({ output: wish.output, format, ...counts }, () => erd.describeDrawing(wish.output ?? "", diagram));
}
