import { registerSmart } from '../access/authenticate/smart.ts';
import { sweepTokens } from '../access/authenticate/tokens.ts';
import { readPeople } from '../access/human/open.ts';
import { registerServices } from '../access/register/routes.ts';
import { sweepSessions } from '../access/sign-in/sessions.ts';
import { readSignIn } from '../access/sign-in/settings.ts';
import { registerWaits } from '../access/waits/routes.ts';
import { buildApp } from '../app.ts';
import { registerAuditEvents } from '../audit/routes.ts';
import { sealer } from '../audit/seal.ts';
import type { Context } from '../context.ts';
import { noticeUnheard } from '../deliver/send/urgent-alerts.ts';
import { noticeClock } from '../deliver/send/watch.ts';
import { startDelivery } from '../deliver/send/worker.ts';
import { registerSubscriptions } from '../deliver/subscribe/routes.ts';
import { MAPPINGS_DIR, mappingFolders } from '../map/language/folders.ts';
import { openMappings } from '../map/language/load-mappings.ts';
import { noteHeard } from '../observe/rhythm.ts';
import { openTraces } from '../observe/trace.ts';
import { answerPrompt } from '../pipeline/answer-prompt.ts';
import { answerReferral } from '../pipeline/answer-referral.ts';
import { sayCompetence } from '../pipeline/competence.ts';
import { findConsent, keepConsent } from '../pipeline/consent.ts';
import { settleAllDue, startClock } from '../pipeline/due.ts';
import { writeLedger } from '../pipeline/ledger.ts';
import { followObserving } from '../pipeline/observing.ts';
import { sayParental } from '../pipeline/parental.ts';
import { followRules, judgeRules } from '../pipeline/prompt-rules.ts';
import { liftHold, personNow, placeHold, sayContact, sayPlacement } from '../pipeline/safety.ts';
import { readUnread } from '../pipeline/unread.ts';
import {
  acceptItem,
  deferItem,
  findDecidedItem,
  findEffect,
  rejectItem,
  undoDecided,
} from '../pipeline/worklist/decide-item.ts';
import { openWorklist } from '../pipeline/worklist/open-worklist.ts';
import { intake, type Pipeline } from '../pipeline.ts';
import { noticeStuck, startSequencer } from '../publish/sequencer.ts';
import { registerRead } from '../read/routes.ts';
import { registerIntake } from '../receive/http/http.ts';
import { requireCertificates, startMllp } from '../receive/mllp/server.ts';
import { pruneSome } from '../retain/prune.ts';
import { endTrial, followClock } from '../store/clock.ts';
import { asOwner } from '../store/open.ts';
import { refuseEviction, watchQueue } from '../store/queue.ts';
import { loadProfiles } from '../validate/profiles.ts';
import { registerPages } from '../web/pages/routes.ts';
import { openAnswers } from '../work/answers.ts';
import { registerCompetence } from '../work/competence.ts';
import { registerConsents } from '../work/consent.ts';
import { registerGlass } from '../work/glass.ts';
import { registerParental } from '../work/parental.ts';
import { registerPrompts } from '../work/prompts.ts';
import { registerSafety } from '../work/safety.ts';
import { openDesk } from '../work/worklist/desk.ts';
import { registerWorklist } from '../work/worklist/routes.ts';
import { keepMappings } from './keep-mappings.ts';
import { keepPolicy } from './keep-policy.ts';
import { openMappingBench } from './mapping-bench.ts';
import { startReload } from './reload.ts';
import { showDeliveries } from './show-deliveries.ts';
import { showFigures } from './show-figures.ts';
import { messagesOf } from './show-messages.ts';
import { showSharing } from './show-sharing.ts';
import { showSystems } from './show-systems.ts';
import { startTracing } from './tracing.ts';
import { describeUnbound } from './unbound-senders.ts';

export type Stop = () => Promise<unknown>;
export type Serving = { url: string; mllpPort: number | undefined };

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;
const MINUTE_MS = 60_000;
const TEN_SECONDS_MS = 10_000;
const SECOND_MS = 1_000;

/** Rejects, before a store is opened, where what a role needs is not there or not safe. */
export async function checkRoles(config: Context['config']): Promise<void> {
  readPeople(config);
  readSignIn(config);
  if (config.ROLES.includes('mllp')) requireCertificates(config);
  if (config.ROLES.includes('worker')) await refuseEviction(config.REDIS_URL);
}

/**
 * Starts the parts that ROLES names, the receiving ones last. Every part serves HTTP: without `api` only
 * health and metrics. Each thing started adds to `stops` how it is stopped; stop them in reverse, so that
 * receiving ends first.
 */
export async function startRoles(ctx: Context, stops: Stop[], shipped = MAPPINGS_DIR): Promise<Serving> {
  stops.push(await openTraces(ctx));
  const folders = mappingFolders(ctx.config.MAPPINGS_DIR, shipped);
  const profiles = await loadProfiles(ctx.config.FHIR_PACKAGES);
  for (const problem of profiles.problems) ctx.log.warn({ event: 'profiles' }, problem);
  const mappings = await openMappings(folders);
  const pipeline: Pipeline = { ...ctx, mappings, profiles };
  const kept = keepMappings(pipeline, mappings, folders);
  const all = [kept, await keepPolicy(ctx.db)];
  const notices = async () => (await Promise.all(all.map((one) => one.notices()))).flat();
  for (const notice of await notices()) ctx.log.error({ event: 'notice' }, notice);
  for (const notice of await describeUnbound(ctx, mappings)) ctx.log.warn({ event: 'senders' }, notice);
  stops.push(await startReload(ctx, all));
  const roles = new Set(ctx.config.ROLES);
  const told = { observing: () => followObserving(ctx), rules: () => followRules(ctx) };
  for (const follow of Object.values(told)) await follow();
  stops.push(startClock(ctx, told));
  await keepClock(ctx, stops);
  if (roles.has('worker')) {
    const sequencer = startSequencer(ctx);
    stops.push(() => sequencer.stop());
    const delivery = await startDelivery(ctx);
    stops.push(() => delivery.stop());
    stops.push(await startTracing(ctx));
    const tasks = { due: () => settleAllDue(ctx), unread: () => readUnread(pipeline) };
    stops.push(startClock(ctx, tasks));
    stops.push(startClock(ctx, { seal: sealer(ctx) }, SECOND_MS));
    stops.push(startClock(ctx, { heard: () => noteHeard(ctx.db) }, MINUTE_MS));
    const sweeps = { tokens: () => sweepTokens(ctx.db), sessions: () => sweepSessions(ctx.db) };
    stops.push(startClock(ctx, sweeps, MINUTE_MS));
    await judgeRules(ctx);
    stops.push(startClock(ctx, { prompts: () => judgeRules(ctx) }, HOUR_MS));
    stops.push(startClock(ctx, { retention: () => asOwner(ctx, pruneSome) }, TEN_MINUTES_MS));
    const { LEDGER_FILE } = ctx.config;
    if (LEDGER_FILE)
      stops.push(startClock(ctx, { ledger: () => writeLedger(ctx, LEDGER_FILE) }, TEN_SECONDS_MS));
    stops.push(keepPartitions(ctx));
  } else stops.push(watchQueue(ctx));
  let mllpPort: number | undefined;
  if (roles.has('mllp')) {
    const mllp = await startMllp(pipeline, intake);
    stops.push(() => mllp.close());
    mllpPort = mllp.port;
  }
  const receive = (app: Parameters<typeof registerRead>[0]) => registerIntake(app, pipeline, intake);
  const work = (app: Parameters<typeof registerRead>[0]) => registerPrompts(app, pipeline, answerPrompt);
  const safety = (app: Parameters<typeof registerRead>[0]) =>
    registerSafety(app, pipeline, { personNow, placeHold, liftHold, sayContact, sayPlacement });
  const consents = (app: Parameters<typeof registerRead>[0]) =>
    registerConsents(app, pipeline, { personNow, keepConsent, findConsent });
  const competence = (app: Parameters<typeof registerRead>[0]) =>
    registerCompetence(app, pipeline, { personNow, sayCompetence });
  const parental = (app: Parameters<typeof registerRead>[0]) =>
    registerParental(app, pipeline, { personNow, sayParental });
  const list = openWorklist(pipeline);
  const items = { ...list, findEffect, acceptItem, rejectItem, deferItem, findDecidedItem, undoDecided };
  const desk = openDesk(pipeline, items);
  const worklist = (app: Parameters<typeof registerRead>[0]) => registerWorklist(app, pipeline, desk);
  const answers = openAnswers(pipeline, answerReferral, answerPrompt);
  const read = (app: Parameters<typeof registerRead>[0]) =>
    registerRead(app, pipeline, {
      Task: (recipient, id) => desk.read({ recipient, id }),
    });
  const bench = openMappingBench(folders);
  stops.push(() => bench.close());
  const pages = (app: Parameters<typeof registerRead>[0]) =>
    registerPages(app, ctx, {
      ...{ messages: messagesOf(pipeline), deliveries: showDeliveries, sharing: showSharing, bench },
      ...{ systems: showSystems(folders), figures: showFigures },
      ...{ worklist: desk, answers },
    });
  const api = [
    ...[read, registerSmart, receive, registerSubscriptions, registerServices, registerWaits],
    ...[registerAuditEvents, work, safety, consents, competence, parental, registerGlass, worklist, pages],
  ];
  const parts = roles.has('api') ? api : [];
  const readiness = async () => [...(await notices()), ...(await noticeUnheard(ctx.db)), ...noticeClock()];
  const pager = async () => [...(await noticeUnheard(ctx.db)), ...(await noticeStuck(ctx.db))];
  const app = buildApp(ctx, parts, { ready: readiness, pager });
  stops.push(() => app.close());
  const url = await app.listen({ host: ctx.config.HOST, port: ctx.config.PORT });
  return { url, mllpPort };
}

/** A trial goes by the day that was set for it; anybody else by the real one, also after a trial. */
async function keepClock(ctx: Context, stops: Stop[]): Promise<void> {
  const ended = ctx.config.AUTH === 'none' ? null : await endTrial(ctx.db);
  if (ended) ctx.log.warn({ event: 'clock' }, 'a trial had set the day: it is the real one again');
  await followClock(ctx);
  if (ctx.config.AUTH === 'none') stops.push(startClock(ctx, { clock: () => followClock(ctx) }, SECOND_MS));
}

/** Makes the monthly partitions of the coming months, daily. */
function keepPartitions({ db, log }: Context): Stop {
  const make = () =>
    db
      .query('select skein_partitions(2)')
      .catch((error: unknown) => log.error({ event: 'partitions', err: error }));
  const timer = setInterval(make, DAY_MS);
  return async () => clearInterval(timer);
}
