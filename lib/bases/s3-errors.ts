import { DittoError, messageOf } from "../kit/errors.ts";
import { TimeLimitError } from "../kit/time-limit.ts";

/** What was tried when S3 refused it. */
export interface S3Attempt {
  /** The beginning of the sentence: `Cannot write to "s3://bucket/prefix"`. */
  title: string;
  bucket: string;
  /** The host that was asked. */
  host: string;
  /** What IAM calls the permission for it. */
  permission: string;
}

interface Explanation {
  code: string;
  state: string;
  hint: string;
}

const LOGIN =
  /^(InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired|InvalidSecurity|NotSignedUp)$/;
const DENIED = /^(AccessDenied|AllAccessDisabled|AccountProblem|AccessForbidden|Forbidden|UnauthorizedAccess)$/;
const REGION =
  /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/;
const NETWORK =
  /^(Connection\w+|DNS\w+|FailedToOpenSocket|Timeout|TooManyRedirects|E(?!RR_)[A-Z_]+|\w*CERT\w*|UNABLE_TO_\w+|HTTP2?\w*|Malformed\w*)$/;

/** One sentence for what S3 or the way to it refused, with the way out; errors that are ditto's own stay. */
export function explainS3(error: unknown, attempt: S3Attempt): DittoError {
  if (error instanceof DittoError) return error;
  const { code, state, hint } = explanation(error, attempt);
  return new DittoError(`${attempt.title}: ${state}`, { code, hint, cause: error });
}

/** The code that S3 or Bun's client gave an error. */
export function s3Code(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? "");
}

function explanation(error: unknown, attempt: S3Attempt): Explanation {
  const { bucket, host, permission } = attempt;
  const code = s3Code(error);
  const unreachable = (why: string): Explanation => ({
    code: "S3_UNREACHABLE",
    state: `${host} can't be reached (${why})`,
    hint: "Check the network and AWS_ENDPOINT_URL (or AWS_REGION), then run it again",
  });
  if (error instanceof TimeLimitError) return unreachable(error.message);
  if (code === "ERR_S3_MISSING_CREDENTIALS") return missingCredentials();
  if (LOGIN.test(code)) return refusedLogin(code, host);
  if (DENIED.test(code)) {
    return {
      code: "S3_DENIED",
      state: `access is denied, ${permission} is missing`,
      hint: `Allow these credentials ${permission} on bucket "${bucket}", or use others`,
    };
  }
  if (code === "NoSuchBucket") return missingBucket(bucket, host);
  if (code === "NoSuchKey" || code === "NoSuchUpload") {
    return { code: "DUMP_MISSING", state: "there is no such object", hint: "Check the key" };
  }
  if (REGION.test(code)) {
    return {
      code: "S3_REGION",
      state: `bucket "${bucket}" is in another region than the one asked`,
      hint: "Set AWS_REGION to the bucket's region",
    };
  }
  if (code === "RequestTimeTooSkewed") {
    return { code: "S3_CLOCK", state: "this machine's clock is wrong", hint: "Set the clock, then run it again" };
  }
  if (NETWORK.test(code)) return unreachable(code);
  return {
    code: "S3_FAILED",
    state: `${host} answered ${code || "with an error"}: ${messageOf(error)}`,
    hint: "Run it again; if it stays, look that code up in the documentation of the S3 service",
  };
}

function missingCredentials(): Explanation {
  return {
    code: "S3_CREDENTIALS",
    state: "there are no credentials",
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a profile: eval "$(aws configure export-credentials --format env)"',
  };
}

function refusedLogin(code: string, host: string): Explanation {
  const what = /Token/.test(code) ? "has expired or is invalid" : "is not valid there";
  return {
    code: "S3_CREDENTIALS",
    state: `${host} refuses the credentials (${code})`,
    hint: `What AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN hold ${what}: set current ones`,
  };
}

function missingBucket(bucket: string, host: string): Explanation {
  return {
    code: "S3_BUCKET_MISSING",
    state: `there is no bucket "${bucket}" at ${host}`,
    hint: "Make the bucket, or correct its name or AWS_ENDPOINT_URL; ditto makes no buckets",
  };
}
