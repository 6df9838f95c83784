export { answerChanged, answerCopies, answerCopy } from "./answer.ts";
export { baseForReset } from "./base-for.ts";
export { cloneCopy } from "./clone.ts";
export { destroyCopies } from "./destroy.ts";
export { envFileAt } from "./env-file.ts";
export { findCopy } from "./find.ts";
export { openShell, openSql, renderLog, serverLog } from "./inside.ts";
export { copiesOfBase } from "./many.ts";
export { copyOfBase } from "./open.ts";
export { patchFile } from "./patch.ts";
export { renderPatch, sayUnpatched, sayWhenUnignored } from "./patch-text.ts";
export { onWholeBase } from "./rebuild.ts";
export { readEvents, urlOf, viewOf, wordFor } from "./record.ts";
export { runBeside, runOnCopy } from "./run.ts";
export { doToEach, severalFailed } from "./several.ts";
export { environmentOf, refuseSourceVariables, variablesOf } from "./variables.ts";
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
export { sayCopy, takeCopy } from "./workspace.ts";
