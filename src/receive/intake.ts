import type { Context } from '../context.ts';
import type { Answer, Message } from '../model.ts';

/**
 * Takes one message to its end (src/pipeline.ts). Throws only transient faults: then nothing of it was
 * kept.
 */
export type Intake<C extends Context = Context> = (
  ctx: C,
  message: Message,
  options?: Keeping,
) => Promise<Answer>;
/** `kept`: it is kept before it is read, and this is called then. */
export type Keeping = { kept?: (answer: Answer) => void };
/** The same, with its context. */
export type Take = (message: Message, options?: Keeping) => Promise<Answer>;
