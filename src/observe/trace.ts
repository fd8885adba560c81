/**
 * OpenTelemetry: one trace of a message from its receipt to each delivery, a span for each of the eight
 * stages. Off, and free, unless OTEL_EXPORTER_OTLP_ENDPOINT is set. A span is handed on as a W3C
 * `traceparent`: within a process as an argument, to the worker's with the event.
 */
import { type Attributes, diag, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import type { Config } from '../config.ts';
import type { Context } from '../context.ts';

export type Stage = 'receive' | 'parse' | 'map' | 'validate' | 'link' | 'save' | 'publish' | 'deliver';
/** `00-`, trace id, span id and flags: https://www.w3.org/TR/trace-context/#traceparent-header */
export type Traceparent = string;

/**
 * The attributes that a span may have: ids of Skein's own, codes, counts. Anything else is left out, so that
 * nothing of a person can get into one by accident.
 */
const ATTRIBUTES = [
  ...['channel', 'source', 'status', 'duplicate', 'units', 'message'],
  ...['subscription', 'notification', 'kind', 'outcome', 'http', 'events'],
] as const;
export type Said = Partial<Record<(typeof ATTRIBUTES)[number], string | number | boolean>>;
const SHORT = /^[\w.,:-]{1,100}$/;

/** `end` counts once. */
export type Traced = { parent: Traceparent | undefined; end(said?: Said): void };
const UNTRACED: Traced = { parent: undefined, end: () => undefined };

let tracer: Tracer | null = null;

/** Gives how it is stopped; what is not exported yet is sent then. */
export async function openTraces({
  config,
  log,
}: Pick<Context, 'config' | 'log'>): Promise<() => Promise<void>> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!endpoint) return async () => undefined;
  const provider = await makeProvider(endpoint);
  const warn = () => log.warn({ event: 'trace.export' }, 'spans were not exported');
  const quiet = () => undefined;
  diag.setLogger({ error: warn, warn, info: quiet, debug: quiet, verbose: quiet });
  tracer = provider.getTracer('skein');
  return async () => {
    tracer = null;
    await provider.shutdown();
    diag.disable();
  };
}

async function makeProvider(endpoint: NonNullable<Config['OTEL_EXPORTER_OTLP_ENDPOINT']>) {
  const { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } = await import(
    '@opentelemetry/sdk-trace-base'
  );
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  // A sender's flag does not decide whether its message is seen.
  return new BasicTracerProvider({
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
}

export const isTracing = (): boolean => tracer !== null;

const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const ZERO = /^0+$/;

function readParent(given: unknown): { traceId: string; spanId: string } | null {
  const [, traceId = '', spanId = ''] = FORM.exec(typeof given === 'string' ? given : '') ?? [];
  return traceId === '' || ZERO.test(traceId) || ZERO.test(spanId) ? null : { traceId, spanId };
}

/** The header of a request, where it is one and somebody looks at traces. */
export const traceparentOf = (given: unknown): Traceparent | undefined =>
  isTracing() && readParent(given) ? (given as string) : undefined;

/** The trace id of it, for log lines. */
export const traceIdOf = (parent?: Traceparent): string | undefined => readParent(parent)?.traceId;

/** `at`: when it began, as `Date.now()` says it. Without a parent it begins a trace. */
export function beginSpan(stage: Stage, parent: Traceparent | undefined, at = Date.now()): Traced {
  if (!tracer) return UNTRACED;
  const read = readParent(parent);
  const remote = { ...read, traceFlags: 1, isRemote: true };
  const above = read
    ? trace.setSpanContext(ROOT_CONTEXT, remote as typeof remote & typeof read)
    : ROOT_CONTEXT;
  const kind = KINDS[stage] ?? SpanKind.INTERNAL;
  const span = tracer.startSpan(stage, { startTime: at, kind }, above);
  const { traceId, spanId } = span.spanContext();
  return {
    parent: `00-${traceId}-${spanId}-01`,
    end: (said = {}) => {
      if (!span.isRecording()) return;
      span.setAttributes(allowed(said));
      span.end();
    },
  };
}

const KINDS: Partial<Record<Stage, SpanKind>> = {
  receive: SpanKind.SERVER,
  publish: SpanKind.PRODUCER,
  deliver: SpanKind.CLIENT,
};

function allowed(said: Said): Attributes {
  const names = ATTRIBUTES.filter((name) => {
    const value = said[name];
    return typeof value === 'string' ? SHORT.test(value) : value !== undefined;
  });
  return Object.fromEntries(names.map((name) => [`skein.${name}`, said[name]]));
}

/**
 * Of what takes turns with others, such as the rows of a file: from the first to the last of each stage.
 * Ended once, by `end`.
 */
export class StageSpans {
  readonly #parent: Traceparent | undefined;
  readonly #spans = new Map<Stage, Traced>();

  constructor(parent: Traceparent | undefined) {
    this.#parent = parent;
  }

  begin(stage: Stage): void {
    if (isTracing() && !this.#spans.has(stage)) this.#spans.set(stage, beginSpan(stage, this.#parent));
  }

  end(said: Said): void {
    for (const span of this.#spans.values()) span.end(said);
  }
}

/**
 * What a subscriber is sent. The trace itself goes to whoever sent the message, and to the operator. Others
 * would learn from its id which of their events come from one message, and whose: they get the id of the
 * notification in its place, which they know.
 */
export function traceparentFor(
  { parent }: Traced,
  { id, own }: { id: string; own: boolean },
): string | undefined {
  const read = readParent(parent);
  if (!read) return undefined;
  return own ? parent : `00-${id.replaceAll('-', '')}-${read.spanId}-01`;
}
