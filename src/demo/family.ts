/**
 * The invented family of the demo. Nobody is real: NHS numbers are of the 999 test range and pass Modulus 11.
 */

/** The date (`yyyy-mm-dd`) so many months and days before today; the last day where that month is shorter. */
export function before({ months = 0, days = 0 }, today = new Date()): string {
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth() - months];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(today.getUTCDate(), last) - days))
    .toISOString()
    .slice(0, 10);
}

/** The n-th number; one whose check digit would be 10 is skipped. */
function nhsNumber(n: number): string {
  const digits = `999${String(n).padStart(6, '0')}`;
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (10 - index), 0);
  const check = (11 - (sum % 11)) % 11;
  return check === 10 ? nhsNumber(n + 1) : `${digits}${check}`;
}

export const MOTHER = {
  given: 'Tamsin',
  family: 'Penrose',
  nhs: nhsNumber(410_001),
  born: before({ months: 372, days: 40 }),
};
export const BABY = { given: 'Kit', family: 'Penrose', nhs: nhsNumber(410_020), born: before({ months: 3 }) };
export const SISTER = {
  given: 'Elowen',
  family: 'Penrose',
  nhs: nhsNumber(410_040),
  born: before({ months: 33 }),
};
/** The partner came to the charity by himself, and nobody asked for his NHS number. */
export const PARTNER = { given: 'Jago', family: 'Trewin', born: before({ months: 396, days: 120 }) };

/** When things happen in the story; the messages carry these dates. */
export const DAYS = {
  born: BABY.born,
  home: new Date(Date.parse(BABY.born) + 2 * 86_400_000).toISOString().slice(0, 10),
  referral: before({ days: 24 }),
  charity: before({ days: 20 }),
  camhs: before({ days: 16 }),
  accepted: before({ days: 10 }),
  together: before({ days: 4 }),
  today: before({}),
};

/** A registered system and the team it acts for. `source` names the mapping that reads what it sends. */
const team = (name: string, place: string, sector: string, source: string, kind = sector) => {
  const [ods = '', code = ''] = place.split('|');
  return { name, ods, team: code, sector, kind, source };
};
export type Team = ReturnType<typeof team>;

/** Perinatal and CAMHS are of one trust, which opens neither to the other: sectors belong to teams. */
export const TEAMS = {
  maternity: team('Testhaven Maternity', 'DEMO1|midwives', 'maternity', 'hl7v2-adt'),
  visiting: team('Testhaven Health Visiting', 'DEMO2|visitors', 'health-visiting', 'bars-referral'),
  perinatal: team('Testhaven Perinatal', 'DEMO3|perinatal', 'specialist-perinatal', 'fhir-r4'),
  camhs: team('Testhaven CAMHS', 'DEMO3|camhs', 'camhs-0-5', 'fhir-r4'),
  parentInfant: team('Testhaven Parent-Infant', 'DEMO4|parent-infant', 'parent-infant', 'fhir-r4'),
  charity: team('Harbour Dads', 'DEMO5|dads', 'third-sector-partner', 'third-sector-csv', 'third-sector'),
};
