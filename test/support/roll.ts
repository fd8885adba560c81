/** A service of every sector, as a region would have them; several sit under one trust's code. */
import type { Services } from './household.ts';

export const ROLL: Services = {
  maternity: ['maternity', 'RXA', 'hl7v2-adt'],
  neonatal: ['neonatal', 'RXA', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXA', 'fhir-r4'],
  elsewhere: ['specialist-perinatal', 'RXZ', 'fhir-r4'],
  birth_trauma: ['maternity-mh', 'RXA', 'fhir-r4'],
  infancy: ['parent-infant', 'RXB', 'fhir-r4'],
  camhs: ['camhs-0-5', 'RXA', 'fhir-r4'],
  visiting: ['health-visiting', 'RYC', 'fhir-r4'],
  gp: ['gp', 'Y00001', 'fhir-r4'],
  other_gp: ['gp', 'Y00009', 'fhir-r4'],
  adult: ['adult-services', 'RXD', 'fhir-r4'],
  cmht: ['cmht', 'RXA', 'fhir-r4'],
  disability: ['learning-disability', 'RXE', 'fhir-r4'],
  prison: ['criminal-justice', 'RXF', 'fhir-r4'],
  social: ['childrens-services', 'LA1', 'fhir-r4'],
  hub: ['family-hub', 'LA1', 'fhir-r4'],
  charity: ['third-sector', 'C001', 'fhir-r4'],
  dads: ['third-sector-partner', 'C002', 'third-sector-csv'],
  refuge: ['third-sector-domestic-abuse', 'C003', 'fhir-r4'],
  commissioner: ['commissioner', 'ICB1', 'fhir-r4'],
  clinic: ['adult-services', 'RXG', 'fhir-r4', 'reproductive-health'],
  stranger: [null, 'RXH', 'fhir-r4'],
};
export const EVERYBODY = Object.keys(ROLL);

/** So many days before today, since stages go by the clock. */
export const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
export const at = (day: string) => `${day}T10:00:00Z`;
export const v2 = (day: string) => `${day.replaceAll('-', '')}100000`;
