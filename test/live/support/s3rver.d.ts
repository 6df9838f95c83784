// @20minutes/s3rver comes without types; this is what the tests use of it.
declare module "@20minutes/s3rver" {
  import type { AddressInfo } from "node:net";

  /** A request as Koa has it. */
  export interface Context {
    method: string;
    path: string;
    mountPath: string;
    status: number;
    type: string;
    body: unknown;
    state: { vhost: boolean };
  }

  export type Middleware = (ctx: Context, next: () => Promise<void>) => Promise<void>;

  export default class S3rver {
    constructor(options: {
      address: string;
      port: number;
      directory: string;
      silent: boolean;
      vhostBuckets: boolean;
      configureBuckets: { name: string }[];
    });
    middleware: Middleware[];
    run(): Promise<AddressInfo>;
    close(): Promise<void>;
  }
}
