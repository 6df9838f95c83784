export { answerCopy } from "./answer.ts";
export { destroyCopies } from "./destroy.ts";
export { findCopy } from "./find.ts";
export { openShell, openSql, renderLog, serverLog } from "./inside.ts";
export { copyOfBase } from "./open.ts";
export { readEvents, urlOf, viewOf } from "./record.ts";
export { runOnCopy } from "./run.ts";
export { sweepInBackground } from "./sweep.ts";
export { chooseForDelete, wishesOf } from "./wishes.ts";
