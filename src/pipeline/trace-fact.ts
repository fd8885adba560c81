/**
 * What tracing found, and that it was found by mistake: messages of Skein's own, linked and saved like any
 * other.
 */
import type { Patient } from '@medplum/fhirtypes';
import { EVIDENCE } from '../access/decide/evidence.ts';
import { findService, saveService } from '../access/register/services.ts';
import { namedOperator, record as recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { keysOf } from '../link/identify.ts';
import { link } from '../link/plan.ts';
import { provenanceOf } from '../link/views/provenance.ts';
import type { PatientState } from '../link/who/charts.ts';
import { deathSignal, identifySignal, replacedSignal } from '../link/who/signals.ts';
import { TRACER, type Trace, traceKey, traceOf } from '../link/who/traced.ts';
import type { Service } from '../model.ts';
import { announceCommit } from '../publish/sequencer.ts';
import { withFacts } from '../save/load.ts';
import { NOTHING, save } from '../save/save.ts';
import { findTraced, keepTracer } from '../save/traces.ts';
import type { IdentifiedRecord } from '../store/facts.ts';
import type { Db } from '../store/pool.ts';
import type { Match } from '../trace/answer.ts';
import { ownMessage, ownRecord, ownService } from './own-word.ts';
import { rulesOf, untie } from './recompute.ts';

type Sender = { systemId: number; service: Service };

/**
 * Keeps that the chart has this number, with what the national record says of it besides. False, and nothing
 * kept, where the chart is not any more what was asked about (`isStill`), or its sender has given a verified
 * number meanwhile. `requestId`: by which the service knows the question.
 */
export async function keepMatch(
  ctx: Context,
  { chart, number, replaced, died }: Match & { chart: string },
  { requestId, isStill }: { requestId: string; isStill: (content: Patient) => boolean },
): Promise<boolean> {
  const trace = { chart, number, ...(replaced ? { replaced } : {}) };
  const signals = [
    ...(died ? [deathSignal(number, died)] : []),
    ...(replaced ? [replacedSignal(replaced, number)] : []),
  ];
  const body = { ...trace, ...(died ? { died } : {}) };
  return say(ctx, {
    trace,
    signals,
    body,
    identifier: requestId,
    isTrue: ({ ref, content }) => ref === null && isStill(content),
  });
}

/** Takes back what was traced of a chart, kept with who found it wrong, and why. False where nothing was. */
export async function keepUndone(
  ctx: Context,
  chart: string,
  who: { by: string; reason: string; id: string },
) {
  const { id, ...said } = who;
  const number = await findTraced(ctx.db, traceKey(ctx.key, chart));
  if (number === null) return false;
  const trace = { chart, number, undone: true };
  const body = { ...trace, ...said };
  return say(ctx, { trace, signals: [], body, identifier: id, isTrue: () => true, by: said.by });
}

type Saying = {
  trace: Trace;
  signals: ReturnType<typeof deathSignal>[];
  body: object;
  identifier: string;
  isTrue: (chart: PatientState) => boolean;
  /** Who decided it, where it was not found by asking. */
  by?: string;
};

async function say(ctx: Context, { trace, signals, body, identifier, isTrue, by }: Saying): Promise<boolean> {
  const { key, db } = ctx;
  const sender = await tracerOf(ctx);
  const scope = { key, systemId: sender.systemId, weight: EVIDENCE.weights.get(TRACER) ?? null };
  const said = signals.map((resource, n) => identifySignal({ local: `signal-${n}`, resource }, scope));
  const message = ownMessage({ ...sender, ...OWN }, identifier, body);
  const saidAt = (message.receivedAt as Date).toISOString();
  const record = (content: Patient): IdentifiedRecord =>
    ownRecord(saidAt, OWN, [traceOf(key, trace, content), ...said]);
  // Who the chart says it is changes none of the keys.
  const keys = keysOf(record({ resourceType: 'Patient' }));
  const done = await withFacts(
    db,
    keys,
    { systemId: 0, identifier: '' },
    async (client, { facts, tainted }) => {
      const chart = facts.statements.find(({ key: one, type }) => one === trace.chart && type === 'Patient');
      if (!chart || !isTrue(chart as PatientState)) return { kept: false, tainted };
      const whole = record(chart.content as Patient);
      const plan = link(rulesOf(ctx), facts, whole, sender);
      const provenance = provenanceOf(key, whole, message, plan);
      if (provenance) plan.insert.push(provenance);
      const answer = { message, status: 'accepted' as const, units: [] };
      const saved = { record: whole, systemId: sender.systemId };
      await save(client, ctx, { ...NOTHING, message, record: saved, plan, answer });
      if (by !== undefined) await recordUndone(client, by, chart as PatientState);
      return { kept: true, tainted };
    },
  );
  if (done.kept) announceCommit(ctx);
  await untie(ctx, done.tainted);
  return done.kept;
}

function recordUndone(db: Db, by: string, { key, person }: PatientState): Promise<void> {
  const about = { type: 'Patient', ids: [key], persons: [person ?? key] };
  const decided = { kind: 'decision', outcome: 'done', interaction: 'trace-undo' } as const;
  return recordAudit(db, { ...decided, actor: namedOperator(by), ...about });
}

const OWN = { source: 'trace', team: 'tracing', name: 'Personal Demographics Service', sector: TRACER };

async function tracerOf({ db, key }: Context): Promise<Sender> {
  const service = ownService(key, OWN);
  if (!(await findService(db, service.id))) await saveService(db, key, { ...service, registered: false });
  return { systemId: await keepTracer(db, service), service };
}
