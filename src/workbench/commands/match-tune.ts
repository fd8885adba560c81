import { readFileSync } from 'node:fs';
import { MATCHING, MATCHING_FILE } from '../../access/decide/matching.ts';
import { ALL_RULES } from '../../match/score-records.ts';
import type { Command } from '../command.ts';
import { febrlRules } from '../evaluate/febrl.ts';
import { learnWeights } from '../evaluate/learn.ts';
import { writeModel } from '../evaluate/write-model.ts';
import { print } from '../terminal.ts';
import { readTruth } from './match-evaluate.ts';

export const tune: Command = {
  summary: 'weights of matching learned from records, as a new file of policy',
  options: ['format', 'without-identifier'],
  help: `Usage: skein match tune --format records|febrl FILE

Learns from the pairs of a file how often each field agrees where two records are of one person, of one family, of
one birth, or of strangers, without looking at who they truly are, and prints policy/matching.yaml with these
weights and the next version. The same file gives the same weights. It begins with the weights in force, and keeps
near them what the file says little of. Nothing is changed: look at it, evaluate with it, then put it in its place.

Examples:
  skein match tune --format records families.csv > matching.yaml

Exit codes: 0 done; 2 used wrongly.
`,
  run: async (files, flags) => {
    const truth = readTruth(files, flags);
    const rules = flags.format === 'febrl' ? febrlRules(() => true) : ALL_RULES;
    const records = truth.map(({ record }) => record);
    print(writeModel(readFileSync(MATCHING_FILE, 'utf8'), learnWeights(records, MATCHING, rules)));
    return 0;
  },
};
