/** `skein clock …`: the day that a trial is at. */
import { setClock, showClock } from '../clock.ts';
import { type Commands, command, yes } from '../command.ts';
import { withStore } from '../with-store.ts';

const IN_A_TRIAL = `In a trial alone (AUTH=none and a store on this machine); else it is refused. Whatever is
received keeps the real time.`;

export const clock: Commands = {
  clock: command({
    summary: 'the day by which stages and prompts are reckoned',
    help: `Usage: skein clock [--json]

The real day, or the one that was set for a trial.

Examples:
  skein clock
  skein clock --json | jq -r .day
`,
    options: {},
    run: () => withStore((ctx) => showClock(ctx)),
  }),
  'clock set': command({
    summary: 'a trial goes to a day: stages, prompts and hand-overs come as time brings them',
    help: `Usage: skein clock set DAY [--back] [--json]

From then on it is that day, at the real time of day, for every process of this store, until another is set.
What falls due by it is computed, and told to subscribers. ${IN_A_TRIAL}

  --back    also a day before the one that it is now, or before what was received: that stays known, and
            what was told stays told; skein rebuild then makes the views of that day

Examples:
  skein clock set 2027-03-01
  skein clock set 2026-12-01 --back
`,
    options: { back: yes },
    words: ['DAY'],
    run: ({ back }, [day = '']) => withStore((ctx) => setClock(ctx, day, back)),
  }),
  'clock real': command({
    summary: 'the day is the real one again',
    help: `Usage: skein clock real [--json]

What was told of days that have not come stays told: skein rebuild makes the views of today. ${IN_A_TRIAL}

Examples:
  skein clock real
`,
    options: {},
    run: () => withStore((ctx) => setClock(ctx, null)),
  }),
};
