/** A webhook receiver, a process of its own: counts what comes, answers 200. `GET /` says how much and when the last one came. */
import { createServer } from 'node:http';

let count = 0;
let lastAt = 0;
let lastBody = '';

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify({ count, lastAt, lastBody }));
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    // A handshake is no event.
    const body = Buffer.concat(chunks).toString();
    if (!body.includes('"valueCode":"handshake"')) {
      count += 1;
      lastAt = Date.now();
      lastBody = body;
    }
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
