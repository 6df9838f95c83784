import type { Session } from "../../engine/index.ts";
import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { CatalogSession } from "../dialect.ts";
import type { NotCompared, OtherObject, Routine, ScheduledEvent, Trigger } from "../model-objects.ts";
import { catalog } from "./catalog.ts";
import { type Shown, shown } from "./show.ts";

/** Functions and procedures; those that may not be read are named in `notCompared`. */
export async function readRoutines(session: CatalogSession, notCompared: NotCompared[]): Promise<Routine[]> {
  const rows = await catalog<{ name: string; kind: string; returns: string | null; definer: string }>(
    session as Session,
    {
      fields: { name: "ROUTINE_NAME", kind: "ROUTINE_TYPE", returns: "DTD_IDENTIFIER", definer: "DEFINER" },
      from: "FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE') ORDER BY ROUTINE_TYPE, ROUTINE_NAME",
    },
  );
  const routines: Routine[] = [];
  for (const { name, kind, returns, definer } of rows) {
    const made = await shown(session, kind, name);
    if (made === undefined) notCompared.push(unreadable(`${kind.toLowerCase()} ${name}`));
    else
      routines.push({
        kind: kind === "FUNCTION" ? "function" : "procedure",
        schema: session.database,
        name,
        signature: "",
        arguments: "",
        returns: returns ?? "",
        language: "SQL",
        definition: made.create,
        mysql: madeUnder(made, definer),
      });
  }
  return routines;
}

function unreadable(what: string): NotCompared {
  return { what, why: "its definition may not be read: only its definer, SHOW_ROUTINE or a global SELECT sees it" };
}

function madeUnder(made: Shown, definer: string): NonNullable<Routine["mysql"]> {
  const { sqlMode, charset, collation, databaseCollation } = made;
  return { definer, sqlMode, charset, collation, databaseCollation };
}

/** MariaDB's packages and their bodies. */
export async function readPackages(session: CatalogSession, notCompared: NotCompared[]): Promise<OtherObject[]> {
  if (session.server.flavour !== "mariadb") return [];
  const rows = await catalog<{ name: string; kind: string }>(session as Session, {
    fields: { name: "ROUTINE_NAME", kind: "ROUTINE_TYPE" },
    from: "FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE LIKE 'PACKAGE%' ORDER BY ROUTINE_TYPE, ROUTINE_NAME",
  });
  const packages: OtherObject[] = [];
  for (const { name, kind } of rows) {
    const made = await shown(session, kind, name);
    if (made === undefined) notCompared.push(unreadable(`${kind.toLowerCase()} ${name}`));
    else {
      const { create, sqlMode, charset, collation, databaseCollation } = made;
      packages.push({
        kind: "package",
        schema: session.database,
        name: kind === "PACKAGE" ? name : `${name} (body)`,
        sqlName: quoteIdentifier(name),
        create: [create],
        drop: `DROP ${kind} ${quoteIdentifier(name)}`,
        attributes: { sqlMode, charset, collation, databaseCollation },
      });
    }
  }
  return packages;
}

/** In the order in which they fire. */
export async function readTriggers(session: CatalogSession, notCompared: NotCompared[]): Promise<Trigger[]> {
  const rows = await catalog<{
    name: string;
    table: string;
    timing: string;
    event: string;
    place: number;
    definer: string;
  }>(session as Session, {
    fields: {
      name: "TRIGGER_NAME",
      table: "EVENT_OBJECT_TABLE",
      timing: "ACTION_TIMING",
      event: "EVENT_MANIPULATION",
      place: "ACTION_ORDER",
      definer: "DEFINER",
    },
    from: "FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
  });
  const triggers = new Map<string, Trigger>();
  for (const { name, table, timing, event, place, definer } of rows) {
    const known = triggers.get(name);
    // One trigger may stand for several events and has a row for each.
    if (known !== undefined) {
      known.events?.push(event);
      continue;
    }
    const made = await shown(session, "TRIGGER", name);
    if (made === undefined) {
      notCompared.push({
        what: `trigger ${name} on ${table}`,
        why: "its definition may not be read: TRIGGER is missing",
      });
      continue;
    }
    const mysql = madeUnder(made, definer);
    const common = { schema: session.database, table, name, definition: made.create, enabled: "" };
    triggers.set(name, { ...common, timing, events: [event], order: Number(place), mysql });
  }
  return [...triggers.values()];
}

export async function readEvents(session: CatalogSession, notCompared: NotCompared[]): Promise<ScheduledEvent[]> {
  const rows = await catalog<{ name: string; status: string; comment: string; definer: string }>(session as Session, {
    fields: { name: "EVENT_NAME", status: "STATUS", comment: "EVENT_COMMENT", definer: "DEFINER" },
    from: "FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY EVENT_NAME",
  });
  const events: ScheduledEvent[] = [];
  for (const { name, status, comment, definer } of rows) {
    const made = await shown(session, "EVENT", name);
    if (made === undefined) {
      notCompared.push({ what: `event ${name}`, why: "its definition may not be read: EVENT is missing" });
      continue;
    }
    const mysql = madeUnder(made, definer);
    events.push({ name, definition: made.create, status, comment, timeZone: made.timeZone, mysql });
  }
  return events;
}
