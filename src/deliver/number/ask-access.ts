import type { Resource } from '@medplum/fhirtypes';
import { type Grants, lesser, payloadCeiling, payloadFor } from '../../access/decide/decide.ts';
import { loadGrantsForServices } from '../../access/decide/grants.ts';
import { matchesUnseen, mayTell, type Standing } from '../../access/decide/may-tell.ts';
import type { Payload } from '../../access/decide/policy.ts';
import { isLabelled } from '../../access/decide/stays-inside.ts';
import { because, type Reason, whyHidden } from '../../access/decide/why-hidden.ts';
import { project } from '../../access/project/project.ts';
import { isToStop } from '../../access/project/project-care.ts';
import { showEach } from '../../access/see/versions.ts';
import type { Seen } from '../../access/see/visible.ts';
import type { Event, EventCode, ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { recipientOf } from '../subscribe/stored.ts';
import { filtersOf } from '../subscribe/subscription.ts';
import { asksForChange, findFormer, isSame } from './find-changes.ts';
import { type Focus, type FocusRow, findFocuses, isGone, nameOf } from './find-focuses.ts';
import { findStopped, findToldBefore, type Question, TAKES_BACK } from './told-before.ts';

/**
 * `resources` is null unless the content is full-resource, and then what of the focus the recipient may see.
 */
export type Verdict = {
  told: boolean;
  content: Payload;
  resources: Resource[] | null;
  /** What it is told of: the event's own focus but where that of a contact-stop may not be read. */
  focus: Focus;
  readable: boolean;
  /** Says why it is not told, for whoever runs Skein alone; null where it is. */
  why: (() => Reason) | null;
};

/** `seen`: the focus as its recipient sees it. */
type Answered = { verdict: Verdict; seen: Seen | null };
type Answering = {
  rows: Map<string, FocusRow>;
  before: Set<Question>;
  former: Map<Question, ResourceRow>;
  stopped: Map<Question, Focus>;
};

/**
 * What each recipient may know of each event now: its focus is read for that recipient as a GET would read
 * it. A handful of queries for any number of questions, none for the operator's; two more for each recipient
 * of a full resource that has changed before.
 */
export async function askAccess(db: Db, questions: Question[]): Promise<Verdict[]> {
  const ofServices = questions.filter(({ stored }) => stored.system);
  const stopped = await findStopped(db, ofServices);
  const told = [...stopped.values()];
  const rows = await findFocuses(db, [
    ...[...ofServices.flatMap(candidates), ...told],
    ...readOfOperator(questions),
  ]);
  const former = await findFormer(db, questions, rows);
  const before = await findToldBefore(db, ofServices);
  const asked = ofServices.flatMap((question) => {
    const persons = [
      ...candidates(question).flatMap((focus) => rows.get(nameOf(focus))?.persons ?? []),
      ...(rows.get(nameOf(stopped.get(question) ?? question.event.focus))?.persons ?? []),
      ...(former.get(question)?.persons ?? []),
    ];
    const service = question.stored.system?.service;
    return service
      ? [{ service: service.id, sector: service.sector, persons: [...question.event.persons, ...persons] }]
      : [];
  });
  const grants = asked.length > 0 ? await loadGrantsForServices(db, asked) : new Map<string, Grants>();
  const answers = questions.map((question) => {
    const { system } = question.stored;
    const own = system ? (grants.get(system.service.id) as Grants) : ({ everything: true } as const);
    return answer(question, own, { rows, before, former, stopped });
  });
  await fillIn(db, questions, answers);
  return answers.map(({ verdict }) => verdict);
}

/**
 * Resources of full payloads, with the version and time that a GET of their recipient would give: the row's
 * own would tell of changes that are hidden from it. None costs a query but what changed before.
 */
async function fillIn(db: Db, questions: Question[], answers: Answered[]): Promise<void> {
  const full = answers.flatMap(({ verdict, seen }, index) =>
    seen && verdict.resources ? [{ stored: (questions[index] as Question).stored, verdict, seen }] : [],
  );
  const byRecipient = Map.groupBy(full, ({ stored }) => stored.system?.id ?? null);
  for (const group of byRecipient.values()) {
    const [first] = group as [(typeof group)[number]];
    const shown = await showEach(
      db,
      recipientOf(first.stored),
      group.map(({ seen }) => seen),
    );
    for (const [index, { verdict }] of group.entries()) verdict.resources = shown.slice(index, index + 1);
  }
}

/**
 * What an event may be told as: of a contact-stop the recipient's own contact or care, else its journey, as
 * what takes it back, else the patient of the recipient whom it is about.
 */
function candidates({ stored, event, numbered }: Question): Focus[] {
  const isOfOwn =
    event.code === 'contact-stop' || (event.code === 'loss-retracted' && event.to !== undefined);
  if (!isOfOwn || numbered) return [event.focus];
  return [
    ...ownFoci({ stored, event }),
    event.focus,
    ...event.persons.map((id) => ({ type: 'Patient', id })),
  ];
}

const ownFoci = ({ stored: { system }, event: { own = [] } }: Pick<Question, 'stored' | 'event'>): Focus[] =>
  own.flatMap(({ service, type, id }) => (service === system?.service.id ? [{ type, id }] : []));

const readOfOperator = (questions: Question[]): Focus[] =>
  questions.flatMap((question) => {
    const { asked, stored, event } = question;
    const isFull = asked === 'full-resource' && stored.content === 'full-resource';
    return !stored.system && (isFull || asksForChange(question)) ? [event.focus] : [];
  });

function answer(question: Question, grants: Grants, { rows, before, former, stopped }: Answering): Answered {
  const recipient = recipientOf(question.stored);
  const { stored, event } = question;
  const see = (focus: Focus): Resource | null => {
    const row = rows.get(nameOf(focus));
    return row ? project(recipient, grants, row) : null;
  };
  // Who was told to stop something is told of the same, readable or not.
  const focus = stopped.get(question) ?? chooseFocus(question, grants, see);
  const row = rows.get(nameOf(focus));
  const seen = see(focus);
  const readable = seen !== null || grants.everything;
  // What was told of somebody whose identity was changed since is not said again; only that it was taken back.
  const isForgotten = question.numbered && row === undefined && event.code !== 'withdrawn';
  const standing: Standing = { readable, gone: row ? isGone(row) : false, before: before.has(question) };
  const past = former.get(question);
  // A planned contact that is to stop by now: whose it is hears that, nobody that it is planned.
  const isStopped =
    event.code === 'encounter' && !question.numbered && row !== undefined && isToStop(row.content);
  const isRepeat = event.late === true && !question.numbered && before.has(question);
  const why = ((): (() => Reason) | null => {
    if (isRepeat) return () => because('told-before');
    if (past && isSame(seen, project(recipient, grants, past))) return () => because('nothing-new');
    if (grants.everything) return null;
    if (isForgotten) return () => because('identity-changed');
    if (isStopped) return () => because('to-stop');
    if (!mayTell(recipient, grants, event, standing)) return () => whyNot(grants, event, standing);
    const isUnseen = matchesUnseen(grants, event, filtersOf(stored.resource));
    return isUnseen ? () => because('filter-unseen') : null;
  })();
  const told = why === null;
  const content = told ? contentFor(question, grants, row) : 'empty';
  const resources = content === 'full-resource' ? [] : null;
  const verdict = { told, content, resources, focus, readable, why };
  return { verdict, seen: seen && row ? { row, resource: seen, grants } : null };
}

function whyNot(grants: Grants, event: Event, { readable, gone }: Standing): Reason {
  const { to, persons, category, journey } = event;
  if (to && !grants.everything && !to.includes(grants.service)) return because('others-only');
  const hidden = whyHidden(grants, category, persons, journey ? [journey] : undefined);
  if (hidden) return hidden;
  if (!readable) return because('unreadable');
  return because(gone ? 'gone' : 'no-party');
}

function chooseFocus(question: Question, grants: Grants, see: (focus: Focus) => Resource | null): Focus {
  const { focus } = question.event;
  const all = candidates(question);
  if (grants.everything || all.length === 1) return focus;
  const patients = all.slice(all.indexOf(focus) + 1);
  const seen = all.slice(0, all.length - patients.length).find(see);
  if (seen) return seen;
  const cared = patients.filter(({ id }) => ['open', 'pending'].includes(grants.persons.get(id)?.care ?? ''));
  return [...cared, ...patients].find(see) ?? cared[0] ?? focus;
}

/**
 * How much of it: what was asked for (`asked`, at most the subscription's own), under the ceiling in force
 * now. `row`: its focus; of what is labelled nothing. What is taken back is named to whoever was told of it,
 * and what is to stop, and a prompt, to whose own contact, care or Task it is.
 */
export function contentFor({ stored, event, asked }: Question, grants: Grants, row?: ResourceRow): Payload {
  const ceiling = payloadCeiling(recipientOf(stored), stored.approved);
  const most = lesser(lesser(asked, stored.content), ceiling);
  if (TAKES_BACK.has(event.code)) return lesser(most, 'id-only');
  if (grants.everything) return most;
  const content = row && isLabelled(row) ? 'empty' : payloadFor(grants, most, event.persons);
  return content === 'empty' && OWN.has(event.code) ? lesser(most, 'id-only') : content;
}

const OWN: ReadonlySet<EventCode> = new Set(['contact-stop', 'prompt-raised', 'prompt-cleared']);
