import { DittoError } from "../../kit/errors.ts";
import type { DatabaseUrl } from "../../kit/url.ts";

interface Explanation {
  code: string;
  state: string;
  hint: string;
}

const EXPLANATIONS: Record<string, (target: DatabaseUrl) => Explanation> = {
  ER_ACCESS_DENIED_ERROR: (t) =>
    t.password === ""
      ? {
          code: "WRONG_PASSWORD",
          state: `the server wants a password of user "${t.user}" and none is configured`,
          hint: "Set source.password_secret, e.g. env:DB_PASSWORD",
        }
      : {
          code: "WRONG_PASSWORD",
          state: `the server refuses the password of user "${t.user}"`,
          hint: "Check the user and the password (source.password_secret, or in source.url percent-encoded)",
        },
  ER_DBACCESS_DENIED_ERROR: (t) => ({
    code: "DATABASE_DENIED",
    state: `user "${t.user}" has no right to database "${t.database}", or there is none of that name`,
    hint: "Check the database's name at the end of the URL, and the user's grants",
  }),
  ER_BAD_DB_ERROR: (t) => ({
    code: "DATABASE_MISSING",
    state: `there is no database "${t.database}"`,
    hint: "Check the database's name at the end of the URL",
  }),
  ER_HOST_NOT_PRIVILEGED: (t) => ({
    code: "ACCESS_REFUSED",
    state: `the server takes no connection of user "${t.user}" from this machine's address`,
    hint: "Create the user for this address ('user'@'%'), or use another user",
  }),
  ER_ACCOUNT_HAS_BEEN_LOCKED: (t) => ({
    code: "ACCESS_REFUSED",
    state: `the account of user "${t.user}" is locked`,
    hint: "Unlock it on the server (ALTER USER … ACCOUNT UNLOCK), or use another user",
  }),
  ER_CON_COUNT_ERROR: () => ({
    code: "TOO_MANY_CONNECTIONS",
    state: "the server has no connection left",
    hint: "Try again later, or raise max_connections",
  }),
  ER_SECURE_TRANSPORT_REQUIRED: () => ({
    code: "TLS_REQUIRED",
    state: "the server takes encrypted connections only",
    hint: 'Remove "sslmode=disable" from source.url, or set source.tls.mode to require',
  }),
  HANDSHAKE_NO_SSL_SUPPORT: () => ({
    code: "TLS_MISSING",
    state: "the server offers no encryption, and the configuration wants it",
    hint: "Set source.tls.mode to prefer where the network is trusted, or turn TLS on at the server",
  }),
};

const CERTIFICATE = /certificate|self.signed|CERT_|altname|ERR_TLS/i;

/** A failed connect in words: what the server or the network said, and what to do. */
export function explainConnect(error: unknown, target: DatabaseUrl): DittoError {
  if (error instanceof DittoError) return error;
  const { code = "", message = "" } = error as { code?: string; message?: string };
  const where = target.socket ?? `${target.host}:${target.port}`;
  const known = EXPLANATIONS[code]?.(target) ?? authentication(message, target) ?? network(code, message);
  return new DittoError(`Cannot connect to ${where}: ${known.state}`, {
    code: known.code,
    hint: known.hint,
    cause: error,
  });
}

function authentication(message: string, target: DatabaseUrl): Explanation | undefined {
  const plugin = /unknown plugin (\w+)|mysql_clear_password/.exec(message);
  if (plugin === null) return undefined;
  return {
    code: "ACCESS_REFUSED",
    state: `user "${target.user}" logs in by ${plugin[1] ?? plugin[0]}, which ditto does not speak`,
    hint: "Make a user with a password for dumps (mysql_native_password or caching_sha2_password)",
  };
}

function network(code: string, message: string): Explanation {
  if (CERTIFICATE.test(code) || CERTIFICATE.test(message)) {
    return {
      code: "TLS_UNTRUSTED",
      state: "the server's certificate is not trusted",
      hint: "Set source.tls.ca to its authority, or source.tls.mode to require to skip the check",
    };
  }
  return {
    code: "UNREACHABLE",
    state: networkState(code, message),
    hint: "Check host and port, and that the server is running and reachable from this machine",
  };
}

function networkState(code: string, message: string): string {
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host's name is unknown";
  if (code === "ENOENT") return "there is no such socket";
  if (code === "ETIMEDOUT" || /timeout/i.test(message)) return "no answer within the time limit";
  if (code === "PROTOCOL_CONNECTION_LOST") return "the server closed the connection before the login";
  return message.split("\n")[0] || code;
}
