/** `skein prompt …`: rules by which services are asked to think of something. */
import { type Commands, command } from '../command.ts';
import { listRules, switchRuleOn } from '../prompt.ts';
import { withStore } from '../with-store.ts';

export const prompt: Commands = {
  'prompt list': command({
    summary: 'the rules of prompts, whether they are on, and what became of what they raised',
    help: `Usage: skein prompt list [--json]

Names every rule of policy/prompts with its cases since it was last switched on: how many were raised, and
how many their owners completed or dismissed. One that is mostly dismissed switches itself off.

Examples:
  skein prompt list
  skein prompt list --json | jq -r '.[] | select(.off).code'
`,
    options: {},
    run: () => withStore((ctx) => listRules(ctx)),
  }),
  'prompt on': command({
    summary: 'a rule that switched itself off is on again, and its cases are counted anew',
    help: `Usage: skein prompt on CODE [--json]

Examples:
  skein prompt on hand-over
`,
    options: {},
    words: ['CODE'],
    run: (_, [code = '']) => withStore((ctx) => switchRuleOn(ctx, code)),
  }),
};
