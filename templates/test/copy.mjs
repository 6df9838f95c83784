// Copies for tests, from any runner, in Node and in Bun: plain ESM that spawns the scripts. Bun must be on PATH, or named
// by the variable BUN. A run that is killed leaves its copies to expire (copy.ttl).
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/copy.ts", import.meta.url));

/**
 * Makes a copy of the base that "copy.ts create" takes, and sets the variable to its URL.
 * @param {{ variable?: string, args?: string[] }} [options] args: more flags of "copy.ts create", such as --source
 * @returns {Promise<{ id: string, url: string, remove(): Promise<void> }>}
 */
export async function useCopy({ variable = "DATABASE_URL", args = [] } = {}) {
  const copy = JSON.parse(await ditto(["create", "--json", "--quiet", ...args]));
  process.env[variable] = copy.connection_string;
  process.env.DITTO_COPY_ID = copy.id;
  let removed;
  return {
    id: copy.id,
    url: copy.connection_string,
    remove() {
      removed ??= ditto(["delete", copy.id, "--yes", "--quiet"]).then(() => {});
      return removed;
    },
  };
}

/** Runs copy.ts; resolves to its answer, rejects with what it said. */
function ditto(args) {
  const bun = process.versions.bun ? process.execPath : (process.env.BUN ?? "bun");
  return new Promise((resolve, reject) => {
    const child = spawn(bun, [SCRIPT, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let answer = "";
    let said = "";
    child.stdout.on("data", (chunk) => {
      answer += chunk;
    });
    child.stderr.on("data", (chunk) => {
      said += chunk;
    });
    child.on("error", (error) =>
      reject(new Error(`Cannot run "${bun}": ${error.message}. npm install -D bun brings it`)),
    );
    child.on("close", (status) => {
      if (status === 0) resolve(answer);
      else reject(new Error(`copy.ts ${args[0]} ended with ${status}: ${said}${answer}`));
    });
  });
}
