/** Somebody with a browser: cookies are kept, the form to sign in is read and sent. */

export class Visitor {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();

  constructor(url: string) {
    this.#url = url;
  }

  /** What a browser would send as its cookies. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** The page. @throws Error when it isn't shown */
  async see(path: string): Promise<string> {
    const answer = await this.#ask(path, {});
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}`);
    return text;
  }

  /** @throws Error when the server refuses the sign-in */
  async signIn(login: string, password: string): Promise<void> {
    const form = /<form[^>]*>(?=[^]{0,99} value="sign-in")[^]*?<\/form>/.exec(await this.see('/login'))?.[0] ?? '';
    const body = new URLSearchParams({ login, password });
    for (const [input] of form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const [name, value] = ['name', 'value'].map((it) => new RegExp(` ${it}="([^"]*)"`).exec(input)?.[1] ?? '');
      body.set(name ?? '', value ?? '');
    }
    const answer = await this.#ask('/login', { method: 'POST', body });
    await answer.arrayBuffer();
    if (answer.status !== 303 && answer.status !== 302) throw new Error(`signing in was answered ${answer.status}`);
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    const headers = { accept: 'text/html', 'sec-fetch-site': 'same-origin', connection: 'close', cookie: this.cookie };
    const answer = await fetch(`${this.#url}${path}`, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]?.split('=', 2) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }
}
