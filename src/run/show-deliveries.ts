/** What the pages of deliveries read and do. */
import { describeDelivery, listDeliveries, retryNow } from '../deliver/operate/deliveries.ts';
import { replayDelivered } from '../deliver/operate/replay.ts';
import { sendTest } from '../deliver/subscribe/test-event.ts';
import type { Deliveries } from '../web/pages/deliveries/routes.ts';

export const showDeliveries: Deliveries = {
  list: ({ db }) => listDeliveries(db),
  find: ({ db }, id) => describeDelivery(db, id),
  test: sendTest,
  retry: async ({ db, signals }, id) => {
    const due = await retryNow(db, id);
    if (due) signals.emit('settled');
    return due;
  },
  replay: replayDelivered,
};
