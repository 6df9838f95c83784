import { CHANGES, groupColours } from "./colours.ts";
import type { Diagram, Entity, Field, Relation } from "./diagram.ts";

/** Graphviz knows the widths of its letters; whoever draws may have another that is as wide. */
const FONT = "Arial";

/** As Graphviz's language (https://graphviz.org/doc/info/lang.html), with crow's feet. */
export function toDot(diagram: Diagram): string {
  const nodes = new Map(diagram.entities.map((entity, at) => [entity.id, { entity, name: `t${at}` }]));
  const colours = groupColours(diagram);
  const groups = Map.groupBy(diagram.entities, ({ group }) => group);
  const node = (entity: Entity) => nodeOf(entity, nodes.get(entity.id)?.name ?? "", colours.get(entity.group) ?? "");
  const lines = [
    `digraph ${quoted(diagram.database)} {`,
    "  graph [rankdir=LR, splines=true, nodesep=0.35, ranksep=1.1, pad=0.3, bgcolor=white];",
    `  node [shape=plain, fontname=${quoted(FONT)}, fontsize=11];`,
    `  edge [dir=both, color="#57606a", arrowsize=0.8, fontname=${quoted(FONT)}, fontsize=9];`,
    ...(groups.size > 1
      ? [...groups].flatMap(([group, entities], at) => cluster(group, at, entities.map(node)))
      : diagram.entities.map((entity) => `  ${node(entity)}`)),
    ...diagram.relations.flatMap((relation) => edgeOf(relation, nodes)),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

function cluster(group: string, at: number, nodes: string[]): string[] {
  const look = `style="rounded,dashed"; color="#afb8c1"; fontcolor="#57606a"; fontname=${quoted(FONT)}; fontsize=12; margin=14;`;
  const lines = nodes.map((node) => `    ${node}`);
  return [`  subgraph cluster_${at} {`, `    label=${quoted(group)}; ${look}`, ...lines, "  }"];
}

function nodeOf(entity: Entity, name: string, groupColour: string): string {
  const { fill, line } = entity.change ? CHANGES[entity.change] : { fill: groupColour, line: "#57606a" };
  const notes = [
    entity.partitions > 0 && `${entity.partitions} partitions`,
    entity.kind === "foreign table" && "foreign table",
    entity.change,
  ].filter((note) => typeof note === "string");
  const note =
    notes.length > 0 ? ` <FONT POINT-SIZE="9" COLOR="#57606a">&nbsp;&nbsp;${escaped(notes.join(", "))}</FONT>` : "";
  const head = `<TR><TD COLSPAN="3" BORDER="1" SIDES="B" BGCOLOR="${fill}" ALIGN="LEFT"><FONT POINT-SIZE="12"><B>${escaped(entity.name)}</B></FONT>${note} </TD></TR>`;
  const rows = entity.fields.map((field, at) => rowOf(field, at));
  const table = `<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="${line}" BGCOLOR="white">`;
  const classes = ["entity", entity.change].filter(Boolean).join(" ");
  const facts = `id=${quoted(name)}, class=${quoted(classes)}, tooltip=${quoted(entity.comment || entity.id)}`;
  return `${name} [${facts}, label=<${table}${head}${rows.join("")}</TABLE>>];`;
}

function rowOf(field: Field, at: number): string {
  const fill = field.change ? ` BGCOLOR="${CHANGES[field.change].fill}"` : "";
  const keys = [field.primary && "PK", field.foreign && "FK", field.unique && "U"].filter(Boolean).join(" ");
  const name = field.primary ? `<B>${escaped(field.name)}</B>` : escaped(field.name);
  const shown = field.change === "removed" ? `<S>${name}</S>` : name;
  const type = `${escaped(field.type)}${field.nullable ? "?" : ""}`;
  return [
    `<TR><TD ALIGN="LEFT"${fill} PORT="w${at}"><FONT POINT-SIZE="8" COLOR="#57606a">${keys || " "}</FONT></TD>`,
    `<TD ALIGN="LEFT"${fill}>${shown}&nbsp;&nbsp;</TD>`,
    `<TD ALIGN="LEFT"${fill} PORT="e${at}"><FONT COLOR="#57606a">${type}&nbsp;</FONT></TD></TR>`,
  ].join("");
}

type Nodes = Map<string, { entity: Entity; name: string }>;

const ARROWS = { "1": "teetee", "0..1": "teeodot", "0..n": "crowodot" };

/** Drawn from the parent to its children, so that what others stand on is to the left. */
function edgeOf(relation: Relation, nodes: Nodes): string[] {
  const [child, parent] = [nodes.get(relation.child), nodes.get(relation.parent)];
  if (!child || !parent) return [];
  const port = ({ entity, name }: typeof child, columns: string[], side: "e" | "w") => {
    const at = entity.fields.findIndex((field) => field.name === columns[0]);
    return at < 0 ? name : `${name}:${side}${at}:${side}`;
  };
  const ends = `${port(parent, relation.parentColumns, "e")} -> ${port(child, relation.childColumns, "w")}`;
  const marks = `arrowtail=${ARROWS[relation.parents]}, arrowhead=${ARROWS[relation.children]}`;
  const colour = relation.change ? `, color="${CHANGES[relation.change].line}", penwidth=2` : "";
  const tip = quoted(`${relation.name} (${relation.childColumns.join(", ")})`);
  const facts = `class=${quoted(`relation ${parent.name} ${child.name}`)}, tooltip=${tip}`;
  return [`  ${ends} [${marks}, ${facts}${colour}];`];
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** For HTML-like labels; control characters are none that XML knows. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(/[\x00-\x1f\x7f]/g, " ");
}
