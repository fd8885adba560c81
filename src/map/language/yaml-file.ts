import { readFileSync } from 'node:fs';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { z } from 'zod';
import { suggest } from '../run.ts';

export type Path = readonly PropertyKey[];
/** A mistake in a mapping: its place, what is wrong, and what would be right. */
export type Problem = { file: string; line: number; column: number; message: string };

/** A parsed YAML file that can tell the line and column of each of its values. */
export type YamlFile = {
  name: string;
  data: unknown;
  where: (path: Path) => Problem;
  /** The place of the path's last key rather than of its value. */
  whereKey: (path: Path) => Problem;
  errors: Problem[];
};

/** Reads a file's text. A test passes its own to change one file. */
export type ReadText = (file: URL) => string;
export const readText: ReadText = (file) => readFileSync(file, 'utf8');

export function readYaml(url: URL, name: string, read: ReadText = readText): YamlFile {
  const counter = new LineCounter();
  const document = parseDocument(read(url), { lineCounter: counter, strict: true });
  const position = (offset: number, message = ''): Problem => {
    const { line, col } = counter.linePos(offset);
    return { file: name, line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  const where = (path: Path): Problem => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return position(node.range[0]);
    }
    return position(0);
  };
  const whereKey = (path: Path): Problem => {
    const map = document.getIn(path.slice(0, -1), true);
    const pair = isMap(map)
      ? map.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
      : undefined;
    return isScalar(pair?.key) && pair.key.range ? position(pair.key.range[0]) : where(path);
  };
  const problem = document.errors[0] ?? danglingAlias(document);
  const errors = problem
    ? [position(problem.pos[0] ?? 0, problem.message.replace(/( at line \d+.*)?(\n[\s\S]*)?$/, ''))]
    : [];
  return { name, where, whereKey, errors, data: problem ? undefined : document.toJS() };
}

/**
 * Finds an alias that no anchor defines. The YAML parser reports only that there is one, without its place.
 */
function danglingAlias(document: Document.Parsed): { pos: readonly number[]; message: string } | undefined {
  const anchors = new Set<string>();
  let found: ReturnType<typeof danglingAlias>;
  visit(document, (_, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      found = {
        pos: node.range ?? [0],
        message: `no anchor "&${node.source}" before it${suggest(node.source, anchors)}`,
      };
      return visit.BREAK;
    }
    if (isNode(node) && 'anchor' in node && node.anchor) anchors.add(node.anchor);
    return undefined;
  });
  return found;
}

/** Checks the file against a schema. Every fault becomes a problem, and then the result is undefined. */
export function parseAs<T>(file: YamlFile, schema: z.ZodType<T>, problems: Problem[]): T | undefined {
  problems.push(...file.errors);
  if (file.errors.length > 0) return undefined;
  const parsed = schema.safeParse(file.data);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues.flatMap((one) => nearest(one, file.data))) {
    if (issue.code !== 'unrecognized_keys') {
      problems.push({ ...file.where(issue.path), message: tellIssue(issue, file.data) });
      continue;
    }
    const known = new Set(keysOf(z.toJSONSchema(schema, { io: 'input' })));
    for (const key of issue.keys)
      problems.push({
        ...file.whereKey([...issue.path, key]),
        message: known.has(key)
          ? `key "${key}" does not go here`
          : `unrecognized key "${key}"${suggest(key, known)}`,
      });
  }
  return undefined;
}

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | null | undefined)?.[step],
    data,
  );

/** Describes a schema fault: place, fault, and for a word outside a closed list the nearest in it. */
function tellIssue(issue: z.core.$ZodIssue, data: unknown): string {
  const value = valueAt(data, issue.path);
  const options = issue.code === 'invalid_value' && typeof value === 'string' ? issue.values.map(String) : [];
  const message = data === null ? 'the file is empty' : issue.message;
  const place = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return `${place}${message}${suggest(String(value), options)}`;
}

/** Where no form of a union fits: the fault by the form that fits furthest, else what all require. */
function nearest(issue: z.core.$ZodIssue, data: unknown): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const forms = issue.errors.map((form) =>
    form.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
  );
  const inside = forms.filter((form) =>
    form.some(({ path, code }) => path.length > issue.path.length || code === 'unrecognized_keys'),
  );
  const [first] = inside;
  if (first) return first.flatMap((inner) => nearest(inner, data));
  const option = forms.flat().find(({ code }) => code === 'invalid_value');
  if (option && typeof valueAt(data, issue.path) === 'string') return [option];
  return [
    {
      ...issue,
      message: [...new Set(forms.flat().map(({ message }) => message))].join('; or ') || issue.message,
    },
  ];
}

/** Every key that a JSON Schema names anywhere. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, inner]) => [
    ...(name === 'properties' ? Object.keys(inner as object) : []),
    ...keysOf(inner),
  ]);
}

/** All problems of a load, each as `file:line:column: what is wrong`. */
export const describeProblem = ({ file, line, column, message }: Problem): string =>
  `${file}:${line}:${column}: ${message}`;

export class MappingError extends Error {
  readonly #problems: Problem[];
  constructor(problems: Problem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.name = 'MappingError';
    this.#problems = problems;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }
}
