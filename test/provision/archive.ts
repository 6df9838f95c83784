import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, pipe } from "./exec.ts";

export interface ImageConfig {
  Entrypoint: string[];
  Cmd: string[];
  Env: string[];
  Volumes: string[];
  ExposedPorts: string[];
  Labels?: Record<string, string>;
}

interface Contents {
  root: string;
  work: string;
  config: ImageConfig;
  stopSignal: string | undefined;
}

/**
 * Gives Docker an image of one layer. An archive for `docker load`, because `docker import` can't set a stop signal
 * and `docker build` would add layers.
 */
export async function loadImage(name: string, { root, work, config, stopSignal }: Contents): Promise<void> {
  const layer = join(work, "layer.tar");
  await must([
    "tar",
    "--create",
    `--file=${layer}`,
    `--directory=${root}`,
    "--numeric-owner",
    "--one-file-system",
    ".",
  ]);
  const digest = (await must(["sha256sum", layer])).split(" ")[0];
  const created = new Date().toISOString();
  const image = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    created,
    config: {
      ...config,
      Volumes: asSet(config.Volumes),
      ExposedPorts: asSet(config.ExposedPorts),
      ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
    history: [{ created, created_by: "ditto test/provision.ts" }],
  };
  writeFileSync(join(work, "config.json"), JSON.stringify(image));
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
  writeFileSync(join(work, "manifest.json"), JSON.stringify(manifest));
  const files = ["manifest.json", "config.json", "layer.tar"];
  await pipe(["tar", "--create", "--file=-", `--directory=${work}`, ...files], ["docker", "load", "--quiet"]);
}

function asSet(names: string[]): Record<string, object> | null {
  return names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, {}]));
}
