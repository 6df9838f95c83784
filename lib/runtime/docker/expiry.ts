import { rm } from "node:fs/promises";
import { makeHome } from "../../kit/state.ts";
import type { Thing } from "../index.ts";
import type { ContainerCli } from "./cli.ts";
import { copyContainer } from "./serve.ts";
import { PLACE } from "./workshop.ts";

/** A label can't change: an expiry that did lies in the copy's place. */
const FILE = `${PLACE.directory}/expires`;

/** Writes a copy's new expiry into its place; "never" for none. */
export async function setExpiry(cli: ContainerCli, id: string, expiresAt: string | null): Promise<void> {
  const file = `${await makeHome("tmp")}/${id}.expires`;
  await Bun.write(file, expiresAt ?? "never");
  try {
    await cli(["cp", file, `${copyContainer(id)}:${FILE}`], { purpose: "keep the copy's new expiry" });
  } finally {
    await rm(file, { force: true });
  }
}

/** The expiry of a container: that in its place, else that of its label. */
export async function expiryOf(cli: ContainerCli, thing: Thing): Promise<string | null> {
  const [sort, container = ""] = thing.reference.split(":");
  if (sort !== "container") return thing.expiresAt;
  // `cp` to stdout is a tar archive: a header of 512 bytes, then the file.
  const { status, stdout } = await cli(["cp", `${container}:${FILE}`, "-"], { check: false });
  const written =
    status === 0
      ? stdout
          .slice(512)
          .replace(/\0[\s\S]*$/, "")
          .trim()
      : "";
  if (written === "") return thing.expiresAt;
  return written === "never" ? null : written;
}
