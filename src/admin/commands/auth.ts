/** `skein auth …`: clients, and people, who prove who they are by what somebody signed. */
import { explainAssertion, explainUser } from '../auth.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { withStore } from '../with-store.ts';

export const auth: Commands = {
  'auth doctor': command({
    summary: 'why the assertion of a client, or the token of a person, is refused, in words',
    help: `Usage: skein auth doctor FILE|- [--scope SCOPES] [--json]
       skein auth doctor FILE|- --user [--system NAME] [--json]

Checks a client assertion (a signed JWT, in a file or on standard input) as the token endpoint does, and says
all that is wrong with it: the form, alg, kid, signature, aud, times, jti, the client, its scopes. Nothing is
used up. What it prints repeats what the assertion says: it is for the operator.

  --scope SCOPES   what the client asks for; all that it may have where left out
  --user           it is the token of a person (X-Skein-User): clock, iss, aud, alg, kid, role, organisation
  --system NAME    the system beside which that is sent: does the person act for its service?

Examples:
  skein auth doctor assertion.jwt
  pbpaste | skein auth doctor - --scope 'system/Patient.rs'
  skein auth doctor midwife.jwt --user --system epr

Exit codes: 0 it would be taken; 1 it would be refused.
`,
    options: { scope: text, user: yes, system: text },
    words: ['FILE'],
    run: ({ scope = '', user, system = '' }, [file = '']) =>
      withStore((ctx) => (user ? explainUser(ctx, file, system) : explainAssertion(ctx, file, scope))),
  }),
};
