export { answerCopy } from "./answer.ts";
export { deleteSnapshots } from "./drop-snapshot.ts";
export { findCopy } from "./find.ts";
export { findSnapshot } from "./find-snapshot.ts";
export { rollBack, rollbackTarget } from "./rollback.ts";
export { copySnapshot, describeTaken, takeAndKeep } from "./snapshot.ts";
export { listSnapshots } from "./snapshot-list.ts";
export { pathOf, snapshotView } from "./snapshot-record.ts";
