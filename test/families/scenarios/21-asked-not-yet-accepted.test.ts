/**
 * 21. Asked, not yet accepted. A referral to the wrong team: it sees the referral and who it is about, none of her
 * other care; it declines; then it sees nothing. The next referral, to the right team and based on the first, is a new spell; its wait counts from the first.
 */
import { expect } from 'vitest';
import { barsReferral, episodeBundle } from '../../support/messages.ts';
import { ago, at, bars, transaction } from '../../support/telling.ts';
import { type Family, tellFamily } from './family.ts';
import { care, person } from './messages.ts';

const mother = person(451, 'Averil', 'Stagg', '1992-12-12');
const services: Family['services'] = {
  visiting: ['health-visiting', 'RXV', 'fhir-r4,bars-referral', 'health-visiting'],
  wrong: ['cmht', 'RXC', 'fhir-r4', 'cmht'],
  right: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
  disability: ['learning-disability', 'RXL', 'fhir-r4', 'learning-disability'],
};
const others = /learning-disability|E-disability|C-disability|RXL/;
const asked: Family['sent'] = [
  [
    'a learning disability team cares for her',
    care('disability', mother, { start: ago(90), contact: ago(60) }),
  ],
  [
    'health visiting refers her',
    bars(barsReferral(mother, { id: 'R-451', from: 'RXV', to: 'RXC', at: at(ago(30)) }), 'visiting'),
  ],
];

tellFamily('21 asked', {
  services,
  sent: asked,
  reads: { wrong: /Averil/ },
  never: { wrong: others },
  hearsAlways: { visiting: ['referral-received'], wrong: ['referral-received'] },
  neverHears: { wrong: ['episode-started', 'encounter', 'referral-accepted'] },
  also: async ({ find }) => expect(await find('ServiceRequest', '', 'wrong')).toHaveLength(1),
});

tellFamily('21 declined, then asked of the right team', {
  services,
  sent: [
    ...asked,
    [
      'the team declines',
      transaction(
        episodeBundle(mother, {
          id: 'W-451',
          status: 'cancelled',
          start: ago(25),
          referral: 'R-451',
          at: at(ago(25)),
        }),
        'wrong',
      ),
    ],
    [
      'health visiting refers her again',
      bars(
        barsReferral(mother, { id: 'R-452', from: 'RXV', to: 'RXP', at: at(ago(20)), basedOn: 'R-451' }),
        'visiting',
      ),
    ],
    [
      'the right team takes her on',
      transaction(
        episodeBundle(mother, { id: 'P-452', start: ago(10), referral: 'R-452', at: at(ago(10)) }),
        'right',
      ),
    ],
  ],
  people: ['Averil'],
  hears: { visiting: ['referral-received', 'referral-declined', 'referral-accepted'] },
  hearsAlways: { visiting: ['referral-declined', 'referral-accepted'] },
  never: { wrong: others },
  readsNever: { wrong: /R-452|specialist-perinatal|RXP/ },
  also: async ({ find }) => {
    expect(await find('ServiceRequest', '', 'wrong')).toEqual([]);
    const spells = (await find('EpisodeOfCare')).filter(({ status }) => status !== 'entered-in-error');
    const cited = spells.map(({ identifier }) => JSON.stringify(identifier ?? ''));
    // One spell of the learning disability team, one declined, one begun: none continues another.
    expect(spells.map(({ status }) => status).sort()).toEqual(['active', 'active', 'cancelled']);
    expect(cited.filter((one) => one.includes('P-452'))).toHaveLength(1);
    const [loop, ...more] = await find('Task', '', 'right');
    expect(more).toEqual([]);
    expect(JSON.stringify(loop?.extension)).toContain(`"valueDateTime":"${ago(30)}`);
  },
});
