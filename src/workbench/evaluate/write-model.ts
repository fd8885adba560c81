/** Learned weights as a file of policy, comments kept. */
import { parseDocument } from 'yaml';
import { FIELDS, KINDS, type Model } from '../../match/model.ts';

/** `before`: the text of the file that the weights were learned from. */
export function writeModel(before: string, { version, weights }: Model): string {
  const document = parseDocument(before);
  document.setIn(['version'], version);
  for (const field of FIELDS)
    for (const [level, weight] of Object.entries(weights[field]))
      for (const column of ['same', ...KINDS] as const)
        document.setIn(['weights', field, level, column], Number(weight[column].toPrecision(6)));
  return document.toString({ lineWidth: 0 });
}
