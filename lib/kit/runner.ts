import { which } from "./exec.ts";

/** "bun", without an installed one npx with the tested version. */
export async function howToRun(): Promise<string> {
  const { packageManager } = await Bun.file(new URL("../../package.json", import.meta.url)).json();
  // What npx has fetched for this one command is on PATH now and won't be later.
  const passing = /\/_npx\/|\/bun-node-|node_modules/;
  const lasting = (process.env.PATH ?? "").split(":").filter((folder) => !passing.test(folder));
  return which("bun", lasting.join(":")) ? "bun" : `npx -y ${packageManager}`;
}
