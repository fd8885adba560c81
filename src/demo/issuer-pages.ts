/** The pages of the demo's issuer. What is in them is ours alone. */
import type { Person } from './people.ts';

const STYLE = `body{font:1.1875rem/1.5 Arial,sans-serif;color:#212b32;background:#f0f4f5;margin:0}
main{max-width:44rem;margin:0 auto;padding:24px 16px}
h1{font-size:2rem;line-height:1.2}
ul{list-style:none;padding:0}
li{margin:0 0 12px}
button{font:inherit;text-align:left;width:100%;min-height:48px;padding:8px 16px;border:2px solid #005eb8;border-radius:4px;background:#fff;color:#005eb8}
button:focus{outline:4px solid #ffeb3b;background:#ffeb3b;color:#212b32}`;

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – trial sign-in</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${body}
</main></body></html>`;

export const choosePage = (people: Person[]): string =>
  page(
    'Who are you today?',
    `<p><strong>This is a trial.</strong> Nobody proves who they are here: one press signs you in as one of these invented people.</p>
<form method="post"><ul>
${people.map(({ id, name, what }) => `<li><button name="as" value="${id}"><b>${name}</b>, ${what}</button></li>`).join('\n')}
</ul></form>`,
  );

/** `form`: what the issuer needs, hidden; it is made there. */
export const leavePage = (form: string): string =>
  page(
    'Sign out of the trial',
    `${form}<p>You are signed out of Skein already.</p>
<button type="submit" form="op.logoutForm" value="yes" name="logout">Sign out here, too</button>`,
  );

export const errorPage = (): string =>
  page('This page is over', '<p>Go back to Skein, and sign in again.</p>');
