/**
 * The attack: grace may write to a repository, and with a token that may do everything she does she rewrites, deletes
 * or goes past a branch that its owner protected, in whatever shape of push.
 */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { refusalsOf } from '../../../src/actions/decision/token-refusals.ts';
import { protectRefs, unprotectRefs } from '../../../src/actions/repositories/refs/protections.ts';
import { createRuleset, deleteRuleset, updateRuleset } from '../../../src/actions/repositories/refs/rulesets.ts';
import { setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { onRepository } from '../../../src/actions/repositories/transfers.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import type { Secret } from '../../../src/base/secret.ts';
import type { RepositoryRole } from '../../../src/catalogue/roles.ts';
import { refRuleDrafts } from '../../../src/rules/refs/ref-rule-text.ts';
import { makeWorld, type Ran, type World } from './server.ts';

const PLACE = { owner: 'ada', name: 'closed' };
const KEPT = ['refs/heads/main', 'refs/heads/docs', 'refs/heads/release/1', 'refs/tags/v1'];

let world: World;
let path: string;
let grace: { secret: Secret; id: number };
const ids: Record<'first' | 'second' | 'other', string> = { first: '', second: '', other: '' };

const ref = async (name: string): Promise<string> =>
  (await world.git(['--git-dir', path, 'rev-parse', '-q', '--verify', name])).stdout.trim();
const set = (name: string, id: string | null): Promise<string> =>
  world.ok(['--git-dir', path, 'update-ref', ...(id === null ? ['-d', name] : [name, id])]);
const push = (...what: string[]): Promise<Ran> => pushWith(grace.secret, ...what);
const pushWith = (token: Secret, ...what: string[]): Promise<Ran> =>
  world.git(['push', world.remote('ada/closed', token), ...what], { in: 'work' });
const rejected = (name: string, why: string): RegExp =>
  new RegExp(`! \\[remote rejected\\] .*\\b${name}\\b.* \\(protected: ${why}\\)`);

async function tokenOf(userLogin: string, rules: readonly string[] = []): Promise<{ secret: Secret; id: number }> {
  const { secret, token } = await createToken(world.server.context, operatorPermit(), {
    userLogin,
    kind: 'classic',
    name: `${userLogin}'s ${rules.length}`,
    description: '',
    scopes: ['repo', 'workflow'],
    grants: [],
    refRules: refRuleDrafts(rules),
  });
  return { secret, id: token.id };
}

const role = (given: RepositoryRole): Promise<unknown> =>
  setCollaborator(world.server.context, operatorPermit(), { ...PLACE, login: 'grace', role: given });

beforeAll(async () => {
  world = await makeWorld();
  const { context } = world.server;
  const permit = operatorPermit();
  path = context.git.path('ada', 'closed');
  await addUser(context, permit, {
    login: 'grace',
    email: 'grace@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  await role('write');
  grace = await tokenOf('grace');
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  const commit = async (message: string): Promise<string> => {
    await world.ok(['commit', '-qm', message, '--allow-empty'], { in: 'work' });
    return (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
  };
  ids.first = await commit('first');
  ids.second = await commit('second');
  await world.ok(['checkout', '-q', '-b', 'other', ids.first], { in: 'work' });
  ids.other = await commit('other');
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), '--all'], { in: 'work' });
  await protectRefs(context, permit, { pattern: 'main', update: 'maintain' }, PLACE);
  await protectRefs(context, permit, { pattern: 'docs' }, PLACE);
  await protectRefs(context, permit, { pattern: 'release/**', create: 'nobody', update: 'nobody' }, PLACE);
  await protectRefs(context, permit, { pattern: 'refs/tags/v*', create: 'maintain' }, PLACE);
});

beforeEach(async () => {
  const there = (await world.ok(['--git-dir', path, 'for-each-ref', '--format=%(refname)'])).split('\n');
  for (const name of there) if (name !== '' && !KEPT.includes(name)) await set(name, null);
  for (const name of KEPT) await set(name, ids.first);
  await role('write');
});

afterAll(() => world.close());

it('is told for each protected ref who may move it, and the rest passes', async () => {
  const { second } = ids;
  const ran = await push(
    `${second}:refs/heads/main`,
    `${second}:refs/heads/feature`,
    ':refs/heads/docs',
    `${second}:refs/heads/release/2`,
    `${second}:refs/tags/v2`,
  );
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(rejected('main', 'only maintainers and administrators may push to it'));
  expect(ran.stderr).toMatch(rejected('docs', 'nobody may delete it'));
  expect(ran.stderr).toMatch(rejected('release/2', 'nobody may create it'));
  expect(ran.stderr).toMatch(rejected('v2', 'only maintainers and administrators may create it'));
  expect(ran.stderr).toContain('remote: docs of ada/closed is protected: nobody may delete it.');
  expect(ran.stderr).toContain(`${world.url}/help/ref_protected`);
  expect([await ref('main'), await ref('feature'), await ref('docs'), await ref('release/2'), await ref('v2')]).toEqual(
    [ids.first, second, ids.first, '', ''],
  );
  const { context } = world.server;
  expect((await refusalsOf(context, grace.id)).map(({ reason }) => reason)).toContain('ref_protected');
  const entries = await context.store.db
    .selectFrom('audit')
    .select(['data_json'])
    .where('action', '=', 'git.push_rejected')
    .where('token_id', '=', grace.id)
    .execute();
  expect(entries.map(({ data_json }) => JSON.parse(data_json).refs)).toContainEqual(
    expect.arrayContaining([expect.objectContaining({ ref: 'refs/heads/main', rule: 'refs/heads/main' })]),
  );
});

it('goes on with a branch that may lose no commits, and loses none, by force, lease or deletion', async () => {
  expect(await push(`${ids.second}:refs/heads/docs`)).toMatchObject({ code: 0 });
  for (const force of [['-f'], ['--force-with-lease=refs/heads/docs'], ['--mirror']]) {
    const ran = await push(...force, ...(force[0] === '--mirror' ? [] : [`${ids.other}:refs/heads/docs`]));
    expect([force, ran.code, await ref('docs')]).toEqual([force, 1, ids.second]);
  }
  const ran = await push('-f', `${ids.other}:refs/heads/docs`);
  expect(ran.stderr).toMatch(rejected('docs', 'nobody may force-push to it'));
  expect(await push('--atomic', ':refs/heads/docs', `${ids.second}:refs/heads/x`)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('atomic push failed'),
  });
  expect([await ref('docs'), await ref('x')]).toEqual([ids.second, '']);
});

it('moves it with the role that it is left to, from the next push on, and no more when the role is gone', async () => {
  await role('maintain');
  expect(await push(`${ids.second}:refs/heads/main`, `${ids.second}:refs/tags/v2`)).toMatchObject({ code: 0 });
  expect(await push('-f', `${ids.other}:refs/tags/v2`)).toMatchObject({ code: 1 });
  await role('write');
  await set('refs/heads/main', ids.first);
  expect(await push(`${ids.second}:refs/heads/main`)).toMatchObject({ code: 1 });
  expect([await ref('main'), await ref('v2')]).toEqual([ids.first, ids.second]);
});

it('binds the owner as well where it says nobody, until they take it off', async () => {
  const blocked = await pushWith(world.full, `${ids.second}:refs/heads/release/1`);
  expect(blocked.stderr).toMatch(rejected('release/1', 'nobody may push to it'));
  await unprotectRefs(world.server.context, operatorPermit(), 'release/**', PLACE);
  expect(await pushWith(world.full, `${ids.second}:refs/heads/release/1`)).toMatchObject({ code: 0 });
});

it('moves no protected branch through another name for it', async () => {
  await world.ok(['--git-dir', path, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/main']);
  symlinkSync('main', join(path, 'refs/heads/link'));
  for (const name of ['alias', 'link']) {
    const ran = await push(`${ids.second}:refs/heads/${name}`);
    expect([name, ran.code, await ref('main')]).toEqual([name, 1, ids.first]);
    expect(ran.stderr).toContain('a symbolic ref does not move beside protected ones');
  }
});

it('asks no owner of a token about what is protected: an approval would open nothing', async () => {
  const asking = await tokenOf('grace', ['**: ask']);
  const ran = await pushWith(asking.secret, `${ids.second}:refs/heads/main`, `${ids.second}:refs/heads/y`);
  expect(ran.stderr).toMatch(rejected('main', 'only maintainers and administrators may push to it'));
  expect(ran.stderr).toMatch(/y \(.*\/settings\/push-approvals\/\d+/);
  const asked = await world.server.context.store.db.selectFrom('push_approvals').select('ref').execute();
  expect(asked).toEqual([{ ref: 'refs/heads/y' }]);
});

it('keeps to rulesets: by force, by look-alikes, in one push with what is open, and says which ruleset', async () => {
  const { context } = world.server;
  const permit = await onRepository(context, operatorPermit(), PLACE);
  const rules = ['creation', 'update', 'deletion', 'non_fast_forward'] as const;
  const made = await createRuleset(context, permit, {
    name: 'Releases',
    target: 'branch',
    enforcement: 'active',
    refs: { include: ['stable', 'ci/**/*', '~DEFAULT_BRANCH'], exclude: ['ci/tmp/*'] },
    repositories: null,
    rules,
    bypass: [],
  });
  await set('refs/heads/stable', ids.first);
  const why = 'nobody may push to it \\(ruleset Releases of ada/closed\\)';
  const ran = await push(
    `${ids.second}:refs/heads/stable`,
    `${ids.second}:refs/heads/ci/a/b`,
    `${ids.second}:refs/heads/ci/tmp/x`,
    `${ids.second}:refs/heads/Stable`,
    `${ids.second}:refs/tags/stable`,
  );
  expect(ran.stderr).toMatch(rejected('stable', why));
  expect(ran.stderr).toMatch(rejected('ci/a/b', why.replace('push to', 'create')));
  expect([await ref('refs/heads/stable'), await ref('ci/a/b'), await ref('ci/tmp/x')]).toEqual([
    ids.first,
    '',
    ids.second,
  ]);
  expect([await ref('Stable'), await ref('refs/tags/stable')]).toEqual([ids.second, ids.second]);
  for (const shape of [['-f', `${ids.other}:refs/heads/stable`], [':refs/heads/stable'], ['-f', '--mirror']])
    expect([shape, (await push(...shape)).code, await ref('refs/heads/stable')]).toEqual([shape, 1, ids.first]);
  // The branch that HEAD names, under whatever name it is pushed; and neither by a symbolic ref.
  await unprotectRefs(context, operatorPermit(), 'main', PLACE);
  await world.ok(['--git-dir', path, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/stable']);
  for (const to of ['refs/heads/main', 'main', 'refs/heads/alias'])
    expect([to, (await push(`${ids.second}:${to}`)).code, await ref('main')]).toEqual([to, 1, ids.first]);
  await updateRuleset(context, permit, made.ruleset.id, (before) => ({ ...before, rules: ['non_fast_forward'] }));
  expect(await push(`${ids.second}:refs/heads/stable`)).toMatchObject({ code: 0 });
  const forced = await push('-f', `${ids.other}:refs/heads/stable`);
  expect(forced.stderr).toMatch(rejected('stable', why.replace('push', 'force-push')));
  await updateRuleset(context, permit, made.ruleset.id, (before) => ({ ...before, bypass: ['write'] }));
  expect(await push('-f', `${ids.other}:refs/heads/stable`)).toMatchObject({ code: 0 });
  await deleteRuleset(context, permit, made.ruleset.id);
});
