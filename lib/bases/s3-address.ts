import { registerSecret, usageError } from "../kit/errors.ts";

/** A place in S3; `key` is "" for the whole bucket. */
export interface S3Place {
  bucket: string;
  key: string;
}

/** Reads `s3://bucket/key`; slashes at the key's ends don't count. Throws exit 2. */
export function parseS3Address(text: string): S3Place {
  const [, bucket = "", rest = ""] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(text) ?? [];
  const key = rest.replace(/^\/+|\/+$/g, "");
  const hint = "Write s3://bucket/prefix; endpoint, region and credentials come from AWS_* variables";
  // A credential may stand there by mistake: what is refused is not repeated.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    throw usageError("Cannot use the S3 address: what stands behind s3:// is no bucket's name", hint);
  }
  if (/[?#\u0000-\u001f]/.test(key) || key.split("/").some((part) => /^\.{0,2}$/.test(part) && key !== "")) {
    throw usageError(`Cannot use the S3 address of bucket "${bucket}": its key has "?", "#", or an empty part`, hint);
  }
  return { bucket, key };
}

/** `s3://bucket/key`. */
export function s3Address({ bucket, key }: S3Place): string {
  return `s3://${bucket}${key === "" ? "" : `/${key}`}`;
}

/** How S3 is reached and logged in to; undefined where nothing is said. */
export interface S3Settings {
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
  sessionToken: string | undefined;
  region: string | undefined;
  endpoint: string | undefined;
}

/** What the environment says, as Bun reads it and the AWS tools write it. Secrets are registered for redaction. */
export function s3Settings(env: Record<string, string | undefined> = process.env): S3Settings {
  const first = (...names: string[]) => names.map((name) => env[name]).find((value) => value);
  const settings = {
    accessKeyId: first("S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
    secretAccessKey: first("S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
    sessionToken: first("S3_SESSION_TOKEN", "AWS_SESSION_TOKEN"),
    region: first("S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
    endpoint: first("S3_ENDPOINT", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
  };
  for (const secret of [settings.secretAccessKey, settings.sessionToken]) if (secret) registerSecret(secret);
  return settings;
}

/** The host that is asked, for messages: an endpoint may hold a password. */
export function endpointHost({ endpoint, region }: S3Settings): string {
  if (endpoint === undefined) return `s3.${region ?? "us-east-1"}.amazonaws.com`;
  return URL.canParse(endpoint) ? new URL(endpoint).host : "the endpoint";
}
