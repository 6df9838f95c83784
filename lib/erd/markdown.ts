import type { Diagram, Entity, Field } from "./diagram.ts";
import { toMermaid } from "./mermaid.ts";

/** As a document for a wiki or a repository: the diagram in Mermaid, then every table. */
export function toMarkdown(diagram: Diagram): string {
  const { entities, relations } = diagram;
  const counts = `${entities.length} tables, ${relations.length} foreign keys`;
  const joins = diagram.manyToMany.map(
    ({ left, right, through }) => `- ${code(left)} N-M ${code(right)}, through ${code(through)}`,
  );
  const parts = [
    `# ${escaped(diagram.database)}`,
    counts,
    `\`\`\`mermaid\n${toMermaid(diagram)}\`\`\``,
    ...(joins.length > 0 ? [`## Many to many\n\n${joins.join("\n")}`] : []),
    ...entities.map((entity) => section(entity, diagram)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section(entity: Entity, { relations }: Diagram): string {
  const change = entity.change ? ` (${entity.change})` : "";
  const parts = [`## ${escaped(entity.id)}${change}`];
  if (entity.comment !== "") parts.push(escaped(entity.comment));
  parts.push(
    ["| Column | Type | Null | Key | Default | Comment |", "| --- | --- | --- | --- | --- | --- |"].join("\n"),
  );
  parts[parts.length - 1] += `\n${entity.fields.map(row).join("\n")}`;
  const links = [
    ...relations
      .filter(({ child }) => child === entity.id)
      .map(
        ({ childColumns, parent, parentColumns }) => `- ${list(childColumns)} → ${code(parent)} ${list(parentColumns)}`,
      ),
    ...relations
      .filter(({ parent }) => parent === entity.id)
      .map(({ childColumns, child }) => `- referenced by ${code(child)} ${list(childColumns)}`),
  ];
  if (links.length > 0) parts.push(links.join("\n"));
  return parts.join("\n\n");
}

function row(field: Field): string {
  const keys = [field.primary && "PK", field.foreign && "FK", field.unique && "unique"].filter(Boolean).join(", ");
  const name = field.change ? `${code(field.name)} (${field.change})` : code(field.name);
  const cells = [name, code(field.type), field.nullable ? "yes" : "", keys, field.default && code(field.default)];
  return `| ${[...cells, escaped(field.comment)].join(" | ")} |`;
}

function list(columns: string[]): string {
  return `(${columns.map(code).join(", ")})`;
}

function code(text: string): string {
  const plain = text.replace(/[\r\n]+/g, " ").replaceAll("|", "\\|");
  return plain.includes("`") ? `\`\` ${plain} \`\`` : `\`${plain}\``;
}

function escaped(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replace(/[\\`*_{}[\]<>|#]/g, "\\$&");
}
