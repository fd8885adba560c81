import { freePort, type Running, start, untilReady } from './processes.ts';
import type { Database } from './store.ts';

export type Skein = { url: string; mllpPort: number; running: Record<'api' | 'worker', Running> };

/** Skein as it is installed: one process that receives, one that publishes and delivers. */
export async function startSkein(db: Database, env: Record<string, string> = {}): Promise<Skein> {
  const [port, mllpPort, workerPort] = [await freePort(), await freePort(), await freePort()];
  const common = {
    DATABASE_URL: db.url,
    LOG_LEVEL: 'warn',
    NODE_ENV: 'production',
    WEBHOOK_ALLOW: '127.0.0.0/8',
    ...env,
  };
  const api = start('src/main.ts', {
    ...common,
    ROLES: 'api,mllp',
    PORT: String(port),
    MLLP_PORT: String(mllpPort),
  });
  await untilReady(api, `http://127.0.0.1:${port}/health/ready`);
  const worker = start('src/main.ts', { ...common, ROLES: 'worker', PORT: String(workerPort) });
  await untilReady(worker, `http://127.0.0.1:${workerPort}/health/ready`);
  return { url: `http://127.0.0.1:${port}`, mllpPort, running: { api, worker } };
}
