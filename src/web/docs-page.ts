/** The `/docs` page: each operation with a curl line. One page, no scripts, nothing from elsewhere. */
import { hash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { OpenApi, Operation } from './docs.ts';

const STYLE = `
body { font: 19px/1.5 arial, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { color: #212b32; background: #f0f4f5 }
h1 { color: #005eb8 } summary { cursor: pointer; padding: .4rem 0 } code, pre { font-size: 16px }
details { background: #fff; border-left: 4px solid #005eb8; margin: .4rem 0; padding: 0 1rem }
pre { overflow-x: auto; background: #f0f4f5; padding: .6rem }
b { display: inline-block; min-width: 5rem } td { padding-right: 1rem }
`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];
const HEADERS = {
  'content-security-policy': POLICY.join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export function docsPage(reply: FastifyReply, api: OpenApi): FastifyReply {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))].sort();
  const title = escaped(api.info.title);
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return `<h2>${escaped(tag)}</h2>${own.map((one) => describe(api, one)).join('')}`;
  });
  return reply
    .headers(HEADERS)
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} API</title><style>${STYLE}</style></head>
<body><h1>${title} API</h1><p>${escaped(api.info.description)}</p>
<p>The same for machines: <a href="/docs/openapi.json">openapi.json</a>,
<a href="/fhir/metadata">CapabilityStatement</a>.</p>
${sections.join('\n')}</body></html>`);
}

type Listed = { path: string; method: string; operation: Operation };

function describe(api: OpenApi, { path, method, operation }: Listed): string {
  const server = api.servers[0]?.url ?? '';
  const asks = 'bearer' in api.components.securitySchemes && operation.security?.length !== 0;
  const token = asks ? ` \\\n  -H "Authorization: Bearer $TOKEN"` : '';
  const rows = operation.parameters.map(
    ({ name, in: place, description }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${place}</td>` +
      `<td>${escaped(description ?? '')}</td></tr>`,
  );
  const type = Object.keys(operation.requestBody?.content ?? {})[0];
  const body = type ? ` \\\n  -H 'Content-Type: ${type}' --data-binary @file` : '';
  const curl = `curl ${method === 'GET' ? '' : `-X ${method} `}'${server}${path}'${token}${body}`;
  const answers = Object.entries(operation.responses).map(
    ([status, { description }]) => `<tr><td><code>${status}</code></td><td>${escaped(description)}</td></tr>`,
  );
  const example = Object.values(operation.requestBody?.content ?? {}).find((one) => one.example)?.example;
  const shown =
    typeof example === 'string' ? example.replaceAll('\r', '\n') : JSON.stringify(example, null, 1);
  return `<details>
<summary><b>${method}</b> <code>${escaped(path)}</code> ${escaped(operation.summary)}</summary>
<table>${rows.join('')}</table><pre>${escaped(curl)}</pre>${example ? `<pre>${escaped(shown)}</pre>` : ''}
<table>${answers.join('')}</table></details>`;
}
