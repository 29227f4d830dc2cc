/**
 * Answers of the forward door, and of git's, whose head is kept: on one connection that many callers share, as a
 * proxy's is, each gets its own, complete, with the time of now, and the connection ends when it must.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { once, until } from '../../waits.ts';
import { type Running, startWorld } from '../github/running.ts';

let world: Running;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  world = await startWorld({ publicUrl: 'https://git.example.org', trustedProxies: ['127.0.0.1'] });
  for (const login of ['ada', 'bob']) {
    await world.person(login);
    await world.repository(`${login}/open`, 'public');
    tokens[login] = (await world.token(login, { kind: 'classic', scopes: ['repo'] })).secret;
  }
});
afterAll(() => world.close());

/** A connection on which one question follows another. */
class Line {
  readonly socket: Socket;
  #said = '';

  constructor() {
    this.socket = connect(Number(new URL(world.server.url).port), '127.0.0.1');
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      this.#said += text;
    });
  }

  /** The head of the next answer. */
  async ask(login: string | null, headers: readonly string[] = [], method = 'GET'): Promise<string> {
    const own = login === null ? [] : [`Authorization: Bearer ${tokens[login]}`];
    const asked = ['X-Forwarded-Method: GET', 'X-Forwarded-Uri: /ada/open.git/info/refs?service=git-upload-pack'];
    this.socket.write(
      [`${method} /forward-auth HTTP/1.1`, 'Host: x', ...asked, ...own, ...headers, '', ''].join('\r\n'),
    );
    return (await this.#answer()).head;
  }

  /** Git's first question: the head of the answer, and its body. */
  async git(login: string, headers: readonly string[] = []): Promise<{ head: string; body: string }> {
    const own = ['Host: x', 'Git-Protocol: version=2', `Authorization: Bearer ${tokens[login]}`];
    const line = 'GET /ada/open.git/info/refs?service=git-upload-pack HTTP/1.1';
    this.socket.write([line, ...own, ...headers, '', ''].join('\r\n'));
    return this.#answer();
  }

  async #answer(): Promise<{ head: string; body: string }> {
    await until(() => this.#said.includes('\r\n\r\n'), 'an answer');
    const end = this.#said.indexOf('\r\n\r\n') + 4;
    const head = this.#said.slice(0, end);
    const length = Number(/^Content-Length: (\d+)\r$/m.exec(head)?.[1] ?? 0);
    await until(() => this.#said.length >= end + length, 'its body');
    const body = this.#said.slice(end, end + length);
    this.#said = this.#said.slice(end + length);
    return { head, body };
  }
}

const dateless = (head: string): string => head.replace(/^Date: .*\r\n/m, '');
const dateOf = (head: string): number => Date.parse(/^Date: (.*)\r$/m.exec(head)?.[1] ?? '');

describe('an answer whose head is kept', () => {
  it('is the same for the same caller, and each caller’s own, on one connection', async () => {
    const line = new Line();
    const first = { ada: await line.ask('ada'), bob: await line.ask('bob'), nobody: await line.ask(null) };
    for (const [login, of] of [
      ['ada', /^Remote-User: ada\r$/m],
      ['bob', /^Remote-User: bob\r$/m],
      ['nobody', /^Remote-User: ?\r$/m],
    ] as const) {
      expect(first[login]).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(first[login]).toMatch(of);
      expect(first[login]).toMatch(/^Strict-Transport-Security: /m);
      for (let i = 0; i < 3; i++)
        expect(dateless(await line.ask(login === 'nobody' ? null : login))).toBe(dateless(first[login]));
    }
    expect(dateless(await line.ask('ada', [], 'HEAD'))).toBe(dateless(first.ada));
    line.socket.destroy();
  });

  it('is git’s, too, and what a page of another site gets stays with it', async () => {
    const line = new Line();
    const first = await line.git('ada');
    expect(first.head).toMatch(/^HTTP\/1\.1 200 OK\r\nStrict-Transport-Security: /);
    expect(first.body).toContain('version 2');
    const elsewhere = await line.git('ada', ['Origin: https://elsewhere.example']);
    expect(elsewhere.head).toMatch(/^Access-Control-Allow-Origin: \*\r$/m);
    for (const login of ['ada', 'bob', 'ada']) {
      const { head, body } = await line.git(login);
      expect([dateless(head), body]).toEqual([dateless(first.head), first.body]);
    }
    const closed = once(line.socket, 'close');
    expect((await line.git('ada', ['Expect: 100-continue', 'Content-Length: 5'])).head).toMatch(
      /^Connection: close\r$/m,
    );
    await closed;
  });

  it('tells the time of now', async () => {
    const line = new Line();
    const first = dateOf(await line.ask('ada'));
    let now = first;
    await until(async () => (now = dateOf(await line.ask('ada'))) > first, 'a later Date');
    expect(Math.abs(now - Date.now())).toBeLessThanOrEqual(2_000);
    line.socket.destroy();
  });

  it.each([
    ['the caller asks for it', ['Connection: close']],
    ['a body may still come', ['Expect: 100-continue', 'Content-Length: 5']],
  ])('ends the connection where %s', async (_, headers) => {
    const line = new Line();
    const kept = await line.ask('ada');
    expect(await line.ask('ada')).toMatch(/^Connection: keep-alive\r$/m);
    const closed = once(line.socket, 'close');
    const last = await line.ask('ada', headers);
    expect(last).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(last).toMatch(/^Connection: close\r$/m);
    await closed;
    const again = new Line();
    expect(dateless(await again.ask('ada'))).toBe(dateless(kept));
    again.socket.destroy();
  });

  it('is a no from the moment the right is gone', async () => {
    const line = new Line();
    for (let i = 0; i < 2; i++) expect(await line.ask('bob')).toMatch(/^HTTP\/1\.1 200 /);
    await suspendUser(world.server.context, operatorPermit(), 'bob');
    expect(await line.ask('bob')).toMatch(/^HTTP\/1\.1 403 .*^X-Latchkey-Reason: owner_suspended/ms);
    line.socket.destroy();
  });
});
