/** Chromium, where this machine has one. `CHROMIUM` names another; nothing is fetched. */
import { existsSync } from 'node:fs';
import { type BrowserContext, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const BROWSER = [process.env.CHROMIUM ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);

/** For the list of what was left out. With REQUIRE_SERVICES=1 a missing browser fails its tests. */
export const NOTE = 'no Chromium was found (CHROMIUM)';
export const isLeftOut = BROWSER === undefined && process.env.REQUIRE_SERVICES !== '1';

const MOST_MS = 20_000;
const ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];

/** `still` runs no script, as somebody's browser may be set; `busy` runs what a test puts into a page. */
export type Browsing = { still: BrowserContext; busy: BrowserContext; close: () => Promise<void> };

/** A browser with a profile of its own, which goes with it. */
export async function openBrowser(): Promise<Browsing> {
  if (!BROWSER) throw new Error(`REQUIRE_SERVICES=1 and ${NOTE}`);
  const browser = await chromium.launch({ executablePath: BROWSER, headless: true, args: ARGS });
  const open = async (javaScriptEnabled: boolean) => {
    const context = await browser.newContext({ javaScriptEnabled });
    context.setDefaultTimeout(MOST_MS);
    return context;
  };
  return { still: await open(false), busy: await open(true), close: () => browser.close() };
}
