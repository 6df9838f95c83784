/** What went wrong in words for a person: action, colon, state; and the way out in `hint`. */
export class DittoError extends Error {
  /** Stable, upper-case, for `--json`. */
  readonly code: string;
  readonly hint: string | undefined;
  /** Exit status of the script: 1 failed, 2 bad usage or configuration. */
  readonly exit: number;

  constructor(message: string, options: { code: string; hint?: string; exit?: number; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DittoError";
    this.code = options.code;
    this.hint = options.hint;
    this.exit = options.exit ?? 1;
  }
}

/** A mistake in what was typed or configured; exits with 2. */
export function usageError(message: string, hint?: string, code = "USAGE"): DittoError {
  return new DittoError(message, { code, exit: 2, ...(hint === undefined ? {} : { hint }) });
}

const secrets = new Set<string>();

/** Remembers a secret so that {@link redact} removes it, plain or percent-encoded, from whatever is shown. */
export function registerSecret(value: string): void {
  // Shorter ones would blank out ordinary words and protect nothing.
  if (value.length < 4) return;
  secrets.add(value);
  secrets.add(encodeURIComponent(value));
}

/** Replaces every registered secret by `***`. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, "***");
  return clean;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
