// Makes everything that the live tests need: packages, a Docker daemon, images of the servers, podman. What is there
// already is kept, so a second run takes a second or two; what can't be made is reported as missing.
//   bun test/provision.ts
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { provideDocker, removeLeftovers } from "./provision/docker.ts";
import { type Images, provideImages } from "./provision/images.ts";
import { withLock } from "./provision/lock.ts";
import { installPackages, mariadbServer, postgresBin } from "./provision/packages.ts";
import { providePodman } from "./provision/podman.ts";
import {
  type Availability,
  cacheDirectory,
  type Missing,
  type Provisioned,
  SERVER_IMAGES,
  writeProvisioned,
} from "./provision/report.ts";

/** Provisions this machine and returns (and keeps, for `readProvisioned` in report.ts) what tests can use. */
export function provision(): Promise<Provisioned> {
  return withLock(async () => {
    const report = await makeEverything();
    writeProvisioned(report);
    return report;
  });
}

async function makeEverything(): Promise<Provisioned> {
  const missing = await installPackages();
  const docker = await provideDocker();
  const { images, poolTools, missing: missingImages } = docker.available ? await withDocker() : withoutDocker(docker);
  const { images: podmanImages, missing: missingInPodman, ...podman } = await providePodman({ images, poolTools });
  const samples = findSamples();
  missing.push(...missingImages, ...missingInPodman);
  if (!podman.available)
    missing.push({ what: "podman", why: podman.reason, fix: "install podman, netavark and runc; run as root" });
  if (samples === null) missing.push(missingSamples());
  const native = { postgresBin: postgresBin(), mariadbServer: mariadbServer() };
  return { format: 1, docker, podman, images, podmanImages, poolTools, native, samples, missing };
}

async function withDocker(): Promise<Images> {
  await removeLeftovers();
  return provideImages();
}

function withoutDocker(docker: Availability): Images {
  const fix = "install Docker and start its daemon";
  const names = [...SERVER_IMAGES, "pool-tools"];
  const missing = names.map((what): Missing => ({ what: `image ${what}`, why: "Docker is not available", fix }));
  missing.unshift({ what: "Docker", why: docker.reason, fix });
  return { images: {}, poolTools: null, missing };
}

function samplesFolder(): string {
  return resolve(process.env.DITTO_TEST_SAMPLES ?? join(import.meta.dir, "../../shared/samples"));
}

function findSamples(): string | null {
  return existsSync(join(samplesFolder(), "pagila-postgres.sql.gz")) ? samplesFolder() : null;
}

function missingSamples(): Missing {
  return {
    what: "sample databases",
    why: `there is no folder "${samplesFolder()}" with Pagila and Sakila`,
    fix: "set DITTO_TEST_SAMPLES to the folder that has them",
  };
}

if (import.meta.main) {
  const begun = performance.now();
  const report = await provision();
  console.log(JSON.stringify(report, null, 2));
  console.error(`provision: ${((performance.now() - begun) / 1000).toFixed(1)} s, cache ${cacheDirectory()}`);
  for (const { what, why, fix } of report.missing) console.error(`MISSING ${what}: ${why}. ${fix}`);
  process.exitCode = report.missing.length === 0 ? 0 : 1;
}
