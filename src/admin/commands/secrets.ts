/** `skein secrets rotate`: another key for what is encrypted at rest. */
import { WrongUse } from '../../command/wrong-use.ts';
import { asOwner } from '../../store/open.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { sealSecrets } from '../../store/secrets.ts';
import { type Commands, command } from '../command.ts';
import { withStore } from '../with-store.ts';

export const secrets: Commands = {
  'secrets rotate': command({
    summary: 'encrypt the secrets of the store again, with the first of the keys of SECRET_KEY',
    help: `Usage: skein secrets rotate [--json]

Signing secrets, headers of subscriptions and the store's own key are encrypted with the first key of
SECRET_KEY (or SECRET_KEY_FILE). Nothing is sent differently by it. All of it is done, or nothing.

  1. SECRET_KEY=OLD,NEW for every process, and start each again: now all can read what NEW encrypts.
  2. SECRET_KEY=NEW,OLD for every process, and start each again.
  3. skein secrets rotate, after which OLD is needed only for backups made before.

Examples:
  SECRET_KEY="$(cat new.key),$(cat old.key)" skein secrets rotate
  SECRET_KEY_FILE=/etc/skein/secret.keys skein secrets rotate --json
`,
    options: {},
    run: () =>
      withStore(async (ctx) => {
        const { vault } = ctx;
        if (vault.newest === null) throw new WrongUse('secrets rotate needs SECRET_KEY or SECRET_KEY_FILE');
        const again = (client: Db) => sealSecrets(client, vault, true);
        const sealed = await asOwner(ctx, (owner) => transaction(owner, again));
        const text = `${sealed} secrets encrypted again, with the key ${vault.newest}\n`;
        return { data: { key: vault.newest, sealed }, text };
      }),
  }),
};
