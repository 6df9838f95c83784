import { decodeString, type JsonNode, scanJson } from "./json-scan.ts";
import { parseNumber, printNumber } from "./numbers.ts";

/** A JSON text such that equal documents have equal ones, see canonical.ts; what is no JSON stays as it is. */
export function canonicalJson(text: string): string {
  const root = scanJson(text);
  return root === undefined ? text : canonicalNode(text, root);
}

function canonicalNode(text: string, node: JsonNode): string {
  const own = text.slice(node.from, node.to);
  switch (node.is) {
    case "object": {
      const members = node.children.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      return `{${members.map(({ key, node: child }) => `${JSON.stringify(key)}:${canonicalNode(text, child)}`).join(",")}}`;
    }
    case "array":
      return `[${node.children.map(({ node: child }) => canonicalNode(text, child)).join(",")}]`;
    case "string":
      return JSON.stringify((decodeString(own) ?? own).normalize("NFC"));
    case "number": {
      const number = parseNumber(own);
      return number === undefined ? own : printNumber(number);
    }
    default:
      return own;
  }
}
