import { catalog } from "../../schema/read-mysql.ts";
import type { Build, Disarmed } from "../build.ts";
import { workshopSession } from "./admin.ts";

/** Events stay as they are defined; copies run without the scheduler that would start them. */
export async function disarm(build: Build): Promise<Disarmed> {
  const events = await catalog<{ name: string }>(workshopSession(build), {
    fields: { name: "EVENT_NAME" },
    from: "FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() AND STATUS = 'ENABLED'",
  });
  return { things: events.map(({ name }) => `event "${name}" (no scheduler)`), changed: [], settings: {} };
}
