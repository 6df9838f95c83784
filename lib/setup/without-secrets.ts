import { isAlias, isPair, isScalar, type Node, type Pair, Parser, parseDocument, visit } from "yaml";
import { registerSecret } from "../kit/errors.ts";
import { isSecretReference } from "../kit/secrets.ts";

/** Keys whose values are nobody else's business; a command that tells of a failure may well hold a token. */
const SECRET_KEYS = /passw|passphrase|^(pass|pwd|exec)$|secret|token|webhook|credential|api_?key/i;

/** Parameters of a URL that hold no secret. */
const OPEN_PARAMS = /^(host|port|user|username|dbname|region|endpoint|charset|ssl-?(mode|rootcert|cert|key))$/i;

/** What was commented out: such a key, or a URL's login. */
const IN_COMMENT =
  /((?:passw\w*|passphrase|pwd|\w+_secret|token|webhook\w*|api_?key)["']?\s*[:=]\s*|:\/\/[^:@]*:(?=.*@))(?!\s|(?:env|file|cmd|arn):).+/i;

/** A part of the text that is shown as another. */
interface Part {
  from: number;
  to: number;
  text: string;
}

/**
 * A configuration with `***` for every secret in it, line by line as it was; undefined for what can't be read as YAML.
 * Registers what it hides.
 */
export function withoutSecrets(yaml: string): string | undefined {
  const document = parseDocument(yaml);
  let readable = document.errors.length === 0;
  const parts: Part[] = [];
  visit(document, {
    Node(_, node, path) {
      const pairs = path.filter(isPair);
      const above = pairs.filter(({ key }) => key !== node);
      const isKey = above.length < pairs.length;
      const target = isAlias(node) ? node.resolve(document) : node;
      if (target === undefined) readable = false;
      else if (isSecret(above)) parts.push(...blanked(yaml, target, target === node ? above.at(-1) : undefined));
      else if (!isKey) parts.push(...withoutLogin(yaml, target));
    },
  });
  if (!readable) return undefined;
  return replaced(yaml, [...parts, ...commentsOf(yaml, parts)]);
}

function isSecret(pairs: Pair[]): boolean {
  const keys = pairs.map(({ key }) => String(key));
  // A variable that is to hold a password is no password.
  return keys.at(-2) !== "env" && keys.some((key) => SECRET_KEYS.test(key));
}

/** A secret's value, with all that stands between it and its key. */
function blanked(yaml: string, node: Node, pair: Pair | undefined): Part[] {
  if (!isScalar(node) || !node.range || isSecretReference(String(node.value))) return [];
  const [start, to] = node.range;
  const key = (pair?.key as Node | undefined)?.range?.[1];
  const colon = key === undefined || pair?.value !== node ? undefined : /^\s*:\s*/.exec(yaml.slice(key));
  const from = Math.min(start, colon ? (key ?? 0) + colon[0].length : start);
  const raw = yaml.slice(from, to);
  registerSecret(String(node.value));
  return [{ from, to, text: /^(""|'')$/.test(raw) ? raw : blank(raw) }];
}

/** Each line's content as `***`. */
function blank(raw: string): string {
  return raw.replace(/\S(.*\S)?/g, "***");
}

/** A URL without its password; nothing of it when the file's spelling hides where that ends. */
function withoutLogin(yaml: string, node: Node): Part[] {
  if (!isScalar(node) || !node.range || isSecretReference(String(node.value))) return [];
  const [from, to] = node.range;
  const [raw, value] = [yaml.slice(from, to), String(node.value)];
  if (loginHidden(value) === value) return [];
  return [{ from, to, text: raw.includes(value) ? raw.replace(value, () => loginHidden(value)) : blank(raw) }];
}

function loginHidden(value: string): string {
  return value
    .replace(/(\/\/[^:@]*:|^[^\s:@/]*:(?!\/\/))(.*)@/s, (_, before: string, password: string) => {
      registerSecret(password);
      return `${before}***@`;
    })
    .replace(/([?&;]([\w.-]+)=)([^&]+)/g, (all, before: string, name: string, text: string) => {
      if (OPEN_PARAMS.test(name) && !text.includes(";")) return all;
      registerSecret(text);
      return `${before}***`;
    });
}

/** Comments that hold a secret, and those behind one: without quotes, what stands behind a "#" is none of it. */
function commentsOf(yaml: string, parts: Part[]): Part[] {
  return commentsIn(yaml).map(({ from, text }) => {
    const line = yaml.lastIndexOf("\n", from) + 1;
    const behind = parts.some((part) => part.to >= line && part.to <= from);
    return { from, to: from + text.length, text: behind ? "#***" : text.replace(IN_COMMENT, "$1***") };
  });
}

function commentsIn(yaml: string): { from: number; text: string }[] {
  const found: { from: number; text: string }[] = [];
  const seek = (token: unknown): void => {
    if (typeof token !== "object" || token === null) return;
    const { type, offset, source } = token as { type?: unknown; offset?: unknown; source?: unknown };
    if (type === "comment") found.push({ from: Number(offset), text: String(source) });
    for (const part of Object.values(token)) seek(part);
  };
  for (const token of new Parser().parse(yaml)) seek(token);
  return found;
}

/** Of two parts that overlap, the one that begins before, or shows less, stands for both. */
function replaced(text: string, parts: Part[]): string {
  let done = 0;
  let out = "";
  for (const part of parts.sort((a, b) => a.from - b.from || a.text.length - b.text.length)) {
    if (part.from < done) continue;
    out += text.slice(done, part.from) + part.text;
    done = part.to;
  }
  return out + text.slice(done);
}
