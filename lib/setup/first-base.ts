import { describeBase } from "../bases/describe.ts";
import { prepareReseed } from "../bases/prepare.ts";
import { reseed } from "../bases/reseed.ts";
import { baseIdsInUse } from "../copies/in-use.ts";
import type { Conversation } from "../kit/cli.ts";
import { loadConfig } from "../kit/config.ts";
import { samplePath } from "./files.ts";

/** Makes the first base of a configuration that was just written; of the built-in sample where that has no source. */
export async function makeFirstBase(call: Conversation, configPath: string): Promise<string> {
  const config = await loadConfig({ configPath, sourceName: call.sourceName });
  const from = config.source === undefined ? samplePath() : undefined;
  const flags = { from, "schema-only": false, jobs: undefined };
  const request = await prepareReseed(config, { ...call, flags }, baseIdsInUse);
  const base = await reseed(request);
  request.endSteps();
  return describeBase(base).text;
}
