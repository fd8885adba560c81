import type { Issue } from '../model.ts';
import type { IdentifiedRecord } from '../store/facts.ts';
import { saysLost } from './care/list-care.ts';
import { DECLARES_LOSS } from './care/sectors.ts';

const UNDECLARED: Omit<Issue, 'expression'> = {
  severity: 'warning',
  code: 'business-rule',
  text:
    'that a pregnancy has ended counts where a service of maternity, neonatal or fetal medicine or a ' +
    'children’s ward says so: it is kept, and stops no contact; tell one of them. Said by a statutory ' +
    'service of its own patient it asks those who care for her to verify it first',
};

/** Warns who says that a pregnancy ended, and may not declare it (sharing rules, "Loss and contact-stop"). */
export function findUndeclared({ statements }: IdentifiedRecord, sector: string | null): Issue[] {
  if (DECLARES_LOSS.has(sector ?? '')) return [];
  return statements
    .filter(({ content }) => saysLost(content))
    .map(({ type }) => ({ ...UNDECLARED, expression: `${type}.extension` }));
}
