/**
 * `npm run bench -- [floor|ingest|deliver|filters|growth|searches|journey|lookup|decide|trace|profile|validate|map|matching|groups ...] [--rounds N] [--seconds N] [--rows N] [--json]`: docs/benchmarks.md says what is
 * measured and how to read it. Everything of one run is measured on the same machine in turn, so that its ratios mean something.
 */
import { parseArgs } from 'node:util';
import { benchDecide } from './decide.ts';
import { benchDeliver, type Delivery } from './deliver.ts';
import { benchFilters, type Matching } from './filters.ts';
import { benchGroups } from './groups.ts';
import { benchGrowth, type Growth } from './growth.ts';
import { benchIngest, type Ingest } from './ingest.ts';
import { benchJourney } from './journey.ts';
import { benchLookup } from './lookup.ts';
import { benchMap } from './map.ts';
import { benchMatching } from './matching.ts';
import { profileStages } from './profile.ts';
import { type Options, round, say, table } from './report.ts';
import { benchRows } from './rows.ts';
import { benchSearches } from './searches.ts';
import { findPostgres } from './store.ts';
import { benchTrace } from './trace.ts';
import { benchValidate } from './validate.ts';

/** What a general FHIR server of the same kind reached at concurrency 8 on a machine like this, tenfold: docs/benchmarks.md. */
const TENFOLD = 400;
const SECTIONS = ['ingest', 'deliver', 'profile'];
/** Those that need a database. */
const STORED = [
  'floor',
  ...SECTIONS,
  'filters',
  'growth',
  'searches',
  'journey',
  'lookup',
  'decide',
  'trace',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '10000' },
    families: { type: 'string', default: '1000,10000,100000' },
    charts: { type: 'string', default: '10000,100000,1000000' },
    records: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    set: { type: 'string' },
  },
});
const options: Options = {
  sections: positionals.length > 0 ? positionals : SECTIONS,
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  json: values.json,
  rows: Number(values.rows),
};

const families = values.families.split(',').map(Number);
const charts = values.charts.split(',').map(Number);

function tellIngest(ingest: Ingest) {
  const rateOf = (name: string, concurrency: number) =>
    ingest.find((row) => row.target === name && row.concurrency === concurrency)?.figures.perSecond ?? 0;
  return ingest.map(({ target, concurrency, figures, tuples }) => {
    const { perSecond, p50, p99, failed, cpuMs, walBytes } = figures;
    const over = (name: string) => round(perSecond / rateOf(name, concurrency));
    return {
      ...{
        target,
        concurrency,
        perSecond: round(perSecond, 0),
        p50Ms: round(p50, 1),
        p99Ms: round(p99, 1),
        failed,
      },
      ...{ toFloor: over('floor'), toBare: over('bare'), to400: round(perSecond / TENFOLD) },
      ...{
        apiCpuMs: round(cpuMs.api ?? 0),
        workerCpuMs: round(cpuMs.worker ?? 0),
        postgresCpuMs: round(cpuMs.postgres ?? 0),
      },
      ...{ walBytes: round(walBytes, 0), tuples: round(tuples, 1) },
    };
  });
}

/** Beside the figures without a collector. */
function tellTrace(found: Ingest) {
  return found.map(({ target, concurrency, figures: { perSecond, p50, p99, failed, cpuMs } }) => {
    const off = found.find((row) => row.target === 'off' && row.concurrency === concurrency);
    const over = (one: number | undefined, other: number | undefined) => round((one ?? 0) / (other || 1));
    return {
      ...{ tracing: target, concurrency, perSecond: round(perSecond, 0), failed },
      ...{ p50Ms: round(p50, 1), p99Ms: round(p99, 1), toOff: over(perSecond, off?.figures.perSecond) },
      ...{ apiCpuMs: round(cpuMs.api ?? 0), apiCpuToOff: over(cpuMs.api, off?.figures.cpuMs.api) },
      workerCpuMs: round(cpuMs.worker ?? 0),
    };
  });
}

function tellDeliver(deliver: Delivery[]) {
  return deliver.map(({ subscriptions, lastWebhookMs, perSecond, barePerSecond }) => ({
    ...{ subscriptions, lastWebhookMs: round(lastWebhookMs, 0), perSecond: round(perSecond, 0) },
    ...{ barePerSecond: round(barePerSecond, 0), toBare: round(perSecond / barePerSecond) },
  }));
}

/** Beside each number of subscriptions, and what it is to the smallest. */
function tellFilters(filters: Matching[]) {
  return filters.map(({ subscriptions, perEventMs, lastOfAllMs }) => {
    const shapes = Object.entries(perEventMs).flatMap(([shape, ms]) => [
      [`${shape}: ms`, round(ms)],
      [`${shape}: ratio`, round(ms / (filters[0]?.perEventMs[shape] ?? ms))],
    ]);
    return { subscriptions, ...Object.fromEntries(shapes), lastOfAllMs: round(lastOfAllMs, 0) };
  });
}

/** One row for each figure: a column per size, and the largest over the smallest. */
function tellGrowth(growth: Growth[]) {
  const figures = ['ingest', ...Object.keys(growth[0]?.searches ?? {})];
  return figures.map((figure) => {
    const rates = growth.map((one) => (figure === 'ingest' ? one.ingest : (one.searches[figure] ?? 0)));
    const columns = growth.map(({ families }, index) => [`at ${families}`, round(rates[index] ?? 0, 0)]);
    return {
      perSecond: figure,
      ...Object.fromEntries(columns),
      ratio: round((rates.at(-1) ?? 0) / (rates[0] ?? 1)),
    };
  });
}

const report: Record<string, Record<string, string | number>[]> = {};
for (const section of options.sections.filter((name) => !STORED.includes(name))) {
  say(`${section} ...`);
  if (section === 'validate') report.validate = benchValidate(options);
  else if (section === 'map') report.map = await benchMap(options);
  else if (section === 'matching')
    report.matching = await benchMatching({
      records: Number(values.records),
      seed: Number(values.seed),
      set: values.set,
    });
  else if (section === 'groups')
    report.groups = benchGroups({ records: Number(values.records), seed: Number(values.seed) });
  else
    throw new Error(
      `no such section: ${section}; there are ${STORED.join(', ')}, validate, map, matching and groups`,
    );
}
const stored = options.sections.filter((name) => STORED.includes(name));
if (stored.length > 0) {
  const server = await findPostgres();
  try {
    for (const section of stored) {
      say(`${section} ...`);
      if (section === 'deliver') {
        report.deliver = tellDeliver(await benchDeliver(server, options));
        report.filters = tellFilters(await benchFilters(server, options));
      } else if (section === 'filters') report.filters = tellFilters(await benchFilters(server, options));
      else if (section === 'growth')
        report.growth = tellGrowth(await benchGrowth(server, { ...options, families }));
      else if (section === 'searches') report.searches = await benchSearches(server, options);
      else if (section === 'journey') report.journey = await benchJourney(server, options);
      else if (section === 'decide') report.decide = await benchDecide(server, options);
      else if (section === 'lookup') report.lookup = await benchLookup(server, charts);
      else if (section === 'trace') report.trace = tellTrace(await benchTrace(server, options));
      else if (section === 'profile') report.profile = await profileStages(server);
      else {
        report.ingest = tellIngest(await benchIngest(server, options));
        report.rows = await benchRows(server, options);
      }
    }
  } finally {
    await server.stop();
  }
}
if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else for (const [name, rows] of Object.entries(report)) process.stdout.write(`\n${name}\n${table(rows)}\n`);
