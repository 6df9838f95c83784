import { bytesOf, textOfBytes } from "./bytes.ts";
import { messageOfValue, textMessage } from "./canonical.ts";
import type { MaskKey } from "./key.ts";
import type { MaskRequest } from "./request.ts";

/** Hexadecimal digits with 64 bits. */
export const LEAST_HASH = 16;
const WHOLE_HASH = 64;

/** HMAC of the exact value, or of its fold where the request has one: hexadecimal, in a column of bytes the digest itself. */
export function hashValue(request: MaskRequest, key: MaskKey): (value: string) => string {
  const { engine, kind } = request;
  const keyed = key.subkey("hash");
  if (kind.is === "bytes") {
    return (value) => {
      const message = messageOfValue(engine, kind, value) ?? bytesOf(engine, value);
      return textOfBytes(engine, keyed(message).subarray(0, Math.min(WHOLE_HASH / 2, kind.max)));
    };
  }
  if (kind.is === "json") return (value) => `"${keyed(messageOfValue(engine, kind, value) ?? "").toString("hex")}"`;
  const length = Math.min(WHOLE_HASH, kind.is === "text" ? kind.max : WHOLE_HASH);
  return (value) => keyed(textMessage(value, request.fold)).toString("hex").slice(0, length);
}
