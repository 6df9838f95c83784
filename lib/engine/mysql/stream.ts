import type { Connection } from "mysql2";

/** Takes the rows of one query as they lie on the wire. */
export interface WireSink {
  /** One row of the text protocol: `bytes[from, to)` holds its length-encoded values. Valid during the call only. */
  row(bytes: Uint8Array, from: number, to: number): void;
  /** Not undefined while the consumer is behind: nothing more is read before it resolves. */
  pending(): Promise<void> | undefined;
}

interface WirePacket {
  buffer: Uint8Array;
  offset: number;
  end: number;
  isEOF(): boolean;
}

type RowStep = (packet: WirePacket, connection: unknown) => unknown;

/** mysql2's command of a query: `row` takes each packet behind the column definitions (lib/commands/query.js of 3.x). */
interface QueryCommand {
  row: RowStep;
  once(event: "end" | "error", listener: (error: Error) => void): void;
}

/**
 * Runs a query and hands its rows over undecoded. Building a JavaScript value for each column costs more than
 * everything else together, so the driver's own decoder is put aside. Rejects with the server's or the sink's error.
 */
export function readWire(connection: Connection, sql: string, sink: WireSink): Promise<void> {
  const { stream } = connection as unknown as { stream: { pause(): void; resume(): void } };
  return new Promise((resolve, reject) => {
    const command = connection.query({ sql }) as unknown as QueryCommand;
    const onConnectionError = (error: Error) => settle(() => reject(error));
    const settle = (finish: () => void) => {
      connection.off("error", onConnectionError);
      finish();
    };
    const fail = (error: Error) => {
      settle(() => reject(error));
      connection.destroy();
    };
    const finishRows = command.row;
    let paused = false;
    command.row = (packet, wire) => {
      if (packet.buffer[packet.offset] === 0xfe && packet.isEOF()) return finishRows.call(command, packet, wire);
      sink.row(packet.buffer, packet.offset, packet.end);
      const pending = paused ? undefined : sink.pending();
      if (pending !== undefined) {
        paused = true;
        stream.pause();
        pending.then(() => {
          paused = false;
          stream.resume();
        }, fail);
      }
      return command.row;
    };
    command.once("error", (error) => settle(() => reject(error)));
    command.once("end", () => settle(resolve));
    connection.once("error", onConnectionError);
  });
}
