import type { Diagram } from "./diagram.ts";

/** The diagram as data: snake_case, stable. */
export function toJson(diagram: Diagram): string {
  const data = {
    engine: diagram.engine,
    database: diagram.database,
    tables: diagram.entities.map(({ id: _, fields, ...entity }) => ({ ...entity, columns: fields })),
    relations: diagram.relations.map(({ childColumns, parentColumns, ...relation }) => ({
      ...relation,
      child_columns: childColumns,
      parent_columns: parentColumns,
    })),
    many_to_many: diagram.manyToMany,
    hidden: diagram.hidden,
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}
