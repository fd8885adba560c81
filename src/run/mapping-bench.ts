/** Tries mappings for people who write them: in a thread of its own, which can be ended. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Unavailable } from '../errors.ts';
import { placeSources } from '../map/language/folders.ts';
import { type Asked, nothing, type Tried } from '../workbench/tried.ts';

export type MappingBench = {
  names: () => string[];
  /** The mapping as it is in force, and the first of its examples; null for one that is not here. */
  open: (name: string) => { draft: string; sample: string } | null;
  /** Throws Unavailable where too many wait. What takes too long or too much comes to an end and says so. */
  run: (asked: Omit<Asked, 'folders'>) => Promise<Tried>;
  close: () => Promise<void>;
};
type Limits = { deadlineMs: number; memoryMb: number };

const LIMITS: Limits = { deadlineMs: 8_000, memoryMb: 256 };
const MOST_WAITING = 8;
/** A thread that nobody has used for so long gives its memory back. */
const IDLE_MS = 5 * 60_000;
const THREAD = new URL('../workbench/bench-thread.ts', import.meta.url);

export function openMappingBench(folders: URL[], limits: Limits = LIMITS): MappingBench {
  let worker: Worker | null = null;
  let waiting = 0;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const end = async () => {
    clearTimeout(idle);
    const ended = worker;
    worker = null;
    await ended?.terminate();
  };
  const start = () => {
    const resourceLimits = { maxOldGenerationSizeMb: limits.memoryMb };
    // Neither settings nor arguments of this process are its business.
    const started = new Worker(THREAD, { resourceLimits, env: {}, execArgv: [], argv: [] });
    started.unref();
    // What it dies of is told to whoever waits for it; one that nobody waits for is begun anew.
    started.on('error', () => undefined);
    started.once('exit', () => {
      if (worker === started) worker = null;
    });
    return started;
  };
  const ask = async (asked: Asked): Promise<Tried> => {
    worker ??= start();
    const outcome = await answerOf(worker, asked, limits);
    if ('ended' in outcome) {
      await end();
      return nothing(outcome.ended);
    }
    return outcome;
  };
  return {
    names: () => [...placeSources(folders).keys()].sort(),
    open: (name) => {
      const folder = placeSources(folders).get(name);
      if (!folder) return null;
      const examples = new URL(`${name}/examples/`, folder);
      const all = existsSync(examples) ? readdirSync(examples) : [];
      const first = all.find((file) => file.includes('.in.'));
      return {
        draft: readFileSync(new URL(`${name}/mapping.yaml`, folder), 'utf8'),
        sample: first ? readFileSync(new URL(first, examples), 'utf8') : '',
      };
    },
    run: async (asked) => {
      if (waiting >= MOST_WAITING) throw new Unavailable('too many mappings are being tried: try again soon');
      waiting++;
      clearTimeout(idle);
      const mine = last.then(() => ask({ ...asked, folders: folders.map(({ href }) => href) }));
      last = mine.catch(() => undefined);
      return mine.finally(() => {
        waiting--;
        if (waiting === 0) idle = setTimeout(end, IDLE_MS).unref();
      });
    },
    close: end,
  };
}

/** `ended`: why there is no answer. */
function answerOf(worker: Worker, asked: Asked, { deadlineMs, memoryMb }: Limits) {
  return new Promise<Tried | { ended: string }>((resolve) => {
    const settle = (outcome: Tried | { ended: string }) => {
      clearTimeout(timer);
      worker.off('message', settle);
      worker.off('error', fail);
      worker.off('exit', gone);
      resolve(outcome);
    };
    const fail = (error: NodeJS.ErrnoException) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      settle({ ended: isMemory ? `it was ended: it takes more than ${memoryMb} MB` : error.message });
    };
    const gone = () => settle({ ended: 'the thread that tried it came to an end' });
    const late = `it was ended after ${deadlineMs / 1_000} s: a rule of this mapping costs too much here`;
    const timer = setTimeout(() => settle({ ended: late }), deadlineMs);
    worker.on('message', settle);
    worker.on('error', fail);
    worker.on('exit', gone);
    worker.postMessage(asked);
  });
}
