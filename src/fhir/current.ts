/** What its sender says is somebody's no more (`use` old) is kept, and stands behind what is theirs now. */
import type { Patient } from '@medplum/fhirtypes';

export const isFormer = ({ use }: { use?: string | undefined }): boolean => use === 'old';

export const currentFirst = <T extends { use?: string }>(list: T[]): T[] =>
  list.some(isFormer) ? [...list.filter((one) => !isFormer(one)), ...list.filter(isFormer)] : list;

/** The same Patient; whoever reads the first name, address or telephone reads none that is over. */
export function orderCurrentFirst(patient: Patient): Patient {
  const { name, address, telecom, identifier } = patient;
  return {
    ...patient,
    ...(name ? { name: currentFirst(name) } : {}),
    ...(address ? { address: currentFirst(address) } : {}),
    ...(telecom ? { telecom: currentFirst(telecom) } : {}),
    ...(identifier ? { identifier: currentFirst(identifier) } : {}),
  };
}
