import type { Diagram, Entity, Field, Relation } from "./diagram.ts";

/** As Mermaid's `erDiagram` (https://mermaid.js.org/syntax/entityRelationshipDiagram.html), which GitHub and GitLab draw. */
export function toMermaid(diagram: Diagram): string {
  const names = entityNames(diagram);
  const name = (id: string) => names.get(id) ?? id;
  const lines = ["erDiagram"];
  for (const entity of diagram.entities) {
    const mark = entity.change ? `:::${entity.change}` : "";
    lines.push(`  ${name(entity.id)}${mark} {`, ...entity.fields.map((field) => `    ${attribute(field)}`), "  }");
  }
  for (const relation of diagram.relations) {
    const label = quoted(relation.childColumns.join(", "));
    lines.push(`  ${name(relation.parent)} ${line(relation)} ${name(relation.child)} : ${label}`);
  }
  lines.push(...classLines(diagram));
  return `${lines.join("\n")}\n`;
}

const PARENTS = { "1": "||", "0..1": "|o", "0..n": "}o" };
const CHILDREN = { "1": "||", "0..1": "o|", "0..n": "o{" };

function line({ parents, children }: Relation): string {
  return `${PARENTS[parents]}--${CHILDREN[children]}`;
}

/** With its schema only where there are several. */
function entityNames({ entities }: Diagram): Map<string, string> {
  const several = new Set(entities.map(({ schema }) => schema)).size > 1;
  const taken = new Set<string>();
  return new Map(
    entities.map((entity) => {
      const wanted = nameOf(entity, several);
      let name = wanted;
      for (let n = 2; taken.has(name); n++) name = `${wanted.replace(/"$/, "")} ${n}"`.replace(/^(?!")/, '"');
      taken.add(name);
      return [entity.id, name];
    }),
  );
}

function nameOf({ schema, name }: Entity, several: boolean): string {
  return quoted(several ? `${schema}.${name}` : name);
}

/** Its strings know no escape. */
function quoted(text: string): string {
  return `"${text
    .replaceAll('"', "'")
    .replaceAll("\\", "/")
    .replaceAll("%", "٪")
    .replace(/[\r\n]+/g, " ")}"`;
}

/** A name and a type begin with a letter and have no blank. */
function attribute(field: Field): string {
  const keys = [field.primary && "PK", field.foreign && "FK", field.unique && "UK"].filter(Boolean).join(", ");
  const name = word(field.name);
  const said = [name === field.name ? "" : field.name, field.comment, field.nullable ? "" : "not null"];
  const comment = said.filter(Boolean).join("; ");
  return [word(field.type), name, keys, comment && quoted(comment)].filter(Boolean).join(" ");
}

function word(text: string): string {
  const plain = text.replace(/, ?/g, "-").replace(/[^A-Za-z0-9_()[\]-]+/g, "_");
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
}

const COLOURS = { added: "#d7f5dd", removed: "#fbdcdc", changed: "#fdf3cf" };

function classLines({ entities }: Diagram): string[] {
  const used = Object.entries(COLOURS).filter(([change]) => entities.some((entity) => entity.change === change));
  return used.map(([change, colour]) => `  classDef ${change} fill:${colour}`);
}
