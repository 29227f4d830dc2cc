/**
 * An unreadable credential is reported as unreadable, at every door, and never as a dead token: a script that sends
 * `"$TOKEN"` with its quotes has a living token, and git would discard it after a 401.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grant } from './github/api.ts';
import { type Running, startWorld } from './github/running.ts';

let world: Running;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  await world.person('ada');
  await world.repository('ada/site', 'private');
  token = (
    await world.token('ada', { grants: [grant({ owner: 'ada', selection: 'all', permissions: { contents: 'read' } })] })
  ).secret;
});
afterAll(() => world.close());

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** Where each door gives the reason, and its status for "unreadable": proxies only pass on 401 and 403. */
const DOORS: readonly (readonly [name: string, path: string, headers: Record<string, string>, status: number])[] = [
  ['git', '/ada/site.git/info/refs?service=git-upload-pack', {}, 400],
  ['GitHub REST', '/api/v3/user', {}, 400],
  ['GitLab REST', '/api/v4/user', {}, 400],
  [
    'forward',
    '/forward-auth',
    { 'X-Forwarded-Method': 'GET', 'X-Forwarded-Uri': '/ada/site.git/info/refs?service=git-upload-pack' },
    403,
  ],
];

async function ask(
  [, path, headers]: (typeof DOORS)[number],
  credentials: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(world.server.url + path, { headers: { ...headers, ...credentials } });
  return { status: answer.status, text: await answer.text() };
}

describe.each(DOORS)('at the door of %s', (...door) => {
  it.each([
    ['in double quotes', (t: string) => `Bearer "${t}"`],
    ['in single quotes', (t: string) => basic(`ada:'${t}'`)],
    ['in angle brackets', (t: string) => basic(`ada:<${t}>`)],
    ['behind the word Bearer', (t: string) => `Bearer Bearer ${t}`],
    ['behind the word token', (t: string) => basic(`ada:token ${t}`)],
    ['behind a username and a colon', (t: string) => basic(`ada:ada:${t}`)],
    ['behind the name of a variable', (t: string) => basic(`ada:TOKEN=${t}`)],
    ['encoded as base64', (t: string) => `Bearer ${Buffer.from(t).toString('base64')}`],
    ['in double quotes', (t: string) => basic(`"${t}":x-oauth-basic`)],
    ['with white space in it', (t: string) => basic(`ada:${t.slice(0, 30)}\n${t.slice(30)}`)],
  ])('a living token that came %s is told so', async (how, spelled) => {
    const { status, text } = await ask(door, { authorization: spelled(token) });
    expect(text).toContain(`A token came, but ${how}, so it could not be read.`);
    expect([status, text.includes(token)]).toEqual([door[3], false]);
  });

  it('a variable’s name is reported as one that was not replaced', async () => {
    const { status, text } = await ask(door, { authorization: basic('ada:$TOKEN') });
    expect([status, text]).toEqual([
      door[3],
      expect.stringContaining('is the name of a variable: a variable was not replaced.'),
    ]);
  });

  it.each([
    ['Bearer', 'The Authorization header has no token: the variable that should hold it may not be set.'],
    ['Basic Zm9v', 'The Basic credentials have no colon between username and password.'],
    ['Digest x', 'The Authorization header uses a scheme other than Basic, Bearer or token.'],
  ])('the header %s is no dead credential', async (authorization, words) => {
    const { status, text } = await ask(door, { authorization });
    expect([status, text]).toEqual([door[3], expect.stringContaining(words)]);
  });

  it('a header that is only the token is answered with what is missing', async () => {
    const { status, text } = await ask(door, { authorization: token });
    expect([status, text.includes(token)]).toEqual([door[3], false]);
    expect(text).toContain('a token without the word Bearer before it.');
  });

  it('an empty password is refused with 401, since git asks so before it asks its helper', async () => {
    const { status, text } = await ask(door, { authorization: basic('ada:') });
    expect([status, text]).toEqual([401, expect.stringContaining('no token')]);
  });
});

it('an unreadable credential is answered with what is wrong with it, however often it comes', async () => {
  for (let n = 0; n < 40; n++) await ask(DOORS[0]!, { authorization: basic(`ada:"${token}"`) });
  const { text } = await ask(DOORS[0]!, { authorization: basic(`ada:"${token}"`) });
  expect(text).toContain('in double quotes');
});
