/** `skein backup`, `skein restore`. */
import { existsSync } from 'node:fs';
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { readConfig } from '../../config.ts';
import { type Applied, applyLedger, type Ledger, readLedger, writeLedger } from '../../pipeline/ledger.ts';
import { readStore } from '../../store/backup.ts';
import { readBackup, writeBackup } from '../../store/backup-file.ts';
import { restoreStore } from '../../store/restore.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { withDatabase, withStore } from '../with-store.ts';

const describeApplied = ({ erased, held, frozen }: Applied): string =>
  `by the ledger: ${erased} erased, ${held} held, ${frozen} numbers not shared\n`;

/** Null where there is none, and that was said. */
async function ledgerOf(given: string | undefined, without: boolean): Promise<Ledger | null> {
  if (given && without) throw new WrongUse('--ledger and --without-ledger: one of them');
  if (without) return null;
  const file = given ?? readConfig(process.env).LEDGER_FILE;
  if (file) return readLedger(file);
  throw new WrongUse(
    'restore needs --ledger FILE (skein ledger write, LEDGER_FILE): whoever was erased or held since the backup ' +
      'would be back; --without-ledger says that there is none',
  );
}

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
  'ledger write': command({
    summary: 'write who was erased, is held or had their identity changed, for a restore; no names',
    help: `Usage: skein ledger write FILE [--json]

A restored backup would bring back whoever was erased since it was made, and forget safety holds. This file
says whom, by keyed hashes that mean nothing without the store. Keep it with the backups, newer than each.
With LEDGER_FILE the worker writes it every ten seconds, and skein person erase before it ends.

Examples:
  skein ledger write /var/backups/skein/ledger.json
`,
    options: {},
    words: ['FILE'],
    run: (_, [file = '']) =>
      withStore(async (ctx) => {
        const { erasures, holds, frozen } = await writeLedger(ctx, file);
        const data = { file, erasures: erasures.length, holds: holds.length, frozen: frozen.length };
        return {
          data,
          text: `${file}: ${data.erasures} erasures, ${data.holds} records held, ${data.frozen} numbers\n`,
        };
      }),
  }),
  'ledger apply': command({
    summary: 'erase and hold again, in a restored store, whoever a ledger names',
    help: `Usage: skein ledger apply FILE [--json]

What skein restore --ledger does after it has restored; where that was broken off it is done by this, before
the store is started. Safe to repeat.

Examples:
  skein ledger apply /var/backups/skein/ledger.json
`,
    options: {},
    words: ['FILE'],
    run: async (_, [file = '']) => {
      const ledger = await readLedger(file);
      const done = await withStore((ctx) => applyLedger(ctx, ledger));
      return { data: done, text: describeApplied(done) };
    },
  }),
  restore: command({
    summary: 'put a backup into an empty store; asks first',
    help: `Usage: skein restore FILE --ledger LEDGER [--yes] [--json]
       skein restore FILE --without-ledger [--yes] [--json]

Makes an empty store what the store of the backup was, all of it or nothing, then applies what this version
adds. A store that holds anything, or is in use, is refused. FILE may be - for standard input.

Whoever was erased after the backup, held, or had their identity changed, is erased, held and not shared again,
by the ledger that was written since (skein ledger write, LEDGER_FILE). Until that is done the store does not
start. Lifted holds, and what else people decided since, are to be decided again.

  --ledger LEDGER   LEDGER_FILE, where it is left out
  --without-ledger  nobody was erased or held since, or nothing is left that says whom: then they are back
  --yes             does not ask

Examples:
  DATA_DIR=restored skein restore skein-2026-11-30.backup --ledger ledger.json
  age -d -i key.txt skein-2026-11-30.backup.age | DATABASE_URL=postgres://… skein restore - --ledger ledger.json --yes
`,
    options: { yes, ledger: text, 'without-ledger': yes },
    words: ['FILE'],
    run: async ({ yes: sure, ledger: given, 'without-ledger': without = false }, [file = '']) => {
      // Before a store is opened, or made, for a name that was mistyped.
      if (file !== '-' && !existsSync(file)) throw new WrongUse(`FILE ${file} is not there`);
      const ledger = await ledgerOf(given, without);
      await confirm(
        `restore fills this store with ${file} and its key: from then on it acts as the one it was`,
        sure,
      );
      const done = await withDatabase((db) =>
        restoreStore(db, readBackup(file), { awaitsLedger: ledger !== null }),
      );
      const text = `${done.rows} rows restored, of ${done.madeAt}\n`;
      if (!ledger) return { data: done, text };
      if (ledger.madeAt < done.madeAt)
        throw new Error(
          `${text.trim()}; the ledger is of ${ledger.madeAt}, before it: skein ledger apply a newer one`,
        );
      const applied = await withStore((ctx) => applyLedger(ctx, ledger));
      return { data: { ...done, ...applied }, text: text + describeApplied(applied) };
    },
  }),
};
