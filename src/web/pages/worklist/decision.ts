/** What somebody typed to settle an item: checked here, and shown again where something is wrong. */

export type Typed = { act: string; reason: string; weeks: string; by: string };
/** `field`: id of the input that it is about. */
export type Wrong = { field: string; text: string };
export type Decision = {
  act: 'accept' | 'reject' | 'defer' | 'undo';
  reason: string;
  by: string;
  days: number;
};

export const BLANK: Typed = { act: '', reason: '', weeks: '1', by: '' };
const ACTS = ['accept', 'reject', 'defer', 'undo'] as const;
export const WEEKS = ['1', '4', '12'];
const LONGEST = { reason: 1_000, by: 200 };

export function readTyped(form: URLSearchParams): Typed {
  const field = (name: string) => (form.get(name) ?? '').trim();
  return { act: field('act'), reason: field('reason'), weeks: field('weeks'), by: field('by') };
}

/** `signedIn`: the name of who decides, where somebody is signed in. */
export function checkTyped(
  { act, reason, weeks, by }: Typed,
  signedIn: string | null,
): { decision: Decision | null; wrong: Wrong[] } {
  const chosen = ACTS.find((one) => one === act);
  const name = signedIn ?? by;
  const wrong: Wrong[] = [
    ...(chosen ? [] : [{ field: 'act-accept', text: 'Choose what you decide' }]),
    ...(reason === '' ? [{ field: 'reason', text: 'Say how you know' }] : []),
    ...(reason.length > LONGEST.reason
      ? [{ field: 'reason', text: `Say how you know in ${LONGEST.reason} characters or fewer` }]
      : []),
    ...(name === '' || name.length > LONGEST.by ? [{ field: 'by', text: 'Enter your name' }] : []),
  ];
  const days = 7 * Number(WEEKS.includes(weeks) ? weeks : WEEKS[0]);
  return { decision: chosen && wrong.length === 0 ? { act: chosen, reason, by: name, days } : null, wrong };
}
