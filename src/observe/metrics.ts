import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import type { Answer, Message } from '../model.ts';

/**
 * Counts, durations and ages only; labels are closed lists and names of registered systems, never ids. As
 * OpenMetrics, so that a bucket of intake times can name the last message in it (an exemplar):
 * https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
 */
export const registry = new Registry<OpenMetricsContentType>();
registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
export const registers = [registry];

const messages = new Counter({
  name: 'skein_messages_total',
  help: 'Messages taken in, by channel and what became of them',
  labelNames: ['channel', 'status'] as const,
  registers,
});

const intakeSeconds = new Histogram<'channel' | 'message'>({
  name: 'skein_intake_seconds',
  help: 'From a message read to its answer, committed',
  labelNames: ['channel'],
  buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  enableExemplars: true,
  registers,
});

export const deliveries = new Counter({
  name: 'skein_deliveries_total',
  help: 'Attempts to deliver, by kind and outcome',
  labelNames: ['kind', 'outcome'] as const,
  registers,
});

export const deliverySeconds = new Histogram({
  name: 'skein_delivery_seconds',
  help: 'One attempt, from request to the end of the answer',
  buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
  registers,
});

/** Set by each worker, every few seconds (src/deliver/send/watch.ts). */
export const deliveryGauges = {
  subscriptions: new Gauge({
    name: 'skein_subscriptions',
    help: 'Subscriptions by status',
    labelNames: ['status'] as const,
    registers,
  }),
  undelivered: new Gauge({
    name: 'skein_undelivered_events',
    help: 'Events numbered and not acknowledged, by status of their subscription',
    labelNames: ['status'] as const,
    registers,
  }),
  oldest: new Gauge({
    name: 'skein_undelivered_oldest_seconds',
    help: 'Age of the oldest event numbered and not acknowledged, by status of its subscription',
    labelNames: ['status'] as const,
    registers,
  }),
  failing: new Gauge({
    name: 'skein_failing_subscriptions',
    help: 'Subscriptions that fail, by how much of the schedule of tries is used up: 0, 50, 70, 90 or 100 %',
    labelNames: ['percent'] as const,
    registers,
  }),
  unheard: new Gauge({
    name: 'skein_urgent_unheard',
    help: 'contact-stop and loss that reached nobody: not-delivered after 15 minutes, or no-subscription',
    labelNames: ['cause'] as const,
    registers,
  }),
  clock: new Gauge({
    name: 'skein_clock_behind_seconds',
    help: 'How far the clock of this worker is behind that of the store; alert over 30 either way',
    registers,
  }),
};

/** Of this process: 512 at most. */
export const runsInUse = new Gauge({
  name: 'skein_runs',
  help: 'Deliveries under way, by whose subscription they are; 512 at most in each process',
  labelNames: ['system'] as const,
  registers,
});

export const unreachedReferrals = new Gauge({
  name: 'skein_referrals_unreached',
  help: 'Referrals that did not reach the service they name in an hour (urgent) or a working day',
  registers,
});

const requests = new Histogram({
  name: 'skein_http_seconds',
  help: 'HTTP requests by route pattern and status class',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

const promptCases = new Gauge({
  name: 'skein_prompts',
  help: 'Prompts raised by each rule since it was last switched on, by what became of them',
  labelNames: ['rule', 'outcome'] as const,
  registers,
});
const promptsOff = new Gauge({
  name: 'skein_prompt_rules_off',
  help: '1 for a rule of prompts that switched itself off',
  labelNames: ['rule'] as const,
  registers,
});
const traces = new Counter({
  name: 'skein_traces_total',
  help: 'Questions to the national record, by what became of them',
  labelNames: ['outcome'] as const,
  registers,
});
const unregistered = new Counter({
  name: 'skein_unregistered_senders_total',
  help: 'HL7 v2 messages refused: MSH-3 or MSH-4 is not registered for the system that sent them',
  labelNames: ['system', 'channel', 'field'] as const,
  registers,
});
const lastBeat = new Gauge({
  name: 'skein_loop_last_success_timestamp_seconds',
  help: 'When each loop of a worker last came round',
  labelNames: ['loop'] as const,
  registers,
});

/** One message refused for what it says in `field`, MSH-3 or MSH-4. */
export const countUnregistered = (labels: Record<'system' | 'channel' | 'field', string>): void =>
  unregistered.inc(labels);

/** One question to the national record. */
export const countTrace = (outcome: string): void => traces.inc({ outcome });

type PromptCases = { code: string; cases: number; completed: number; dismissed: number; off: Date | null };

/** What became of what each rule of prompts raised. */
export function countPrompts(rules: PromptCases[]): void {
  promptCases.reset();
  promptsOff.reset();
  for (const { code: rule, cases, completed, dismissed, off } of rules) {
    promptCases.set({ rule, outcome: 'completed' }, completed);
    promptCases.set({ rule, outcome: 'dismissed' }, dismissed);
    promptCases.set({ rule, outcome: 'other' }, cases - completed - dismissed);
    promptsOff.set({ rule }, off ? 1 : 0);
  }
}

/**
 * Counts one answered message; a duplicate or conflict is counted as such, whatever the stored answer says.
 * `messageId` is Skein's public id of it, where it has one.
 */
export function countMessage({ channel }: Message, answer: Answer, ms: number): void {
  const status = answer.conflict ? 'conflict' : answer.duplicate ? 'duplicate' : answer.status;
  messages.inc({ channel, status });
  const { messageId } = answer;
  const exemplarLabels = messageId ? { message: messageId } : {};
  intakeSeconds.observe({ labels: { channel }, value: ms / 1000, exemplarLabels });
}

/** One HTTP request; `route` is the pattern, never the path. */
export function countRequest(
  method: string,
  route: string,
  { status, ms }: { status: number; ms: number },
): void {
  requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, ms / 1000);
}

const beats = new Map<string, number>();

/** Records that a worker's loop (publish, deliver) completed a round. */
export function beat(loop: 'publish' | 'deliver' | 'seal'): void {
  beats.set(loop, Date.now());
  lastBeat.set({ loop }, Date.now() / 1000);
}

/** Loops that have run before and not in the last `ms`. */
export function lateLoops(ms: number): string[] {
  return [...beats].filter(([, at]) => Date.now() - at > ms).map(([loop]) => loop);
}
