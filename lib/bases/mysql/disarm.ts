import { catalog } from "../../schema/mysql/catalog.ts";
import type { Build, Disarmed } from "../build.ts";
import { withWorkshopSession } from "./admin.ts";

/** Events stay as they are defined; copies run without the scheduler that would start them. */
export async function disarm(build: Build): Promise<Disarmed> {
  const events = await withWorkshopSession(build, (session) =>
    catalog<{ name: string }>(session, {
      fields: { name: "EVENT_NAME" },
      from: "FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() AND STATUS = 'ENABLED'",
    }),
  );
  return { things: events.map(({ name }) => `event "${name}" (no scheduler)`), changed: [], settings: {} };
}
