/** `skein backup`, `skein restore`. */
import { existsSync } from 'node:fs';
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { readStore } from '../../store/backup.ts';
import { readBackup, writeBackup } from '../../store/backup-file.ts';
import { restoreStore } from '../../store/restore.ts';
import { type Commands, command, yes } from '../command.ts';
import { withDatabase } from '../with-store.ts';

export const backup: Commands = {
  backup: command({
    summary: 'write the whole store to one file, while it serves',
    help: `Usage: skein backup FILE [--json]

Writes everything that the store holds at one instant: messages, what follows from them, systems,
subscriptions with their secrets, and the store's own key. It holds people's data in the clear: only its
owner may read the file (0600), and where it is kept is for you to protect. FILE must not be there; - is
standard output.

Examples:
  skein backup skein-2026-11-30.backup
  skein backup - | age -r age1… > skein-2026-11-30.backup.age
`,
    options: { json: yes },
    words: ['FILE'],
    run: async ({ json = false }, [file = '']) => {
      if (json && file === '-') throw new WrongUse('- and --json both write to standard output');
      const tables = await withDatabase((db) => writeBackup(file, readStore(db)));
      const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
      return { data: { file, rows, tables }, text: file === '-' ? '' : `${rows} rows written to ${file}\n` };
    },
  }),
  restore: command({
    summary: 'put a backup into an empty store; asks first',
    help: `Usage: skein restore FILE [--yes] [--json]

Makes an empty store what the store of the backup was, all of it or nothing, then applies what this version
adds. A store that holds anything, or is in use, is refused. FILE may be - for standard input.

  --yes  does not ask

Examples:
  DATA_DIR=restored skein restore skein-2026-11-30.backup
  age -d -i key.txt skein-2026-11-30.backup.age | DATABASE_URL=postgres://… skein restore - --yes
`,
    options: { yes },
    words: ['FILE'],
    run: async ({ yes: sure }, [file = '']) => {
      // Before a store is opened, or made, for a name that was mistyped.
      if (file !== '-' && !existsSync(file)) throw new WrongUse(`FILE ${file} is not there`);
      await confirm(
        `restore fills this store with ${file} and its key: from then on it acts as the one it was`,
        sure,
      );
      const done = await withDatabase((db) => restoreStore(db, readBackup(file)));
      return { data: done, text: `${done.rows} rows restored, of ${done.madeAt}\n` };
    },
  }),
};
