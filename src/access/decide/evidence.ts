import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Evidence, Weight } from '../../model.ts';
import { readPolicyFile } from './policy-file.ts';

const Row = z.strictObject({
  sectors: z.array(z.string()).min(1),
  gestational: z.enum(['A', 'A-if-verified', 'supports', 'never']),
  parent: z.enum(['A', 'B', 'B-own-patient', 'C', 'D']),
  number: z.enum(['establishes', 'own-patient', 'joins', 'claim']),
  contest: z.enum(['everything', 'below-A', 'own-patient', 'worklist']),
});

const File = z
  .strictObject({ newbornDays: z.int().min(0), waitDays: z.int().min(0), rows: z.array(Row).min(1) })
  .superRefine(({ rows }, context) => {
    const seen = new Set<string>();
    for (const [index, { sectors }] of rows.entries()) {
      for (const [place, sector] of sectors.entries()) {
        const path = ['rows', index, 'sectors', place];
        if (seen.has(sector))
          context.addIssue({ code: 'custom', path, message: `${sector} has a row already` });
        seen.add(sector);
      }
    }
  });

/** Reads the weights of evidence. Throws one Error naming file and line of everything wrong with it. */
export function parseEvidence(text: string, file: string): Evidence {
  const { rows, newbornDays, waitDays } = readPolicyFile(File, text, file);
  const weights = rows.flatMap(({ sectors, ...weight }) =>
    sectors.map((sector): [string, Weight] => [sector, weight]),
  );
  return { weights: new Map(weights), newbornDays, waitDays };
}

export const EVIDENCE_FILE = new URL('../../../policy/evidence.yaml', import.meta.url);

/** The weights in force (`in-force.ts`); before a store is open, the file. */
export let EVIDENCE: Evidence = parseEvidence(readFileSync(EVIDENCE_FILE, 'utf8'), 'policy/evidence.yaml');

export function useEvidence(evidence: Evidence): void {
  EVIDENCE = evidence;
}
