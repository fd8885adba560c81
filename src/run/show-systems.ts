/** What the pages of systems read and do. */
import { POLICY } from '../access/decide/policy.ts';
import { addSystem } from '../access/register/systems.ts';
import { placeSources } from '../map/language/folders.ts';
import { readSilence } from '../observe/rhythm.ts';
import { readSystem, readSystems } from '../save/list-systems.ts';
import type { Systems } from '../web/pages/systems/routes.ts';

/** Beyond so many hours in which it would have been heard a system is silent: as `skein status` has it. */
const MISSED_HOURS = 3;

export const showSystems = (folders: URL[]): Systems => ({
  list: async ({ db }) => {
    const silent = new Set(
      (await readSilence(db)).flatMap(({ system, missed }) => (missed > MISSED_HOURS ? system : [])),
    );
    return (await readSystems(db)).map((one) => ({ ...one, isSilent: silent.has(one.name) }));
  },
  find: ({ db }, id) => readSystem(db, id),
  add: async ({ db, key }, added) => {
    const { system, token } = await addSystem(db, key, added);
    return { id: system.id, token };
  },
  choices: () => ({
    sectors: [...POLICY.rows.keys()].sort(),
    kinds: [...POLICY.serviceKinds].sort(),
    sources: [...placeSources(folders).keys()].sort(),
  }),
});
