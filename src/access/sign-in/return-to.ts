/** Where somebody goes after signing in: to a page of ours, whatever the link said. */

const HOME = '/pages';
const ANY_HOST = 'https://host.invalid';
const OURS = /^\/pages(\/(?!sign-in|signed-out|acting-as|sign-out)[\w/-]*)?$/;
const MOST = 1_000;

export function returnTo(asked: string | undefined): string {
  const url = URL.parse(asked ?? '', ANY_HOST);
  const isOurs = url?.origin === ANY_HOST && OURS.test(url.pathname) && (asked ?? '').length <= MOST;
  return isOurs ? `${url.pathname}${url.search}` : HOME;
}
