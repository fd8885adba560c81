import pg from 'pg';

/** The part of pg's connection that COPY needs; its types do not name it. */
type Connection = {
  query: (text: string) => void;
  sendCopyFromChunk: (chunk: Buffer) => void;
  endCopyFrom: () => void;
  sendCopyFail: (reason: string) => void;
  stream: { writableNeedDrain: boolean; once: (event: 'drain', listener: () => void) => void };
};

/** `COPY ... FROM STDIN` of some text in COPY's own format, a chunk at a time. pg has the protocol, but no call for it. */
class CopyIn {
  readonly done: Promise<void>;
  readonly #sql: string;
  readonly #chunks: Iterator<string>;
  #settle: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(sql: string, chunks: Iterable<string>) {
    this.#sql = sql;
    this.#chunks = chunks[Symbol.iterator]();
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: Connection): void {
    for (;;) {
      const { value, done } = this.#chunks.next();
      if (done) {
        connection.endCopyFrom();
        return;
      }
      connection.sendCopyFromChunk(Buffer.from(value));
      if (!connection.stream.writableNeedDrain) continue;
      connection.stream.once('drain', () => this.handleCopyInResponse(connection));
      return;
    }
  }

  handleError(error: Error): void {
    this.#settle?.reject(error);
  }

  handleReadyForQuery(): void {
    this.#settle?.resolve();
  }

  handleCommandComplete(): void {}
}

export async function copyIn(url: string, sql: string, chunks: Iterable<string>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const copy = new CopyIn(sql, chunks);
    client.query(copy as unknown as pg.Submittable);
    await copy.done;
  } finally {
    await client.end();
  }
}
