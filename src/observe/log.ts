import { type DestinationStream, type Logger, pino } from 'pino';
import { openLines } from './lines.ts';

/** The fields that a log line may have: ids, counts, durations, codes. Any other field is left out and its
 * name listed under `dropped`, so that a body, a name or an NHS number cannot be logged by accident. */
const FIELDS = new Set([
  ...[
    'event',
    'err',
    'dropped',
    'ms',
    'reqId',
    'method',
    'route',
    'status',
    'http',
    'units',
    'bytes',
    'version',
    'url',
  ],
  ...[
    'messageId',
    'trace',
    'system',
    'channel',
    'source',
    'duplicate',
    'conflict',
    'code',
    'kind',
    'outcome',
    'attempt',
    'peer',
  ],
  ...[
    'subscription',
    'messages',
    'webhookId',
    'origin',
    'taken',
    'appended',
    'ageMs',
    'runs',
    'first',
    'last',
    'delivered',
    'verdict',
    'failures',
    'roles',
    'port',
    'mllpPort',
    'reason',
  ],
  ...['cause', 'eventId', 'service', 'percent', 'behindMs'],
]);
const LONGEST = 200;
const STDOUT = 1;
/** One for all logs of a process. */
let stdout: DestinationStream | undefined;

/** JSON lines on stdout, one per unit of work. Every line should have a stable `event`. */
export function openLog(level: string, destination?: DestinationStream): Logger {
  stdout ??= openLines(STDOUT);
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: allowed },
    serializers: { err: describeError },
    hooks: { logMethod: withoutErrorText },
  };
  return pino(options, destination ?? stdout);
}

function allowed(line: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const dropped: string[] = [];
  for (const [name, value] of Object.entries(line)) {
    if (FIELDS.has(name) && (name === 'err' || isPlain(value))) kept[name] = shortened(value);
    else if (name !== 'res' && name !== 'req') dropped.push(name);
  }
  return dropped.length > 0 ? { ...kept, dropped } : kept;
}

function isPlain(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isPlain) : value === null || typeof value !== 'object';
}

function shortened(value: unknown): unknown {
  return typeof value === 'string' ? value.slice(0, LONGEST) : value;
}

/** Describes an error by class, code and place, never by its message: PostgreSQL, JSON.parse and others quote
 * data in theirs. */
function describeError(error: unknown): { type: string; code?: string; at?: string; cause?: object } {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  // A stack begins with the message, so only file names of our own frames are taken from it.
  const [at] = /^ +at .*$/m.exec(error.stack?.slice(error.stack.lastIndexOf(error.message)) ?? '') ?? [];
  return {
    type: error.constructor.name,
    code: typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? code : undefined,
    at: /[\w.-]+\/[\w.-]+\.[jt]s:\d+/.exec(at ?? '')?.[0],
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}

/** pino logs an error's message where the line has no text of its own: this gives it one. */
function withoutErrorText(
  this: Logger,
  args: Parameters<Logger['info']>,
  method: (...args: unknown[]) => void,
): void {
  const [first, text, ...rest] = args as unknown[];
  const { event } = (first ?? {}) as { event?: unknown };
  if (first instanceof Error) method.call(this, { err: first }, 'error');
  else if (typeof first === 'object') method.call(this, first, text ?? event ?? 'line', ...rest);
  else method.call(this, first, text, ...rest);
}
