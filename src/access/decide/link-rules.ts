import type { Rules } from '../../store/facts.ts';
import { placesHolds } from './decide.ts';
import { POLICY } from './policy.ts';

const isCharity = (sector: string | null) => POLICY.rows.get(sector ?? '')?.group === 'third-sector';

/** What is asked for before a pregnancy: its reason says so. */
export const isPreconception: Rules['isPreconception'] = ({ reasonCode = [] }) =>
  reasonCode
    .flatMap(({ coding = [] }) => coding)
    .some(({ system, code }) => POLICY.preconceptionReasons.includes(`${system}|${code}`));

/** How its sender restricts a resource, by the strictest of its labels. */
export const labelOf: Rules['labelOf'] = ({ meta }) => {
  const names = (meta?.security ?? []).map(({ system, code }) => `${system}|${code}`);
  const has = (labels: string[]) => names.some((name) => labels.includes(name));
  if (has(POLICY.labels.veryRestricted)) return 'very-restricted';
  return has(POLICY.labels.restricted) ? 'restricted' : null;
};

/** Those who may place a hold restrict a person by a label, too, and so does a national record. */
export const mayRestrict: Rules['mayRestrict'] = (sector) => placesHolds(sector) || sector === 'national';

/** What policy says of care by the sector and kind of those who speak of it, for the linking of families. */
export const keeperOf: Rules['keeperOf'] = (service, senders) => {
  const sealed = senders.find(({ kind }) => POLICY.sealedKinds.includes(kind ?? ''));
  if (sealed) return sealed.service;
  if (senders.some(({ sector }) => POLICY.givesNoCare.includes(sector ?? ''))) return service;
  const own = service === null || senders.some((sender) => sender.service === service);
  const charity = own && senders.every(({ sector }) => isCharity(sector));
  return charity ? (senders[0]?.service ?? null) : null;
};
