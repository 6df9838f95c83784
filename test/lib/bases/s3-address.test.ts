import { describe, expect, test } from "bun:test";
import { endpointHost, parseS3Address, s3Address, s3Settings } from "../../../lib/bases/s3-address.ts";
import { redact } from "../../../lib/kit/errors.ts";

describe("an S3 address", () => {
  for (const [text, bucket, key] of [
    ["s3://dumps", "dumps", ""],
    ["s3://dumps/", "dumps", ""],
    ["s3://dumps/team/a", "dumps", "team/a"],
    ["s3://dumps//team/a/", "dumps", "team/a"],
    ["S3://My.Bucket_1/Ärger/a b+c.dump", "My.Bucket_1", "Ärger/a b+c.dump"],
  ] as const) {
    test(`"${text}" is bucket and key`, () => {
      expect(parseS3Address(text)).toEqual({ bucket, key });
      expect(parseS3Address(s3Address({ bucket, key }))).toEqual({ bucket, key });
    });
  }

  for (const text of ["s3://", "s3:///key", "s3://a", "s3://b/../c", "s3://bucket/a//b", "s3://bucket/a?versionId=1"]) {
    test(`"${text}" is refused`, () => {
      expect(() => parseS3Address(text)).toThrow("Cannot use the S3 address");
    });
  }

  test("a credential that stands in it is not repeated", () => {
    const refusal = () => parseS3Address("s3://AKIA123:very-secret@bucket/key");
    expect(refusal).toThrow("no bucket's name");
    expect(refusal).not.toThrow("very-secret");
  });
});

describe("what the environment says of S3", () => {
  test("the names of Bun and of the AWS tools count, S3_* first", () => {
    expect(s3Settings({ AWS_DEFAULT_REGION: "eu-west-1", AWS_ENDPOINT_URL: "http://s3.test:9000" })).toMatchObject({
      region: "eu-west-1",
      endpoint: "http://s3.test:9000",
    });
    expect(
      s3Settings({ S3_REGION: "a", AWS_REGION: "b", AWS_ENDPOINT_URL_S3: "http://a", AWS_ENDPOINT_URL: "http://b" }),
    ).toMatchObject({ region: "a", endpoint: "http://a" });
  });

  test("its secrets are never shown", () => {
    s3Settings({ AWS_SECRET_ACCESS_KEY: "wJalrXUtn/FEMI", AWS_SESSION_TOKEN: "FwoGZXIvYXdz" });
    expect(redact("wJalrXUtn/FEMI and FwoGZXIvYXdz")).toBe("*** and ***");
  });

  test("an endpoint is named without its login", () => {
    expect(endpointHost(s3Settings({ AWS_ENDPOINT_URL: "https://user:pass@s3.test:9000/x" }))).toBe("s3.test:9000");
    expect(endpointHost(s3Settings({ AWS_REGION: "eu-west-1" }))).toBe("s3.eu-west-1.amazonaws.com");
  });
});
