import type { ToolAnswer, ToolQuestion } from "../index.ts";
import { parseVersion } from "../native/binaries.ts";
import type { ContainerCli } from "./cli.ts";
import { inspectImage } from "./images.ts";

const TIME_LIMIT_MS = 60_000;

/** POSIX sh: the first of the names that the image has. */
const FIRST_OF = `
names=$1; shift
for name in $names; do if command -v "$name" >/dev/null 2>&1; then exec "$name" "$@"; fi; done
exit 127
`;

/** Asks a tool of an image for its version, in a container that ends with the answer. Nothing is pulled. */
export async function askVersion(cli: ContainerCli, { image, command }: ToolQuestion): Promise<ToolAnswer> {
  if (!(await inspectImage(cli, image))) {
    if (process.env.DITTO_OFFLINE !== "1") return { absent: `the image ${image} is pulled by the first reseed` };
    return {
      absent: `the image ${image} is not here, and DITTO_OFFLINE forbids pulling it`,
      hint: `Pull it by hand ("${cli.tool} pull ${image}"), or name one that is here in copy.image (and dump.client_image)`,
    };
  }
  const names = [command.tool].flat();
  const { stdout, stderr, status } = await runIn(cli, image, command);
  const said = parseVersion(stdout);
  if (status === 0 && said) return said;
  const why = status === 127 ? "" : ` (${stderr.trim().split("\n").at(-1) || `status ${status}`})`;
  return {
    absent: `the image ${image} has no ${names.join(" or ")} that tells its version${why}`,
    hint: "Name an image of the source's own server in copy.image (and dump.client_image), or leave them out",
  };
}

/** What a command prints in an image that is here; undefined where there is none, or it fails. */
export async function ask(cli: ContainerCli, { image, command }: ToolQuestion): Promise<string | undefined> {
  if (!(await inspectImage(cli, image))) return undefined;
  const { stdout, status } = await runIn(cli, image, command);
  return status === 0 ? stdout : undefined;
}

function runIn(cli: ContainerCli, image: string, { tool, args }: ToolQuestion["command"]) {
  const container = ["run", "--rm", "--network", "none", "--log-driver", "none", "--entrypoint", "sh", image];
  const words = ["-c", FIRST_OF, "sh", [tool].flat().join(" "), ...args];
  return cli([...container, ...words], { check: false, timeoutMs: TIME_LIMIT_MS });
}
