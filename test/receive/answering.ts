import type { Context } from '../../src/context.ts';
import type { Answer, Issue, Message } from '../../src/model.ts';

export type Answering = { taken: Message[]; intake: (ctx: Context, message: Message) => Promise<Answer> };

/** An intake that keeps what it is given in memory and answers as told: `accepted` unless a test says otherwise. */
export function answering(given: Partial<Answer> = {}, issues: Issue[] = []): Answering {
  const taken: Message[] = [];
  const status = given.status ?? 'accepted';
  return {
    taken,
    intake: async (_, message) => {
      taken.push(message);
      const units = status === 'ignored' ? [] : [{ position: '', status, issues }];
      return {
        status,
        duplicate: false,
        conflict: false,
        messageId: '42',
        identifier: message.identifier,
        units,
        ...given,
      };
    },
  };
}
