/**
 * An unreadable credential is reported as unreadable, at every door, and never as a dead token: a script that sends
 * `"$TOKEN"` with its quotes has a living token, and git would discard it after a 401.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addResourceServer } from '../../src/actions/questions/resource-servers.ts';
import { grant } from './github/api.ts';
import { type Running, startWorld } from './github/running.ts';

let world: Running;
let token: string;
let serverSecret: string;
beforeAll(async () => {
  world = await startWorld();
  await world.person('ada');
  await world.repository('ada/site', 'private');
  token = (
    await world.token('ada', { grants: [grant({ owner: 'ada', selection: 'all', permissions: { contents: 'read' } })] })
  ).secret;
  serverSecret = (await addResourceServer(world.server.context, operatorPermit(), 'deploys')).secret.reveal();
});
afterAll(() => world.close());

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** A door that reads `Authorization`. Its status for "unreadable": proxies only pass on 401 and 403. */
interface HeaderDoor {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  /** Where its credential is read, below `src/doors`. */
  readonly file: string;
}

const HEADER_DOORS: readonly HeaderDoor[] = [
  { name: 'git', path: '/ada/site.git/info/refs?service=git-upload-pack', status: 400, file: 'git/routes.ts' },
  { name: 'GitHub REST', path: '/api/v3/user', status: 400, file: 'github/door.ts' },
  { name: 'GitLab REST', path: '/api/v4/user', status: 400, file: 'gitlab/credential.ts' },
  {
    name: 'forward',
    path: '/forward-auth',
    headers: { 'X-Forwarded-Method': 'GET', 'X-Forwarded-Uri': '/ada/site.git/info/refs?service=git-upload-pack' },
    status: 403,
    file: 'forward/routes.ts',
  },
  { name: 'archives', path: '/ada/site/archive/main.zip', status: 400, file: 'git/archive.ts' },
  { name: 'Git LFS', path: '/ada/site.git/info/lfs/locks', status: 400, file: 'git/lfs/call.ts' },
  { name: 'GraphQL', path: '/api/graphql', method: 'POST', status: 400, file: 'github/graphql/door.ts' },
];

/** A door that takes the token as it is: in a header of its own, or in the body. */
interface TextDoor {
  readonly name: string;
  readonly file: string;
  readonly status: number;
  readonly send: (text: string) => Promise<Response>;
}

const post = (path: string, body: URLSearchParams | object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(world.server.url + path, {
    method: 'POST',
    headers: { ...headers, ...(body instanceof URLSearchParams ? {} : { 'content-type': 'application/json' }) },
    body: body instanceof URLSearchParams ? body : JSON.stringify(body),
  });
const get = (path: string, headers: Record<string, string>): Promise<Response> =>
  fetch(world.server.url + path, { headers });
const asServer = (): Record<string, string> => ({ authorization: `Bearer ${serverSecret}` });
const CHECKS = [{ permissions: { contents: 'read' }, repository: 'ada/site' }];

const TEXT_DOORS: readonly TextDoor[] = [
  {
    name: 'PRIVATE-TOKEN, GitLab REST',
    file: 'gitlab/credential.ts',
    status: 400,
    send: (text) => get('/api/v4/user', { 'private-token': text }),
  },
  {
    name: 'PRIVATE-TOKEN, forward',
    file: 'forward/routes.ts',
    status: 403,
    send: (text) => get('/forward-auth', { ...HEADER_DOORS[3]?.headers, 'private-token': text }),
  },
  {
    name: 'introspection',
    file: 'forward/introspection.ts',
    status: 200,
    send: (text) => post('/oauth/introspect', new URLSearchParams({ token: text }), asServer()),
  },
  {
    name: 'the check of another service',
    file: 'forward/check.ts',
    status: 200,
    send: (text) => post('/api/latchkey/check', { token: text, checks: CHECKS }, asServer()),
  },
  {
    name: 'the check of a token about itself',
    file: 'forward/resource-server-api.ts',
    status: 200,
    send: (text) => post('/api/latchkey/check', { checks: CHECKS }, { authorization: `Bearer ${text}` }),
  },
  {
    name: 'token exchange',
    file: 'oauth/token-exchange.ts',
    status: 400,
    send: (text) =>
      post(
        '/oauth/token',
        new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          subject_token: text,
        }),
      ),
  },
];

/** Where only directories show what they have: a token of another kind, with words of its own (`doors/scim`). */
const NO_TOKENS_OF_PEOPLE = ['scim/door.ts'];

it('every place of a door that reads a token is in one of the tables', () => {
  const doors = join(import.meta.dirname, '../../src/doors');
  const reads = /\bcredentialO[fn]\(|form: 'bearer'|\bintrospect\(/;
  const readers = readdirSync(doors, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .filter((path) => reads.test(readFileSync(join(doors, path), 'utf8')));
  const known = new Set([...HEADER_DOORS, ...TEXT_DOORS].map(({ file }) => file));
  expect(readers.toSorted()).toEqual([...known, ...NO_TOKENS_OF_PEOPLE].toSorted());
});

it('pages take no token: one in a header changes nothing', async () => {
  const plain = await get('/login', {});
  for (const authorization of [`Bearer ${token}`, `Bearer "${token}"`, basic(`ada:${token}`)])
    expect((await get('/login', { authorization })).status).toBe(plain.status);
  const settings = await fetch(`${world.server.url}/settings/profile`, {
    headers: { authorization: `Bearer ${token}` },
    redirect: 'manual',
  });
  expect([settings.status, settings.headers.get('location')]).toEqual([303, expect.stringContaining('/login')]);
});

async function ask(
  { path, method = 'GET', headers = {} }: HeaderDoor,
  credentials: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(world.server.url + path, { method, headers: { ...headers, ...credentials } });
  return { status: answer.status, text: await answer.text() };
}

/** The words of an answer, out of JSON or as they are. */
const words = (text: string): string => text.replaceAll('\\"', '"');

describe.each(HEADER_DOORS)('at the door of $name', (door) => {
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
    expect([status, text.includes(token)]).toEqual([door.status, false]);
  });

  it('a variable’s name is reported as one that was not replaced', async () => {
    const { status, text } = await ask(door, { authorization: basic('ada:$TOKEN') });
    expect([status, text]).toEqual([
      door.status,
      expect.stringContaining('is the name of a variable: a variable was not replaced.'),
    ]);
  });

  it.each([
    ['Bearer', 'The Authorization header has no token: the variable that should hold it may not be set.'],
    ['Basic Zm9v', 'The Basic credentials have no colon between username and password.'],
    ['Digest x', 'The Authorization header uses a scheme other than Basic, Bearer or token.'],
  ])('the header %s is no dead credential', async (authorization, said) => {
    const { status, text } = await ask(door, { authorization });
    expect([status, text]).toEqual([door.status, expect.stringContaining(said)]);
  });

  it('a header that is only the token is answered with what is missing', async () => {
    const { status, text } = await ask(door, { authorization: token });
    expect([status, text.includes(token)]).toEqual([door.status, false]);
    expect(text).toContain('a token without the word Bearer before it.');
  });

  it('an empty password is refused with 401, since git asks so before it asks its helper', async () => {
    const { status, text } = await ask(door, { authorization: basic('ada:') });
    expect([status, text]).toEqual([401, expect.stringContaining('no token')]);
  });
});

describe.each(TEXT_DOORS)('at the door of $name', ({ send, status }) => {
  it.each([
    ['in double quotes', (t: string) => `"${t}"`],
    ['in single quotes', (t: string) => `'${t}'`],
    ['in angle brackets', (t: string) => `<${t}>`],
    ['behind the word Bearer', (t: string) => `Bearer ${t}`],
    ['behind the word token', (t: string) => `token ${t}`],
    ['behind a username and a colon', (t: string) => `ada:${t}`],
    ['behind the name of a variable', (t: string) => `TOKEN=${t}`],
    ['encoded as base64', (t: string) => Buffer.from(t).toString('base64')],
  ])('a living token that came %s is told so', async (how, spelled) => {
    const answer = await send(spelled(token));
    const text = await answer.text();
    expect(words(text)).toContain(`A token came, but ${how}, so it could not be read.`);
    expect([answer.status, text.includes(token)]).toEqual([status, false]);
  });

  it('a variable’s name is reported as one that was not replaced', async () => {
    const answer = await send('$TOKEN');
    expect([answer.status, words(await answer.text())]).toEqual([
      status,
      expect.stringContaining('is the name of a variable: a variable was not replaced.'),
    ]);
  });
});

it('the secret of a service in quotes, or a header that can’t be read, is told as that, however often', async () => {
  const form = new URLSearchParams({ token });
  const dressed = [`Bearer "${serverSecret}"`, basic(`deploys:'${serverSecret}'`), `Bearer Bearer ${serverSecret}`];
  for (let n = 0; n < 40; n++) await post('/oauth/introspect', form, { authorization: dressed[n % 3] ?? '' });
  for (const authorization of dressed) {
    const answer = await post('/oauth/introspect', form, { authorization });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        error: 'invalid_request',
        error_description: 'The secret of a server came, but not alone: take away the quotes or words around it.',
      },
    ]);
  }
  const answer = await post('/oauth/introspect', form, { authorization: 'Basic Zm9v' });
  expect([answer.status, await answer.json()]).toEqual([
    400,
    {
      error: 'invalid_request',
      error_description: 'The Basic credentials have no colon between username and password.',
    },
  ]);
});

it('an unreadable credential is answered with what is wrong with it, however often it comes', async () => {
  const [git] = HEADER_DOORS as readonly [HeaderDoor];
  for (let n = 0; n < 40; n++) await ask(git, { authorization: basic(`ada:"${token}"`) });
  const { text } = await ask(git, { authorization: basic(`ada:"${token}"`) });
  expect(text).toContain('in double quotes');
});
