/**
 * 1. The programme's own case, as far as prompts go: health visiting refers the mother to perinatal, whose team takes
 * her on and sees the infant; CAMHS has the infant, parent-infant has both, and a fathers' charity somebody who says
 * that he is the partner. One prompt in all: the partner, of her own team.
 */
import { barsReferral } from '../../support/messages.ts';
import { ago, at, bars, MATERNITY } from '../../support/telling.ts';
import { contactFor, observationOf } from '../../support/transactions.ts';
import { tellFamily } from './family.ts';
import { care, form, person, ward } from './messages.ts';

const mother = person(431, 'Ysella', 'Bray', '1992-03-12');
const baby = person(432, 'Tegen', 'Bray', 80);
const partner = { given: 'Cador', family: 'Lacey', born: '1990-10-09' };

tellFamily('1 prompts of the programme’s own case', {
  services: {
    ...MATERNITY,
    visiting: ['health-visiting', 'RXV', 'bars-referral'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
    dads: ['third-sector-partner', 'RXD', 'third-sector-form', 'third-sector'],
  },
  sent: [
    ['the birth', ward(baby, { mother: mother.nhs })],
    [
      'health visiting refers her to perinatal',
      bars(barsReferral(mother, { id: 'OWN-1', from: 'RXV', to: 'RXP', at: at(ago(60)) }), 'visiting'),
    ],
    [
      'perinatal takes her on, asks her alone whether she is safe, and sees the infant with her',
      care('perinatal', mother, {
        start: ago(50),
        more: (whom) => [
          observationOf(whom, 'perinatal', 'safety-enquiry-alone', ago(45)),
          contactFor(whom, 'perinatal', ago(40), 'infant'),
          contactFor(whom, 'perinatal', ago(9), 'together'),
        ],
      }),
    ],
    ['CAMHS has the infant in care', care('camhs', baby, { start: ago(40) })],
    ['parent-infant has the mother', care('infancy', mother, { start: ago(30) })],
    ['and the infant', care('infancy', baby, { start: ago(30) })],
    ['a form of a man who says that he is her partner', form('dads', 'F-431', partner)],
  ],
  prompts: {
    ...{ perinatal: ['partner-offer'], camhs: [], infancy: [], visiting: [], maternity: [], dads: [] },
  },
  // All of it comes weeks late: whoever is asked before the rest is heard is told that it is over.
  neverHears: { dads: ['prompt-raised'], maternity: ['prompt-raised'] },
  never: { camhs: /Cador|Lacey/, perinatal: /Cador|Lacey/ },
});
