/** All that one person may be given of herself, and the list of what she is not, for whoever releases it. */
import type {
  Consent,
  Encounter,
  EpisodeOfCare,
  Organization,
  Patient,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { findAbout, findRows } from '../../access/see/rows.ts';
import { maySeeAgreements, seeAsSubject } from '../../access/see/subject.ts';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import { keyedId } from '../../fhir/ids.ts';
import { idOf, referencesIn } from '../../fhir/references.ts';
import { SAFETY } from '../../link/safety/statements.ts';
import type { ResourceRow } from '../../model.ts';
import { findPerson } from '../../save/decisions.ts';
import { findSaid, namesOf, type SaidRow } from '../../save/export.ts';
import { type LeftOut, listLeftOut } from './left-out.ts';
import { findTellings, type Telling } from './tellings.ts';

export type Care = EpisodeOfCare | Encounter | ServiceRequest;
/** `by`: ids of the services whose word it is; `at`: when it was last said. */
export type Said<R extends Resource> = { resource: R; by: string[]; at: Date | null };

export type Copy = {
  person: string;
  /** As of when services were told; what was said is as it stands. */
  at: Date;
  self: Patient;
  charts: Said<Patient>[];
  care: Said<Care>[];
  agreements: Said<Consent>[];
  services: Map<string, Organization>;
  tellings: Telling[];
  leftOut: LeftOut[];
};

const CARE = ['EpisodeOfCare', 'Encounter', 'ServiceRequest'];

/** Throws Rejected 422 where nobody is known by the id. */
export async function gatherCopy(ctx: Context, id: string, at: Date): Promise<Copy> {
  const { db } = ctx;
  const known = await findPerson(db, id);
  const [row] = known ? await findRows(asNobody(db), [`Patient/${known.person}`]) : [];
  if (!known || !row) throw rejected(422, 'not-found', 'nobody is known by this id');
  const { person } = known;
  const said = await findSaid(db, known.charts);
  const parts = chartsOf(row);
  const rows = await findAbout(ctx, CARE, [`Patient/${person}`]);
  const seen = await seeAsSubject(db, person, [row, ...parts.map((one) => one.row), ...rows]);
  const [self, ...rest] = seen as [Patient | null, ...(Resource | null)[]];
  if (!self) throw rejected(422, 'not-found', 'nothing of this person is theirs to be given: see the policy');
  const charts = parts.flatMap(({ author }, place) => {
    const one = saysMore(rest[place] as Patient | null);
    const resource: Patient | null = one && { ...one, id: keyedId(ctx.key, 'export', person, author) };
    return resource ? [{ resource, by: [author], at: saidAt(said, 'Patient', [author]) }] : [];
  });
  const care = withoutUnseen(rows.flatMap((one, place) => careOf(one, rest[parts.length + place], said)));
  const agreements = (await maySeeAgreements(db, person)) ? agreementsIn(said, person) : [];
  const services = await servicesIn(db, person, [...charts, ...care, ...agreements]);
  const names = await namesOf(db, [...services.keys()]);
  const shown = { charts, care, agreements };
  const ids = new Set([person, ...known.charts, ...care.map(({ resource }) => resource.id ?? '')]);
  const told = await findTellings(db, person, { at, names, shown: ids });
  const leftOut = [...listLeftOut(said, shown), ...told.leftOut];
  return { person, at, self, ...shown, services, tellings: told.tellings, leftOut };
}

/** What is there of one who may not be known to have a chart says only that there is such a person. */
const saysMore = (patient: Patient | null): Patient | null =>
  patient && Object.keys(patient).some((name) => !['resourceType', 'id', 'active'].includes(name))
    ? patient
    : null;

/** One row for each service that has a chart of her: what that alone said. No news changes their order. */
function chartsOf(row: ResourceRow): { author: string; row: ResourceRow }[] {
  const charts = row.sources && 'charts' in row.sources ? row.sources.charts : [];
  const authors = Map.groupBy(
    charts.filter(({ national }) => !national),
    ({ author }) => author,
  );
  const parts = [...authors].map(([author, own]) => ({ author, row: { ...row, sources: { charts: own } } }));
  return parts.sort((a, b) => compare(a.author, b.author));
}

function saidAt(said: SaidRow[], type: string, by: string[]): Date | null {
  return said.filter((one) => one.type === type && by.includes(one.service)).at(-1)?.at ?? null;
}

function careOf(row: ResourceRow, seen: Resource | null | undefined, said: SaidRow[]): Said<Care>[] {
  if (!seen) return [];
  const own = said.find(({ key, type }) => key === row.id && type === row.type);
  const at = own?.at ?? saidAt(said, row.type, row.authors);
  return [{ resource: seen as Care, by: row.authors, at }];
}

/** Nothing names an episode that she is not given. In the order of their days. */
function withoutUnseen(care: Said<Care>[]): Said<Care>[] {
  const shown = new Set(care.map(({ resource }) => `${resource.resourceType}/${resource.id}`));
  return care
    .map(({ resource, ...rest }) => {
      if (resource.resourceType !== 'Encounter' || !resource.episodeOfCare) return { resource, ...rest };
      const { episodeOfCare, ...others } = resource;
      const named = episodeOfCare.filter(({ reference }) => shown.has(reference ?? ''));
      return { resource: { ...others, ...(named.length > 0 ? { episodeOfCare: named } : {}) }, ...rest };
    })
    .sort((a, b) => compare(orderOf(a), orderOf(b)));
}

const orderOf = ({ resource, by }: Said<Care>): string =>
  [dayOf(resource), resource.resourceType, ...by, resource.id].join();
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const dayOf = (care: Care): string =>
  (care.resourceType === 'ServiceRequest' ? care.authoredOn : care.period?.start)?.slice(0, 10) ?? '';

/** Each once, without whom it is for: that may be somebody's whom she would not have others know of. */
function agreementsIn(said: SaidRow[], person: string): Said<Consent>[] {
  const rulings = said.filter(({ type, sector }) => type === 'Consent' && sector === SAFETY);
  const last = new Map(rulings.map((one) => [one.content.id, one]));
  return [...last.values()].map(({ content, at }) => {
    const consent = content as Consent;
    const { actor: _whom, ...provision } = consent.provision ?? {};
    const by = idOf(consent.organization?.[0]?.reference, 'Organization');
    const resource: Consent = { ...consent, patient: { reference: `Patient/${person}` }, provision };
    return { resource, by: by ? [by] : [], at };
  });
}

/** What comes of it is for `seeAsSubject` to decide. */
const asNobody = (db: Context['db']) => ({ db, recipient: 'pipeline' as const });

/** Whoever is named in what she is given, as everybody may see them. */
async function servicesIn(db: Context['db'], person: string, shown: Said<Resource>[]) {
  const named = shown.flatMap(({ resource, by }) => [
    ...by.map((id) => `Organization/${id}`),
    ...referencesIn(resource).filter((one) => one.startsWith('Organization/')),
  ]);
  const rows = await findRows(asNobody(db), [...new Set(named)].sort());
  const seen = await seeAsSubject(db, person, rows);
  return new Map(
    seen.flatMap((one): [string, Organization][] => (one ? [[one.id ?? '', one as Organization]] : [])),
  );
}
