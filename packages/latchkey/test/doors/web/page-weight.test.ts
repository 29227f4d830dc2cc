/** What pages weigh on the wire, and that compressing them tells nobody anything (decision 0460). */
import { expect, test } from 'vitest';
import { furnishedWorld } from './furnished-world.ts';
import { lookers } from './lookers.ts';
import { type NoPage, PAGE_ROUTES, type Page, placesIn } from './page-routes.ts';
import { formIn, webWorld } from './visitor.ts';

const KIB = 1024;
const COLD_BYTES = 140 * KIB;
const SECOND_BYTES = 8 * KIB;
/** As a browser asks for a page to which one of our own leads. */
const OWN = { 'accept-encoding': 'gzip, deflate, br', 'sec-fetch-site': 'same-origin' };

test('every page weighs at most 8 KiB, and 140 KiB with all that it loads', async () => {
  const world = await furnishedWorld();
  const { visitors, setUp } = await lookers(world);
  const places = await placesIn(world.ctx, 'ada');
  const loaded = new Map<string, number>();
  const wrong: string[] = [];
  for (const [route, entry] of Object.entries(PAGE_ROUTES) as [string, Page | NoPage][]) {
    if ('is' in entry) continue;
    const visitor = visitors[entry.as];
    for (const path of entry.as === 'first' ? [setUp] : entry.at(places)) {
      const { bytes } = await visitor.get(path, OWN);
      const { text } = await visitor.get(path);
      let cold = bytes;
      for (const [asset] of text.matchAll(/\/assets\/[\w.-]+/g)) {
        if (!loaded.has(asset)) loaded.set(asset, (await visitor.get(asset, OWN)).bytes);
      }
      for (const asset of new Set([...text.matchAll(/\/assets\/[\w.-]+/g)].map(([each]) => each)))
        cold += loaded.get(asset)!;
      if (bytes > SECOND_BYTES || cold > COLD_BYTES) wrong.push(`${route}: ${bytes} bytes, ${cold} with what it loads`);
    }
  }
  expect(wrong).toEqual([]);
});

test('a page is compressed for our own pages and the address bar, and for no other site', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const encodingFor = async (headers: Record<string, string>): Promise<unknown> =>
    (await visitor.get('/settings/profile', headers)).headers['content-encoding'];
  const gzip = { 'accept-encoding': 'gzip' };
  expect(await encodingFor({ ...gzip, 'sec-fetch-site': 'same-origin' })).toBe('gzip');
  expect(await encodingFor({ ...gzip, 'sec-fetch-site': 'none' })).toBe('gzip');
  // Eve's page opens ours with guesses in the address, and watches how long the answers are.
  for (const site of ['cross-site', 'same-site', 'nonsense'])
    expect(await encodingFor({ ...gzip, 'sec-fetch-site': site }), site).toBeUndefined();
  expect(await encodingFor(gzip)).toBeUndefined();
  expect(await encodingFor({ 'sec-fetch-site': 'none' })).toBeUndefined();
  expect(await encodingFor({ 'accept-encoding': 'br, gzip;q=0', 'sec-fetch-site': 'none' })).toBeUndefined();
});

test('a page with a new token on it is never compressed', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const made = await visitor.send('/settings/tokens/new', 'classic', { name: 'laptop', scopes: 'repo' });
  const shown = await visitor.get(made.location!, OWN);
  expect(shown.text).toContain('lkc_');
  expect(shown.headers['content-encoding']).toBeUndefined();
  const later = await visitor.get(made.location!, OWN);
  expect(later.headers['content-encoding']).toBe('gzip');
});

test('no two pages of a session contain the same form token, and each token works', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const tokens = [];
  for (let i = 0; i < 3; i++) {
    const { values } = formIn((await visitor.get('/settings/profile')).text, 'profile');
    tokens.push(values.get('token')!);
    values.set('name', `Ada ${i}`);
    expect((await visitor.post('/settings/profile', values)).status).toBe(303);
  }
  const pieces = tokens.flatMap((token) => token.split('.'));
  expect(new Set(pieces).size).toBe(6);
});

test('a compressed page is the page', async () => {
  const world = await webWorld();
  const visitor = world.visitor();
  const { headers } = await visitor.get('/help', OWN);
  expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding, Sec-Fetch-Site' });
});
