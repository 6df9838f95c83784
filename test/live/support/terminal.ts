/** A program on a terminal of its own, driven as by a person. */
export interface Terminal {
  /** What it has shown so far, without colours and cursor movements. */
  shown(): string;
  /** Every byte that it has sent. */
  raw(): string;
  /** Types keys, a moment later than the last, as a person does. */
  type(keys: string): Promise<void>;
  /** Waits until something is shown beyond what was waited for before. Throws with the screen when it doesn't come. */
  sees(text: string, limitMs?: number): Promise<void>;
  exited: Promise<number>;
}

export const ENTER = "\r";
export const CTRL_C = "\x03";
export const DOWN = "\x1b[B";

/** Starts a program on a pseudo-terminal. */
export function onTerminal(
  argv: string[],
  { cwd, env, cols = 100, rows = 40 }: { cwd: string; env: Record<string, string>; cols?: number; rows?: number },
): Terminal {
  const decoder = new TextDecoder();
  let raw = "";
  let seenTo = 0;
  const child = Bun.spawn(argv, {
    cwd,
    env: { ...env, TERM: env.TERM ?? "xterm-256color" },
    terminal: {
      cols,
      rows,
      data: (_terminal, bytes) => {
        raw += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const shown = () => Bun.stripANSI(raw).replaceAll("\r", "");
  return {
    shown,
    raw: () => raw,
    exited: child.exited,
    async type(keys) {
      // The prompt listens a moment after it has drawn itself.
      await Bun.sleep(60);
      child.terminal?.write(keys);
    },
    async sees(text, limitMs = 30_000) {
      const until = Date.now() + limitMs;
      for (;;) {
        const at = shown().indexOf(text, seenTo);
        if (at >= 0) {
          seenTo = at + text.length;
          return;
        }
        if (Date.now() > until || child.exitCode !== null)
          throw new Error(`"${text}" was not shown; the terminal shows:\n${shown().slice(-3000)}`);
        await Bun.sleep(20);
      }
    },
  };
}
