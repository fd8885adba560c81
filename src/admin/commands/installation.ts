/** `skein serve`, `skein doctor`, `skein reload`: this installation. */
import { type Commands, command } from '../command.ts';
import { examine } from '../doctor.ts';
import { reloadAll } from '../reload.ts';
import { withStore } from '../with-store.ts';

export const installation: Commands = {
  serve: command({
    summary: 'serve until a signal ends it: the same as npm start',
    help: `Usage: skein serve

Serves the parts that ROLES names until SIGINT or SIGTERM, which lets work in flight end. SIGHUP reads
mappings and policy again. Settings are environment variables: README lists them.

Examples:
  skein serve
  AUTH=token ROLES=api,worker DATABASE_URL=postgres://… skein serve
`,
    options: {},
    run: async () => {
      await import('../../main.ts');
      return { data: {}, text: '' };
    },
  }),
  doctor: command({
    summary: 'whatever is wrong with this installation, a line each',
    help: `Usage: skein doctor [--json]

Looks at the store, the queue, subscriptions, mappings, policy, profiles and what is held, and mends nothing.

Examples:
  skein doctor
  skein doctor --json | jq -r '.[] | select(.problems != []).area'

Exit codes: 0 all is well; 1 something is wrong. Held messages and senders that are not bound to what
they write in MSH-3 and MSH-4 are told, and are no fault of the installation.
`,
    options: {},
    run: () => withStore(examine),
  }),
  reload: command({
    summary: 'have every process read mappings and policy again, without a restart',
    help: `Usage: skein reload [--approved-by NAME --approved-by NAME] [--json]

Checks mappings and policy first; where one is wrong nothing changes. A policy that opens more than the
one in force needs two approvers, whose names are kept.

Examples:
  skein reload
  skein reload --approved-by 'A. Caldicott' --approved-by 'B. Controller'
`,
    options: { 'approved-by': { type: 'string', multiple: true } },
    run: (flags) => withStore((ctx) => reloadAll(ctx, flags['approved-by'] ?? [])),
  }),
};
