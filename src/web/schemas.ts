/** The components of the OpenAPI description: shapes, headers, and who may ask. */
import type { Auth } from './answers.ts';

const text = { type: 'string' };
const list = (items: object) => ({ type: 'array', items });
const resource = (type: object, properties: object = {}) => ({
  type: 'object',
  required: ['resourceType', ...Object.keys(properties)],
  properties: { resourceType: type, ...properties },
  additionalProperties: true,
});

/** An issue of one row or message, as intake answers it. */
const UNIT = {
  type: 'object',
  required: ['status', 'issues'],
  properties: {
    position: text,
    status: { enum: ['accepted', 'held', 'rejected', 'failed', 'ignored'] },
    issues: list({
      type: 'object',
      required: ['severity', 'code', 'text'],
      properties: { severity: text, code: text, text, field: text, expression: text },
    }),
  },
};

const DAY = { type: 'string', format: 'date' };
/** In fives, rounded down; null under five, so that no figure tells of so few. */
const COUNT = { type: ['integer', 'null'], minimum: 5, multipleOf: 5 };
const WAITS = {
  type: ['object', 'null'],
  required: ['median', 'ninetieth', 'longest'],
  properties: {
    median: { type: 'integer' },
    ninetieth: { type: 'integer' },
    longest: { type: 'integer' },
  },
};

export const SCHEMAS = {
  Resource: resource(text),
  Bundle: { ...resource({ const: 'Bundle' }, { type: text }) },
  Subscription: {
    ...resource(
      { const: 'Subscription' },
      {
        status: {
          enum: ['requested', 'active', 'error', 'off'],
          description: 'send requested to have a handshake, off to stop; the others are told by Skein',
        },
        reason: text,
        criteria: text,
        channel: { type: 'object' },
      },
    ),
  },
  OperationOutcome: resource(
    { const: 'OperationOutcome' },
    {
      issue: list({
        type: 'object',
        required: ['severity', 'code'],
        properties: {
          severity: { enum: ['fatal', 'error', 'warning', 'information'] },
          code: text,
          details: { type: 'object' },
          diagnostics: text,
          expression: list(text),
        },
      }),
    },
  ),
  Results: {
    type: 'object',
    required: ['identifier', 'status', 'rows'],
    properties: {
      message: { ...text, description: 'the id that log lines have' },
      identifier: text,
      status: text,
      rows: list(UNIT),
    },
  },
  Kept: {
    type: 'object',
    required: ['message', 'identifier', 'status', 'url'],
    properties: { message: text, identifier: text, status: { const: 'in-progress' }, url: text },
  },
  Deliveries: list({
    type: 'object',
    required: ['system', 'identifier', 'messageId', 'receivedAt', 'status', 'units'],
    properties: {
      system: text,
      identifier: text,
      messageId: text,
      receivedAt: { type: 'string', format: 'date-time' },
      status: text,
      units: { type: ['array', 'null'], items: UNIT },
      progress: { type: 'object', properties: { read: { type: 'integer' }, all: { type: 'integer' } } },
    },
  }),
  WaitsReport: {
    type: 'object',
    required: ['period', 'counts', 'services'],
    properties: {
      period: {
        type: 'object',
        required: ['name', 'from', 'until', 'isOver'],
        properties: { name: text, from: DAY, until: DAY, isOver: { type: 'boolean' } },
      },
      counts: text,
      services: list({
        type: 'object',
        required: ['service', 'name', 'referrals', 'daysToAccepted', 'daysToCareBegun', 'daysOpen'],
        properties: {
          service: text,
          name: text,
          referrals: {
            type: 'object',
            properties: Object.fromEntries(
              ['sent', 'accepted', 'refused', 'careBegun', 'open'].map((name) => [name, COUNT]),
            ),
          },
          daysToAccepted: WAITS,
          daysToCareBegun: WAITS,
          daysOpen: WAITS,
        },
      }),
    },
  },
  Text: { type: 'string' },
  Description: { type: 'object', required: ['openapi'], properties: { openapi: text } },
  Live: { type: 'object', required: ['status'], properties: { status: { const: 'live' } } },
  Ready: {
    type: 'object',
    required: ['status', 'reasons'],
    properties: { status: { enum: ['ready', 'not ready'] }, reasons: list(text) },
  },
  Pager: {
    type: 'object',
    required: ['status', 'reasons'],
    properties: { status: { enum: ['quiet', 'ring'] }, reasons: list(text) },
  },
};

/** Where AUTH=smart. */
export const SMART_SCHEMAS = {
  AccessToken: {
    type: 'object',
    required: ['access_token', 'token_type', 'expires_in', 'scope'],
    properties: {
      access_token: text,
      token_type: { const: 'bearer' },
      expires_in: { type: 'integer', description: 'seconds' },
      scope: text,
    },
  },
  OAuthError: {
    type: 'object',
    required: ['error', 'error_description'],
    properties: { error: text, error_description: text },
  },
  SmartConfiguration: {
    type: 'object',
    required: ['token_endpoint', 'scopes_supported', 'capabilities'],
    properties: { token_endpoint: text, scopes_supported: list(text), capabilities: list(text) },
  },
};

const header = (description: string) => ({ description, schema: text });

const HEADERS: Record<string, object> = {
  ETag: header('W/"version": for If-Match and If-None-Match'),
  'Last-Modified': header('when this version was made'),
  'Cache-Control': header('answers are for one reader'),
  Location: header('where it is, with its version'),
  'Content-Location': header('where to ask what became of it'),
  'Preference-Applied': header('respond-async'),
  'X-Request-Id': header('as sent'),
  'X-Correlation-Id': header('as sent'),
  'Retry-After': header('seconds, with 503'),
};

const BEARER = {
  type: 'http',
  scheme: 'bearer',
  description: 'The token that `skein system add` printed once.',
};
const SYSTEM = {
  type: 'apiKey',
  in: 'header',
  name: 'X-Skein-System',
  description: 'AUTH=none, from this machine only: the system to ask as; without it, the operator.',
};

const CHALLENGE = { 'WWW-Authenticate': header('Bearer') };

const smart = (tokenUrl: string, scopes: string[]) => ({
  type: 'oauth2',
  description: 'AUTH=smart: an access token, got by an assertion that the client signs (private_key_jwt).',
  flows: {
    clientCredentials: {
      tokenUrl,
      scopes: Object.fromEntries(scopes.map((scope) => [scope, 'letters of one type go together'])),
    },
  },
});

/** Schemes and headers of this installation, and what an operation needs that says nothing itself. */
export function securityOf(auth: Auth, tokenUrl: string, scopes: string[]) {
  if (auth === 'none')
    return { schemes: { system: SYSTEM }, headers: HEADERS, security: [{}, { system: [] }] };
  const headers = { ...HEADERS, ...CHALLENGE };
  if (auth === 'token') return { schemes: { bearer: BEARER }, headers, security: [{ bearer: [] }] };
  const schemes = { bearer: BEARER, smart: smart(tokenUrl, scopes) };
  return { schemes, headers, security: [{ bearer: [] }, { smart: [] }] };
}
