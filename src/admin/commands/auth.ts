/** `skein auth …`: clients that prove who they are by keys of their own (AUTH=smart). */
import { explainAssertion } from '../auth.ts';
import { type Commands, command, text } from '../command.ts';
import { withStore } from '../with-store.ts';

export const auth: Commands = {
  'auth doctor': command({
    summary: 'why the assertion of a client is refused, in words',
    help: `Usage: skein auth doctor FILE|- [--scope SCOPES] [--json]

Checks a client assertion (a signed JWT, in a file or on standard input) as the token endpoint does, and says
all that is wrong with it: the form, alg, kid, signature, aud, times, jti, the client, its scopes. Nothing is
used up. What it prints repeats what the assertion says: it is for the operator.

  --scope SCOPES   what the client asks for; all that it may have where left out

Examples:
  skein auth doctor assertion.jwt
  pbpaste | skein auth doctor - --scope 'system/Patient.rs'

Exit codes: 0 it would be answered with an access token; 1 it would be refused.
`,
    options: { scope: text },
    words: ['FILE'],
    run: ({ scope = '' }, [file = '']) => withStore((ctx) => explainAssertion(ctx, file, scope)),
  }),
};
