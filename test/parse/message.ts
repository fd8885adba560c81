import type { Message, System } from '../../src/model.ts';

export const SENDER: System = {
  id: 1,
  name: 'sender',
  service: {
    id: '00000000-0000-4000-8000-000000000001',
    name: 'Sender',
    ods: 'RXX',
    team: 'sender',
    sector: null,
    kind: null,
  },
  source: null,
  dialect: null,
  onHeld: 'AE',
};

/** A message as receive would hand it over: the given bytes, and whatever else matters to the test. */
export function messageOf(body: string | Buffer, given: Partial<Message>): Message {
  return {
    ...{
      system: SENDER,
      channel: 'intake',
      contentType: 'text/plain',
      identifier: '1',
      contentHash: '',
      source: 'other',
    },
    ...{ body: Buffer.from(body as string) },
    ...given,
  };
}
