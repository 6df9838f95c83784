import { finish, withCleanup } from "../../kit/cleanup.ts";
import { newId } from "../../kit/state.ts";
import type { Frozen, Packed, Platform, Toolbox } from "../index.ts";
import { packedBy, TELL_LIBC, unpackInto } from "../storage/tar.ts";
import type { Yard } from "../storage/yard.ts";
import { type ContainerCli, type ContainerTool, explain } from "./cli.ts";
import { coverVolumes, inspectImage } from "./images.ts";
import { labelFlags } from "./labels.ts";
import { goneBase } from "./serve.ts";
import { containerToolbox } from "./tools.ts";
import { KEEPER, PLACE, removeContainer } from "./workshop.ts";

/**
 * Packs a frozen directory. The daemon does it itself (`cp`): not every image of a server has a tar. Mounted read-only,
 * so that a base stays what it is.
 */
export async function packFrozen<T>(
  cli: ContainerCli,
  from: Frozen,
  yard: Yard | undefined,
  read: (packed: Packed) => Promise<T>,
): Promise<T> {
  if (yard && !(await yard.exists(from.reference))) throw goneBase(from, "read the base");
  const image = await inspectImage(cli, from.method === "image" ? from.reference : from.image);
  if (!image) throw goneBase(from, "read the base");
  const id = newId();
  const container = `ditto-${id}-pack`;
  const source = `type=bind,source=${yard?.mountpoint}/${from.reference},destination=${PLACE.directory},readonly`;
  const args = [
    ...[
      "run",
      "-d",
      "--name",
      container,
      ...(await labelFlags("tool", id)),
      "--network",
      "none",
      "--log-driver",
      "none",
    ],
    ...["--user", "root", "--entrypoint", "sh", ...(yard ? ["--mount", source] : []), ...coverVolumes(from.volumes)],
    ...[image.id, "-c", KEEPER],
  ];
  return withCleanup(
    async () => {
      await finish(() => cli(args, { purpose: "read the base" }));
      const platform = await platformOf(containerToolbox(cli, container, "root", "/tmp"), image.architecture);
      return read({ ...platform, tar: packedBy(cli.start(["cp", `${container}:${PLACE.directory}/data/.`, "-"])) });
    },
    () => removeContainer(cli, container),
  );
}

/** Unpacks into a workshop's container; its place alone is reached, whatever the tar's names are. */
export async function unpackPlace(
  { cli, container, tools, owner }: { cli: ContainerCli; container: string; tools: Toolbox; owner: string },
  tar: AsyncIterable<Uint8Array>,
): Promise<void> {
  await asRoot({ tools, runtime: cli.tool }, `mkdir ${PLACE.directory}/data`);
  // Podman would give all of it to the container's user, which is root here.
  const flags = cli.tool === "podman" ? ["--archive=false"] : [];
  await unpackInto(cli.start(["cp", ...flags, "-", `${container}:${PLACE.directory}/data`]), tar);
  // Images number their users differently.
  await asRoot(
    { tools, runtime: cli.tool },
    `chown -R "$1" ${PLACE.directory}/data; chmod 700 ${PLACE.directory}/data`,
    owner,
  );
}

/** What a server in this container would be. */
export async function platformOf(tools: Toolbox, architecture: string): Promise<Platform> {
  const { stdout } = await tools.run({ tool: "sh", args: ["-c", TELL_LIBC] });
  return { platform: `linux/${architecture}`, libc: stdout.trim() };
}

async function asRoot(
  { tools, runtime }: { tools: Toolbox; runtime: ContainerTool },
  script: string,
  ...args: string[]
): Promise<void> {
  const command = { tool: "sh", args: ["-c", `set -e; ${script}`, "sh", ...args] };
  const result = await tools.run(command, { asRoot: true });
  if (result.status !== 0) throw explain(runtime, [], "fill the workshop", result);
}
