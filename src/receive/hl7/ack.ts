import { randomBytes } from 'node:crypto';
import { escapeHl7, type Header } from '../../formats/hl7v2.ts';
import { encodeHl7, nameCharset } from '../../formats/hl7v2-charset.ts';
import type { Answer, Issue } from '../../model.ts';
import { heldCode, holdsOf } from './holds.ts';

/**
 * HL7 table 0008: the accept code says whether it is kept, the application code what became of it. `kept`:
 * our id of the message, where it is.
 */
export type Verdict = {
  accept: 'CA' | 'CE' | 'CR';
  application: 'AA' | 'AE' | 'AR';
  issues: Issue[];
  kept?: string;
};

/** Nothing was kept and nothing is wrong with the message. */
export const NOT_STORED: Verdict = {
  ...{ accept: 'CE', application: 'AE' },
  issues: [{ severity: 'error', code: 'transient', text: 'not stored: send it again' }],
};

/**
 * The answer to one message: AA means stored, or counted by a feed rule. `onHeld` is what its sender wants to
 * hear of a held one; CE, where no accept acknowledgement is asked for, is AE.
 */
export function verdictOf({ messageId, status, conflict, units }: Answer, onHeld: string): Verdict {
  if (conflict) {
    const text = 'MSH-10 was used before for other content';
    return refuse([{ severity: 'error', code: 'conflict', field: 'MSH-10', text }]);
  }
  const issues = units.flatMap(({ position, issues: found }) =>
    found.map((issue) => (position ? { ...issue, text: `${position}: ${issue.text}` } : issue)),
  );
  if (status === 'rejected') return { ...refuse(issues), kept: messageId };
  // One code for a whole batch: AA would tell its sender that each of its messages was taken.
  const holds = holdsOf(units);
  const code = holds.length > 0 || status === 'held' || status === 'failed' ? heldCode(onHeld, holds) : 'AA';
  const codes = code === 'CE' ? ({ accept: 'CE', application: 'AE' } as const) : codesOf(code);
  return { ...codes, issues, kept: messageId };
}

const codesOf = (application: 'AA' | 'AE') => ({ accept: 'CA', application }) as const;

export function refuse(issues: Issue[]): Verdict {
  return { accept: 'CR', application: 'AR', issues };
}

/**
 * The acknowledgements a message asks for, in order. Original mode (MSH-15 and MSH-16 empty): one application
 * acknowledgement. Enhanced mode: an accept one as MSH-15 says, then an application one as MSH-16 says (AL
 * always, NE never, ER on error, SU on success); of a held message that nothing else tells of, the accept one
 * carries MSA-3 and ERR. HL7 v2.9 chapter 2, 2.9.2 and 2.9.3. An acknowledgement is never answered. What
 * table 0155 does not have (`""` too) asks for nothing: without any answer its sender would wait for ever.
 * Without a header it is answered as far as can be.
 */
export function acknowledge(header: Header | null, verdict: Verdict, now = new Date()): Buffer[] {
  if (header && isAcknowledgement(header)) return [];
  const { accept, application, issues } = verdict;
  const [onAccept = '', onApplication = ''] = [15, 16].map((field) => conditionOf(header?.get(field)));
  const answer = (code: string, said: Verdict = verdict) => build(header, code, said, now);
  if (!onAccept && !onApplication) return [answer(application)];
  const told = asked(onApplication, application === 'AA');
  // Where nothing else will say that it is held, the accept acknowledgement does.
  const quiet = accept === 'CA' && (told || !issues.some(isError));
  return [
    ...(asked(onAccept, accept === 'CA')
      ? [answer(accept, quiet ? { ...verdict, issues: [] } : verdict)]
      : []),
    ...(told ? [answer(application)] : []),
  ];
}

/** It answers a message, and is answered by nothing: two systems would answer each other for ever. */
export const isAcknowledgement = (header: Header): boolean => ['ACK', 'MCF'].includes(header.get(9));

const isError = ({ severity }: Issue) => severity === 'error';

const conditionOf = (value = '') => (['AL', 'NE', 'ER', 'SU'].includes(value) ? value : '');

function asked(condition: string, success: boolean): boolean {
  return condition === 'AL' || (condition === 'ER' && !success) || (condition === 'SU' && success);
}

/**
 * Raw fields go back as they came, in their own delimiters: sender and receiver swapped, same version and
 * character set, byte for byte.
 */
function build(header: Header | null, code: string, { issues, kept }: Verdict, now: Date): Buffer {
  const { field, component } = header?.delimiters ?? { field: '|', component: '^' };
  const raw = (number: number) => clean(header?.raw[number] ?? '');
  const text = (value: string) => escapeHl7(value, header?.delimiters);
  const type = ['ACK', ...(header?.get(9, 2) ? [text(header.get(9, 2)), 'ACK'] : [])].join(component);
  const msh = [
    'MSH',
    raw(2) || '^~\\&',
    raw(5),
    raw(6),
    raw(3),
    raw(4),
    timestamp(now),
    '',
    type,
    newControlId(),
  ];
  const first = issues.find(isError);
  const lines = [
    ['MSA', code, raw(10), ...(first ? [cut(textOf(first), text)] : [])],
    // What is only for information is asked for (GET /intake/messages): an engine may take any ERR for a
    // failure.
    ...issues
      .filter(({ severity }) => severity !== 'information')
      .slice(0, MOST_ERRORS)
      .map((issue) => errorSegment(issue, { text, component, kept })),
  ];
  const write = (given: string[][]) => given.map((line) => `${line.join(field)}\r`).join('');
  const sent = header ?? { charset: 'utf-8', declared: '' };
  const name = nameCharset(sent, write([msh, ...lines]));
  const charset = name ? ['', '', '', '', '', clean(name)] : [];
  return encodeHl7(write([[...msh, raw(11) || 'P', raw(12) || '2.5', ...charset], ...lines]), sent.charset);
}

/** MSA-3 holds 80 characters; an escape sequence is never cut in two. */
function cut(words: string, escaped: (value: string) => string): string {
  let kept = '';
  for (const character of words) {
    const next = kept + escaped(character);
    if (next.length > 80) break;
    kept = next;
  }
  return kept;
}

/** A file of bad values would otherwise be answered with a file of errors. */
const MOST_ERRORS = 50;

export function clean(raw: string): string {
  return [...raw].filter((character) => character >= ' ').join('');
}

export function timestamp(now: Date): string {
  return `${now.toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`;
}

/** 20 characters: the length of MSH-10 before version 2.7. */
export const newControlId = () => randomBytes(10).toString('hex').toUpperCase();

/**
 * HL7 table 0357 by field, where one has a code of its own, or by FHIR issue type; anything else is 207,
 * "application error", and ERR-5 says which.
 */
const CONDITIONS: Record<string, [code: string, text: string]> = {
  required: ['101', 'Required field missing'],
  value: ['102', 'Data type error'],
  invalid: ['102', 'Data type error'],
  structure: ['100', 'Segment sequence error'],
  'code-invalid': ['103', 'Table value not found'],
  'too-long': ['104', 'Value too long'],
  'not-supported': ['200', 'Unsupported message type'],
  'not-found': ['204', 'Unknown key identifier'],
  duplicate: ['205', 'Duplicate key identifier'],
  conflict: ['205', 'Duplicate key identifier'],
  'MSH-11': ['202', 'Unsupported processing id'],
};

type Writing = { text: (value: string) => string; component: string; kept: string | undefined };

/**
 * ERR of version 2.5 and later: where, what, how bad, ERR-7 as what it is kept, and words for the person who
 * reads the sender's log.
 */
function errorSegment(issue: Issue, { text, component, kept = '' }: Writing): string[] {
  const [number, name] = CONDITIONS[issue.field ?? ''] ??
    CONDITIONS[issue.code] ?? ['207', 'Application error'];
  const severity = { error: 'E', warning: 'W', information: 'I' }[issue.severity];
  const condition = [number, name, 'HL70357'].join(component);
  const type = [issue.code, '', 'http://hl7.org/fhir/issue-type'].map(text).join(component);
  return [
    'ERR',
    '',
    locationOf(issue.field, component),
    condition,
    severity,
    type,
    '',
    kept && text(`kept as message ${kept}`),
    text(textOf(issue)),
  ];
}

function textOf({ field, text }: Issue): string {
  return field && !text.includes(field) ? `${field}: ${text}` : text;
}

const FIELD = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?(?:\.(\d+))?|$)/;

/**
 * ERR-2 of `NK1[2]-33[1].4`: segment, which of that name, field, repetition, component, subcomponent; of
 * `PID[2]` the segment alone.
 */
function locationOf(field: string | undefined, component: string): string {
  const [, segment, n = '1', number, repetition, part, sub] = FIELD.exec(field ?? '') ?? [];
  if (!segment) return '';
  const parts = [segment, n, number, part ? (repetition ?? '1') : repetition, part, sub];
  return parts.filter((value) => value !== undefined).join(component);
}
