/** `skein person …`, `skein link`, `skein unlink`: what people decide of who is who. */
import { checkIds } from '../../command/check-words.ts';
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import type { Context } from '../../context.ts';
import {
  type Consequence,
  decideApart,
  decideMother,
  decideNoParent,
  decideSame,
  decideTwo,
  type Said,
} from '../../pipeline/decide.ts';
import { erasePerson, REASONS } from '../../pipeline/erase.ts';
import { writeLedger } from '../../pipeline/ledger.ts';
import { type Commands, command, type Done, text, yes } from '../command.ts';
import { describeIncident } from '../incident.ts';
import { describeConsequence, explainPerson } from '../person.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';
import { showWorklist } from '../worklist.ts';

const DECIDES = `  --by NAME      who decided it; kept
  --reason TEXT  on what grounds; kept, shown by skein person explain, told to nobody
  --undo         the decision no longer stands: what was found without it is so again
  --dry-run      only says what would follow, and who was told of what it changes
  --yes          does not ask
`;
const ONE_OF = 'unlink needs --chart, or --one and --other, or --parent and --child';
const OPTIONS = { by: text, reason: text, undo: yes, 'dry-run': yes, yes };
type Flags = { by?: string; reason?: string; undo?: boolean; 'dry-run'?: boolean; yes?: boolean };

type Decide = (ctx: Context, said: Said) => Promise<Consequence>;

/** Asks where something is changed, once it is known that it can be. */
async function decided(what: string, flags: Flags, decide: Decide): Promise<Done> {
  const { by, reason, undo = false, 'dry-run': dry = false, yes: sure } = flags;
  if (!by || !reason)
    throw new WrongUse(`${what} needs --by NAME and --reason TEXT: who decided it, and why`);
  const said = { by, reason, undo, dry };
  return withStore(async (ctx) => {
    if (!dry && !sure) {
      await decide(ctx, { ...said, dry: true });
      await confirm(`${what} changes who is who, and services are told`, sure);
    }
    return describeConsequence(await decide(ctx, said), dry);
  });
}

export const person: Commands = {
  'person explain': command({
    summary: 'which charts a person is made of, by what rule, and what people decided',
    help: `Usage: skein person explain ID [--json]

No names, no numbers, no dates of birth: charts by the system that sent them, what was found of them, what
people decided, and the journeys that the person is part of.

  ID  of a person (Patient), an id that led to it before, or a chart

Examples:
  skein person explain 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f
  skein person explain 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --json | jq '.charts[].system'
`,
    options: {},
    words: ['ID'],
    run: async (_, [id = '']) => {
      checkIds({ ID: id });
      return withRead('person-explain', (ctx) => explainPerson(ctx, id));
    },
  }),
  'person erase': command({
    summary: 'remove whatever is stored of a person, for good; whoever was told of them is told',
    help: `Usage: skein person erase ID --reason CODE --by NAME --approve NAME [--yes] [--json]

What was said of the person goes: messages (of one that speaks of others, too, what it says of them stays),
everything that is served of them and its past, and what others' records say of them by name. Whoever was told
of them is told withdrawn, and the id answers as if it had never been. That it was done, by whom and why, is
kept. Asks first: nothing brings them back, neither rebuild nor replay nor the same message again. A later
message about them is of somebody new. It reads every record once: at a large store, for minutes.

  --reason CODE   ${REASONS.join(', ')}
  --by NAME       who decided it; kept
  --approve NAME  somebody else, who agreed; kept
  --yes           does not ask

Examples:
  skein person erase 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --reason right-to-erasure --by 'A. Caldicott' --approve 'B. Controller'
`,
    options: { reason: text, by: text, approve: text, yes },
    words: ['ID'],
    run: async ({ reason = '', by, approve, yes: sure }, [id = '']) => {
      checkIds({ ID: id });
      if (!REASONS.some((one) => one === reason))
        throw new WrongUse(`person erase needs --reason, one of ${REASONS.join(', ')}`);
      if (!by?.trim() || !approve?.trim() || by.trim().toLowerCase() === approve.trim().toLowerCase())
        throw new WrongUse('person erase needs --by NAME and --approve NAME: two people');
      await confirm('person erase removes whatever is stored of this person, for good', sure);
      const done = await withStore(async (ctx) => {
        const erased = await erasePerson(ctx, id, { reason, by, approvedBy: approve });
        // Before the command ends: a backup made before must not bring them back from now on.
        const { LEDGER_FILE } = ctx.config;
        if (LEDGER_FILE) await writeLedger(ctx, LEDGER_FILE);
        return erased;
      });
      const { charts, records, messages, views } = done;
      const said = `erased: ${charts} charts, ${views} views, parts of ${records} records and ${messages} messages\n`;
      return { data: done, text: said };
    },
  }),
  worklist: command({
    summary: 'who may be one person, and whose baby is somebody’s: for people to decide',
    help: `Usage: skein worklist [--json]

Every chart is compared with the others by the rules of docs/matching.md. Whoever may be one person, and was
neither joined nor kept apart, is named by id with what speaks for it and which systems said it; whose
contacts may have to be stopped comes first. No names: the systems that sent them know whom they mean. Reads
the whole store, so ask at quiet times of a large one.

Then skein person explain, skein link (they are one) or skein unlink (they are two).

Examples:
  skein worklist
  skein worklist --json | jq .figures
`,
    options: {},
    run: () => withRead('worklist', (ctx) => showWorklist(ctx)),
  }),
  link: command({
    summary: 'two people are one, or somebody gave birth to a child: decided by somebody who looked',
    help: `Usage: skein link ID ID --by NAME --reason TEXT [--undo] [--dry-run] [--yes] [--json]
       skein link --mother ID --child ID --by NAME --reason TEXT [--undo] [--dry-run] [--yes] [--json]

Refused where a verified number, a birth date or the order of a multiple birth says that they are two. Who
gave birth by this word did, whoever else says so; it is refused of somebody who is no older than the
child, and where a national record names another.

  --mother ID    the person who gave birth
  --child ID     to this person
${DECIDES}
Examples:
  skein link 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f 0c6e1f74-8a55-5d0b-8f0e-3b1f0a9d2c11 --by 'A. Reviewer' --reason 'same woman, seen' --dry-run
`,
    options: { ...OPTIONS, mother: text, child: text },
    words: ['ID', 'ID'],
    least: 0,
    run: async ({ mother, child, ...flags }, [one, other]) => {
      if (mother && child && one === undefined) {
        checkIds({ '--mother': mother, '--child': child });
        return decided('link', flags, (ctx, said) => decideMother(ctx, [mother, child], said));
      }
      if (mother || child || !one || !other)
        throw new WrongUse('link needs two IDs, or --mother and --child');
      checkIds({ 'the first ID': one, 'the second ID': other });
      return decided('link', flags, (ctx, said) => decideSame(ctx, [one, other], said));
    },
  }),
  unlink: command({
    summary: 'a chart is of another person, or somebody is not the parent',
    help: `Usage: skein unlink --chart ID --by NAME --reason TEXT [--undo] [--dry-run] [--yes] [--json]
       skein unlink --one ID --other ID --by NAME --reason TEXT [--undo] [--dry-run] [--yes] [--json]
       skein unlink --parent ID --child ID --by NAME --reason TEXT [--undo] [--dry-run] [--yes] [--json]

A chart that is unlinked is a person of its own, whatever number it gives. Two people who are unlinked stay
two, however alike they are. A parent who is unlinked is none, whoever says so. All of it stands against
whatever is sent later.

  --chart ID     as skein person explain names it
  --one ID       a person, who is another
  --other ID     than this one
  --parent ID    the person who is not the parent
  --child ID     of this person
${DECIDES}
Examples:
  skein unlink --chart 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --by 'A. Reviewer' --reason 'wrong record' --dry-run
`,
    options: { ...OPTIONS, chart: text, one: text, other: text, parent: text, child: text },
    run: async ({ chart, one, other, parent, child, ...flags }) => {
      const ways: Decide[] = [];
      if (chart) ways.push((ctx, said) => decideApart(ctx, chart, said));
      if (one && other) ways.push((ctx, said) => decideTwo(ctx, [one, other], said));
      if (parent && child) ways.push((ctx, said) => decideNoParent(ctx, [parent, child], said));
      const [way] = ways;
      const given = Object.entries({ chart, one, other, parent, child }).filter(([, id]) => id !== undefined);
      if (!way || given.length > (chart ? 1 : 2)) throw new WrongUse(ONE_OF);
      checkIds(Object.fromEntries(given.map(([name, id = '']) => [`--${name}`, id])));
      return decided('unlink', flags, way);
    },
  }),
  incident: command({
    summary: 'who had been told what of a wrong link, and who has said that it is removed',
    help: `Usage: skein incident MESSAGE [--json]

For each recipient from whom something was taken back by one message (a decision of skein link or unlink, or
a sender's correction): what it had been told of that, when and by which part of the sharing policy, the
number that took it back, and when it confirmed its removal (POST .../$confirm-removal). Whoever has not is
listed at the end. The reason of a decision is told to nobody.

  MESSAGE  the id that the answer to it, or skein link and unlink, gave

Examples:
  skein incident 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f
  skein incident 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --json | jq .waiting
`,
    options: {},
    words: ['MESSAGE'],
    run: async (_, [id = '']) => {
      checkIds({ MESSAGE: id });
      return withRead('incident', (ctx) => describeIncident(ctx, id));
    },
  }),
};
