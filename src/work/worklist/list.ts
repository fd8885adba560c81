/** A page of the worklist: a searchset of Tasks, with figures of all of it for whoever runs Skein. */
import type { Bundle, BundleEntry, Task } from '@medplum/fhirtypes';
import { oneOf } from '../../doors/query.ts';
import { rejected } from '../../errors.ts';
import { searchEntry, searchset } from '../../fhir/bundle.ts';
import { WORKLIST_EVIDENCE } from '../../fhir/systems.ts';
import type { Figures } from './item.ts';

export type Asked = { status: 'requested' | 'on-hold'; count: number; offset: number };

const TAKEN = ['_count', '_offset', '_format', 'status'];
const FEW = 50;
const MOST = 200;

/** Throws Rejected(400). */
export function readAsked(query: URLSearchParams): Asked {
  const other = [...query.keys()].find((name) => !TAKEN.includes(name));
  if (other !== undefined)
    throw rejected(400, 'not-supported', `the worklist has no parameter ${other}`, { expression: other });
  const status = oneOf(query, 'status') ?? 'requested';
  if (status !== 'requested' && status !== 'on-hold')
    throw rejected(400, 'value', 'status is requested, or on-hold: put off', { expression: 'status' });
  return { status, count: wholeNumber(query, '_count', FEW), offset: wholeNumber(query, '_offset', 0) };
}

function wholeNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const text = oneOf(query, name);
  if (text === undefined) return otherwise;
  if (!/^\d{1,6}$/.test(text))
    throw rejected(400, 'value', `${name} is a whole number`, { expression: name });
  return name === '_count' ? Math.min(Number(text), MOST) : Number(text);
}

type Found = { tasks: Task[]; figures: Figures | null };

/** `total` is of what this reader may see. */
export function listItems(base: string, asked: Asked, { tasks, figures }: Found): Bundle {
  const { status, count, offset } = asked;
  const url = (from: number) =>
    `${base}/Task/$worklist?${new URLSearchParams({ status, _count: String(count), _offset: String(from) })}`;
  const hasMore = count > 0 && offset + count < tasks.length;
  const links = [
    { relation: 'self', url: url(offset) },
    ...(hasMore ? [{ relation: 'next', url: url(offset + count) }] : []),
  ];
  const page = tasks.slice(offset, offset + count).map((task) => searchEntry(base, task, 'match'));
  const entries = figures ? [...page, figuresEntry(figures)] : page;
  return { ...searchset(links, entries), total: tasks.length };
}

/** One issue for each figure: its name as a code, its value in `diagnostics`. */
function figuresEntry({ items, stops, deferred, births, per, raised, oldest }: Figures): BundleEntry {
  const told = {
    items,
    'contact-stops': stops,
    deferred,
    births,
    'per-1000-births': per,
    'raised-a-day': raised,
    'oldest-since': oldest?.toISOString().slice(0, 10) ?? null,
  };
  const issue = Object.entries(told).flatMap(([code, value]) =>
    value === null
      ? []
      : [
          {
            ...{ severity: 'information' as const, code: 'informational' as const },
            details: { coding: [{ system: WORKLIST_EVIDENCE, code }] },
            diagnostics: String(value),
          },
        ],
  );
  return { resource: { resourceType: 'OperationOutcome', issue }, search: { mode: 'outcome' } };
}
