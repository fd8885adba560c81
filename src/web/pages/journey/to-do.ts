/** What waits for somebody: prompts of the reader, and referrals that it is a party to. */
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { isOpenPrompt, isToVerify } from '../../../read/journey/tasks.ts';
import { dayOf, longDate } from '../words.ts';
import type { Given } from './given.ts';
import type { Names } from './names.ts';

/** `isAnswered` false: it ends by what is said of it elsewhere. */
export type Prompt = { id: string; title: string; note: string; since: string; isAnswered: boolean };
/** `days`: null where nobody knows since when. `task`: of the referral; null for who is no party. */
export type Waiting = { days: number | null; title: string; note: string; task: string | null };
export type ToDo = { prompts: Prompt[]; morePrompts: number; waiting: Waiting[] };

const MOST_PROMPTS = 3;
/** What is asked, and of whom: by the code of the prompt. */
const PROMPTS: Record<string, [title: string, note: string]> = {
  'verify-first': [
    'Ask before any contact',
    'Somebody may have died. Cancel nothing: ask maternity or the ward first. Safeguarding visits go on.',
  ],
  'how-is-the-baby': [
    'How is the baby?',
    'Your team has recorded nothing of the baby for a while. Record how the baby is, or why not.',
  ],
  'parent-in-view': [
    'Is a parent in view?',
    'The infant is your patient, and no service of a parent is known to you.',
  ],
  'partner-offer': [
    'Has help for the other parent been considered?',
    'Asked once, of your team alone. Your answer stays with your team.',
  ],
  'referral-unanswered': ['A referral waits for its answer', 'It has waited longer than the limit.'],
  'talk-before-reassessing': [
    'Talk before assessing again',
    'Two referrals ask for the same need. Talk to the other team first.',
  ],
  'hand-over': ['Who comes next?', 'The infant is near the end of this journey. Plan who takes over.'],
};

/** What it asks: a title, and what is to be thought about. */
export const sayPrompt = ({ code }: Task): [title: string, note: string] =>
  PROMPTS[code?.coding?.[0]?.code ?? ''] ?? ['Something to think about', ''];

export function findToDo(given: Given, names: Names): ToDo {
  const urgent = given.tasks.filter(isToVerify);
  const open = [...urgent, ...given.tasks.filter(isOpenPrompt)].map((task) => {
    const { for: whom, authoredOn, id = '' } = task;
    const [title, note] = sayPrompt(task);
    const since = dayOf(authoredOn);
    const about = `About ${names.person(whom?.reference)}`;
    const isAnswered = !isToVerify(task);
    const asked = `${about}${since === null ? '' : `, since ${longDate(since)}`}.`;
    return { id, title, note, since: asked, isAnswered };
  });
  return {
    // What is urgent is never folded away.
    prompts: open.slice(0, Math.max(MOST_PROMPTS, urgent.length)),
    morePrompts: Math.max(0, open.length - Math.max(MOST_PROMPTS, urgent.length)),
    waiting: given.referrals
      .filter(({ id }) => given.waits.has(`ServiceRequest/${id}`))
      .map((referral) => describeWait(given, names, referral))
      .sort((a, b) => (b.days ?? 0) - (a.days ?? 0)),
  };
}

function describeWait(given: Given, names: Names, referral: ServiceRequest): Waiting {
  const { id, requester, performer, subject, authoredOn } = referral;
  const [from, to] = [requester, performer?.[0]].map((one) => (one?.reference ? names.service(one) : null));
  const sent = dayOf(authoredOn);
  const who = names.person(subject.reference);
  return {
    days: given.waits.get(`ServiceRequest/${id}`) ?? null,
    task: given.tasks.find(({ focus }) => focus?.reference === `ServiceRequest/${id}`)?.id ?? null,
    title: from?.isOwn
      ? `Your referral to ${to?.full ?? 'a service'}`
      : `${to?.isOwn ? 'A referral to you' : `A referral to ${to?.full ?? 'a service'}`}${from ? ` from ${from.full}` : ''}`,
    note: `${who}${sent === null ? '' : `. Sent ${longDate(sent)}`}.`,
  };
}
