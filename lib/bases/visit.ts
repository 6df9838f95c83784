import type { ServerEngine, Session } from "../engine/index.ts";
import { withCleanup } from "../kit/cleanup.ts";
import { formatBytes } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { SourceLook, Transfer } from "./build.ts";
import { enter } from "./enter.ts";
import { type Masking, openMasking } from "./masking.ts";
import { privilegeError } from "./privileges.ts";
import { withReach } from "./reach.ts";
import type { ReseedRequest } from "./reseed.ts";

/** A guest's session with a source that has been looked at, and the rules for it. */
export interface Visit {
  engine: ServerEngine;
  transfer: Transfer;
  session: Session;
  source: DatabaseUrl;
  look: SourceLook;
  masking: Masking;
}

/** Reaches the source, proves what a dump needs and looks at it; the session is closed when `action` ends. */
export async function visitSource<T>(
  request: ReseedRequest,
  url: DatabaseUrl,
  action: (visit: Visit) => Promise<T>,
): Promise<T> {
  const step = request.step("Look at the source");
  return withReach(url, request, async (source) => {
    const entered = await enter(source, request);
    if (!("session" in entered)) throw privilegeError(entered.missing);
    const { engine, transfer, session } = entered;
    return withCleanup(
      async () => {
        const look = await transfer.look(session, request.selection, request.lockWaitMs);
        const { server } = session;
        step.update({ note: `${server.flavour} ${server.version}, ${look.role}, ${formatBytes(look.bytes)} of rows` });
        const masking = await openMasking(request, { engine: engine.name, transfer, session });
        return action({ engine, transfer, session, source, look, masking });
      },
      () => session.close().catch(() => {}),
    );
  });
}
