import type { Diagram, Entity, Field, Relation } from "./diagram.ts";

/** As DBML (https://dbml.dbdiagram.io/docs), which dbdiagram.io and others read. */
export function toDbml(diagram: Diagram): string {
  const project = `Project ${quoted(diagram.database)} {\n  database_type: '${TYPES[diagram.engine]}'\n}`;
  const names = new Map(diagram.entities.map((entity) => [entity.id, qualified(entity)]));
  const refs = diagram.relations.map((relation) => refOf(relation, names));
  return `${[project, ...diagram.entities.map(tableOf), ...refs].join("\n\n")}\n`;
}

const TYPES = { postgres: "PostgreSQL", mysql: "MySQL", sqlite: "SQLite" };

function tableOf(entity: Entity): string {
  const primary = entity.fields.filter((field) => field.primary);
  const fields = entity.fields.map((field) => `  ${fieldOf(field, primary.length === 1)}`);
  const composite = primary.length > 1 ? [indexOf(primary)] : [];
  const note = entity.comment === "" ? [] : [`  Note: ${text(entity.comment)}`];
  return [`Table ${qualified(entity)} {`, ...fields, ...composite, ...note, "}"].join("\n");
}

function fieldOf(field: Field, alone: boolean): string {
  const settings = [
    field.primary && alone && "pk",
    field.unique && "unique",
    !field.nullable && !(field.primary && alone) && "not null",
    field.default !== "" && `default: ${expression(field.default)}`,
    field.comment !== "" && `note: ${text(field.comment)}`,
  ].filter(Boolean);
  const type = /^\w+(\(\d+(,\d+)?\))?$/.test(field.type) ? field.type : quoted(field.type);
  return `${quoted(field.name)} ${type}${settings.length > 0 ? ` [${settings.join(", ")}]` : ""}`;
}

function indexOf(primary: Field[]): string {
  return `\n  indexes {\n    (${primary.map(({ name }) => quoted(name)).join(", ")}) [pk]\n  }`;
}

function refOf(relation: Relation, names: Map<string, string>): string {
  const side = (id: string, columns: string[]) => {
    const [first = "", ...more] = columns.map(quoted);
    return `${names.get(id)}.${more.length === 0 ? first : `(${[first, ...more].join(", ")})`}`;
  };
  const sign = relation.children === "0..1" ? "-" : ">";
  const child = side(relation.child, relation.childColumns);
  return `Ref ${quoted(relation.name)}: ${child} ${sign} ${side(relation.parent, relation.parentColumns)}`;
}

function qualified({ schema, name }: Entity): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** A name stands on one line. */
function quoted(name: string): string {
  return `"${name
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replace(/[\r\n\u2028\u2029]+/g, " ")}"`;
}

function text(comment: string): string {
  return `'''${comment.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'''`;
}

function expression(sql: string): string {
  return `\`${sql.replaceAll("`", "'")}\``;
}
