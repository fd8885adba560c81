/**
 * Version ids, times and histories as one recipient may know them. A row's versions number every change of
 * it, also of what a recipient may not see; its own versions are the successive different contents of that
 * row's history, as it may see them today.
 */
import { hash } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import { canonicalText } from '../../fhir/references.ts';
import type { CareSource, Recipient, ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { areHeldApart, type Grants, isClosedTo } from '../decide/decide.ts';
import { findPasts, findPastsAt, MOST_VERSIONS } from './rows.ts';
import { loadGrantsOf, projectUnder, type Seen, seeEach } from './visible.ts';

/** `at`: when the row first had the content that the recipient sees here. */
type Version = { id: string; at: Date; resource: Resource };

/** Those of some present rows that the recipient may see, each with its version and time. */
export async function showAll(db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<Resource[]> {
  const seen = await seeEach(db, recipient, rows);
  return showEach(
    db,
    recipient,
    seen.filter((one) => one !== null),
  );
}

/**
 * What is shown of each, with its version and time. A row of one version costs nothing, any others one query
 * in all.
 */
export async function showEach(db: Db, recipient: Recipient, seen: Seen[]): Promise<Resource[]> {
  return (await findVersions(db, recipient, seen)).map((versions) => stamp(versions.at(-1) as Version));
}

/** All versions of one that the recipient sees, oldest first. */
export async function showVersions(db: Db, recipient: Recipient, seen: Seen): Promise<Resource[]> {
  if (recipient.kind === 'system')
    return ((await findVersions(db, recipient, [seen]))[0] as Version[]).map(stamp);
  const past = (await findPasts({ db, recipient }, [seen.row])).map((row) =>
    versionOfRow({ row, resource: row.content }),
  );
  return [...past, versionOfRow(seen)].map(stamp);
}

function stamp({ id, at, resource }: Version): Resource {
  return { ...resource, meta: { ...resource.meta, versionId: id, lastUpdated: at.toISOString() } };
}

/** The operator sees every change, so that versions are the row's own. */
function versionOfRow({ row, resource }: Pick<Seen, 'row' | 'resource'>): Version {
  return { id: String(row.version), at: row.updatedAt, resource: { ...resource, id: row.id } };
}

async function findVersions(db: Db, recipient: Recipient, seen: Seen[]): Promise<Version[][]> {
  if (recipient.kind === 'operator') return seen.map((one) => [versionOfRow(one)]);
  const changed = seen.filter(({ row }) => row.version > 1).map(({ row }) => row);
  const past = await findPasts({ db, recipient }, changed);
  const earlier = new Map<string, Projected[]>(changed.map(({ rowId }) => [rowId, []]));
  const present = new Map(changed.map((row) => [row.rowId, row]));
  const known = past.map((row) => asKnownNow(row, present.get(row.rowId)));
  const grants = grantsFor(seen, known) ?? (await loadGrantsOf(db, recipient, known));
  const projected = await projectUnder(db, recipient, { rows: known, grants });
  for (const [index, row] of past.entries()) {
    const versions = earlier.get(row.rowId);
    const isShown = isStillSo(row, { present: present.get(row.rowId), grants }, ['Group', 'Patient']);
    // The name that came by a wrong link may have been given before the link was.
    if (!isShown && row.type === 'Patient') for (const one of versions ?? []) one.content = null;
    versions?.push({ row, content: isShown ? (projected[index] ?? null) : null });
  }
  return seen.map((one) => lineOf(one, earlier.get(one.row.rowId) ?? []));
}

/** The grants that all of these were seen under, where they say of everybody in the rows, too. */
function grantsFor(seen: Seen[], rows: ResourceRow[]): Grants | null {
  const grants = seen[0]?.grants;
  if (!grants || grants.everything || seen.some((one) => one.grants !== grants)) return null;
  return rows.every(({ persons }) => persons.every((person) => grants.persons.has(person))) ? grants : null;
}

/**
 * An earlier journey may have been a wrong link since undone, and its stages are somebody's birth date; and a
 * child has the name of whoever was taken for its mother. Either is shown where everybody who was in it, or
 * linked to the person, still is, and is not held apart.
 */
function isStillSo(
  { type, persons }: ResourceRow,
  { present, grants }: { present: ResourceRow | undefined; grants: Grants },
  types: string[],
): boolean {
  if (!types.includes(type)) return true;
  // Of whom a service knows only what it sent itself no link ever gave it a name.
  if (type === 'Patient' && isClosedTo(grants, persons.slice(0, 1))) return true;
  return persons.every((person) => present?.persons.includes(person)) && !areHeldApart(grants, persons);
}

/**
 * What was put together then, of those who have a word in it today, and for whom it is today: a chart may
 * have proved to be of another person since, and a referral may have been declined.
 */
function asKnownNow(row: ResourceRow, present: ResourceRow | undefined): ResourceRow {
  const [then, now] = [row.sources, present?.sources];
  if (!then || !now) return row;
  if ('charts' in then && 'charts' in now) {
    const known = new Map(now.charts.map((chart) => [chart.author, chart]));
    const charts = then.charts.flatMap((chart) => {
      const one = known.get(chart.author);
      const { inside: _then, ...said } = chart;
      const inside = one?.inside ? { inside: one.inside } : {};
      return one ? [{ ...said, care: one.care, referredTo: one.referredTo, ...inside }] : [];
    });
    // By the instruction that stands now: what an older one let anybody read it may not.
    const contact = then.contact && now.contact ? { contact: now.contact } : {};
    const parental = then.parental && now.parental ? { parental: now.parental } : {};
    return { ...row, sources: { charts, ...contact, ...parental } };
  }
  if (!('care' in then && 'care' in now)) return row;
  const care = then.care.flatMap((one) => {
    const standing = now.care.filter(({ service }) => service === one.service);
    return standing.length > 0 ? [{ ...one, ...narrowestOf(standing) }] : [];
  });
  return { ...row, sources: { care } };
}

/** What was open is no more than the care of that service is now. */
function narrowestOf(standing: CareSource[]): Pick<CareSource, 'sealed' | 'patientOf'> {
  const isSealed = standing.every(({ sealed }) => sealed);
  const isLabelled = standing.every(({ sealed, patientOf }) => sealed || patientOf !== undefined);
  const patientOf = standing.find((one) => one.patientOf !== undefined)?.patientOf;
  return {
    ...(isSealed ? { sealed: true as const } : {}),
    ...(isLabelled && patientOf !== undefined ? { patientOf } : {}),
  };
}

/** `isNew`: nothing of it was seen before. */
export type Changed = { one: Seen; isNew: boolean };

/**
 * Those that a recipient sees otherwise than it would have seen them just before a time, with the eyes of
 * today: what changed and was hidden then or now is no change.
 */
export async function findChanged(
  db: Db,
  recipient: Recipient,
  seen: Seen[],
  since: Date,
): Promise<Changed[]> {
  // A row's own time is never earlier than that of what is seen of it.
  const maybe = seen.filter(({ row }) => row.updatedAt >= since);
  const present = new Map(maybe.map(({ row }) => [row.rowId, row]));
  const past = await findPastsAt(
    { db, recipient },
    maybe.map(({ row }) => ({ row, before: since })),
  );
  const known = past.map((row) => asKnownNow(row, present.get(row.rowId)));
  const grants = await loadGrantsOf(db, recipient, known);
  const projected = await projectUnder(db, recipient, { rows: known, grants });
  const before = new Map(
    past.flatMap((row, index): [string, string][] => {
      const content = isStillSo(row, { present: present.get(row.rowId), grants }, ['Group'])
        ? projected[index]
        : null;
      return content ? [[row.rowId, canonicalText(content)]] : [];
    }),
  );
  return maybe
    .filter(({ row, resource }) => before.get(row.rowId) !== canonicalText(resource))
    .map((one) => ({ one, isNew: !before.has(one.row.rowId) }));
}

type Projected = { row: ResourceRow; content: Resource | null };

/** Each different content in turn, the present last. */
function lineOf({ row, resource }: Seen, earlier: Projected[]): Version[] {
  const all = [...earlier, { row, content: resource }];
  // Cut at its oldest end, a long history gives no count.
  const count = (place: number) => (all.length > MOST_VERSIONS ? '' : `${place + 1}-`);
  return keepChanges(all).map(({ row: { id, updatedAt }, content }, place) => ({
    id: count(place) + hash('sha256', canonicalText(content), 'hex').slice(0, 12),
    at: updatedAt,
    resource: { ...content, id },
  }));
}

/** Each content at its first appearance; what was hidden between two equal ones does not show. */
function keepChanges(all: Projected[]): { row: ResourceRow; content: Resource }[] {
  const kept: { row: ResourceRow; content: Resource }[] = [];
  let before = '';
  for (const { row, content } of all) {
    if (!content) continue;
    const text = canonicalText(content);
    if (text !== before) kept.push({ row, content });
    before = text;
  }
  return kept;
}
