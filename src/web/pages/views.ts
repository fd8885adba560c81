/** How pages are made and sent: templates and style sheets read at the start, and the headers of answers. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import fastifyView from '@fastify/view';
import type { FastifyInstance, FastifyReply } from 'fastify';
import nunjucks from 'nunjucks';
import { LINEAGE_STYLE } from './playground/lineage-style.ts';

const TEMPLATES = fileURLToPath(new URL('./templates', import.meta.url));

const POLICY = [
  ...["default-src 'none'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'"],
  ...["form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"],
];
export const HEADERS = {
  'content-security-policy': POLICY.join('; '),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Every template is compiled here: one with a mistake ends the start, and no page reads a file. */
export function registerViews(scope: FastifyInstance): void {
  const onConfigure = (environment: nunjucks.Environment) => {
    for (const file of readdirSync(TEMPLATES)) environment.getTemplate(file, true);
  };
  const options = { autoescape: true, trimBlocks: true, lstripBlocks: true, onConfigure };
  scope.register(fastifyView, { engine: { nunjucks }, templates: TEMPLATES, options });
}

export function sendPage(reply: FastifyReply, template: string, model: object): FastifyReply {
  const css = STYLES.map(({ path }) => path);
  return reply
    .headers(HEADERS)
    .type('text/html; charset=utf-8')
    .view(`${template}.njk`, { ...model, css, lineageCss: LINEAGE.path });
}

/**
 * The style sheet of nhsuk-frontend without its web font, which lies on another host and is not ours to use:
 * what is left is Arial. Then ours.
 */
const FRONTEND = createRequire(import.meta.url).resolve('nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.css');
const STYLES = [
  styleOf('nhsuk', readFileSync(FRONTEND, 'utf8').replace(/@font-face\s*\{[^}]*\}/g, '')),
  styleOf('skein', readFileSync(new URL('./skein.css', import.meta.url), 'utf8')),
];

/** For pages that light up what came of what. */
const LINEAGE = styleOf('lineage', LINEAGE_STYLE);

/** Its name changes with what it says, so that it may be kept for ever. */
function styleOf(name: string, text: string): { path: string; text: string } {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { path: `/pages/assets/${name}-${digest}.css`, text };
}

export function registerStyles(scope: FastifyInstance): void {
  for (const { path, text } of [...STYLES, LINEAGE])
    scope.get(path, async (_request, reply) =>
      reply
        .headers({ ...HEADERS, 'cache-control': 'public, max-age=31536000, immutable' })
        .type('text/css; charset=utf-8')
        .send(text),
    );
}
