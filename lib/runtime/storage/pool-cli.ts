import type { Child } from "../../kit/exec.ts";

/** What a call of docker or podman ended with. */
export interface CliResult {
  status: number;
  stdout: string;
  stderr: string;
}

/** `docker …` (or `podman …`) as a function. The pool always passes `check: false` and judges the status itself. */
export interface Cli {
  (args: string[], options?: { input?: string; check?: boolean }): Promise<CliResult>;
  /** Starts a call that is talked with while it runs. */
  start(args: string[]): Child;
}

/** Calls without throwing. */
export function call(cli: Cli, args: string[], input?: string): Promise<CliResult> {
  return cli(args, input === undefined ? { check: false } : { input, check: false });
}
