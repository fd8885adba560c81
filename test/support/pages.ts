/** What pages are made from, for tests in which nobody is to decide anything. */
import type { Context } from '../../src/context.ts';
import { MAPPINGS_DIR } from '../../src/map/language/folders.ts';
import { openMappingBench } from '../../src/run/mapping-bench.ts';
import { showDeliveries } from '../../src/run/show-deliveries.ts';
import { showFigures } from '../../src/run/show-figures.ts';
import { showMessages } from '../../src/run/show-messages.ts';
import { showSharing } from '../../src/run/show-sharing.ts';
import { showSystems } from '../../src/run/show-systems.ts';
import type { Sources } from '../../src/web/pages/routes.ts';
import { type Desk, type KeepWorklist, openDesk } from '../../src/work/worklist/desk.ts';
import { figuresOf } from '../../src/work/worklist/item.ts';

const NO_WORKLIST: KeepWorklist = {
  items: async () => [],
  forget: () => undefined,
  figures: async () => figuresOf([], 0, new Date(0)),
  knownTo: async () => new Set(),
  findEffect: async () => ({ refused: 'of nobody' }),
  findDecidedItem: async () => null,
  ...{ acceptItem: async () => undefined, rejectItem: async () => undefined },
  ...{ deferItem: async () => undefined, undoDecided: async () => undefined },
};

export const emptyDesk = (ctx: Context): Desk => openDesk(ctx, NO_WORKLIST);

/** Where something is to be answered or tried, a test takes a real server. */
const nobody = async (): Promise<never> => {
  throw new Error('nobody answers or tries anything here');
};

export const sourcesOf = (ctx: Context): Sources => ({
  ...{
    messages: { ...showMessages, retry: nobody },
    deliveries: showDeliveries,
    sharing: showSharing,
  },
  bench: openMappingBench([MAPPINGS_DIR]),
  ...{ systems: showSystems([MAPPINGS_DIR]), figures: showFigures },
  worklist: emptyDesk(ctx),
  answers: { referral: nobody, prompt: nobody },
});
