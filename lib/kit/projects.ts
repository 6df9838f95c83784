import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { homePath, readRecord, slug, writeRecord } from "./state.ts";

/** A project without a name in its configuration, which is then called by its folder. */
export interface UnnamedProject {
  name: string;
  folder: string;
}

/**
 * The project of a folder: the folder's name, or with a few digits more where another folder of the same name was first,
 * so that two of them never see each other's bases and copies. Only looks; {@link claimProject} takes the name.
 */
export async function projectOf(folder: string): Promise<UnnamedProject> {
  const name = slug(basename(folder));
  const holder = await holderOf(name);
  const free = holder === undefined || holder === folder || !existsSync(holder);
  if (free) return { name, folder };
  const digits = createHash("sha256").update(folder).digest("hex").slice(0, 4);
  return { name: `${name.slice(0, 36)}-${digits}`, folder };
}

/** Notes that the project's name means its folder from now on. */
export async function claimProject({ name, folder }: UnnamedProject): Promise<void> {
  if ((await holderOf(name)) !== folder) await writeRecord(recordFile(name), { folder });
}

async function holderOf(name: string): Promise<string | undefined> {
  const stored = await readRecord(recordFile(name), (data) => String((data as { folder?: unknown }).folder ?? ""));
  return stored?.kind === "record" ? stored.record : undefined;
}

function recordFile(name: string): string {
  return homePath("projects", `${name}.json`);
}
