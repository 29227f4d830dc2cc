/** Machine accounts on their pages: made, given a token whose secret is shown once, deleted; by owners alone. */
import { SignJWT } from 'jose';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Query } from '../../../src/store/db.ts';
import { jwksOf, newSigner } from '../oauth/workload-world.ts';
import { webWorld } from './visitor.ts';

const words = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

/** Copies of a token, all newer, and one that has ended already. */
async function manyTokens(q: Query, id: number, count: number): Promise<void> {
  const { id: _id, ...row } = await q.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const copy = (i: number, expires_at = row.expires_at) => ({ ...row, name: `c${i}`, name_key: `c${i}`, expires_at });
  const rows = [...Array.from({ length: count }, (_, i) => copy(i)), copy(count, row.issued_at)];
  for (let i = 0; i < rows.length; i += 500)
    await q
      .insertInto('tokens')
      .values(rows.slice(i, i + 500))
      .execute();
}

test.each([
  ['of an organization', 'octo', '/organizations/octo/settings/machines'],
  ['of a person', 'ada', '/settings/machines'],
])('a machine account %s is made, gets a token, loses it and is deleted on its pages', async (_whose, owner, list) => {
  const world = await webWorld();
  const permit = operatorPermit();
  await world.addPerson('ada');
  await world.addPerson('hal');
  await addOrganization(world.ctx, permit, { name: 'octo', owner: 'ada' });
  await setMember(world.ctx, permit, { organization: 'octo', login: 'hal', role: 'member' });
  await addRepository(world.ctx, permit, { owner, name: 'site', visibility: 'private' });
  const visitor = world.visitor();
  await visitor.signIn('ada');

  const one = `${list}/deploy-bot`;
  const made = await visitor.send(list, 'add', { login: 'deploy-bot', purpose: '<b>deploys' });
  expect([made.status, made.location]).toEqual([303, one]);
  await setCollaborator(world.ctx, permit, { owner, name: 'site', login: 'deploy-bot', role: 'write' });
  const blank = words((await visitor.get(one)).text);
  expect(blank, 'a machine has no tokens with scopes').not.toContain('Looking for scopes');
  const searched = words((await visitor.get(`${one}?permission_search=repo`)).text);
  expect(searched).not.toContain('Tokens (classic). Here');
  const forgot = await visitor.send(one, 'create', { name: 'ci', repositories: 'nowhere', contents: 'write' });
  expect([forgot.status, words(forgot.text)]).toEqual([
    422,
    expect.stringContaining(`deploy-bot has no role in a repository nowhere of ${owner}. Make it a collaborator there`),
  ]);
  const token = await visitor.send(one, 'create', { name: 'ci', repositories: 'site', contents: 'write' });
  expect([token.status, token.location]).toEqual([303, one]);
  const shown = await visitor.get(one);
  const secret = /<code id="new-token">([^<]+)</.exec(shown.text)?.[1] ?? '';
  expect(secret).toMatch(/^lk/);
  await setCollaborator(world.ctx, permit, { owner, name: 'site', login: 'deploy-bot', role: 'read' });
  expect(words((await visitor.get(one)).text)).toMatch(/the machine.{1,6}s own role allows no more/);
  await setCollaborator(world.ctx, permit, { owner, name: 'site', login: 'deploy-bot', role: 'write' });
  for (const words of ['&lt;b>deploys', `${owner}/site (write)`, '1 token', secret.slice(-8)])
    expect(shown.text).toContain(words);
  expect((await visitor.get(one)).text, 'shown once').not.toContain(secret);
  expect((await visitor.get(list)).text).toContain('1 token · ');

  const refused = await authorize(world.ctx, {
    credential: { form: 'bearer', secret: new Secret(secret) },
    need: { sets: [{ administration: 'write' }], publicRead: false, writes: true },
    target: { kind: 'repository', owner, name: 'site' },
    purpose: 'a job',
    address: '192.0.2.9',
    userAgent: null,
  });
  const way = new URL((!refused.allowed && refused.explanation.remedy.url) || 'https://nowhere.example').pathname;
  expect(way).toMatch(new RegExp(`^${one}/tokens/\\d+$`));
  expect((await visitor.get(way)).status, 'what a refusal of it links is open to whoever owns the machine').toBe(200);

  const other = world.visitor();
  await other.signIn('hal');
  expect((await other.get(one)).status).not.toBe(200);
  const { id } = await world.ctx.store.db.selectFrom('tokens').select('id').executeTakeFirstOrThrow();
  const page = `${one}/tokens/${id}`;
  expect(shown.text).toContain(`href="${page}"`);
  expect((await other.get(page)).status).not.toBe(200);
  const kept = { name: 'ci', repositories: 'site', contents: 'write', uses_left_before: '' };
  const empty = await visitor.send(page, 'create', { ...kept, name: '' });
  expect([empty.status, (await visitor.get(page)).text.includes('May push to')]).toEqual([422, true]);
  const edited = await visitor.send(page, 'create', { ...kept, name: 'reader', contents: 'read', repositories: '' });
  expect([edited.status, edited.location]).toEqual([303, page]);
  expect((await visitor.get(page)).text).toContain('Token updated.');
  const renewed = await visitor.send(page, 'renew', { expires_in: '7', overlap: '0' });
  expect([renewed.status, renewed.location]).toEqual([303, one]);
  const renewedSecret = /<code id="new-token">([^<]+)</.exec((await visitor.get(one)).text)?.[1] ?? '';
  expect([renewedSecret.startsWith('lk'), renewedSecret === secret]).toEqual([true, false]);
  expect((await visitor.get(page)).text).toContain(renewedSecret.slice(-8));
  await world.ctx.store.db.transaction().execute((tx) => manyTokens(tx, id, 2_001));
  const everything = words((await visitor.send(one, 'delete')).text);
  expect(everything).toContain('2002 tokens stop working');
  expect(everything).not.toContain('at least');
  const question = words((await visitor.send(one, 'revoke', { id: String(id) })).text);
  expect(question, 'however many are newer').toContain('Revoke reader? Whatever uses it is refused');
  await sql`delete from tokens where id > ${id}`.execute(world.ctx.store.db);
  const ended = await visitor.sendSurely(one, 'revoke', { id: String(id) });
  expect([ended.status, ended.location]).toEqual([303, one]);
  expect((await visitor.get(one)).text).toContain('No tokens yet.');
  const gone = await visitor.sendSurely(one, 'delete');
  expect([gone.status, gone.location]).toEqual([303, list]);
  expect((await visitor.get(one)).status).toBe(404);
});

test('an administrator trusts an issuer, and an owner writes a rule, tries a token on it, and removes it', async () => {
  const world = await webWorld();
  const { ctx } = world;
  const permit = operatorPermit();
  await world.addPerson('root', { admin: true });
  await world.addPerson('ada');
  await addOrganization(ctx, permit, { name: 'octo', owner: 'ada' });
  await addRepository(ctx, permit, { owner: 'octo', name: 'site', visibility: 'private' });
  const administrator = world.visitor();
  await administrator.signIn('root');
  const signer = await newSigner('ES256', 'one');
  const issuers = '/instance/workload-issuers';
  const wrong = await administrator.send(issuers, 'add', { preset: 'other', issuer: 'http://example.org' });
  expect([wrong.status, wrong.text.includes('An issuer begins with https://')]).toEqual([422, true]);
  const trusted = await administrator.send(issuers, 'add', { preset: 'github', jwks: jwksOf(signer) });
  expect([trusted.status, trusted.location]).toEqual([303, issuers]);
  await administrator.send(issuers, 'test', { issuer: 'github' });
  expect((await administrator.get(issuers)).text).toContain('One key was read from github.');

  const owner = world.visitor();
  await owner.signIn('ada');
  expect((await owner.get(issuers)).status).toBe(403);
  const machines = '/organizations/octo/settings/machines';
  await owner.send(machines, 'add', { login: 'deploy-bot', purpose: '' });
  await setCollaborator(ctx, permit, { owner: 'octo', name: 'site', login: 'deploy-bot', role: 'write' });
  const rules = `${machines}/deploy-bot/workload-rules`;
  expect((await owner.get(`${machines}/deploy-bot`)).text).toContain(`href="${rules}"`);
  const rule = { name: 'deploy', issuer: 'github', repositories: 'site', contents: 'write', ref_rules: 'agent/**' };
  const wide = await owner.send(rules, 'create', { ...rule, conditions: 'ref=refs/heads/main' });
  expect([wide.status, wide.text.includes('needs a condition on repository_id')]).toEqual([422, true]);
  const made = await owner.send(rules, 'create', { ...rule, conditions: 'repository_id=74\nref=refs/heads/main' });
  expect([made.status, made.location]).toEqual([303, rules]);
  const at = ctx.clock.now();
  const claims = { repository_id: '74', ref: '<b>dev', event_name: 'push', jti: '1', sub: 's', iat: at, exp: at + 60 };
  const iss = 'https://token.actions.githubusercontent.com';
  const jwt = await new SignJWT({ ...claims, iss, aud: ctx.settings.publicUrl })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .sign(signer.privateKey);
  const tried = await owner.send(rules, 'check', { jwt });
  expect(tried.status).toBe(200);
  for (const words of ['✓ signed by github', '✗ <code>ref</code> is &lt;b>dev, and must be refs/heads/main'])
    expect(tried.text).toContain(words);
  expect(tried.text).not.toContain(jwt);
  const id = /name="id" value="(\d+)"/.exec(tried.text)?.[1] ?? '';
  const page = `${rules}/${id}`;
  const before = (await owner.get(page)).text;
  for (const words of ['repository_id=74\nref=refs/heads/main', 'agent/**', '>site</textarea>', 'value="3600"'])
    expect(before).toContain(words);
  const narrower = { ...rule, name: 'reads', contents: 'read', conditions: 'repository_id=75', max_life: '600' };
  const open = await owner.send(page, 'create', { ...narrower, conditions: 'ref=refs/heads/main' });
  expect([open.status, open.text.includes('needs a condition on repository_id')]).toEqual([422, true]);
  const edited = await owner.send(page, 'create', { ...narrower, times: 'several', strangers: 'on' });
  expect([edited.status, edited.location]).toEqual([303, rules]);
  const after = (await owner.get(rules)).text;
  for (const words of [
    'reads',
    'repository_id</code> is <code>75',
    'until it ends',
    'outsiders can start are accepted, too',
  ])
    expect(after).toContain(words);
  const gone = await owner.sendSurely(rules, 'remove', { id });
  expect([gone.status, gone.location]).toEqual([303, rules]);
  expect((await owner.get(rules)).text).toContain('No rules yet.');
});
