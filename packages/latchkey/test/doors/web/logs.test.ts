/** The logs on pages: sentences with their facts behind them, narrowed by what, who, where and when. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { DAY_SEC, isoDate, spokenDate } from '../../../src/base/time.ts';
import { type Visitor, type WebWorld, webWorld } from './visitor.ts';

const LOG = '/organizations/octo/settings/audit-log';

async function octo(): Promise<{ world: WebWorld; visitor: Visitor }> {
  const world = await webWorld();
  for (const login of ['ada', 'bob']) await world.addPerson(login);
  await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
  await setMember(world.ctx, operatorPermit(), { organization: 'octo', login: 'bob', role: 'member' });
  for (const name of ['site', 'tools'])
    await addRepository(world.ctx, operatorPermit(), { owner: 'octo', name, visibility: 'private' });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  return { world, visitor };
}

/** The text of the table's rows, without tags. */
async function rowsOf(visitor: Visitor, path: string): Promise<string[]> {
  const { status, text } = await visitor.get(path);
  expect(status).toBe(200);
  const body = /<tbody>([\s\S]*?)<\/tbody>/.exec(text)?.[1] ?? '';
  return [...body.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row]) => row!.replaceAll(/<[^>]*>/g, ''));
}

test('an owner reads what happened in sentences, with the code of the event and its facts behind', async () => {
  const { visitor } = await octo();
  const rows = await rowsOf(visitor, LOG);
  expect(rows.some((row) => row.startsWith('The operator created the private repository octo/site'))).toBe(true);
  const added = rows.find((row) => row.includes('added bob to octo'));
  expect(added).toContain('org.add_member');
  expect(added).toContain('permission');
});

test('a log is narrowed by event, person, repository and days, and says so when nothing matches', async () => {
  const { world, visitor } = await octo();
  const today = isoDate(world.ctx.clock.now());
  const yesterday = isoDate(world.ctx.clock.now() - DAY_SEC);
  const count = async (query: string): Promise<number> => (await rowsOf(visitor, `${LOG}?${query}`)).length;
  expect(await count('action=repo.create')).toBe(2);
  expect(await count('action=repo')).toBe(2);
  expect(await count('repo=site')).toBe(1);
  expect(await count('repo=octo/site')).toBe(1);
  expect(await count('actor=ada')).toBe(0);
  expect(await count(`action=repo&from=${today}&to=${today}`)).toBe(2);
  expect(await count(`to=${yesterday}`)).toBe(0);
  expect((await visitor.get(`${LOG}?to=${yesterday}`)).text).toContain('No entry matches');
  expect((await visitor.get(`${LOG}?to=${yesterday}`)).text).toContain(`href="${LOG}">Clear`);
});

test('events are chosen by what they say, and entries stand under their days', async () => {
  const { world, visitor } = await octo();
  const [first, second] = [world.ctx.clock.now(), world.ctx.clock.now() + DAY_SEC];
  world.ctx.clock.advance(DAY_SEC);
  await addRepository(world.ctx, operatorPermit(), { owner: 'octo', name: 'later', visibility: 'private' });
  const { text } = await visitor.get(LOG);
  expect(text).toContain('<option value="org.remove_member">Removed somebody from an organization</option>');
  for (const [, words] of text.matchAll(/<option value="[a-z_]+\.[a-z_]+">([^<]*)</g))
    expect(words).toMatch(/^[A-Z][^{}[\]|]{5,}$/);
  const days = [...text.matchAll(/<th colspan="3" scope="rowgroup">([^<]*)</g)].map(([, day]) => day);
  expect(days).toEqual([spokenDate(second), spokenDate(first)]);
});

test('a day, a repository or a phrase that cannot be read is told, and stays in its field', async () => {
  const { visitor } = await octo();
  for (const [query, words] of [
    ['from=tomorrow', 'Enter a day such as 2026-01-31.'],
    ['repo=a/b/c', 'Enter a repository with its owner'],
    ['phrase=nonsense', 'role="alert"'],
  ] as const) {
    const { status, text } = await visitor.get(`${LOG}?${query}`);
    expect([status, text.includes(words)], query).toEqual([200, true]);
    expect(text).toContain(`value="${query.split('=')[1]}"`);
  }
});

test("a person's security log speaks in the same sentences, with the same filters", async () => {
  const { visitor } = await octo();
  await visitor.send('/settings/profile', 'profile', { name: 'Ada' });
  expect((await rowsOf(visitor, '/settings/security-log'))[0]).toMatch(/^ada changed the profile/);
  expect(await rowsOf(visitor, '/settings/security-log?action=user.login')).toHaveLength(1);
});

test('a name in a log stands in quotes, and nothing in it can pass for our words', async () => {
  const { visitor } = await octo();
  await visitor.send('/settings/tokens/new', 'classic', { name: 'x, and ada deleted octo', scopes: 'repo' });
  const { text } = await visitor.get('/settings/security-log');
  expect(text).toContain('created the classic token “<bdi>x, and ada deleted octo</bdi>”');
});
