/**
 * 10. Prison, learning disability, foster care. Prison health refers her, a learning disability team cares for her, and
 * the baby is born at a trust. Of discreet care others learn that she is in care, not where; prison health learns of
 * the infant that it exists. A probation service cannot be registered.
 */
import { expect, test } from 'vitest';
import { addSystem } from '../../../src/access/register/systems.ts';
import { testDatabase } from '../../support/database.ts';
import { ago, hl7, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { care, person, ward } from './messages.ts';

const mother = person(441, 'Zoya', 'Lark', '1995-05-25');
const baby = person(442, 'Milo', 'Lark', 40);
const compact = (date: string) => date.replaceAll('-', '');
const referral = [
  `MSH|^~\\&|PRISON|RXF|SKEIN|SKEIN|${compact(ago(100))}090000||REF^I12^REF_I12|REF-441|P|2.6`,
  'RF1|P|R||||REF-441',
  'PRD|RP^Referring Provider^HL70286|||HEALTHCARE||||||Prison healthcare^^^^^^^^^RXF',
  'PRD|RT^Referred to Provider^HL70286|||PERINATAL||||||Perinatal^^^^^^^^^RXP',
  `PID|1||F441^^^RXF^PI~${mother.nhs}^^^NHS^NH||${mother.family}^${mother.given}||${compact(mother.born)}|F${'|'.repeat(24)}NSTS01`,
  '',
].join('\r');

tellFamily('10 prison, learning disability, foster care', {
  services: {
    ...MATERNITY,
    prison: ['criminal-justice', 'RXF', 'hl7v2-ref', 'criminal-justice'],
    healthcare: ['criminal-justice', 'RXG', 'fhir-r4', 'criminal-justice'],
    disability: ['learning-disability', 'RXL', 'fhir-r4', 'learning-disability'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4', 'parent-infant'],
  },
  sent: [
    ['prison health refers her to perinatal', hl7(referral, 'prison')],
    ['care in prison', care('healthcare', mother, { start: ago(120) })],
    ['care of the learning disability team', care('disability', mother, { start: ago(110) })],
    ['perinatal care of her', care('perinatal', mother, { start: ago(95) })],
    ['maternity registers her', ward(mother, { event: 'A28', day: ago(90) })],
    ['the birth', ward(baby, { mother: mother.nhs })],
    ['parent-infant care of the baby', care('infancy', baby, { start: ago(20) })],
  ],
  people: ['Milo', 'Zoya'],
  journeys: ['Milo, Zoya: birth-12m'],
  relations: ['Milo: MTH', 'Zoya: CHILD'],
  reads: { perinatal: /Milo/, infancy: /Zoya/ },
  never: {
    infancy: /criminal-justice|RXF|RXG|[Pp]rison|healthcare/,
    healthcare: new RegExp(`Milo|${baby.nhs}`),
    disability: new RegExp(`Milo|${baby.nhs}`),
  },
  notBuilt: [
    'the foster placement: a dated caring edge to the carer, whose address is sealed',
    'adjustments reach perinatal in full',
  ],
});

test.each(['probation', 'police'])('10 a system of the sector %s is refused', async (sector) => {
  const { pool, key } = await testDatabase();
  const system = { name: sector, ods: 'RXJ', team: sector, sector, kind: null, source: 'fhir-r4' };
  await expect(addSystem(pool, key, system)).rejects.toThrow();
});
