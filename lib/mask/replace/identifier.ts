import { bytesOf, dashed, textOfBytes } from "../bytes.ts";
import { addressMessage, uuidMessage } from "../canonical.ts";
import { type Draw, drawFrom } from "../draw.ts";
import type { MaskKey } from "../key.ts";
import { printAddress } from "../net.ts";
import { printedAs } from "../printed.ts";
import type { MaskRequest } from "../request.ts";
import { longest, messageOr } from "./folded.ts";
import { replaceSpelled } from "./spelled.ts";

/** Version 4, so 122 bits are drawn; written as the value is. */
export function replaceUuid(request: MaskRequest, key: MaskKey): (value: string) => string {
  const { engine, kind } = request;
  const draw = drawFrom(key.subkey("replace:uuid"));
  const max = longest(request);
  if (kind.is === "bytes") {
    return (value) => {
      const hex = bytesOf(engine, value).toString("hex");
      draw.start(messageOr(uuidMessage(hex), hex, request));
      return textOfBytes(engine, drawUuid(draw));
    };
  }
  if (kind.is === "text" && request.unique) {
    const usual = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
    return replaceSpelled(request, key, {
      usual: (folded) => (BARE.test(folded) || (max >= 36 && usual.test(folded)) ? uuidMessage(folded) : undefined),
      compose(own, { folded }) {
        const hex = drawUuid(own).toString("hex");
        return max < 36 || BARE.test(folded) ? hex : dashed(hex);
      },
    });
  }
  return (value) => {
    const known = uuidMessage(value.trim());
    draw.start(messageOr(known, value, request));
    const hex = drawUuid(draw).toString("hex");
    const bare = max < 36 || (known !== undefined && !value.includes("-"));
    const text = bare ? hex : dashed(hex);
    return kind.is === "text" && value !== value.toLowerCase() && value === value.toUpperCase()
      ? text.toUpperCase()
      : text;
  };
}

const BARE = /^[\da-f]{32}$/;

function drawUuid(draw: Draw): Buffer {
  const bytes = draw.bytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

/** The ranges of RFC 5737. */
const FOURS = [
  [192, 0, 2],
  [198, 51, 100],
  [203, 0, 113],
];
const SIX = [0x20, 0x01, 0x0d, 0xb8];

/** An address that documentation may use: RFC 5737, or RFC 3849 with 96 bits where the value is one or must be unique. */
export function replaceAddress(request: MaskRequest, key: MaskKey): (value: string) => string {
  const { engine, kind, unique } = request;
  const draw = drawFrom(key.subkey("replace:ip"));
  const next = (message: string, six: boolean) => {
    draw.start(message);
    return drawOther(draw, message, six);
  };
  if (kind.is === "integer") {
    return (value) => {
      const number = Number(value);
      const bytes = Buffer.alloc(4);
      if (number >= 0 && number < 2 ** 32) bytes.writeUInt32BE(number);
      return String(next(`inet\0${printAddress(bytes)}`, false).readUInt32BE());
    };
  }
  if (kind.is === "bytes") {
    return (value) => {
      const bytes = bytesOf(engine, value);
      const six = kind.max >= 16 && (unique || bytes.length === 16);
      const known = bytes.length === 4 || bytes.length === 16 ? `inet\0${printAddress(bytes)}` : undefined;
      return textOfBytes(engine, next(messageOr(known, bytes.toString("hex"), request), six));
    };
  }
  const room = kind.is === "inet" ? !kind.four : longest(request) >= 39;
  if (kind.is === "text" && unique) {
    const print = printedAs("postgres", { is: "inet" });
    const full = /\/(32|128)$/;
    return replaceSpelled(request, key, {
      usual: (folded) => (print(folded) === folded && !full.test(folded) ? networkMessage(folded) : undefined),
      compose: (own, { message }) => printAddress(drawOther(own, message, room)),
    });
  }
  return (value) => {
    const message = unique ? networkMessage(value) : addressMessage(value);
    const six = room && (unique || message?.includes(":") === true);
    return printAddress(next(messageOr(message, value, request), six));
  };
}

function drawOther(draw: Draw, message: string, six: boolean): Buffer {
  let address = drawAddress(draw, six);
  while (`inet\0${printAddress(address)}` === message) address = drawAddress(draw, six);
  return address;
}

/** A network's message where it must not be that of another with the same address. */
function networkMessage(text: string): string | undefined {
  const message = addressMessage(text);
  const [mask] = /\/\d+$/.exec(text) ?? [""];
  return message && (mask === (message.includes(":") ? "/128" : "/32") ? message : message + mask);
}

function drawAddress(draw: Draw, six: boolean): Buffer {
  if (six) return Buffer.from([...SIX, ...draw.bytes(12)]);
  return Buffer.from([...draw.pick(FOURS), 1 + draw.below(254)]);
}
