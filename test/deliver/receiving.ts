import { afterEach, beforeEach } from 'vitest';
import type { Context } from '../../src/context.ts';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { startSequencer } from '../../src/publish/sequencer.ts';
import type { TestDatabase } from '../support/database.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

/**
 * A receiver of its own for each test of a file, workers from when it asks for them, and no subscription nor
 * event after it.
 */
export function receiving(
  ctx: Context,
  { pool }: TestDatabase,
): { readonly receiver: Receiver; work: () => Promise<void> } {
  let receiver: Receiver;
  let stops: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await Promise.all(stops.map((stop) => stop()));
    stops = [];
    await receiver.close();
    await pool.query('truncate outbox, pending, event, notification, attempt, subscription cascade');
  });
  return {
    get receiver() {
      return receiver;
    },
    work: async () => {
      const [delivery, sequencer] = [await startDelivery(ctx), startSequencer(ctx)];
      stops.push(
        () => sequencer.stop(),
        () => delivery.stop(),
      );
    },
  };
}
