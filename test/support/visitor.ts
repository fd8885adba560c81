/** A browser over HTTP: it keeps cookies by host, follows redirects when told to, and shows what came. */
export type Shown = { status: number; url: string; headers: Headers; body: string; cookies: string[] };

export class Visitor {
  readonly jar = new Map<string, string>();

  /** One request, no further; `form`: by POST, as a form of our own pages. */
  async ask(url: string, form?: Record<string, string>): Promise<Shown> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
      headers: { ...(cookie ? { cookie } : {}), ...(form ? { 'sec-fetch-site': 'same-origin' } : {}) },
      redirect: 'manual',
    });
    const cookies = response.headers.getSetCookie();
    for (const one of cookies) this.#keep(one);
    return { status: response.status, url, headers: response.headers, body: await response.text(), cookies };
  }

  /** As far as it leads. */
  async visit(url: string, form?: Record<string, string>): Promise<Shown> {
    let shown = await this.ask(url, form);
    for (let more = 10; more > 0 && shown.headers.has('location'); more--)
      shown = await this.ask(new URL(shown.headers.get('location') ?? '', shown.url).href);
    return shown;
  }

  #keep(cookie: string): void {
    const [pair = ''] = cookie.split(';');
    const [name = '', value = ''] = pair.split('=');
    if (/Max-Age=0/.test(cookie)) this.jar.delete(name);
    else this.jar.set(name, value);
  }
}

/** The value of a hidden field. */
export const hidden = (html: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
