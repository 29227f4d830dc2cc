/** GitHub's audit endpoints, searched the way its clients do: phrase, include, order, before, after. */
import { expect, test } from 'vitest';
import { MAX_EXAMINED } from '../../../src/actions/organizations/audit-search.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { appendAudit, type NewAuditEntry } from '../../../src/store/audit.ts';
import { dontReadLog } from '../../actions/context.ts';
import type { Answer } from '../small-world.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const ORGANIZATION = '/orgs/Acme/audit-log';
const INSTANCE = '/enterprise/audit-log';
const JANUARY = Date.UTC(2026, 0, 1) / 1000;
const DAY = 86_400;

interface LogWorld extends ApiWorld {
  /** The `data.name` of each entry in a log. */
  names(path: string): Promise<string[]>;
  get(path: string): Promise<Answer>;
  write(name: string, given: Partial<NewAuditEntry>): Promise<void>;
  readonly acme: number;
}

/** A world whose log only has a test's entries from 2026; all others are younger. */
async function logWorld(): Promise<LogWorld> {
  const world = await apiWorld();
  dontReadLog(world.ctx);
  const [owner, root] = [
    await world.token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { organization_audit_log: 'read' } })],
    }),
    await world.token('Root', { grants: [grant({ owner: 'instance', permissions: { instance_audit_log: 'read' } })] }),
  ];
  const db = world.ctx.store.db;
  const acme = (await accountByLogin(db, 'Acme'))?.id ?? 0;
  const ada = (await accountByLogin(db, 'Ada'))?.id ?? 0;
  const get = (path: string): Promise<Answer> =>
    world.ask(`GET ${path}`, { token: path.startsWith(INSTANCE) ? root.secret : owner.secret });
  return {
    ...world,
    acme,
    get,
    names: async (path) => {
      const answer = await get(path);
      expect([path, answer.status, answer.status === 200 ? '' : answer.text]).toEqual([path, 200, '']);
      return answer.body.map(({ data }: { data: { name?: string } }) => data.name);
    },
    write: async (name, given) =>
      void (await appendAudit(db, {
        at: JANUARY,
        action: 'repo.create',
        actorId: ada,
        actorLogin: 'Ada',
        userId: null,
        organizationId: acme,
        repositoryId: null,
        tokenId: null,
        actorTokenId: null,
        address: '192.0.2.1',
        userAgent: null,
        ...given,
        data: { name, ...given.data },
      })),
  };
}

const phrase = (text: string, path = ORGANIZATION): string =>
  `${path}?phrase=${encodeURIComponent(`created:<2026-06-01 ${text}`)}`;

const linked = (answer: Answer, rel: string): string | null =>
  new RegExp(`<[^>]*/api/v3([^>]*)>; rel="${rel}"`).exec(String(answer.headers['link'] ?? ''))?.[1] ?? null;

test('a phrase finds by event, kind, person, repository, address and time; a minus leaves out', async () => {
  const world = await logWorld();
  const bob = (await accountByLogin(world.ctx.store.db, 'Bob'))?.id ?? 0;
  await world.write('made', { data: { repo: 'Acme/gone' } });
  await world.write('renamed', { action: 'repo.rename', at: JANUARY + DAY, actorId: bob, actorLogin: 'Bob' });
  await world.write('joined', { action: 'org.add_member', at: JANUARY + 2 * DAY, userId: bob, address: '2001:db8::7' });
  await world.write('pushed', { action: 'git.push', at: JANUARY + 3 * DAY, actorTokenId: 77 });
  await world.write('operator', { action: 'org.delete', at: JANUARY + 4 * DAY, actorId: null, actorLogin: 'operator' });
  const finds = async (text: string, names: readonly string[]): Promise<void> =>
    expect([text, await world.names(phrase(text))]).toEqual([text, names]);
  await finds('', ['operator', 'pushed', 'joined', 'renamed', 'made']);
  await finds('action:repo.rename', ['renamed']);
  await finds('action:repo', ['renamed', 'made']);
  await finds('action:repo action:git.push', ['pushed', 'renamed', 'made']);
  await finds('-action:repo -action:git', ['operator', 'joined']);
  await finds('operation:create', ['joined', 'made']);
  await finds('operation:modify operation:remove', ['operator', 'pushed', 'renamed']);
  await finds('actor:BOB', ['renamed']);
  await finds('-actor:ada', ['operator', 'renamed']);
  await finds('actor:operator', ['operator']);
  await finds('actor:nobody-there', []);
  await finds('-actor:nobody-there action:org', ['operator', 'joined']);
  await finds('user:bob', ['joined']);
  await finds(`user_id:${bob} actor:ada`, ['joined']);
  await finds('repo:acme/gone', ['made']);
  await finds('-repo:"acme/gone" action:repo', ['renamed']);
  await finds('actor_ip:2001:db8::/32', ['joined']);
  await finds('token_id:77', ['pushed']);
  await finds('org:Acme action:repo', ['renamed', 'made']);
  await finds('created:2026-01-02..2026-01-03', ['joined', 'renamed']);
  await finds('created:>2026-01-03 created:<=2026-01-04', ['pushed']);
  await finds('-created:>=2026-01-02', ['made']);
  expect(await world.names(`${phrase('action:repo')}&actor=Bob`)).toEqual(['renamed']);
  expect(await world.names(`${phrase('action:repo')}&action=org`)).toEqual([]);
  expect(await world.names(phrase('action:repo', INSTANCE))).toEqual(['renamed', 'made']);
});

test('no phrase shows an entry of another log', async () => {
  const world = await logWorld();
  await world.write('of nobody', { organizationId: null });
  await world.write('of another', { organizationId: world.acme + 1000 });
  for (const text of ['', 'actor:ada', `org_id:${world.acme + 1000}`, '-org:acme', 'action:repo.create actor:ada'])
    expect([text, await world.names(phrase(text))]).toEqual([text, []]);
  expect(await world.names(phrase('actor:ada', INSTANCE))).toEqual(['of another', 'of nobody']);
});

test('include separates what was done with git from the rest', async () => {
  const world = await logWorld();
  await world.write('made', {});
  await world.write('pushed', { action: 'git.push' });
  expect(await world.names(`${phrase('')}&include=git`)).toEqual(['pushed']);
  expect(await world.names(`${phrase('')}&include=web`)).toEqual(['made']);
  expect(await world.names(`${phrase('')}&include=all`)).toEqual(['pushed', 'made']);
});

test.each(['asc', 'desc'])('cursors lead through a log and back, in the order %s', async (order) => {
  const world = await logWorld();
  const all = Array.from({ length: 7 }, (_, i) => `e${i}`);
  for (const name of all) {
    await world.write(name, {});
    await world.write('another', { action: 'org.add_member' });
  }
  if (order === 'desc') all.reverse();
  const pages: string[][] = [];
  const starts: string[] = [];
  let path: string | null = `${phrase('action:repo.create')}&order=${order}&per_page=3`;
  let last = '';
  while (path !== null) {
    pages.push(await world.names(path));
    starts.push((last = path));
    path = linked(await world.get(path), 'next');
  }
  expect(pages).toEqual([all.slice(0, 3), all.slice(3, 6), all.slice(6)]);
  expect(linked(await world.get(starts[0] ?? ''), 'prev')).toBeNull();
  const back = linked(await world.get(last), 'prev') ?? '';
  expect(await world.names(back)).toEqual(all.slice(3, 6));
  const first = linked(await world.get(back), 'prev') ?? '';
  expect(await world.names(first)).toEqual(all.slice(0, 3));
  expect(linked(await world.get(first), 'prev')).toBeNull();
  expect(await world.names(linked(await world.get(first), 'next') ?? '')).toEqual(all.slice(3, 6));
  const whole = await world.get(`${phrase('action:repo.create')}&order=${order}&format=jsonl`);
  expect(
    whole.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).data.name),
  ).toEqual(all);
});

test('an invalid query is refused with a sentence, before anything is read', async () => {
  const world = await logWorld();
  for (const [query, words] of [
    ['phrase=hello', 'The log isn\'t searched for words such as \\"hello\\"'],
    ['phrase=hello&format=jsonl', "The log isn't searched for words such as"],
    ['phrase=country:de', "The log isn't searched by"],
    ['phrase=operation:delete', 'the value is one of access'],
    ['include=everything', 'include must be \\"web\\" or \\"git\\" or \\"all\\"'],
    ['order=up', 'order must be \\"desc\\" or \\"asc\\"'],
    ['before=1', 'before is a cursor that a Link header gave.'],
    ['after=%00', 'after is a key that a Link header gave.'],
    [`before=${Buffer.from('-1').toString('base64url')}`, 'before is a cursor that a Link header gave.'],
  ])
    for (const log of [ORGANIZATION, INSTANCE]) {
      const answer = await world.get(`${log}?${query}`);
      expect([query, answer.status]).toEqual([query, 422]);
      expect(answer.text).toContain(words);
    }
});

test('a search for something rare reads a bounded number of entries per page, and says where to continue', async () => {
  const world = await logWorld();
  await world.write('rare', { address: '198.51.100.7' });
  const db = world.ctx.store.db;
  const row = { ...(await db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow()) };
  const common = { ...row, address: '192.0.2.1', data_json: '{"name":"common"}' };
  for (let at = row.id + 1; at <= row.id + MAX_EXAMINED; at += 1000)
    await db
      .insertInto('audit')
      .values(Array.from({ length: 1000 }, (_, i) => ({ ...common, id: at + i })))
      .execute();
  const first = await world.get(phrase('actor_ip:198.51.100.7'));
  expect(first.body).toEqual([]);
  expect(await world.names(linked(first, 'next') ?? '')).toEqual(['rare']);
  const exported = await world.get(`${phrase('actor_ip:198.51.100.7')}&format=jsonl`);
  expect(exported.text.trim().split('\n')).toHaveLength(1);
});
