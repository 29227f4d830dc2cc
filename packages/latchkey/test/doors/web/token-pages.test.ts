/** The pages of tokens, used by somebody malicious, somebody clumsy, or somebody with very many tokens. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken, listTokens } from '../../../src/actions/tokens/tokens.ts';
import { GIT_NEEDS } from '../../../src/catalogue/needs.ts';
import { TOKEN_RECIPES } from '../../../src/catalogue/token-recipes.ts';
import { MAX_SELECTED_REPOSITORIES } from '../../../src/rules/grant-draft.ts';
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from '../../../src/rules/token-limits.ts';
import { formIn, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const NEW = '/settings/personal-access-tokens/new';
const LIST = '/settings/personal-access-tokens';

async function ada(): Promise<{ world: WebWorld; visitor: Visitor }> {
  const world = await webWorld();
  await world.addPerson('ada');
  await world.addPerson('grace');
  const permit = operatorPermit();
  await addRepository(world.ctx, permit, { owner: 'ada', name: 'notes', visibility: 'private' });
  await addRepository(world.ctx, permit, { owner: 'grace', name: 'secret', visibility: 'private' });
  await addOrganization(world.ctx, permit, { name: 'octo', owner: 'grace' });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  return { world, visitor };
}

const tokens = async (world: WebWorld) => listTokens(world.ctx, operatorPermit(), 'ada');
const plain = (html: string): string =>
  html.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');

test.each<[string, Record<string, string>, string]>([
  ['no name', { name: '' }, 'A token needs a name.'],
  [
    'a name over the limit',
    { name: 'x'.repeat(MAX_NAME_LENGTH + 1) },
    `A token's name has at most ${MAX_NAME_LENGTH} characters.`,
  ],
  [
    'a description over the limit',
    { description: 'x'.repeat(MAX_DESCRIPTION_LENGTH + 1) },
    `A description has at most ${MAX_DESCRIPTION_LENGTH} characters.`,
  ],
  [
    'an expiration of no number',
    { expires_in: 'soon' },
    'An expiration is a whole number of days from 1 to 366, or none.',
  ],
  ['an expiration too far', { expires_in: '367' }, 'An expiration is a whole number of days from 1 to 366, or none.'],
  [
    'a custom day that is none',
    { expires_in: 'custom', expires_at: '2026-02-30' },
    'Choose the day on which the token ends.',
  ],
  ['a custom day in the past', { expires_in: 'custom', expires_at: '2001-01-01' }, 'The expiration lies in the past.'],
  ['an unknown owner', { target_name: 'nobody-here' }, 'Cannot find the specified resource owner: nobody-here'],
  [
    'an organization one does not belong to',
    { target_name: 'octo', selection: 'all' },
    'Cannot find the specified resource owner: octo',
  ],
  [
    "somebody else's repository",
    { selection: 'selected', repositories: 'grace/secret' },
    'ada has no repository grace/secret that you can reach.',
  ],
  ['no repository', { selection: 'selected' }, 'Select at least one repository.'],
  [
    'a level that the permission has not',
    { selection: 'all', contents: 'admin' },
    'Contents (contents) takes read or write, not admin.',
  ],
  [
    'a permission of organizations',
    { selection: 'all', members: 'read' },
    "Members (members) is an organization permission: ada can't give it.",
  ],
  ['an address that is none', { allowed_addresses: '300.1.1.1' }, '300.1.1.1 is neither an address nor a CIDR block.'],
])('the form refuses %s, and keeps what was typed', async (_what, typed, words) => {
  const { world, visitor } = await ada();
  const seen = await visitor.send(NEW, 'create', {
    name: 'kept name',
    description: 'kept words',
    selection: 'public',
    ...typed,
  });
  expect([seen.status, plain(seen.text).includes(words)]).toEqual([422, true]);
  if (typed['name'] === undefined) expect(seen.text).toContain('value="kept name"');
  if (typed['description'] === undefined) expect(seen.text).toContain('kept words');
  expect(await tokens(world)).toEqual([]);
});

test('one token reaches several owners, and each complaint stands at its owner', async () => {
  const { world, visitor } = await ada();
  await setMember(world.ctx, operatorPermit(), { organization: 'octo', login: 'ada', role: 'member' });
  const { values } = formIn(
    (await visitor.send(NEW, 'create', { form: 'add-owner', name: 'both', selection: 'all', contents: 'read' })).text,
    'create',
  );
  expect(values.get('grants')).toBe('2');
  for (const [name, value] of Object.entries({
    name: 'both',
    selection: 'all',
    contents: 'read',
    '2.target_name': 'octo',
    '2.selection': 'selected',
    '2.reason': 'for the build',
    '2.issues': 'write',
  }))
    values.set(name, value);
  const refused = await visitor.post(NEW, values);
  expect(refused.status).toBe(422);
  expect(refused.text).toContain('<a href="#token-2.repositories">Select at least one repository.</a>');
  values.set('2.selection', 'all');
  values.set('nonce', formIn((await visitor.get(NEW)).text, 'create').values.get('nonce')!);
  expect((await visitor.post(NEW, values)).status).toBe(303);
  const list = await visitor.get(LIST);
  expect(list.text).toContain(
    'Can read code in all your repositories. Asks octo to read and write issues in all repositories of octo.',
  );
});

test('one repository too many is refused', async () => {
  const { visitor } = await ada();
  const { values } = formIn((await visitor.get(NEW)).text, 'create');
  values.set('name', 'many');
  values.set('selection', 'selected');
  for (let i = 0; i <= MAX_SELECTED_REPOSITORIES; i++) values.append('repositories', `r${i}`);
  const seen = await visitor.post(NEW, values);
  expect([seen.status, seen.text.includes(`Select at most ${MAX_SELECTED_REPOSITORIES} repositories.`)]).toEqual([
    422,
    true,
  ]);
});

test('a form sent twice makes one token', async () => {
  const { world, visitor } = await ada();
  const { values } = formIn((await visitor.get(NEW)).text, 'create');
  values.set('name', 'once');
  const [first, second] = await Promise.all([visitor.post(NEW, values), visitor.post(NEW, values)]);
  expect([first.status, second.status, first.location, second.location]).toEqual([
    303,
    303,
    `${LIST}/1/created`,
    `${LIST}/1/created`,
  ]);
  expect((await tokens(world)).map(({ name }) => name)).toEqual(['once']);
});

test('a form with a stale token, or from another site, makes nothing', async () => {
  const { world, visitor } = await ada();
  const { values } = formIn((await visitor.get(NEW)).text, 'create');
  values.set('name', 'forged');
  const crossSite = await visitor.post(NEW, values, { 'sec-fetch-site': 'cross-site' });
  values.set('token', 'stale');
  const stale = await visitor.post(NEW, values);
  expect([crossSite.status, stale.status]).toEqual([403, 422]);
  expect(stale.text).toContain('value="forged"');
  expect(await tokens(world)).toEqual([]);
});

test('markup in every field is shown, never run', async () => {
  const { visitor } = await ada();
  const evil = '"><script>alert(1)</script>';
  const made = await visitor.send(NEW, 'create', { name: evil, description: evil });
  expect(made.status).toBe(303);
  const classic = await visitor.send('/settings/tokens/new', 'classic', { name: evil });
  expect(classic.status).toBe(303);
  const scoped = await visitor.send('/-/user_settings/personal_access_tokens', 'scoped', {
    name: evil,
    description: evil,
    scopes: 'api',
  });
  expect(scoped.status).toBe(303);
  const pages = [
    LIST,
    '/settings/tokens',
    '/-/user_settings/personal_access_tokens',
    `${LIST}/1`,
    `${LIST}/1/edit`,
    `${LIST}/1/delete`,
    '/settings/token-health',
    '/',
    `${NEW}?${new URLSearchParams({ name: evil, target_name: evil, expires_in: evil })}`,
    `${NEW}?repositories=${encodeURIComponent(evil)}&repository_search=${encodeURIComponent(evil)}`,
    `/settings/tokens/new?scopes=${encodeURIComponent(evil)}&description=${encodeURIComponent(evil)}`,
  ];
  for (const path of pages) {
    const seen = await visitor.get(path);
    expect([path, seen.status, seen.text.includes('<script>alert')]).toEqual([path, 200, false]);
  }
});

test('a new token is shown on the next page alone, which nobody may keep', async () => {
  const { visitor } = await ada();
  const { location } = await visitor.send(NEW, 'create', { name: 'shown' });
  expect((await visitor.get(LIST)).text).not.toMatch(/lkf_\w{20}/);
  const first = await visitor.get(location!);
  const secret = /lkf_\w+/.exec(first.text)?.[0] ?? '';
  expect([secret.length > 20, first.headers['cache-control']]).toEqual([true, 'no-store']);
  expect((await visitor.get(location!)).text).not.toContain(secret);
});

test("another person's token is as if it were not there", async () => {
  const { world, visitor } = await ada();
  await visitor.send(NEW, 'create', { name: 'mine' });
  const other = world.visitor();
  await other.signIn('grace');
  for (const below of ['', '/edit', '/delete', '/renew', '/endpoints', '/created', '/created/live'])
    expect((await other.get(`${LIST}/1${below}`)).status, below).toBe(404);
  for (const id of ['0', '-1', 'x', '1e3', '99999999999999999999'])
    expect((await visitor.get(`${LIST}/${id}`)).status, id).toBe(404);
});

test.each(
  TOKEN_RECIPES.map(
    ({ title, name, description, permissions, refRules = '' }) =>
      [title, { name, description, ...permissions, ref_rules: refRules } as Record<string, string>] as const,
  ),
)('the recipe "%s" fills the form', async (_title, fields) => {
  const { visitor } = await ada();
  const seen = await visitor.get(`${NEW}?${new URLSearchParams(fields)}`);
  expect(plain(seen.text)).toContain(`value="${fields['name']}"`);
  expect(plain(seen.text)).toContain(fields['ref_rules']);
  expect(seen.status).toBe(200);
});

test('among ten thousand repositories the server finds the right one, and shows only one page', async () => {
  const { world, visitor } = await ada();
  const { store, clock } = world.ctx;
  const owner = await store.db
    .selectFrom('accounts')
    .select('id')
    .where('login_key', '=', 'ada')
    .executeTakeFirstOrThrow();
  const rows = Array.from({ length: 10_000 }, (_, i) => ({
    owner_id: owner.id,
    name: `repo-${i}`,
    name_key: `repo-${i}`,
    visibility: 'private' as const,
    object_format: 'sha1' as const,
    created_at: clock.now(),
    updated_at: clock.now(),
  }));
  await store.transaction(async (tx) => {
    for (let start = 0; start < rows.length; start += 500)
      await tx
        .insertInto('repositories')
        .values(rows.slice(start, start + 500))
        .execute();
  });
  const all = await visitor.get(`${NEW}?selection=selected`);
  expect(all.text.match(/name="repositories"/g)?.length).toBe(20);
  expect(all.text).toContain('There are more.');
  const one = await visitor.get(`${NEW}?selection=selected&repository_search=repo-7777`);
  expect(one.text).toContain('value="repo-7777"');
  const wild = await visitor.get(`${NEW}?selection=selected&repository_search=%25`);
  expect(wild.status).toBe(200);
});

test('what a token never used is said after 90 days or on request, taken away as shown, and given back', async () => {
  const { world, visitor } = await ada();
  const { ctx } = world;
  const { token, secret } = await createToken(ctx, operatorPermit(), {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'laptop',
    description: '',
    scopes: [],
    grants: [
      {
        owner: 'ada',
        selection: 'all',
        repositories: [],
        permissions: { contents: 'write', gists: 'write', starring: 'read' },
        justification: null,
      },
    ],
  });
  const verdict = await authorize(ctx, {
    credential: { form: 'bearer', secret },
    need: GIT_NEEDS['receive-pack'],
    target: { kind: 'repository', owner: 'ada', name: 'notes' },
    address: '192.0.2.1',
    userAgent: null,
    purpose: 'push ada/notes',
  });
  expect(verdict.allowed).toBe(true);
  const path = `/settings/personal-access-tokens/${token.id}`;
  const words = async (query = ''): Promise<string> =>
    (await visitor.get(path + query)).text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  const early = await words();
  expect(early).toContain('Permissions that it never uses are listed here after 90 days');
  expect(early).not.toContain('More access than it uses');
  const asked = await words('?observe=so-far');
  expect(asked).toContain('all repositories of ada except ada/notes gists: write starring: read');
  const path90 = `${path}?observe=so-far`;
  expect((await visitor.send(path90, 'narrow', { gone: 'gists: write' })).status).toBe(422);
  expect((await visitor.send(path90, 'narrow')).location).toBe(path);
  expect(await words()).toContain('Removed: all repositories of ada except ada/notes; gists: write; starring: read.');
  expect(await words()).toContain('Undo gives it back');
  expect((await visitor.send(path, 'undo-narrow')).location).toBe(path);
  expect(await words()).toContain('Access restored.');
  expect(await words()).not.toContain('Undo gives it back');
});

test('a recipe begins where the person finds a repository: at an organization where they have none', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
  await addRepository(world.ctx, operatorPermit(), { owner: 'octo', name: 'site', visibility: 'private' });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const owners = async (): Promise<(string | null)[]> =>
    [...(await visitor.get(`${LIST}/new`)).text.matchAll(/<li class="lk-card"><a[^>]*href="([^"]*)"/g)].map(
      ([, link]) => new URL(link!.replaceAll('&amp;', '&'), 'http://x').searchParams.get('target_name'),
    );
  expect(new Set(await owners())).toEqual(new Set(['octo']));
  await addRepository(world.ctx, operatorPermit(), { owner: 'ada', name: 'notes', visibility: 'private' });
  expect(await owners()).toEqual([null, null, null, null, null, 'octo']);
});
