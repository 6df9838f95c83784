import { join } from "node:path";
import { groupColours } from "./colours.ts";
import type { Diagram } from "./diagram.ts";
import { toSvg } from "./svg.ts";

/** As one page that asks nobody for anything: the drawing, to be panned, zoomed and searched. */
export async function toHtml(diagram: Diagram): Promise<string> {
  const svg = (await toSvg(diagram)).replace(/^[\s\S]*?(?=<svg)/, "");
  const title = `${diagram.database}: entities and relations`;
  const [style, behaviour] = await Promise.all([textOf("page.css"), textOf("page.js")]);
  const counts = `${diagram.entities.length} tables, ${diagram.relations.length} foreign keys`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title>
<style>
${style}</style>
</head>
<body>
<aside>
<header><h1>${escaped(diagram.database)}</h1><p>${counts}</p><input type="search" placeholder="Find a table or column  ( / )" aria-label="Find a table or column" autocomplete="off"></header>
<nav aria-label="Tables"></nav>
<section id="details" aria-live="polite"></section>
</aside>
<main>
${svg}<div id="controls"><button id="out" aria-label="Zoom out">−</button><button id="in" aria-label="Zoom in">+</button><button id="fit">Fit</button></div>
</main>
<script type="application/json" id="diagram">${dataOf(diagram)}</script>
<script>
${behaviour}</script>
</body>
</html>
`;
}

function textOf(name: string): Promise<string> {
  return Bun.file(join(import.meta.dir, name)).text();
}

/** What the page's script works with; inside a script element a `<` could end it. */
function dataOf(diagram: Diagram): string {
  const nodes = new Map(diagram.entities.map(({ id }, at) => [id, `t${at}`]));
  const data = {
    groups: Object.fromEntries(groupColours(diagram)),
    tables: diagram.entities.map(({ id, name, group, comment, change, partitions, fields }, at) => ({
      node: `t${at}`,
      id,
      name,
      group,
      comment,
      change,
      columns: fields.length,
      rows: partitions > 0 ? `${partitions} partitions` : "",
      search: [id, ...fields.map((field) => field.name)].join(" ").toLowerCase(),
    })),
    relations: diagram.relations.map(({ child, parent, childColumns }) => ({
      child: nodes.get(child),
      parent: nodes.get(parent),
      columns: childColumns.join(", "),
    })),
  };
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
