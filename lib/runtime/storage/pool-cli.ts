/** What a call of docker or podman ended with. */
export interface CliResult {
  status: number;
  stdout: string;
  stderr: string;
}

/** `docker …` (or `podman …`) as a function. The pool always passes `check: false` and judges the status itself. */
export type Cli = (args: string[], options?: { input?: string; check?: boolean }) => Promise<CliResult>;

/** Calls without throwing. */
export function call(cli: Cli, args: string[], input?: string): Promise<CliResult> {
  return cli(args, input === undefined ? { check: false } : { input, check: false });
}
