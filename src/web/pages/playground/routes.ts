/** `/pages/playground`: a mapping, or a draft of one, tried on a text. It changes no mapping that runs. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../../../doors/query.ts';
import { notFound } from '../../../read/answer.ts';
import { linkTo, makeFrame, readViewer } from '../frame.ts';
import { HEADERS, sendPage } from '../views.ts';
import { describeTried, type Tried } from './page.ts';

/** What the bench does: in a thread of its own, with limits. */
export type Bench = {
  names: () => string[];
  open: (name: string) => { draft: string; sample: string } | null;
  run: (asked: {
    name: string;
    dialect: string | null;
    text: string;
    draft: string | null;
  }) => Promise<Tried>;
};
/** `draft` null: the mapping as it is in force. */
type Typed = { name: string; text: string; draft: string };

const HERE = '/pages/playground';

export function registerPlayground(scope: FastifyInstance, ctx: Context, bench: Bench): void {
  scope.get(HERE, async (request, reply) => {
    const names = bench.names();
    const name = oneOf(queryOf(request), 'mapping') || names[0] || '';
    const opened = bench.open(name);
    if (!opened) throw notFound();
    const typed = { name, text: opened.sample, draft: opened.draft };
    return send(ctx, bench, { request, reply, typed, tried: null });
  });
  scope.post(HERE, async (request, reply) => {
    const form = readPairs(formOf(request));
    const name = form.get('mapping') ?? '';
    const opened = bench.open(name);
    if (!opened) throw notFound();
    const [text, draft] = ['text', 'draft'].map((field) => lines(form.get(field) ?? '')) as [string, string];
    if (form.get('act') === 'download') return download(reply, draft);
    const isDraft = draft.trim() !== '' && draft !== lines(opened.draft);
    const tried = await bench.run({ name, dialect: null, text, draft: isDraft ? draft : null });
    return send(ctx, bench, { request, reply, typed: { name, text, draft: draft || opened.draft }, tried });
  });
}

/** As a browser sends a text area, and as a file has it. */
const lines = (text: string): string => text.replaceAll('\r\n', '\n');

function download(reply: FastifyReply, draft: string): FastifyReply {
  return reply
    .headers({ ...HEADERS, 'content-disposition': 'attachment; filename="mapping.yaml"' })
    .type('application/yaml; charset=utf-8')
    .send(draft);
}

type Shown = { request: FastifyRequest; reply: FastifyReply; typed: Typed; tried: Tried | null };

async function send(ctx: Context, bench: Bench, { request, reply, typed, tried }: Shown) {
  const viewer = await readViewer(ctx, request);
  return sendPage(reply, 'playground', {
    frame: await makeFrame(ctx, viewer, { title: 'Mapping playground', here: HERE }),
    ...{ typed, tried: tried && describeTried(tried), self: linkTo(HERE, viewer), as: viewer.as },
    mappings: bench.names().map((name) => ({ value: name, text: name, isChosen: name === typed.name })),
  });
}
