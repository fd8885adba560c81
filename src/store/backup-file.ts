/**
 * The file of a backup: gzip of JSON lines. First what it is (Header), then for each table its name and its
 * rows as PostgreSQL writes them, last how many there were, by which a file that was cut is known.
 */
import { createReadStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline as connect } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, createGzip } from 'node:zlib';

export const FORMAT = 'skein-backup-1';

export type Header = {
  format: typeof FORMAT;
  madeAt: string;
  migrations: string[];
  /** Monthly partitions, `message_2026_11`. */
  partitions: string[];
  sequences: { name: string; last: string; called: boolean }[];
};

/** Rows come as a list of some of them. */
export type Line = Header | { table: string } | { end: Record<string, number> } | string[];

/**
 * Writes a file that only its owner may read, and that has its name when it is whole and on the disk. `-` is
 * standard output. Throws where the file is there already. Gives the number of rows by table.
 */
export async function writeBackup(file: string, lines: AsyncIterable<Line>): Promise<Record<string, number>> {
  let counts: Record<string, number> = {};
  const text = async function* () {
    for await (const line of lines) {
      if ('end' in line) counts = line.end;
      yield `${JSON.stringify(line)}\n`;
    }
  };
  if (file === '-') {
    await pipeline(text, createGzip(), process.stdout, { end: false });
    return counts;
  }
  refuseExisting(file);
  const draft = `${file}.part`;
  const handle = await open(draft, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
    throw new Error(`${draft} is there: another backup is being written, or one was killed: remove it`, {
      cause,
    });
  });
  try {
    await pipeline(text, createGzip(), handle.createWriteStream({ flush: true }));
    refuseExisting(file);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return counts;
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw new Error(`${file} is there already`);
}

/** The lines of a backup. Throws where it is none, or was cut or changed on its way. */
export async function* readBackup(file: string): AsyncGenerator<Line> {
  const source = file === '-' ? process.stdin : createReadStream(file);
  const unpacked = createGunzip();
  // An error of the source is thrown by reading what is unpacked.
  connect(source, unpacked, () => undefined);
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  try {
    for await (const chunk of unpacked) {
      const [first = '', ...more] = decoder.write(chunk as Buffer).split('\n');
      parts.push(first);
      for (const next of more) {
        yield JSON.parse(parts.join('')) as Line;
        parts = [next];
      }
    }
  } catch (error) {
    const { code = 'no JSON' } = error as NodeJS.ErrnoException;
    if (!code.startsWith('Z_') && !(error instanceof SyntaxError)) throw error;
    // Never the parser's own words, which quote what they stumbled on.
    throw new Error(`${file} is no backup of Skein, or was cut or changed: ${code}`, { cause: error });
  }
}
