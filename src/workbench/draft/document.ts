import { Document, isScalar, visit } from 'yaml';

/** A file of a mapping, its JSON Schema named first. */
export function documentOf(file: string, data: object): Document {
  const document = new Document(data, { aliasDuplicateObjects: false });
  document.commentBefore = ` yaml-language-server: $schema=../${file}.schema.json`;
  return document;
}

/** Writes YAML as a person would: numbers as keys, short maps and lists on one line. */
export function textOf(document: Document): string {
  visit(document, {
    Pair: (_, pair) => {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      if (/^\d+$/.test(key)) pair.key = document.createNode(Number(key));
    },
    Collection: (_, node, path) => {
      if (!node.range && path.length > 2 && JSON.stringify(node).length < 110) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true, singleQuote: true });
}
