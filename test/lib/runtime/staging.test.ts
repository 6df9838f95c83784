import { expect, test } from "bun:test";
import { containerCli } from "../../../lib/runtime/docker/cli.ts";
import { openStaging } from "../../../lib/runtime/docker/staging.ts";
import { setEnvironment } from "../bases/environment.ts";

test("raw rows are not sent to a daemon whose own address this machine can't reach", async () => {
  const restore = setEnvironment({ DOCKER_HOST: "tcp://docker.invalid:2375" });
  const request = { id: "01a", image: "postgres:17", user: "postgres", memory: 1, serverPort: 5432 };
  const server = { flavour: "postgres" as const, version: "17.6" };
  try {
    const opened = openStaging({ cli: containerCli("docker"), say: () => {} }, { ...request, server });
    expect(await opened.catch(({ code, message }) => ({ code, message }))).toMatchObject({
      code: "STAGING_ELSEWHERE",
      message: expect.stringContaining('on "docker.invalid"'),
    });
  } finally {
    restore();
  }
});
