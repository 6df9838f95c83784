import { readFile } from "node:fs/promises";

/**
 * The arguments as they were typed: Bun takes a "--" away that follows the script's name at once. The kernel still has it.
 * May go when https://github.com/oven-sh/bun/issues/13984 is closed; a Bun that keeps it is not misread.
 */
export async function typedArgs(args: readonly string[]): Promise<string[]> {
  return (await followDashes(args)) ? ["--", ...args] : [...args];
}

async function followDashes(args: readonly string[]): Promise<boolean> {
  try {
    const words = (await readFile("/proc/self/cmdline", "utf8")).split("\0").slice(0, -1);
    return words.at(-args.length - 1) === "--";
  } catch {
    const { run } = await import("./exec.ts");
    const { stdout } = await run(["ps", "-ww", "-o", "args=", "-p", String(process.pid)], { check: false });
    return stdout.trimEnd().endsWith([" --", ...args].join(" "));
  }
}
