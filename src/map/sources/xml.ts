/** FHIR in XML: the paths of fhir.ts over the tree that its JSON would be; positions are XPath, as its
 * sender would name them. */

import { isObject } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import type { SourceFile } from '../language/mapping-file.ts';
import type { SourceFormat } from '../run.ts';
import { fhirFormat } from './fhir.ts';

export function xmlFormat(schema: Extract<SourceFile, { format: 'xml' }>): SourceFormat {
  return { ...fhirFormat(schema), place: xpathOf };
}

/**
 * `/entry/3/resource/name/0/family` as `/Bundle/entry[4]/resource/Patient/name[1]/family/@value`. A source
 * that is no pointer into the tree (`constant`) is left as it is; of what is not there, the path goes on as
 * written. https://hl7.org/fhir/R4/xml.html
 */
function xpathOf(tree: Json, pointer: string): string {
  if (!pointer.startsWith('/') && pointer !== '') return pointer;
  let node: Json | undefined = tree;
  let path = isObject(tree) ? `/${tree.resourceType}` : '';
  for (const step of pointer
    .replace(/\/resourceType$/, '')
    .split('/')
    .slice(1)) {
    if (Array.isArray(node)) {
      node = node[Number(step)];
      path += `[${Number(step) + 1}]`;
    } else {
      node = isObject(node) ? node[step] : undefined;
      path += `/${step.replace(/^_/, '')}`;
    }
    if (isObject(node) && typeof node.resourceType === 'string') path += `/${node.resourceType}`;
  }
  if (node === undefined || typeof node === 'object') return path;
  return path.endsWith('/url') && /extension\[\d+\]\/url$/.test(path)
    ? path.replace(/url$/, '@url')
    : `${path}/@value`;
}
