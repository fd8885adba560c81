import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * What a log line may say: ids, counts, durations, codes. Anything not named here is left out (its name is listed under
 * `dropped`), so that a body, a name or an NHS number cannot get in by accident.
 */
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
]);
const LONGEST = 200;

/** JSON lines on stdout, one per unit of work. Every line should have a stable `event`. */
export function openLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: allowed },
    serializers: { err: describeError },
    hooks: { logMethod: withoutErrorText },
  };
  return destination ? pino(options, destination) : pino(options);
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

/** Class, code and place. Never the message: PostgreSQL, JSON.parse and others quote the data in theirs. */
function describeError(error: unknown): { type: string; code?: string; at?: string; cause?: object } {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  // The stack begins with the message: only the file names of our own frames are taken from it.
  const [at] = /^ +at .*$/m.exec(error.stack?.slice(error.stack.lastIndexOf(error.message)) ?? '') ?? [];
  return {
    type: error.constructor.name,
    code: typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? code : undefined,
    at: /[\w.-]+\/[\w.-]+\.[jt]s:\d+/.exec(at ?? '')?.[0],
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}

/** pino takes an error's message as the line's text where none is given: give it one. */
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
