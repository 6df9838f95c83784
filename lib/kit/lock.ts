import { DittoError } from "./errors.ts";
import { homePath, makeHome } from "./state.ts";

/**
 * Runs `action` while holding the lock `name` of this state folder; waits for another holder. The lock is the kernel's,
 * by way of SQLite, so it ends with its holder however that ends. Throws `LOCKED` after `waitMs`.
 */
export async function withLock<T>(name: string, action: () => Promise<T>, waitMs = 60_000): Promise<T> {
  const { Database } = await import("bun:sqlite");
  await makeHome("locks");
  const file = homePath("locks", `${name}.lock`);
  const lock = new Database(file, { create: true });
  try {
    const until = Date.now() + waitMs;
    while (!tryLock(lock)) {
      if (Date.now() >= until) throw locked(name, file);
      await Bun.sleep(5 + Math.random() * 15);
    }
    return await action();
  } finally {
    lock.close();
  }
}

function tryLock(lock: { run(sql: string): unknown }): boolean {
  try {
    // Nothing is ever written, so there is nothing to roll back after a crash.
    lock.run("PRAGMA journal_mode = OFF");
    lock.run("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "SQLITE_BUSY") return false;
    throw error;
  }
}

function locked(name: string, file: string): DittoError {
  return new DittoError(`Cannot go on: another ditto has held the lock "${name}" for too long`, {
    code: "LOCKED",
    hint: `Wait for it to end; "fuser ${file}" tells which process holds it`,
  });
}
