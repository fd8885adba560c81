import { readFileSync } from 'node:fs';
import { LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';

export type Path = readonly PropertyKey[];
/** Something wrong in a mapping, where it stands, and what would be right. */
export type Problem = { file: string; line: number; column: number; message: string };

/** A YAML file that knows where each of its values stands. */
export type YamlFile = { name: string; data: unknown; where: (path: Path) => Problem; errors: Problem[] };

export function readYaml(url: URL, name: string): YamlFile {
  const counter = new LineCounter();
  const document = parseDocument(readFileSync(url, 'utf8'), { lineCounter: counter, strict: true });
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
  const errors = document.errors.slice(0, 1).map((error) => position(error.pos[0], error.message.split('\n')[0] ?? ''));
  return { name, where, errors, data: errors.length === 0 ? document.toJS() : undefined };
}

/** Reads it by a schema; every fault becomes a problem, and then there is no data. */
export function parseAs<T>(file: YamlFile, schema: z.ZodType<T>, problems: Problem[]): T | undefined {
  problems.push(...file.errors);
  if (file.errors.length > 0) return undefined;
  const parsed = schema.safeParse(file.data);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    problems.push({ ...file.where(path), message: `${issue.path.join('.')}: ${issue.message}` });
  }
  return undefined;
}

/** All problems of a load, each as `file:line:column: what is wrong`. */
export class MappingError extends Error {
  readonly #problems: Problem[];
  constructor(problems: Problem[]) {
    super(problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n'));
    this.name = 'MappingError';
    this.#problems = problems;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }
}
