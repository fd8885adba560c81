/** What every page has around it: who looks, where to go from here, and the choice of other eyes. */
import type { FastifyRequest } from 'fastify';
import { listRegistered, viewAs } from '../../access/register/view-as.ts';
import type { Context } from '../../context.ts';
import { oneOf, queryOf } from '../../doors/query.ts';
import type { HumanRole, Recipient, Service } from '../../model.ts';
import { notFound } from '../../read/answer.ts';
import type { Asking } from '../../read/search/candidates.ts';
import { mayOpen } from './may-open.ts';

/** `service` null: the operator. `as` is what links carry on, null where nothing was chosen. */
export type Viewer = {
  asking: Asking;
  service: Service | null;
  name: string;
  as: string | null;
  person: Person | null;
};
/**
 * Who is signed in: what they may do as what they act as now, what their forms hold, and whether they may
 * look through the eyes of any service.
 */
type Person = {
  issuer: string;
  subject: string;
  name: string;
  acts: string;
  may: HumanRole[];
  csrf: string;
  looksAround: boolean;
};
type Link = { href: string; text: string; isCurrent: boolean };
type Choice = { value: string; text: string; isChosen: boolean };
export type Frame = {
  title: string;
  seenAs: string;
  isOperator: boolean;
  /** Null in a trial where nobody signs in. */
  person: Person | null;
  navigation: Link[];
  /** Empty for a system that says who it is: it looks through no other eyes. */
  choices: Choice[];
  here: string;
};

export const OPERATOR = 'operator';

/**
 * Through whose eyes a page is seen. A system sees as its own service, and so does a person who is signed in;
 * the operator of this machine as the service that `as` names, or all. Throws Rejected(404) for a service
 * that is not registered.
 */
export async function readViewer(
  ctx: Context,
  request: FastifyRequest,
  name: 'as' | 'beside' = 'as',
): Promise<Viewer> {
  const asking = (recipient: Recipient): Asking => ({ db: ctx.db, key: ctx.key, recipient });
  const { recipient } = request;
  const person = personOf(ctx, request);
  if (recipient.kind === 'system') {
    const { service } = recipient.system;
    return { asking: asking(recipient), service, name: service.name, as: null, person };
  }
  if (person && !person.looksAround)
    return { asking: asking(recipient), service: null, name: 'whoever runs Skein', as: null, person };
  const as = oneOf(queryOf(request), name) || null;
  if (as === null || as === OPERATOR)
    return { asking: asking(recipient), service: null, name: 'the operator', as, person };
  const service = (await listRegistered(ctx.db)).find(({ id }) => id === as);
  if (!service) throw notFound();
  // The audit says who looked, and through whose eyes.
  request.recipient = { ...recipient, name: namedAs(recipient.name, name, service) };
  return { asking: asking(viewAs(service)), service, name: service.name, as, person };
}

function personOf({ config }: Context, { session }: FastifyRequest): Person | null {
  if (!session) return null;
  const { person, hat, csrf } = session;
  const may = hat?.may ?? [];
  const looksAround = isTrial(config) && may.includes('governance');
  const { issuer, subject } = person;
  return {
    issuer,
    subject,
    name: person.name ?? person.subject,
    acts: hat?.name ?? '',
    may,
    csrf,
    looksAround,
  };
}

const OPERATORS = ['/pages/deliveries', '/pages/systems', '/pages/figures', '/pages/sharing'];
const SERVICES = ['/pages/referrals'];

/** Whether a page is theirs. In a trial where nobody signs in, some are the operator's alone. */
export function mayView({ config }: Context, { person, service }: Viewer, path: string): boolean {
  if (person) return mayOpen(path, person.may, isTrial(config));
  return service === null ? !SERVICES.includes(path) : !OPERATORS.includes(path);
}

/** Whoever is signed in and looks through the eyes of any service answers nothing in its place. */
export const mayAnswer = ({ person, service }: Viewer): boolean =>
  service !== null && (person === null || person.may.includes('clinician'));

/** Of invented people, on this machine alone. */
export const isTrial = ({ AUTH }: Context['config']): boolean => AUTH === 'none';

/** `loopback, as Testhaven Perinatal`; of two pairs of eyes both. */
function namedAs(looking: string, name: 'as' | 'beside', service: Service): string {
  if (name === 'beside') return `${looking}, beside ${service.name}`;
  return `${looking.split(', as ')[0]}, as ${service.name}`;
}

/** A path of ours with the eyes that one looks through, and more. */
export function linkTo(path: string, { as }: Pick<Viewer, 'as'>, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ ...(as ? { as } : {}), ...more }).toString();
  return query ? `${path}?${query}` : path;
}

export async function makeFrame(
  ctx: Context,
  viewer: Viewer,
  { title, here }: { title: string; here: string },
): Promise<Frame> {
  const { person } = viewer;
  const isSystem = viewer.asking.recipient.kind === 'system' && viewer.as === null;
  const isFixed = isSystem || person?.looksAround === false;
  const pages = [
    { path: '/pages', text: 'Home' },
    { path: '/pages/families', text: viewer.service ? 'My families' : 'Families' },
    { path: '/pages/referrals', text: 'Referrals' },
    { path: '/pages/worklist', text: 'Worklist' },
    { path: '/pages/messages', text: 'Messages' },
    { path: '/pages/playground', text: 'Playground' },
    { path: '/pages/deliveries', text: 'Deliveries' },
    { path: '/pages/systems', text: 'Systems' },
    { path: '/pages/figures', text: 'Figures' },
    { path: '/pages/sharing', text: 'Sharing' },
  ].filter(({ path }) => mayView(ctx, viewer, path));
  return {
    title,
    here,
    seenAs: viewer.name,
    isOperator: viewer.service === null,
    person,
    navigation: pages.map(({ path, text }) => ({
      href: linkTo(path, viewer),
      text,
      isCurrent: sectionOf(here) === path,
    })),
    choices: isFixed ? [] : await listChoices(ctx, viewer),
  };
}

/** The entry of the menu that a page is under: journeys are under families. */
const sectionOf = (here: string): string =>
  here
    .replace(/^\/pages\/(journey|prompts|helping)/, '/pages/families')
    .split('/')
    .slice(0, 3)
    .join('/');

export async function listChoices(ctx: Context, viewer: Pick<Viewer, 'service'>): Promise<Choice[]> {
  const services = await listRegistered(ctx.db);
  const isOperator = viewer.service === null;
  return [
    { value: OPERATOR, text: 'The operator, who sees everything', isChosen: isOperator },
    ...services.map(({ id, name }) => ({ value: id, text: name, isChosen: id === viewer.service?.id })),
  ];
}
