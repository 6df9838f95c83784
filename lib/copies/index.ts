export { currentBase } from "../bases/catalogue.ts";
export { answerCopies, answerCopy } from "./answer.ts";
export { cloneCopy } from "./clone.ts";
export { destroyCopies } from "./destroy.ts";
export { findCopy } from "./find.ts";
export { openShell, openSql, renderLog, serverLog } from "./inside.ts";
export { copiesOfBase } from "./many.ts";
export { copyOfBase } from "./open.ts";
export { onWholeBase } from "./rebuild.ts";
export { readEvents, urlOf, viewOf, wordFor } from "./record.ts";
export { runOnCopy } from "./run.ts";
export {
  awake,
  awakeWherePossible,
  extendCopy,
  pauseCopy,
  resetCopy,
  resumeCopy,
  startCopy,
  stopCopy,
} from "./wake.ts";
export { chooseForDelete, chooseSome, confirmReset, wishesOf } from "./wishes.ts";
