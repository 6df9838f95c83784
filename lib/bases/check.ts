import { DittoError, messageOf, redact } from "../kit/errors.ts";

/** What doctor looks at. */
export const CHECKS = [
  ...(["config", "secrets", "runtime", "storage", "source", "privileges", "contents", "masks"] as const),
  ...(["tools", "dump", "ports", "disk"] as const),
] as const;

/** One line of doctor's list, as `--json` has it. */
export interface Check {
  check: (typeof CHECKS)[number];
  status: "ok" | "advice" | "failed" | "unchecked";
  /** What was found, or why nothing was looked for. */
  text: string;
  /** What to do; "" when there is nothing to do. */
  hint: string;
  /** What an administrator of the source runs, in this order. */
  statements: string[];
}

/** A green line. */
export function passed(check: Check["check"], text: string): Check {
  return { check, status: "ok", text, hint: "", statements: [] };
}

/** A yellow line: nothing is wrong, and something could be better. */
export function advised(check: Check["check"], { text, hint }: Pick<Check, "text" | "hint">): Check {
  return { check, status: "advice", text, hint, statements: [] };
}

/** A red line: what is wrong, and what to do about it. */
export function failed(check: Check["check"], { text, hint }: Pick<Check, "text" | "hint">): Check {
  return { check, status: "failed", text, hint, statements: [] };
}

/** The red line for what was thrown. */
export function failedBy(check: Check["check"], error: unknown): Check {
  const hint = error instanceof DittoError ? (error.hint ?? "") : "";
  const fallback = 'Run "bun scripts/reseed.ts --verbose", which shows more of it';
  return failed(check, { text: redact(messageOf(error)), hint: redact(hint) || fallback });
}

/** A line that could not be looked into; that is neither good nor bad. */
export function unchecked(check: Check["check"], because: string, hint = ""): Check {
  return { check, status: "unchecked", text: `not checked, because ${because}`, hint, statements: [] };
}

/** The result of `work`, or a red line when it has none in time. */
export async function inTime(check: Check["check"], seconds: number, work: Promise<Check[]>): Promise<Check[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Check[]>((resolve) => {
    const line = failed(check, {
      text: `There was no answer within ${seconds} s`,
      hint: "Run it again; when that doesn't help, look at the load and the logs of what is asked here",
    });
    timer = setTimeout(() => resolve([line]), seconds * 1000);
  });
  try {
    return await Promise.race([work.catch((error: unknown) => [failedBy(check, error)]), late]);
  } finally {
    clearTimeout(timer);
  }
}
