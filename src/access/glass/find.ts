/**
 * Whom somebody means who breaks glass: one person by an id, or by number, birth date and given name
 * together.
 */
import type { Patient } from '@medplum/fhirtypes';
import type { Context } from '../../context.ts';
import { isId } from '../../fhir/ids.ts';
import { indexRows } from '../../fhir/index-rows.ts';
import { nhsNumber } from '../../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import type { ChartSource, Sources } from '../../model.ts';
import type { Db } from '../../store/pool.ts';

/** As they are known to whoever asks: all three must be those of one chart, letter by letter. */
export type Demographics = { number: string; birthDate: string; given: string };

// An id that a person had before, or of a chart, leads to the person.
const BY_ID = `select r.id from resource r where r.type = 'Patient' and r.id =
  (select coalesce(s.person, s.key) from statement s where s.key = $1 and s.type = 'Patient')`;

export async function findById({ db }: Context, id: string): Promise<string | null> {
  if (!isId(id)) return null;
  return (await db.query<{ id: string }>(BY_ID, [id])).rows[0]?.id ?? null;
}

const BY_NUMBER = `select r.id, r.sources from resource r where r.type = 'Patient' and r.row_id in (
  select t.row_id from index_token t join unnest($1::smallint[], $2::bigint[]) as wanted (param, hash)
    using (param, hash))`;
type Row = { id: string; sources: Sources | null };

/**
 * The one person with a chart of which all three are so, and whose number counts; null where there is none,
 * or more than one.
 */
export async function findByDemographics({ db, key }: Context, asked: Demographics): Promise<string | null> {
  const number = { system: NHS_NUMBER, value: asked.number };
  const { tokens } = indexRows(key, { resourceType: 'Patient', identifier: [number] });
  const rows = await findIndexed(db, tokens);
  const [found, ...more] = rows.filter(({ sources }) =>
    chartsOf(sources).some((chart) => chart.verified && isOf(asked, chart.content)),
  );
  return found && more.length === 0 ? found.id : null;
}

async function findIndexed(db: Db, tokens: { param: number; hash: string }[]): Promise<Row[]> {
  const values = [tokens.map(({ param }) => param), tokens.map(({ hash }) => hash)];
  return (await db.query<Row>(BY_NUMBER, values)).rows;
}

const chartsOf = (sources: Sources | null): ChartSource[] =>
  sources && 'charts' in sources ? sources.charts : [];

const isOf = ({ number, birthDate, given }: Demographics, chart: Patient): boolean =>
  nhsNumber(chart)?.value === number &&
  chart.birthDate === birthDate &&
  (chart.name ?? []).some((name) => name.given?.[0]?.toLowerCase() === given.toLowerCase());
