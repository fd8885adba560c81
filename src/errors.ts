import type { Issue } from './model.ts';

/**
 * The sender must fix it: an OperationOutcome, no retry. `status` is the HTTP status, `bars` the BaRS code if
 * that channel asks for one.
 */
export class Rejected extends Error {
  readonly status: number;
  readonly issues: Issue[];
  readonly bars: string | undefined;
  constructor(status: number, issues: Issue[], options: { cause?: unknown; bars?: string } = {}) {
    super(issues.map((issue) => issue.text).join('; '), { cause: options.cause });
    this.name = 'Rejected';
    this.status = status;
    this.issues = issues;
    this.bars = options.bars;
  }
}

type Place = Pick<Issue, 'field' | 'expression'> & { cause?: unknown };

/**
 * A refusal for one reason. `code` is a FHIR issue-type; `field` is the sender's own name of what is wrong.
 */
export function rejected(status: number, code: string, text: string, place: Place = {}): Rejected {
  const { cause, ...where } = place;
  return new Rejected(status, [{ severity: 'error', code, text, ...where }], { cause });
}

/** Our fault and passing: 503 with Retry-After, or no acknowledgement at all. */
export class Unavailable extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'Unavailable';
  }
}

const EXHAUSTED_SQLSTATES = /^(53200|53400|54)/;
const EXHAUSTED_TEXTS = /^Invalid (string|array) length$|invalid memory alloc request size/;

/**
 * True where one call asked for more than there is (locks, memory, the size of a statement): no retry of the
 * same call cures that.
 */
export function isExhausted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return EXHAUSTED_SQLSTATES.test(code) || code === 'ERR_STRING_TOO_LONG' || EXHAUSTED_TEXTS.test(message);
}

const RETRY_SQLSTATES = /^(08|53|57P|40001|40P01|55P03|25006|25P0[34])/;

/**
 * True when the same call may succeed later: connection loss, shutdown, serialization, lock or resource
 * exhaustion.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return (
    RETRY_SQLSTATES.test(code) ||
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT'].includes(code) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      error.message,
    )
  );
}
