/**
 * 22. Taken up without a word. A team starts care of a woman whom health visiting referred to it, and cites no
 * referral. The one open referral counts as taken up, and its sender hears so.
 */
import { expect } from 'vitest';
import { barsReferral } from '../../support/messages.ts';
import { ago, at, bars } from '../../support/telling.ts';
import { tellFamily, toldBy } from './family.ts';
import { care, person } from './messages.ts';

const mother = person(461, 'Corinne', 'Vale', '1990-04-04');

tellFamily('22 taken up without a word', {
  services: {
    visiting: ['health-visiting', 'RXV', 'bars-referral'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
  },
  sent: [
    [
      'health visiting refers her',
      bars(barsReferral(mother, { id: 'R-461', from: 'RXV', to: 'RXP', at: at(ago(30)) }), 'visiting'),
    ],
    ['perinatal starts, citing nothing', care('perinatal', mother, { start: ago(12), contact: ago(11) })],
  ],
  people: ['Corinne'],
  hears: { visiting: ['referral-received', 'referral-accepted'] },
  hearsAlways: { visiting: ['referral-accepted'] },
  neverHears: { visiting: ['referral-declined'] },
  // It is never asked about as unanswered.
  also: async (household) => {
    const { find } = household;
    for (const codes of Object.values(await toldBy(household, 200)))
      expect(codes).not.toContain('prompt-raised');
    const [referral, ...more] = await find('ServiceRequest');
    expect(more).toEqual([]);
    expect(JSON.stringify(referral?.meta)).toContain('taken-up');
    const spells = (await find('EpisodeOfCare')).filter(({ status }) => status !== 'entered-in-error');
    expect(spells.map(({ status }) => status)).toEqual(['active']);
    const [loop] = await find('Task', '', 'visiting');
    expect(JSON.stringify(loop?.output)).toContain('StructureDefinition/inferred');
  },
});
