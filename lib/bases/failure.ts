import { interrupted } from "../kit/cleanup.ts";
import type { Config } from "../kit/config.ts";
import { DittoError, redact } from "../kit/errors.ts";
import { run } from "../kit/exec.ts";
import { basesOf } from "./catalogue.ts";

/**
 * Tells the configured webhook and command that a reseed failed; their own failures are only said. One that was interrupted,
 * or refused for what was typed, has not failed: whoever started it knows.
 */
export async function reportFailure(config: Config, error: unknown, call: { say(text: string): void }): Promise<void> {
  const { webhook_url, exec } = config.dump.on_failure;
  if (!webhook_url && !exec) return;
  if (interrupted() || (error instanceof DittoError && error.code === "USAGE")) return;
  const [newest] = await basesOf({ project: config.project, source: config.sourceName });
  const report = {
    // What a driver or the system says may quote a row.
    error: error instanceof DittoError ? redact(error.message) : "The reseed failed: its own output tells why",
    timestamp: new Date().toISOString(),
    last_dump_age: newest ? Math.round((Date.now() - Date.parse(newest.createdAt)) / 1000) : null,
    dump_path: newest?.dumpKey ?? "",
  };
  if (webhook_url) {
    const sent = await fetch(webhook_url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(report),
      signal: AbortSignal.timeout(10_000),
    }).catch((cause: unknown) => cause as Error);
    if (sent instanceof Error || !sent.ok) {
      call.say(
        `Could not tell dump.on_failure.webhook_url: ${sent instanceof Error ? sent.message : `HTTP ${sent.status}`}`,
      );
    }
  }
  if (exec) {
    const env = {
      DITTO_ERROR: report.error,
      DITTO_LAST_DUMP_AGE: String(report.last_dump_age ?? ""),
      DITTO_DUMP_KEY: report.dump_path,
    };
    const limits = { check: false, group: true, timeoutMs: 60_000 };
    const { status, stderr, timedOut } = await run(["sh", "-c", exec], { env, ...limits });
    if (timedOut) call.say("dump.on_failure.exec was ended: it took longer than 60 s");
    else if (status !== 0) call.say(`dump.on_failure.exec ended with status ${status}: ${stderr.trim()}`);
  }
}
