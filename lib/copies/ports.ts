import { createServer } from "node:net";
import { DittoError } from "../kit/errors.ts";
import type { CopyAddress } from "./address.ts";
import type { CopyRecord } from "./record.ts";

interface PortWish {
  port: number | undefined;
  ports: "auto" | { from: number; to: number };
  address: CopyAddress;
}

/**
 * A port for a copy: the one asked for, a free one of the range, or one that the kernel gives. A port that a record holds
 * is not free even when nothing listens there: its copy is about to, or is stopped and keeps it for life.
 */
export async function choosePort(wish: PortWish, copies: CopyRecord[], refused = new Set<number>()): Promise<number> {
  const taken = new Set([...copies.map((copy) => copy.port), ...refused]);
  const { port, ports, address } = wish;
  // What is free on another machine turns out when its daemon takes it.
  const isFree = async (one: number) =>
    !taken.has(one) && (address.reach !== undefined || (await free(one, address.bind)));
  if (port !== undefined) {
    if (await isFree(port)) return port;
    throw portInUse(port);
  }
  if (ports !== "auto") return portOfRange(ports, isFree);
  return address.reach === undefined ? kernelPort(address.bind, taken) : dynamicPort(taken);
}

async function portOfRange(
  { from, to }: { from: number; to: number },
  isFree: (port: number) => Promise<boolean>,
): Promise<number> {
  for (let port = from; port <= to; port++) {
    if (await isFree(port)) return port;
  }
  throw new DittoError(`Cannot find a port: every port of ${from}-${to} is in use`, {
    code: "PORTS_USED_UP",
    hint: 'Delete copies ("bun scripts/copy.ts list"), or widen copy.ports',
  });
}

export function portInUse(port: number): DittoError {
  return new DittoError(`Cannot make a copy: port ${port} is in use`, {
    code: "PORT_IN_USE",
    hint: "Choose another --port, or leave it out",
  });
}

function listen(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}

async function free(port: number, host: string): Promise<boolean> {
  return (await listen(port, host)) !== undefined;
}

async function kernelPort(host: string, taken: Set<number>): Promise<number> {
  for (;;) {
    const port = await listen(0, host);
    if (port === undefined) break;
    if (!taken.has(port)) return port;
  }
  throw new DittoError(`Cannot listen on "${host}": it is no address of this machine`, {
    code: "BIND_FAILED",
    exit: 2,
    hint: "Check copy.bind; 127.0.0.1 is this machine only, 0.0.0.0 is everybody",
  });
}

/** One of those that belong to nobody (RFC 6335). */
function dynamicPort(taken: Set<number>): number {
  for (;;) {
    const port = 49_152 + Math.floor(Math.random() * (65_536 - 49_152));
    if (!taken.has(port)) return port;
  }
}
