/** Which pages are whose: whoever is signed in opens those of a role that they have, and no others. */
import type { HumanRole } from '../../model.ts';

const ANYBODY = 'anybody';
type Page = { path: RegExp; whose: HumanRole[] | typeof ANYBODY; inTrial?: HumanRole[] };

/** By path, the first that fits; a page that is not in it is nobody's. `inTrial`: of invented people, too. */
const PAGES: Page[] = [
  { path: /^\/pages(\/(acting-as|sign-out))?$/, whose: ANYBODY },
  // Whoever answers for the policy looks through the eyes of any service: never at people who are real.
  {
    path: /^\/pages\/(families|journey|referrals|prompts|helping)(\/|$)/,
    whose: ['clinician'],
    inTrial: ['governance'],
  },
  { path: /^\/pages\/worklist(\/|$)/, whose: ['reviewer', 'operator'] },
  { path: /^\/pages\/messages(\/|$)/, whose: ['operator', 'engineer'] },
  { path: /^\/pages\/(deliveries|systems|figures)(\/|$)/, whose: ['operator'] },
  { path: /^\/pages\/playground$/, whose: ['engineer', 'operator'] },
  { path: /^\/pages\/sharing(\/|$)/, whose: ['governance'] },
];

/** `path`: of a page, or of its route. */
export function mayOpen(path: string, may: readonly HumanRole[], isTrial: boolean): boolean {
  const page = PAGES.find((one) => one.path.test(path));
  if (!page) return false;
  const { whose, inTrial = [] } = page;
  return whose === ANYBODY || [...whose, ...(isTrial ? inTrial : [])].some((role) => may.includes(role));
}
