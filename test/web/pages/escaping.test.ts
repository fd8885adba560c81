/** Whatever senders wrote, in any place: on a page it is words, and no part of the page. */
import fc from 'fast-check';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeJourneyPage } from '../../../src/web/pages/journey/page.ts';
import { registerViews, sendPage } from '../../../src/web/pages/views.ts';
import { journeyWith } from './bundles.ts';

const FORMATS = [
  { id: 'famw', kind: 'wide' as const },
  { id: 'famn', kind: 'narrow' as const },
];
const FRAME = {
  title: 'Family journey',
  seenAs: '',
  isOperator: false,
  navigation: [{}, {}],
  choices: [],
  here: '',
};

let app: FastifyInstance;
let model: object = {};
beforeAll(async () => {
  app = fastify();
  app.register(async (scope) => {
    registerViews(scope);
    scope.get('/:page', async (request, reply) =>
      sendPage(reply, (request.params as { page: string }).page, model),
    );
  });
  await app.ready();
});
afterAll(() => app.close());

async function render(page: string, shown: object): Promise<string> {
  model = shown;
  const { statusCode, body } = await app.inject({ method: 'GET', url: `/${page}` });
  expect(statusCode).toBe(200);
  return body;
}

const renderJourney = (say: (place: string) => string) =>
  render('journey', {
    frame: { ...FRAME, seenAs: say('service') },
    page: makeJourneyPage(journeyWith(say), { isWhole: false, formats: FORMATS }),
    ...{ back: '/pages', whole: '/pages' },
  });

/** Each kind of tag with the names of its attributes. */
const tagsIn = (html: string): Set<string> =>
  new Set(
    [...html.matchAll(/<(?:"[^"]*"|[^>"])*>/g)].map(([tag]) =>
      tag.replace(/="[^"]*"/g, '').replace(/\s+/g, ' '),
    ),
  );

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></svg></style><canary>',
  '{{ 7777 * 3333 }}{% raw %}',
  '&lt;canary&gt;&#60;canary>',
  'javascript:alert(1)//"onfocus="x" autofocus="',
  '<!--<canary>-->]]>',
  '\u202e<canary>\u0000\u2028',
];
const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.tuple(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' })).map((parts) => parts.join(' ')),
);

test('words of senders add no tag, no attribute and no template, in any place of a journey', async () => {
  // Short and long words: with the long ones labels are cut and lines broken.
  const short = await renderJourney(() => 'Tamsin');
  const long = await renderJourney(() => 'Tamsin '.repeat(30));
  const known = tagsIn(short + long);
  expect(known.size).toBeGreaterThan(50);
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), async (words) => {
      let turn = 0;
      const html = await renderJourney(() => words[turn++ % words.length] as string);
      expect([...tagsIn(html)].filter((tag) => !known.has(tag))).toEqual([]);
      expect(html).not.toMatch(/<(canary|img|script|!--)/i);
      expect(html).not.toContain('25920741');
    }),
    { numRuns: 30 },
  );
});

test('nor in the issues and names of a message', async () => {
  const shown = (word: string) => ({
    frame: FRAME,
    ...{ back: word, when: word, state: word, tag: 'red', mapping: word, count: word },
    message: { id: word, identifier: word, system: word, channel: word, source: word },
    issues: [{ position: word, field: word, severity: word, text: word }],
    told: [{ code: word, who: word, state: word }],
  });
  const known = tagsIn(await render('message', shown('word')));
  for (const word of HOSTILE) {
    const html = await render('message', shown(word));
    expect([...tagsIn(html)].filter((tag) => !known.has(tag))).toEqual([]);
  }
});

test('what a sender wrote is still there to be read', async () => {
  const html = await renderJourney(() => '<b>O’Neill & "Sons"</b>');
  expect(html).toContain('&lt;b&gt;O’Neill &amp; &quot;Sons&quot;&lt;/b&gt;');
});
