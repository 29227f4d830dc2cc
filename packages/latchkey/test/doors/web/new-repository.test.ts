/** The form for a new repository, filled in wrongly. */
import { expect, test } from 'vitest';
import { addOrganization } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { addMirror } from '../../../src/actions/repositories/creation/mirrors.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { onRepository } from '../../../src/actions/repositories/transfers.ts';
import { Secret } from '../../../src/base/secret.ts';
import { noteMirrorEnd } from '../../../src/store/mirrors.ts';
import { type Visitor, webWorld } from './visitor.ts';

async function ada(): Promise<Visitor> {
  const world = await webWorld();
  await world.addPerson('ada');
  await world.addPerson('grace');
  const permit = operatorPermit();
  await addRepository(world.ctx, permit, { owner: 'ada', name: 'notes', visibility: 'private' });
  await addOrganization(world.ctx, permit, { name: 'octo', owner: 'grace' });
  await addOrganization(world.ctx, permit, { name: 'engines', owner: 'ada' });
  // This has nothing to do with repositories.
  await changePolicy(world.ctx, permit, 'engines', { allowed: { 'fine-grained': false } });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  return visitor;
}

test.each<[string, Record<string, string>, string]>([
  ['an unknown owner', { owner: 'nobody-here' }, 'Choose one of the owners in the list.'],
  ['somebody else as the owner', { owner: 'grace' }, 'Choose one of the owners in the list.'],
  ['an organization one does not belong to', { owner: 'octo' }, 'Choose one of the owners in the list.'],
  ['no name', { name: '' }, 'A repository needs a name.'],
  ['a name that is taken', { name: 'Notes' }, 'ada has a repository notes already.'],
])('the form refuses %s, and keeps what was typed', async (_, typed, words) => {
  const visitor = await ada();
  const seen = await visitor.send('/new', 'repository', {
    owner: 'ada',
    name: 'site',
    description: 'kept words',
    ...typed,
  });
  expect([seen.status, seen.text.includes(words)]).toEqual([422, true]);
  expect(seen.text).toContain('kept words');
});

test.each([
  ['https://keys.example.org', true],
  ['http://localhost:7070', false],
])('a repository says that it is cloned over HTTPS only where it is: %s', async (publicUrl, says) => {
  const world = await webWorld({ publicUrl, trustedProxies: ['127.0.0.0/8'] });
  await world.addPerson('ada');
  await addRepository(world.ctx, operatorPermit(), { owner: 'ada', name: 'notes', visibility: 'public' });
  const { text } = await world.visitor().get('/ada/notes');
  expect([text.includes('Git asks for a password'), text.includes('Over HTTPS')]).toEqual([true, says]);
});

test('a list of repositories calls none empty: an imported one was never pushed to, but has content', async () => {
  const { text } = await (await ada()).get('/');
  expect([text.includes('no pushes yet'), text.includes('empty so far')]).toEqual([true, false]);
});

test('its settings protect a branch, say how, change that, and take it off', async () => {
  const visitor = await ada();
  const settings = '/ada/notes/settings';
  expect((await visitor.get(settings)).text).toContain('delete every branch and tag');
  const typed = { pattern: 'release/**', create: 'write', update: 'maintain', force: 'nobody', delete: 'nobody' };
  await visitor.send(settings, 'protect', typed);
  expect((await visitor.get(settings)).text).toContain('Only maintainers and administrators may push to it');
  await visitor.send(settings, 'protect', { ...typed, update: 'nobody' });
  const { text } = await visitor.get(settings);
  expect([text.includes('Nobody may push to it'), text.split('>release/**<').length]).toEqual([true, 2]);
  const refused = await visitor.send(settings, 'protect', { ...typed, pattern: 'a..b' });
  expect([refused.status, refused.text.includes('is not a well formed name')]).toEqual([422, true]);
  expect((await visitor.send(settings, 'protect', { ...typed, update: 'anybody' })).status).toBe(422);
  await visitor.sendSurely(settings, 'unprotect', { pattern: 'refs/heads/release/**' });
  expect((await visitor.get(settings)).text).not.toContain('release/**</code>');
});

test('the form makes a repository with its first commit, its branch and its object format', async () => {
  const visitor = await ada();
  const typed = {
    owner: 'engines',
    name: 'one',
    visibility: 'private',
    gitignore_template: 'Node',
    license_template: 'mit',
    default_branch: 'trunk',
    object_format: 'sha256',
  };
  expect((await visitor.send('/new', 'repository', { ...typed, default_branch: 'a..b' })).status).toBe(422);
  expect((await visitor.send('/new', 'repository', typed)).status).toBe(303);
  const made = await visitor.get('/engines/one');
  expect([made.text.includes('Latest commits on trunk'), made.text.includes('Initial commit')]).toEqual([true, true]);
  await visitor.send('/new', 'repository', { ...typed, name: 'two', gitignore_template: '', license_template: '' });
  const { text } = await visitor.get('/engines/two');
  expect(text).toContain('git init --initial-branch=trunk --object-format=sha256');
  expect(text).toContain('git push -u origin trunk');
});

test('owners set the default branch of new repositories; members may not', async () => {
  const visitor = await ada();
  const defaults = '/organizations/engines/settings/repository-defaults';
  const wrong = await visitor.send(defaults, 'defaults', { default_repository_branch: 'a..b' });
  expect([wrong.status, wrong.text.includes('well formed')]).toEqual([422, true]);
  expect((await visitor.send(defaults, 'defaults', { default_repository_branch: 'develop' })).status).toBe(303);
  await visitor.send('/new', 'repository', { owner: 'engines', name: 'one', visibility: 'private' });
  expect((await visitor.get('/engines/one')).text).toContain('git push -u origin develop');
  expect((await visitor.get('/organizations/octo/settings/repository-defaults')).status).toBe(403);
});

test('its settings show mirrors, with how the last run ended', async () => {
  const world = await webWorld();
  const { ctx } = world;
  await world.addPerson('ada');
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'notes', visibility: 'private' });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const settings = '/ada/notes/settings';
  expect((await visitor.get(settings)).text).not.toContain('Mirrors');
  const permit = await onRepository(ctx, operatorPermit(), { owner: 'ada', name: 'notes' });
  const draft = { direction: 'pull', url: 'https://git.example.org/x.git', username: '', everySec: 3600 } as const;
  const { id } = await addMirror(ctx, permit, { ...draft, secret: new Secret('opens-it') });
  expect((await visitor.get(settings)).text).toContain('has not run yet');
  const at = ctx.clock.now();
  await ctx.store.transaction((tx) => noteMirrorEnd(tx, id, { at, nextRunAt: at + 3600, error: 'It said no.' }));
  const { text } = await visitor.get(settings);
  expect(text).toContain('It said no. Last success: never.');
  expect([text.includes('https://git.example.org/x.git'), text.includes('opens-it')]).toEqual([true, false]);
});

test('the form offers oneself and all organizations one belongs to', async () => {
  const visitor = await ada();
  const { text } = await visitor.get('/new');
  const [, owners = ''] = /<select[^>]*name="owner"[^>]*>(.*?)<\/select>/s.exec(text) ?? [];
  expect([...owners.matchAll(/<option[^>]*value="([^"]+)"/g)].map(([, value]) => value)).toEqual(['ada', 'engines']);
  const made = await visitor.send('/new', 'repository', { owner: 'Engines', name: 'one', visibility: 'private' });
  expect([made.status, made.headers['location']]).toEqual([303, '/engines/one']);
});
