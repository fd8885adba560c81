/** A way to PostgreSQL that can be cut: what is sent to it arrives, and the sender never hears what came of it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Cut = {
  url: string;
  /** Cuts the connection on which PostgreSQL next says that it committed, before its client hears so. */
  atCommit: () => void;
  close: () => void;
};

const COMMITTED = Buffer.from('COMMIT\0');

export async function openCut(databaseUrl: string): Promise<Cut> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let armed = false;
  const server = createServer((client) => {
    const store = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [client, store]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => [client, store].map((other) => other.destroy()));
    }
    client.on('data', (chunk) => store.write(chunk));
    store.on('data', (chunk: Buffer) => {
      if (!armed || !chunk.includes(COMMITTED)) return client.write(chunk);
      armed = false;
      return client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    atCommit: () => {
      armed = true;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
