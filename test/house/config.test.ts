import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';

test('an empty environment is a complete configuration on loopback', () => {
  expect(readConfig({})).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 8080,
    AUTH: 'none',
    ROLES: ['api', 'mllp', 'worker'],
  });
});

test('without authentication it listens on loopback, whatever HOST says', () => {
  expect(readConfig({ HOST: '0.0.0.0' }).HOST).toBe('127.0.0.1');
  expect(readConfig({ HOST: '0.0.0.0', AUTH: 'token' }).HOST).toBe('0.0.0.0');
});

test.each([undefined, 'http://skein.example', 'nonsense'])(
  'AUTH=smart needs a public URL that is reached over TLS, or on this machine: not %s',
  (url) => {
    expect(() => readConfig({ AUTH: 'smart', ...(url ? { PUBLIC_URL: url } : {}) })).toThrow(/PUBLIC_URL/);
    for (const good of ['https://skein.example', 'http://127.0.0.1:8080', 'http://localhost:8080/'])
      expect(readConfig({ AUTH: 'smart', PUBLIC_URL: good }).AUTH).toBe('smart');
  },
);

test('people sign in only where all is set for it, and over TLS or on this machine', () => {
  const people = { HUMAN_ISSUER: 'https://id.test', HUMAN_AUDIENCE: 'a', HUMAN_JWKS: 'k', HUMAN_ROLES: 'r' };
  const signIn = { SIGN_IN_CLIENT_ID: 'skein', SIGN_IN_KEY_FILE: 'key.pem', SIGN_IN_KEY_ID: 'k1' };
  expect(readConfig({ ...people, ...signIn }).SIGN_IN_SCOPE).toContain('openid');
  expect(() => readConfig(signIn)).toThrow(/SIGN_IN_CLIENT_ID.*HUMAN_ISSUER/);
  expect(() => readConfig({ ...people, SIGN_IN_CLIENT_ID: 'skein' })).toThrow(/SIGN_IN_KEY_FILE/);
  const plain = { ...people, ...signIn, AUTH: 'token', HOST: '0.0.0.0', PUBLIC_URL: 'http://skein.example' };
  expect(() => readConfig(plain)).toThrow(/PUBLIC_URL/);
});

test('an empty value means unset', () => {
  expect(readConfig({ REDIS_URL: '', PORT: '' })).toEqual(readConfig({}));
});

test('every wrong setting is named, and no value is repeated', () => {
  const read = () => readConfig({ PORT: 'hunter2', ROLES: 'api,sweeper', PUBLIC_URL: 'hunter2' });
  expect(read).toThrow(/PORT.*ROLES.*PUBLIC_URL/);
  expect(read).not.toThrow(/hunter2/);
});

test('a database that is no PostgreSQL URL is named, and not repeated', () => {
  const read = () => readConfig({ DATABASE_URL: 'hunter2' });
  expect(read).toThrow(/DATABASE_URL: not a postgres/);
  expect(read).not.toThrow(/hunter2/);
  for (const url of [
    'postgres://u:3f9c-Lq7v-0aXe@db.example:5432/skein',
    'postgresql:///skein?host=/run/postgresql',
  ])
    expect(readConfig({ DATABASE_URL: url }).DATABASE_URL).toBe(url);
});

test.each([
  [{ MLLP_TLS_KEY: 'key.pem' }],
  [{ MLLP_TLS_CERT: 'cert.pem' }],
  [{ MLLP_TLS_CA: 'ca.pem' }],
  [{ MLLP_TLS_KEY: 'key.pem', MLLP_TLS_CA: 'ca.pem' }],
])('half of a TLS setting ends the start instead of listening in the clear: %j', (env) => {
  expect(() => readConfig(env)).toThrow(/MLLP_TLS_KEY and MLLP_TLS_CERT/);
});

describe('a password that others can guess', () => {
  const setting = { DATABASE_URL: 'postgres://skein', REDIS_URL: 'rediss://skein' };
  const weak = [
    'skein',
    'hunter2-abc',
    'postgrespostgres',
    'mysecretpassword',
    'ChangeMe12345!',
    'pass%77ord1234',
  ];

  test.each(Object.entries(setting))('ends the start where %s goes beyond this machine', (name, user) => {
    for (const password of weak) {
      const read = () => readConfig({ [name]: `${user}:${password}@store.example/0` });
      expect(read, password).toThrow(new RegExp(`${name}: its password is too short or a default`));
      expect(read, password).not.toThrow(password);
    }
    expect(() => readConfig({ DATABASE_URL: 'postgres:///x?host=db.example&password=skein' })).toThrow(
      'password',
    );
  });

  test.each(Object.entries(setting))('is let be on this machine, and %s may have none', (name, user) => {
    for (const rest of [
      ':skein@127.0.0.1/0',
      ':skein@localhost/0',
      '@store.example/0',
      ':9aQ-v7Lm-2xTe@h.example/0',
    ])
      expect(readConfig({ [name]: user + rest })).toMatchObject({ [name]: user + rest });
  });
});
