/** The sharing policy of a running process: put in force at start and at every reload, where it may be. */
import type pg from 'pg';
import { type Adopted, adoptPolicy, describeWider, followPolicy } from '../access/decide/in-force.ts';
import type { Kept } from './keep-mappings.ts';

export async function keepPolicy(db: pg.Pool): Promise<Kept> {
  let told = noticesOf(await adoptPolicy(db));
  const reload = async () => {
    try {
      told = noticesOf(await adoptPolicy(db));
    } catch (error) {
      await followPolicy(db);
      if (!(error instanceof Error)) throw error;
      told = [`policy/ is not in force, the one before it goes on: ${error.message.replaceAll('\n', '; ')}`];
    }
    return told.length > 0 ? told : null;
  };
  return { notices: async () => told, reload };
}

const noticesOf = ({ adopted, wider }: Adopted): string[] => (adopted ? [] : [describeWider(wider)]);
