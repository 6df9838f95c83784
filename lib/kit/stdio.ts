import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { ChalkInstance } from "chalk";
import { readable } from "./glyphs.ts";

/**
 * Writes all of `text` to file descriptor 1 or 2 before it returns, so that an exit right after it loses nothing.
 * False when nobody reads any more. `process.stdout` would cost 15 ms at start-up and cut long answers off at exit.
 */
export function writeFully(fd: 1 | 2, text: string): boolean {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(fd, left));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The other end made the pipe non-blocking and is slow.
      if (code === "EAGAIN") Bun.sleepSync(2);
      // A reader that went away (`| head`) or a closed terminal is no error of ours.
      else if (code === "EPIPE" || code === "EIO" || code === "EBADF") return false;
      else throw error;
    }
  }
  return true;
}

/** True when the file descriptor is a terminal: 0 stdin, 1 stdout, 2 stderr. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  return isatty(fd);
}

/** Chalk for what goes to `fd`. Chalk alone ignores NO_COLOR (https://no-color.org). */
export function paint(fd: 1 | 2): ChalkInstance {
  // Loaded here, so that a copy of the toolkit whose packages are not installed can say so.
  const { Chalk } = require("chalk") as typeof import("chalk");
  return new Chalk({ level: hasColour(fd) ? 1 : 0 });
}

function hasColour(fd: 1 | 2): boolean {
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR) return process.env.FORCE_COLOR !== "0";
  return isTerminal(fd) && process.env.TERM !== "dumb";
}

/** Where prompts are drawn: stderr, for stdout belongs to the answer; in ASCII where the locale wants that. */
export function promptOutput(): NodeJS.WriteStream {
  return new Proxy(process.stderr, {
    get(stream, key) {
      if (key === "write") return (text: string) => stream.write(readable(String(text)));
      const value = Reflect.get(stream, key, stream);
      return typeof value === "function" ? value.bind(stream) : value;
    },
  });
}

/** Columns of the terminal, 80 when there is none. */
export function terminalWidth(fd: 1 | 2): number {
  if (!isTerminal(fd)) return 80;
  return (fd === 1 ? process.stdout.columns : process.stderr.columns) || 80;
}
