import type { Context } from '../context.ts';
import type { Answer, Message } from '../model.ts';

/**
 * Takes one message to its end (src/pipeline.ts). Throws only transient faults: then nothing of it was
 * kept.
 */
export type Intake<C extends Context = Context> = (ctx: C, message: Message) => Promise<Answer>;
/** The same, with its context. */
export type Take = (message: Message) => Promise<Answer>;
