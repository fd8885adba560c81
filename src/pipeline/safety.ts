/**
 * A safety hold, its lifting, a placement, and how to reach somebody safely: messages of Skein's own, saved
 * like any.
 */
import { randomUUID } from 'node:crypto';
import type { Extension } from '@medplum/fhirtypes';
import { type Actor, record as recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { rejected } from '../errors.ts';
import { isId, messageName } from '../fhir/ids.ts';
import { link } from '../link/plan.ts';
import { findHeld } from '../link/safety/held.ts';
import {
  authorOf,
  contactOf,
  DISPUTE,
  disputeOf,
  HOLD,
  holdOf,
  placementOf,
  placerOf,
  SAFETY,
  safetyIn,
} from '../link/safety/statements.ts';
import type { PatientState, Person } from '../link/who/charts.ts';
import type { Human } from '../model.ts';
import { announceCommit } from '../publish/sequencer.ts';
import { findPerson, keepOwnSystem } from '../save/decisions.ts';
import { withFacts } from '../save/load.ts';
import { NOTHING, save } from '../save/save.ts';
import type { Facts, IdentifiedStatement } from '../store/facts.ts';
import { ownMessage, ownRecord, ownService } from './own-word.ts';
import { rulesOf } from './recompute.ts';

const OWN = { source: 'safety', team: 'safety', name: 'Safety', sector: SAFETY };

/**
 * `service`: whose word it is, by id, and `system` by which it came; null: the operator's. `by`: who says so,
 * kept with the message. `human`: the person at that system, who proved who they are.
 */
export type Speaker = { service: string | null; system?: number; by: string; human?: Human | undefined };

export const actorOf = ({ service, system, by, human }: Speaker): Actor => ({
  ...{ service, system: system ?? null, name: by },
  ...(human ? { human } : {}),
});
/** Who says it, as it is kept with the message. */
export const spoken = ({ service, by, human }: Speaker) => ({ service, by, ...(human ? { human } : {}) });

/** The person that an id leads to now: a Patient, one that it was before, or a chart. */
export async function personNow({ db }: Context, id: string): Promise<string | null> {
  return isId(id) ? ((await findPerson(db, id))?.person ?? null) : null;
}

/**
 * Holds whoever this person's charts are, from now until somebody lifts it; placed twice, once. Gives the id
 * of the message; null where nobody is known by that id, or the hold stands already.
 */
export const placeHold = (ctx: Context, id: string, speaker: Speaker): Promise<string | null> => {
  const { service: author, human } = speaker;
  const saying = { actor: actorOf(speaker), interaction: 'hold-place' };
  return say(
    ctx,
    id,
    { ...saying, body: { said: 'hold placed', ...spoken(speaker) } },
    ({ person, persons, facts, at }) => {
      const { placed } = heldIn(ctx, facts, persons);
      const standing = new Set(placed.map(({ chart }) => chart));
      const left = person.charts.filter(({ key }) => !standing.has(key));
      return left.map(({ key: chart }) => holdOf(ctx.key, { chart, author, at }, { human }));
    },
  );
};

/**
 * `reviewedBy`: the name of a second person, typed by the operator. `human`: the second person, who proved
 * who they are, in place of that name or beside it.
 */
export type Reviewed = Speaker & { reviewedBy?: string };

/**
 * Ends the hold of one person, whom somebody reviewed; those whom it reached besides stay held until they
 * are. Gives the id of the message; null where that person is not held. Throws Rejected 422 where the person
 * who lifts it is the one who placed it.
 */
export const liftHold = (ctx: Context, id: string, reviewed: Reviewed): Promise<string | null> => {
  const { by, reviewedBy, service, human } = reviewed;
  const actor = actorOf({ ...reviewed, by: reviewedBy ? `${by}, ${reviewedBy}` : by });
  const body = { said: 'hold lifted', ...spoken(reviewed), ...(reviewedBy ? { reviewedBy } : {}) };
  return say(ctx, id, { actor, interaction: 'hold-lift', body }, ({ person, persons, facts, at }) => {
    const { placed, held } = heldIn(ctx, facts, persons);
    const [first] = [...placed].sort((a, b) => (a.since < b.since ? -1 : 1));
    if (!first || !held.has(person)) return [];
    const own = placed.filter(({ chart }) => person.charts.some(({ key }) => key === chart));
    if (human) requireAnother(own.length > 0 ? own : placed, human, service !== null);
    const others = [...held].filter((one) => one !== person).flatMap(({ charts }) => charts);
    const standing = new Set(placed.map(({ chart }) => chart));
    const author = first.author;
    const placer = first.placer ?? undefined;
    return [
      ...person.charts.map(({ key: chart }) => holdOf(ctx.key, { chart, author, at }, { lifted: true })),
      ...others
        .filter(({ key }) => !standing.has(key))
        .map(({ key: chart }) => holdOf(ctx.key, { chart, author, at: first.since }, { human: placer })),
    ];
  });
};

/**
 * A hold is lifted by another person than whoever placed it. Over the API (`byService`) nobody else is there
 * to answer for that, so that the one who placed it must be known.
 */
function requireAnother(placed: Placed[], human: Human, byService: boolean): void {
  const isSame = ({ placer }: Placed) =>
    placer !== null && placer.issuer === human.issuer && placer.subject === human.subject;
  const refuse = (text: string) => rejected(422, 'business-rule', text);
  if (placed.some(isSame)) throw refuse('a hold is lifted by another person than the one who placed it');
  if (byService && placed.some(({ placer }) => placer === null))
    throw refuse('who placed it is not known as a person: it is lifted with whoever runs Skein');
}

/** How this person is to be reached from now on; `contact`: an extension `safe-contact`. As `placeHold`. */
export const sayContact = (
  ctx: Context,
  id: string,
  { contact, ...speaker }: Speaker & { contact: Extension },
): Promise<string | null> => {
  const { service: author } = speaker;
  const body = { said: 'safe contact', ...spoken(speaker), contact };
  const saying = { actor: actorOf(speaker), interaction: 'safe-contact', body };
  return say(ctx, id, saying, ({ person, at }) =>
    person.charts.map(({ key: chart }) => contactOf(ctx.key, { chart, author, at }, contact)),
  );
};

/**
 * This child lives apart from its birth family from now on (`ended`: and does no more). Gives the id of the
 * message; null where nobody is known by that id.
 */
export const sayPlacement = (
  ctx: Context,
  id: string,
  { ended, ...speaker }: Speaker & { ended: boolean },
): Promise<string | null> => {
  const { service: author } = speaker;
  const body = { said: ended ? 'placement ended' : 'placed', ...spoken(speaker) };
  return say(ctx, id, { actor: actorOf(speaker), interaction: 'placement', body }, ({ person, at }) =>
    person.charts.map(({ key: chart }) => placementOf(ctx.key, { chart, author, at }, { ended })),
  );
};

/**
 * The patient says that a resource is not right; `withdrawn`: the same author takes that back. Nothing of it
 * is edited. Gives the id of the message; null where nobody is known, or it was so already.
 */
export const sayDispute = (
  ctx: Context,
  id: string,
  { resource, withdrawn, ...speaker }: Speaker & { resource: string; withdrawn: boolean },
): Promise<string | null> => {
  const { service: author } = speaker;
  const interaction = withdrawn ? 'dispute-withdraw' : 'dispute';
  const body = {
    said: withdrawn ? 'dispute withdrawn' : 'disputed by the patient',
    ...spoken(speaker),
    resource,
  };
  return say(ctx, id, { actor: actorOf(speaker), interaction, body }, ({ person, facts, at }) => {
    const standing = new Set(
      safetyIn(facts.statements, DISPUTE).flatMap(({ key, content }) =>
        content.status === 'active' ? key : [],
      ),
    );
    // Of every chart: records of one person may part, and nobody knows now with which this one goes.
    return person.charts
      .map(({ key: chart }) => {
        const named = resource.startsWith('Patient/') ? `Patient/${chart}` : resource;
        return disputeOf(ctx.key, { chart, author, at }, { resource: named, withdrawn });
      })
      .filter(({ key }) => standing.has(key) === withdrawn);
  });
};

type Placed = {
  chart: string;
  since: string;
  author: string | null;
  placer: Pick<Human, 'issuer' | 'subject'> | null;
};

function heldIn({ key }: Context, { statements }: Facts, persons: Person[]) {
  const placed = safetyIn(statements, HOLD)
    .filter(({ content }) => content.status === 'active')
    .map(
      ({ chart, content }): Placed => ({
        ...{ chart, since: content.period?.start ?? '' },
        ...{ author: authorOf(content), placer: placerOf(content) },
      }),
    );
  return { placed, held: findHeld(statements, persons, key).held };
}

/** The family under its locks; `at`: now. */
type Known = { person: Person; persons: Person[]; facts: Facts; at: string };

/** Who says it, as the audit calls it, and how it is kept. */
type Saying = { actor: Actor; interaction: string; body: object };

/**
 * Saves what `statementsOf` says of the person whom the id leads to, and what follows from it, with its row
 * in the audit, which has what changed nothing as well.
 */
export async function say(
  ctx: Context,
  id: string,
  { actor, interaction, body }: Saying,
  statementsOf: (known: Known) => IdentifiedStatement[],
): Promise<string | null> {
  const { key, db } = ctx;
  const known = isId(id) ? await findPerson(db, id) : null;
  if (!known) return null;
  const service = ownService(key, OWN);
  const nobody = { systemId: 0, identifier: '' };
  const kept = await withFacts(db, known.charts, nobody, async (client, { facts }) => {
    const at = new Date().toISOString();
    const persons = personsIn(facts);
    const person = persons.find(({ charts }) => charts.some((chart) => chart.key === id));
    const statements = person ? statementsOf({ person, persons, facts, at }) : [];
    const about = { actor, interaction, type: 'Patient', ids: [known.person], persons: [known.person] };
    const outcome = statements.length === 0 ? 'unchanged' : 'done';
    await recordAudit(client, { kind: 'decision', outcome, ...about });
    if (statements.length === 0) return null;
    const systemId = await keepOwnSystem(client, service);
    const message = ownMessage({ systemId, service, ...OWN }, randomUUID(), body);
    const record = ownRecord(at, OWN, statements);
    const plan = link(rulesOf(ctx), facts, record, { systemId, service });
    const answer = { message, status: 'accepted' as const, units: [] };
    return save(client, ctx, { ...NOTHING, message, record: { record, systemId }, plan, answer });
  });
  if (kept !== null) announceCommit(ctx);
  return kept === null ? null : messageName(key, kept);
}

/** As they were last found. */
function personsIn({ statements }: Facts): Person[] {
  const charts = statements.filter((one): one is PatientState => one.type === 'Patient');
  const groups = Map.groupBy(charts, ({ key, person }) => person ?? key);
  return [...groups].map(([id, own]) => ({ id, charts: own }));
}
