/** Long lists stay usable: found by words, narrowed by state, sorted, counted, and each with its use. */
import { describe, expect, test } from 'vitest';
import { addOrganization, setMember, suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC, spokenDate } from '../../../src/base/time.ts';
import { addRefusals } from '../../../src/store/refusals.ts';
import { addTokenDays } from '../../../src/store/token-days.ts';
import { ENGINES } from '../../engines/engines.ts';
import { type Visitor, type WebWorld, webWorld } from './visitor.ts';

const CLASSIC = '/settings/tokens';
const words = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

/** The names of the tokens in a table, in its order. */
const names = (html: string): string[] =>
  [...html.matchAll(/class="text-bold" dir="auto"[^>]*>([^<]*)</g)].map(([, name]) => name!);

function token(world: WebWorld, login: string, name: string, expiresInDays: number | null = 300) {
  return createToken(world.ctx, operatorPermit(), {
    userLogin: login,
    kind: 'classic',
    name,
    description: '',
    expiresInDays,
    scopes: ['repo'],
    grants: [],
  });
}

describe.each(ENGINES)('lists on %s', (engine) => {
  async function ada(): Promise<{ world: WebWorld; visitor: Visitor }> {
    const world = await webWorld({}, engine);
    await world.addPerson('ada', { admin: true });
    const visitor = world.visitor();
    await visitor.signIn('ada');
    return { world, visitor };
  }

  test('a token is found by its name, a scope or its last characters, and what was looked for is said', async () => {
    const { world, visitor } = await ada();
    const made = await token(world, 'ada', 'laptop 100%');
    await token(world, 'ada', 'server');
    expect(names((await visitor.get(`${CLASSIC}?q=100%25`)).text)).toEqual(['laptop 100%']);
    expect(names((await visitor.get(`${CLASSIC}?q=${made.token.lastEight.slice(-4)}`)).text)).toEqual(['laptop 100%']);
    const all = await visitor.get(`${CLASSIC}?q=REPO`);
    expect(names(all.text)).toHaveLength(2);
    expect(words(all.text)).toContain('2 tokens');
    const none = await visitor.get(`${CLASSIC}?q=%3Cb%3Enone`);
    expect(none.text).toContain('No token matches “&lt;b>none”');
    expect(none.text).toContain(`href="${CLASSIC}"`);
  });

  test('tabs narrow to what ends soon, was unused and has ended, each with its count', async () => {
    const { world, visitor } = await ada();
    await token(world, 'ada', 'short', 30);
    await token(world, 'ada', 'long', 300);
    await token(world, 'ada', 'forever', null);
    world.ctx.clock.advance(25 * DAY_SEC);
    await visitor.signIn('ada');
    const soon = await visitor.get(`${CLASSIC}?state=ending`);
    expect(names(soon.text)).toEqual(['short']);
    expect(words(soon.text)).toMatch(/All 3 Active 3 Ending soon 1/);
    world.ctx.clock.advance(75 * DAY_SEC);
    await visitor.signIn('ada');
    expect(names((await visitor.get(`${CLASSIC}?state=unused&sort=name`)).text)).toEqual(['forever', 'long']);
    expect(names((await visitor.get(`${CLASSIC}?state=ended`)).text)).toEqual(['short']);
    expect(names((await visitor.get(`${CLASSIC}?state=nonsense`)).text)).toHaveLength(3);
  });

  test('columns sort both ways, and pages hold 25 of them', async () => {
    const { world, visitor } = await ada();
    for (let i = 10; i < 37; i++) await token(world, 'ada', `t${i}`);
    const first = await visitor.get(`${CLASSIC}?sort=name`);
    expect(names(first.text).slice(0, 2)).toEqual(['t10', 't11']);
    expect(names(first.text)).toHaveLength(25);
    expect(first.text).toContain('aria-sort="ascending"');
    expect(words(first.text)).toContain('27 tokens Page 1 Next');
    expect(names((await visitor.get(`${CLASSIC}?sort=name&direction=desc`)).text)[0]).toBe('t36');
    const second = await visitor.get(`${CLASSIC}?sort=name&page=2`);
    expect(names(second.text)).toEqual(['t35', 't36']);
    expect(words(second.text)).toContain('Previous Page 2');
    expect(names((await visitor.get(`${CLASSIC}?page=999999999`)).text)).toEqual([]);
  });

  test('the use of thirty days is drawn, with the number for those who cannot see it', async () => {
    const { world, visitor } = await ada();
    const { id } = (await token(world, 'ada', 'busy')).token;
    const today = world.ctx.clock.now() - (world.ctx.clock.now() % DAY_SEC);
    const day = { tokenId: id, repositoryId: 0, permission: 'contents', level: 'read' } as const;
    await world.ctx.store.transaction((tx) =>
      addTokenDays(tx, [
        { ...day, dayAt: today, times: 5 },
        { ...day, dayAt: today, times: 3, permission: 'metadata' },
        { ...day, dayAt: today - 29 * DAY_SEC, times: 2 },
        { ...day, dayAt: today - 30 * DAY_SEC, times: 100 },
      ]),
    );
    expect((await visitor.get(CLASSIC)).text).toContain('aria-label="Used 7 times in 30 days"');
  });

  test('one table has tokens of every kind, each list says how many it has, and so does the rail', async () => {
    const { world, visitor } = await ada();
    await token(world, 'ada', 'old server');
    const draft = { userLogin: 'ada', description: '', expiresInDays: 60 } as const;
    const own = { owner: '', selection: 'public', repositories: [], permissions: {}, justification: null } as const;
    await createToken(world.ctx, operatorPermit(), {
      ...draft,
      kind: 'fine-grained',
      name: 'laptop',
      scopes: [],
      grants: [own],
    });
    await createToken(world.ctx, operatorPermit(), {
      ...draft,
      kind: 'scoped',
      name: 'desk',
      scopes: ['api'],
      grants: [],
    });
    await world.addPerson('mori');
    await token(world, 'mori', 'not hers');
    const all = await visitor.get('/settings/all-tokens?sort=name');
    expect(names(all.text)).toEqual(['desk', 'laptop', 'old server']);
    expect(words(all.text)).toMatch(/All kinds 3 Fine-grained 1 Classic 1 Scoped 1/);
    expect(words(all.text)).toMatch(/desk Scoped .* old server Classic/);
    expect(words(all.text)).toContain('3 tokens, 1 of 50 fine-grained tokens in use');
    expect(names((await visitor.get(CLASSIC)).text)).toEqual(['old server']);
    expect(words((await visitor.get('/')).text)).toMatch(/Home Tokens 3/);
    await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
    await setMember(world.ctx, operatorPermit(), { organization: 'octo', login: 'mori', role: 'member' });
    expect(words((await visitor.get('/')).text)).toMatch(/octo Pending requests Active tokens 3 Policy People 2/);
  });

  test('a row leads to another token like it, whose form is filled in but for its name', async () => {
    const { world, visitor } = await ada();
    await addRepository(world.ctx, operatorPermit(), { owner: 'ada', name: 'site', visibility: 'private' });
    await createToken(world.ctx, operatorPermit(), {
      userLogin: 'ada',
      kind: 'fine-grained',
      name: 'laptop',
      description: 'at home',
      expiresInDays: 60,
      scopes: [],
      allowedAddresses: ['192.0.2.0/24'],
      grants: [
        {
          owner: '',
          selection: 'selected',
          repositories: ['ada/site'],
          permissions: { contents: 'write' },
          justification: null,
        },
      ],
    });
    await token(world, 'ada', 'old server');
    const list = (await visitor.get('/settings/all-tokens')).text;
    const again = [...list.matchAll(/href="([^"]*)"[^>]*>Same again</g)].map(([, path]) => path!.replace('&amp;', '&'));
    expect(again).toEqual([
      '/settings/tokens/new?description=old+server&scopes=repo',
      '/settings/personal-access-tokens/new?like=1',
    ]);
    const form = (await visitor.get(again[1]!)).text;
    expect(form).toContain('value="laptop 2"');
    expect(form).toContain('192.0.2.0/24');
    expect(words(form)).toContain('Can read and write code in ada/site.');
    await world.addPerson('mori');
    const other = world.visitor();
    await other.signIn('mori');
    expect((await other.get(again[1]!)).status).toBe(404);
  });

  test('use and refusals of a token are plotted by day, in words and as numbers, and capped in its row', async () => {
    const { world, visitor } = await ada();
    const { id } = (await token(world, 'ada', 'busy')).token;
    const today = world.ctx.clock.now() - (world.ctx.clock.now() % DAY_SEC);
    const day = { tokenId: id, repositoryId: 0, permission: 'contents', level: 'read' } as const;
    const words0 = { sentence: 'No.', wayOut: '', url: null, missing: [], missingScopes: [] };
    const refusal = { tokenId: id, reason: 'permission_missing', lastAddress: '192.0.2.7', words: words0 };
    await world.ctx.store.transaction(async (tx) => {
      await addTokenDays(tx, [
        { ...day, dayAt: today, times: 40 },
        { ...day, dayAt: today - 40 * DAY_SEC, times: 1_000 },
      ]);
      await addRefusals(tx, [
        { ...refusal, dayAt: today, purpose: 'push octo/site', times: 3, lastAt: today },
        { ...refusal, dayAt: today - DAY_SEC, purpose: 'push octo/site', times: 1, lastAt: today - DAY_SEC },
      ]);
    });
    const month = (await visitor.get(`${CLASSIC}/${id}`)).text;
    expect(month).toContain('aria-label="40 uses, 4 refused, in 30 days, at most 43 on one day"');
    expect(words(month)).toContain('50 25 0');
    expect(words(month)).toContain(`${spokenDate(today)} 40 3 ${spokenDate(today - DAY_SEC)} 0 1`);
    expect(month.match(/<path class="lk-plot-refused" d="[^"]+"/)?.[0].match(/z/g)).toHaveLength(2);
    const quarter = words((await visitor.get(`${CLASSIC}/${id}?days=90`)).text);
    expect(quarter).toContain('1,040 uses, 4 refused in 90 days, at most 1,000 on one day');
    expect((await visitor.get(CLASSIC)).text).toContain('aria-label="Used 40 times in 30 days, refused 4 times"');
    const home = (await visitor.get('/')).text;
    expect(words(home)).toMatch(/Your tokens .*busy Can read and write everything/);
  });

  test('an administrator finds people by mail, and sees second factor, tokens and last use', async () => {
    const { world, visitor } = await ada();
    await world.addPerson('mori');
    await token(world, 'mori', 'one');
    await suspendUser(world.ctx, operatorPermit(), 'mori');
    const found = await visitor.get('/instance/people?q=MORI@example');
    expect(words(found.text)).toMatch(/mori suspended .*mori@example\.org none 1 never/);
    expect(words(found.text)).toContain('1 person');
    expect(words((await visitor.get('/instance/people?filter=suspended')).text)).toContain('1 person');
    expect(words((await visitor.get('/instance/people?filter=administrators')).text)).not.toContain('mori@');
  });

  test('owners see what reaches the organization of their people, and members do not', async () => {
    const { world, visitor } = await ada();
    await world.addPerson('mori');
    await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
    await setMember(world.ctx, operatorPermit(), { organization: 'octo', login: 'mori', role: 'member' });
    await token(world, 'mori', 'one');
    const path = '/organizations/octo/settings/people';
    expect(words((await visitor.get(path)).text)).toMatch(/mori member .*none 1 never/);
    expect((await visitor.get(`${path}?q=example.org`)).text).toContain('Nobody matches');
    const member = world.visitor();
    await member.signIn('mori');
    const seen = await member.get(`${path}?filter=no-second-factor`);
    expect(words(seen.text)).toMatch(/ada owner .*mori member/);
    for (const secret of ['Second factor', 'Last seen', 'Token last used', '@example.org'])
      expect(seen.text).not.toContain(secret);
  });

  test('owners find what reaches the organization, and what asks to, by person and state', async () => {
    const { world, visitor } = await ada();
    const { ctx } = world;
    await world.addPerson('mori');
    await addOrganization(ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
    await setMember(ctx, operatorPermit(), { organization: 'octo', login: 'mori', role: 'member' });
    for (let i = 10; i < 37; i++) await token(world, 'mori', `t${i}`, 30);
    await token(world, 'ada', 'laptop', 300);
    const draft = { userLogin: 'mori', kind: 'fine-grained', description: '', scopes: [], expiresInDays: 60 } as const;
    const asks = { owner: 'octo', selection: 'all', repositories: [], justification: null } as const;
    for (const name of ['build', 'deploy'])
      await createToken(ctx, operatorPermit(), {
        ...draft,
        name,
        grants: [{ ...asks, permissions: { contents: 'read' } }],
      });
    const settings = '/organizations/octo/settings';
    const [tokens, inbox] = [`${settings}/personal-access-tokens`, `${settings}/personal-access-token-requests`];
    const shown = (html: string): string[] =>
      [...html.matchAll(/“<bdi class="text-bold">([^<]*)</g)].map(([, n]) => n!);
    const of = async (path: string): Promise<string[]> => shown((await visitor.get(path)).text);
    const set = (await visitor.get(`${tokens}?owner=mori&state=classic&permission=`)).text;
    expect(set).toContain(`aria-label="Remove the filter owner: mori">×</a>`);
    expect(set).toContain(`<a href="${tokens}?state=classic&amp;permission=" aria-label="Remove the filter owner`);
    expect(words(set)).toContain('Owner: mori ×');
    expect((await visitor.get(tokens)).text).not.toContain('lk-chips');

    expect(await of(`${inbox}?sort=name`)).toEqual(['build', 'deploy']);
    expect(await of(`${inbox}?sort=name&direction=desc&q=MORI`)).toEqual(['deploy', 'build']);
    expect(await of(`${inbox}?q=ada`)).toEqual([]);
    expect(await of(`${inbox}?state=more`)).toEqual([]);
    const waiting = await visitor.get(inbox);
    expect(words(waiting.text)).toMatch(/All 2 First access More access .*2 requests All shown/);
    expect(waiting.text).toContain('aria-label="Not used in 30 days"');

    await ctx.store.db.updateTable('grants').set({ state: 'active' }).where('token_id', '=', 29).execute();
    const all = await visitor.get(`${tokens}?sort=name`);
    expect(shown(all.text)).toHaveLength(25);
    expect([shown(all.text)[0], all.text.includes('aria-sort="ascending"')]).toEqual(['build', true]);
    expect(words(all.text)).toMatch(/All 29 .*29 tokens Page 1 Next/);
    expect(await of(`${tokens}?sort=name&page=2`)).toEqual(['t33', 't34', 't35', 't36']);
    expect(await of(`${tokens}?q=ada`)).toEqual(['laptop']);
    expect(await of(`${tokens}?owner=ada`)).toEqual(['laptop']);
    expect(await of(`${tokens}?state=fine-grained`)).toEqual(['build']);
    expect(await of(`${tokens}?permission=contents_read`)).toEqual(['build']);
    expect(await of(`${tokens}?sort=ends&direction=desc`)).toContain('laptop');
    expect(await of(`${tokens}?state=ending`)).toEqual([]);
    expect((await visitor.get(`${tokens}?q=%3Cb%3Enone`)).text).toContain('No token matches “&lt;b>none”');
    ctx.clock.advance(25 * DAY_SEC);
    await visitor.signIn('ada');
    expect(await of(`${tokens}?state=ending&q=t1`)).toHaveLength(10);
  });
});
