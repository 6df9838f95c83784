export { findCopy } from "../copies/find.ts";
export { awake } from "../copies/wake.ts";
export { chooseTool } from "./choose-tool.ts";
export { migrateCopy } from "./migrate.ts";
export { outcomeView } from "./outcome.ts";
export { requireReportPlace, writeReport } from "./report-file.ts";
export { renderOutcome } from "./report-text.ts";
