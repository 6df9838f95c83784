import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver, { type Context } from "@20minutes/s3rver";
import { S3Client } from "bun";

/** An S3 server of this process with one bucket, its objects in a folder that goes with it. */
export interface S3Server {
  /** `s3://` and the name of its bucket. */
  address: string;
  /** What ditto needs in its environment. */
  env: Record<string, string>;
  /** A client that is not ditto's. */
  client: S3Client;
  keys(): Promise<string[]>;
  /** Called for each request; what it answers is sent instead. A promise holds the request up. */
  interfere(rule: Rule | undefined): void;
  stop(): Promise<void>;
}

type Rule = (request: { method: string; path: string }) => Answer | Promise<Answer>;
type Answer = { status: number; code: string } | undefined;

const BUCKET = "dumps";
// The only login that s3rver knows.
const LOGIN = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

/** Starts the server on a free port of this host. */
export async function startS3(): Promise<S3Server> {
  const directory = mkdtempSync(join(tmpdir(), "ditto-s3-"));
  let rule: Rule | undefined;
  const options = { address: "127.0.0.1", port: 0, directory, silent: true, vhostBuckets: false };
  const server = new S3rver({ ...options, configureBuckets: [{ name: BUCKET }] });
  // Before the last one, which answers.
  server.middleware.splice(-1, 0, async (ctx, next) => {
    const answer = await rule?.(ctx);
    if (answer) refuse(ctx, answer);
    else await next();
  });
  server.middleware.splice(-1, 0, keepSlash);
  const { port } = await server.run();
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, bucket: BUCKET, ...LOGIN });
  return {
    address: `s3://${BUCKET}`,
    env: {
      ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: "us-east-1" },
      ...{ AWS_ACCESS_KEY_ID: LOGIN.accessKeyId, AWS_SECRET_ACCESS_KEY: LOGIN.secretAccessKey },
    },
    client,
    keys: async () => ((await client.list()).contents ?? []).map(({ key }) => key).sort(),
    interfere: (next) => {
      rule = next;
    },
    async stop() {
      // Connections that are kept open would keep it up.
      void server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** s3rver 5.0.0 forgets the slash behind a bucket's name when it computes a signature, and Bun's client signs it. */
async function keepSlash(ctx: Context, next: () => Promise<void>): Promise<void> {
  if (/^\/[^/]+\/$/.test(ctx.path)) {
    ctx.state.vhost = true;
    ctx.mountPath = "/";
  }
  await next();
}

function refuse(ctx: Context, { status, code }: NonNullable<Answer>): void {
  ctx.status = status;
  ctx.type = "application/xml";
  ctx.body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
}
