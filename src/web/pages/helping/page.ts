/**
 * The words of a sheet that a family takes home, for a reading age of 9 to 11
 * (test/web/pages/helping.test.ts): nothing of anybody else, no number, no place.
 */
import type { Helper, Sheet } from '../../../read/sheet.ts';
import { INFANT_DAYS, isDead, isStopped } from '../journey/members.ts';
import { dayOf, longDate, todayOf } from '../words.ts';

export type SheetLine = { name: string; what: string; since: string };
export type SheetPage = {
  heading: string;
  intro: string;
  helping: SheetLine[];
  asked: SheetLine[];
  made: string;
};

/** What a team does, by its kind: in words that hurt nobody after a loss. */
export const DOES: Record<string, string> = {
  'specialist-perinatal': 'They help you if you feel low, scared or very upset.',
  'maternity-mh': 'They help you if what you have been through still upsets you.',
  'parent-infant': 'They help parents and small children feel close.',
  'camhs-0-5': 'They help small children who find life hard, and the grown-ups who look after them.',
  'camhs-5-18': 'They help young people with how they feel.',
  'family-hub': 'A place to meet, play and ask for help.',
  maternity: 'Midwives, and the people who work with them.',
  'reproductive-health': 'They help with your body and having a family.',
  'psychological-therapy': 'They help you by talking about how you feel.',
  'health-visiting': 'They come to see how you are doing at home.',
  gp: 'Your family doctor.',
  'childrens-services': 'They help to keep children safe and well.',
  'adult-services': 'They help adults with how they feel.',
  cmht: 'They help adults with how they feel, near where they live.',
  'early-years': 'They look after small children and help them learn.',
  'third-sector': 'A charity that helps families.',
  'peer-support': 'People who have been through it too, and want to help.',
  'community-resource': 'A place near you that can help.',
  hospital: 'They look after you in hospital.',
  'public-health': 'They help people stay well.',
  neonatal: 'They look after babies who need more care just after birth.',
  'childrens-ward': 'They look after children in hospital.',
  picu: 'They look after children who are very ill.',
  'foetal-medicine': 'Doctors who work with midwives.',
  'learning-disability': 'They help people who find it hard to learn new things.',
  'family-nurse': 'A nurse who comes to see you at home.',
  bereavement: 'They help people when someone has died.',
  'mother-and-baby-unit': 'A place to stay, with help day and night.',
};
const HELPS = 'They help you.';

/** Null where nothing is to be handed out: of who died, and of a child of whom contacts are stopped. */
export function writeSheet({ patient, helping, asked, journeys, now }: Sheet): SheetPage | null {
  const today = todayOf(now);
  const whom = `Patient/${patient.id}`;
  const isChild = today - (dayOf(patient.birthDate) ?? 0) < INFANT_DAYS;
  const isOver = isChild && journeys.some((group) => isStopped({ group, today }, whom));
  if (isDead(patient) || isOver) return null;
  const first = patient.name?.[0]?.given?.[0];
  return {
    heading: first ? `Who is helping ${first}` : 'Who is helping',
    intro: 'This sheet says who is helping now. You can show it to anyone you like. You do not have to.',
    helping: helping.map((one) => lineOf(one, 'Since')),
    asked: asked.map((one) => lineOf(one, 'Asked on')),
    made: longDate(today),
  };
}

function lineOf({ name, kind, since }: Helper, word: string): SheetLine {
  const day = dayOf(since);
  return { name, what: DOES[kind] ?? HELPS, since: day === null ? '' : `${word} ${longDate(day)}.` };
}
