/**
 * Does a private repository exist? Somebody who may not see it guesses names at every door, and looks at the words of
 * the answer, the spelling it repeats, and the time it takes.
 */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, startWorld } from './github/running.ts';

/** Of each kind, so that the first question about a name is measured as often as later ones. */
const NAMES = 150;
const ROUNDS = 4;
/** How often the same difference must show up. */
const MEASUREMENTS = 3;
/**
 * The largest allowed gap between the medians of existing and missing names, as a share of the smaller one. Noise alone
 * makes a tenth.
 */
const BOUND = 0.3;

const there = Array.from({ length: NAMES }, (_, i) => `there-${i}`);
const absent = Array.from({ length: NAMES }, (_, i) => `guess-${i}`);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let world: Running;
let token = '';
const ids = new Map<string, number>();
let newcomers = 0;

beforeAll(async () => {
  world = await startWorld();
  for (const login of ['ada', 'cy']) await world.person(login);
  for (const name of there) await world.repository(`ada/${name}`, 'private');
  token = (await world.token('cy', { kind: 'classic', scopes: ['repo', 'user'], grants: [] })).secret;
  for (const { id, name } of await world.server.context.store.db
    .selectFrom('repositories')
    .select(['id', 'name'])
    .execute())
    ids.set(name, id);
}, 60_000);
afterAll(async () => {
  agent.destroy();
  await world.close();
});

type Ask = (name: string) => readonly [path: string, headers: Readonly<Record<string, string>>, body?: string];
const basic = (): string => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
/** Above all existing ids. */
const numberOf = (name: string): number => ids.get(name.toLowerCase()) ?? 5_000_000 + Number(name.split('-')[1]);
const forward = (name: string, authorization: Record<string, string>): Readonly<Record<string, string>> => ({
  'x-forwarded-uri': `/ada/${name}.git/info/refs?service=git-upload-pack`,
  'x-forwarded-method': 'GET',
  ...authorization,
});

const DOORS: readonly (readonly [string, Ask])[] = [
  ['git without a token', (name) => [`/ada/${name}.git/info/refs?service=git-upload-pack`, {}]],
  ['git with a token', (name) => [`/ada/${name}.git/info/refs?service=git-receive-pack`, { authorization: basic() }]],
  ['GitHub’s API without a token', (name) => [`/api/v3/repos/ada/${name}`, {}]],
  ['GitHub’s API with a token', (name) => [`/api/v3/repos/ada/${name}`, { authorization: `Bearer ${token}` }]],
  ['GitLab’s API', (name) => [`/api/v4/projects/ada%2F${name}`, { 'private-token': token }]],
  ['GitLab’s API by number', (name) => [`/api/v4/projects/${numberOf(name)}`, { 'private-token': token }]],
  ['forward authorization without a token', (name) => ['/forward-auth', forward(name, {})]],
  ['forward authorization with a token', (name) => ['/forward-auth', forward(name, { authorization: basic() })]],
  [
    'GraphQL',
    (name) => [
      '/api/graphql',
      { authorization: `Bearer ${token}` },
      JSON.stringify({ query: '{repository(owner:"ada",name:"' + name + '"){id}}' }),
    ],
  ],
  ['the pages', (name) => [`/ada/${name}`, {}]],
];

interface Answer {
  readonly ms: number;
  readonly text: string;
}

/** Headers that differ between answers, whatever the request. */
const OF_EACH_ANSWER = /^(?:date|set-cookie|content-length|.*request-id|(?:x-)?ratelimit-.*)$/;

function ask([path, headers, body]: ReturnType<Ask>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    request(world.server.url + path, { headers, agent, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      response.on('end', () => {
        const kept = Object.entries(response.headers).filter(([name]) => !OF_EACH_ANSWER.test(name));
        const text = `${response.statusCode} ${JSON.stringify(kept)} ${answer}`;
        resolve({ ms: performance.now() - start, text });
      });
    })
      .on('error', reject)
      .end(body);
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Removes a name, in any spelling, and everything that depends on its length; also the secrets of a form. */
function withoutName(text: string, name: string): string {
  return text
    .replaceAll(new RegExp(`${name}|(?<=/projects/|"detail":")${numberOf(name)}\\b`, 'gi'), (found) =>
      found === found.toUpperCase() && /[A-Z]/.test(found) ? 'CAPITALS' : 'NAME',
    )
    .replaceAll(/value="[\w-]{40,}"/g, 'value="…"')
    .replaceAll(/request_id[^,}]*/g, '');
}

type Times = Readonly<Record<'first' | 'later', { there: number[]; absent: number[] }>>;

async function measure(door: Ask): Promise<Times> {
  // Any change makes memory forget what may not be seen, so this door begins like the first one.
  await world.person(`newcomer-${newcomers++}`);
  for (const warmUp of absent.slice(0, 20)) await ask(door(`${warmUp}-x`));
  const times: Times = { first: { there: [], absent: [] }, later: { there: [], absent: [] } };
  for (let round = 0; round < ROUNDS; round++)
    for (let i = 1; i < NAMES; i++) {
      const into = round === 0 ? times.first : times.later;
      // In turns, so that anything that slows the machine down slows both.
      const turns = [
        [into.there, there[i] ?? ''],
        [into.absent, absent[i] ?? ''],
      ] as const;
      for (const [list, name] of i % 2 === 0 ? turns : turns.toReversed()) list.push((await ask(door(name))).ms);
    }
  return times;
}

/** What somebody with a stopwatch could distinguish: how, and by how much. */
function differences(times: Times): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [when, { there: known, absent: unknown }] of Object.entries(times)) {
    const [a, b] = [median(known), median(unknown)];
    if (Math.abs(a - b) / Math.min(a, b) >= BOUND)
      found[`${when}, ${a > b ? 'later' : 'sooner'} if it is there`] =
        `${a.toFixed(3)} ms instead of ${b.toFixed(3)} ms`;
  }
  return found;
}

describe.each(DOORS)('strangers who guess names of private repositories at %s', (_, door) => {
  it('get the same answer for existing ones as for missing ones, in the spelling that they asked with', async () => {
    const answers = async (name: string): Promise<string[]> => {
      const said = [];
      for (const spelled of [name.toUpperCase(), name, name.toUpperCase()])
        said.push(withoutName((await ask(door(spelled))).text, name));
      return said;
    };
    expect(await answers(there[0] ?? '')).toEqual(await answers(absent[0] ?? ''));
  });

  it('waits as long for the one as for the other, the first time and later', async () => {
    // A difference made by the server shows up each time, one made by the machine doesn't.
    let apart = differences(await measure(door));
    for (let again = 1; again < MEASUREMENTS && Object.keys(apart).length > 0; again++) {
      const now = differences(await measure(door));
      apart = Object.fromEntries(Object.entries(now).filter(([how]) => how in apart));
    }
    expect(apart).toEqual({});
  }, 120_000);
});
