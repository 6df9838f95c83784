import { DittoError } from "../../kit/errors.ts";
import { type Cli, call } from "./pool-cli.ts";
import { lastWords, poolError } from "./pool-errors.ts";
import { poolLabels } from "./pool-names.ts";

/** What ditto calls the tools image that it builds itself. */
export const TOOLS_IMAGE = "ditto-pool-tools:1";

const GROUND = "debian:stable-slim";
const PACKAGES = ["btrfs-progs", "xfsprogs", "mount", "util-linux"];
const INSTALL = `set -e; export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null
apt-get install -y -qq --no-install-recommends ${PACKAGES.join(" ")} >/dev/null
apt-get clean; rm -rf /var/lib/apt/lists/*`;

/**
 * An image with the file systems' tools: the wanted one, else ditto's own, built once. Throws when it is absent and
 * can't be built.
 */
export async function ensureTools(cli: Cli, home: string, wanted: string | undefined): Promise<string> {
  if (wanted && (await isPresent(cli, wanted))) return wanted;
  if (await isPresent(cli, TOOLS_IMAGE)) return TOOLS_IMAGE;
  if (process.env.DITTO_OFFLINE === "1") throw missing("DITTO_OFFLINE forbids building it", wanted);
  await buildTools(cli, home, wanted);
  return TOOLS_IMAGE;
}

async function isPresent(cli: Cli, image: string): Promise<boolean> {
  const { status, stderr } = await call(cli, ["image", "inspect", "--format", "{{.Id}}", image]);
  if (status !== 0 && !/no such image|image not known|failed to find image/i.test(stderr)) {
    throw poolError("look for the pool's tools", { status, stdout: "", stderr });
  }
  return status === 0;
}

// `docker build` needs a builder and a context; run and commit need nothing.
async function buildTools(cli: Cli, home: string, wanted: string | undefined): Promise<void> {
  const name = `ditto-${home}-pool-build-${process.pid}`;
  const labels = poolLabels(home, "tools");
  try {
    const run = ["run", "--name", name, ...labels, "--log-driver", "none", "--entrypoint", "sh", GROUND, "-c", INSTALL];
    const installed = await call(cli, run);
    if (installed.status !== 0)
      throw missing(`it could not be built from ${GROUND} (${lastWords(installed.stderr)})`, wanted);
    // The image serves every state folder of this daemon, so it carries the label of none.
    const marks = ["ditto.managed=true", "ditto.kind=tool", "ditto.home=", "ditto.id=pool-tools"];
    const changes = marks.flatMap((mark) => ["--change", `LABEL ${mark}`]);
    const committed = await call(cli, ["commit", ...changes, name, TOOLS_IMAGE]);
    if (committed.status !== 0) throw poolError("keep the pool's tools", committed);
  } finally {
    await call(cli, ["rm", "-f", "-v", name]);
  }
}

function missing(reason: string, wanted: string | undefined): DittoError {
  const image = wanted || TOOLS_IMAGE;
  return new DittoError(`Cannot get the pool's tools: the image "${image}" is not here and ${reason}`, {
    code: "POOL_TOOLS_MISSING",
    hint: `Load an image with ${PACKAGES.join(", ")} and name it ${TOOLS_IMAGE}, or use storage: image`,
  });
}
