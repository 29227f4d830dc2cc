/** Heavy acts ask first: what ends stands on the page, and is what then ends. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addClient, listClients } from '../../../src/actions/provisioning/clients.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { sshPublicKey } from '../../ssh-keys.ts';
import { formIn, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const PEOPLE = '/instance/people';
const TOKENS = '/organizations/octo/settings/personal-access-tokens';
const POLICY = '/organizations/octo/settings/personal-access-token-policy';
const words = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

interface Acting {
  readonly world: WebWorld;
  /** An administrator of the instance who owns octo. */
  readonly grace: Visitor;
}

async function octo(): Promise<Acting> {
  const world = await webWorld();
  await world.addPerson('grace', { admin: true });
  await world.addPerson('ada');
  await world.addPerson('mori');
  await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'grace' });
  await addRepository(world.ctx, operatorPermit(), { owner: 'octo', name: 'site', visibility: 'private' });
  for (const login of ['ada', 'mori'])
    await setMember(world.ctx, operatorPermit(), { organization: 'octo', login, role: 'member' });
  const grace = world.visitor();
  await grace.signIn('grace');
  return { world, grace };
}

/** Whether a token reads octo/site now. */
function reads(world: WebWorld, secret: Secret) {
  return authorize(world.ctx, {
    need: { sets: [{ contents: 'read' }], publicRead: false, writes: false },
    target: { kind: 'repository', owner: 'octo', name: 'site' },
    credential: { form: 'bearer', secret },
    address: '203.0.113.9',
    userAgent: null,
    purpose: 'test',
  });
}

async function token(world: WebWorld, login: string, name: string, kind: 'classic' | 'fine-grained' = 'classic') {
  const grants = [
    {
      owner: 'octo',
      selection: 'all',
      repositories: [],
      permissions: { contents: 'read' },
      justification: null,
    } as const,
  ];
  return createToken(world.ctx, operatorPermit(), {
    userLogin: login,
    kind,
    name,
    description: '',
    expiresInDays: kind === 'classic' ? null : 30,
    scopes: kind === 'classic' ? ['repo'] : [],
    grants: kind === 'classic' ? [] : grants,
  });
}

test('a suspension names the tokens that stop, keeps the reason, and is undone with one click', async () => {
  const { world, grace } = await octo();
  const made = await token(world, 'mori', 'deploy');
  const question = await grace.send(PEOPLE, 'suspend', { login: 'mori' });
  expect(words(question.text)).toContain('Suspend mori? Everything that mori uses to get in stops');
  expect(words(question.text)).toMatch(/1 token stops working deploy · mori · never used/);
  expect(await reads(world, made.secret)).toMatchObject({ allowed: true });
  const { values } = formIn(question.text, 'suspend');
  values.set('reason', 'left the company');
  expect((await grace.post(PEOPLE, values)).location).toBe(PEOPLE);
  expect(await reads(world, made.secret)).toMatchObject({ allowed: false });
  const [entry] = await world.ctx.store.db
    .selectFrom('audit')
    .select('data_json')
    .where('action', '=', 'user.suspend')
    .execute();
  expect(entry!.data_json).toContain('left the company');
  const done = await grace.get(PEOPLE);
  expect(words(done.text)).toContain('mori is suspended: nothing of theirs works any more. Undo');
  const undo = [...done.text.matchAll(/<form[\s\S]*?<\/form>/g)].find(([form]) => form.includes('Undo'))![0];
  await grace.post(PEOPLE, formIn(undo, 'restore').values);
  expect(await reads(world, made.secret)).toMatchObject({ allowed: true });
});

test('when another token came meanwhile, the answer is to an old list: it is asked anew', async () => {
  const { world, grace } = await octo();
  await token(world, 'mori', 'deploy');
  const question = await grace.send(PEOPLE, 'suspend', { login: 'mori' });
  const late = await token(world, 'mori', 'late');
  const again = await grace.post(PEOPLE, formIn(question.text, 'suspend').values);
  expect(words(again.text)).toContain('has changed since you were asked');
  expect(words(again.text)).toContain('2 tokens stop working');
  expect(await reads(world, late.secret)).toMatchObject({ allowed: true });
  expect((await grace.post(PEOPLE, formIn(again.text, 'suspend').values)).status).toBe(303);
  expect(await reads(world, late.secret)).toMatchObject({ allowed: false });
});

test('a stricter policy says whose tokens it blocks, and one that blocks none is saved at once', async () => {
  const { world, grace } = await octo();
  const made = [
    await token(world, 'ada', 'one'),
    await token(world, 'ada', 'two'),
    await token(world, 'mori', 'three'),
  ];
  const kept = await token(world, 'mori', 'fine', 'fine-grained');
  await world.ctx.store.db.updateTable('grants').set({ state: 'active' }).execute();
  await world.ctx.memory.refresh();
  const question = await grace.send(POLICY, 'policy', { 'allowed.classic': 'no' });
  expect(words(question.text)).toContain('Save the policy and block 3 tokens of 2 people?');
  for (const name of ['one', 'two', 'three'])
    expect(question.text).toContain(`<bdi class="lk-ending-name">${name}</bdi>`);
  expect(question.text).not.toContain('>fine</bdi>');
  expect((await grace.post(POLICY, formIn(question.text, 'policy').values)).location).toBe(POLICY);
  for (const { secret } of made) expect(await reads(world, secret)).toMatchObject({ allowed: false });
  expect(await reads(world, kept.secret)).toMatchObject({ allowed: true });
  const log = await grace.get('/organizations/octo/settings/audit-log');
  expect(words(log.text)).toMatch(/forbade classic tokens in octo ?; the save blocked 3 tokens/);
  expect((await grace.send(POLICY, 'policy', { 'allowed.classic': '' })).location).toBe(POLICY);
});

test('replacing the token of a directory says which one stops, and does it after the answer', async () => {
  const { world, grace } = await octo();
  const path = '/instance/provisioning';
  const draft = { name: 'entra', provider: '', trustsAddresses: false };
  const { client } = await addClient(world.ctx, operatorPermit(), draft);
  const question = await grace.send(path, 'rotate', { name: 'entra' });
  expect(words(question.text)).toContain(
    `Replace the token of entra? The directory changes nothing here until it has the new one. The token that ends in ` +
      `…${client.lastEight} stops never used Stays: the accounts that it created`,
  );
  const lastEight = async () => (await listClients(world.ctx, operatorPermit()))[0]!.lastEight;
  expect(await lastEight()).toBe(client.lastEight);
  expect((await grace.post(path, formIn(question.text, 'rotate').values)).location).toBe(path);
  expect(await lastEight()).not.toBe(client.lastEight);
});

test('an owner learns nothing of a token that does not reach the organization by naming its id', async () => {
  const { world, grace } = await octo();
  await world.addPerson('stranger');
  const { id } = (await token(world, 'stranger', 'of a stranger')).token;
  await token(world, 'ada', 'of a member');
  const { values } = formIn((await grace.get(TOKENS)).text, 'tokens');
  values.set('ids', String(id));
  values.set('action', 'revoke');
  const refused = await grace.post(TOKENS, values);
  expect([refused.status, refused.text.includes('of a stranger')]).toEqual([422, false]);
  const removed = await grace.post(
    '/organizations/octo/settings/people',
    new URLSearchParams({ ...Object.fromEntries(values), form: 'remove', login: 'stranger' }),
  );
  expect([removed.status, removed.text.includes('of a stranger')]).toEqual([422, false]);
});

test('removing a member names what stops in the organization, and says what stays', async () => {
  const { world, grace } = await octo();
  const made = await token(world, 'ada', 'laptop');
  const path = '/organizations/octo/settings/people';
  const { values } = formIn((await grace.get(path)).text, 'remove');
  values.set('login', 'ada');
  const question = await grace.post(path, values);
  expect(words(question.text)).toMatch(/Remove ada from octo\? .* 1 token stops working in octo laptop/);
  expect((await grace.post(path, formIn(question.text, 'remove').values)).location).toBe(path);
  expect(await reads(world, made.secret)).toMatchObject({ allowed: false });
});

test('whoever becomes an owner, or ends being one, is asked about; a member is added at once', async () => {
  const { world, grace } = await octo();
  const path = '/organizations/octo/settings/people';
  const roleOfAda = async (): Promise<string | undefined> => {
    const { text } = await grace.get(path);
    return /ada<\/span> <span[^>]*>(owner|member)/.exec(text)?.[1];
  };
  const question = await grace.send(path, 'set', { login: 'ada', role: 'owner' });
  expect(words(question.text)).toContain('Make ada an owner of octo? Owners can do everything in octo');
  expect(await roleOfAda()).toBe('member');
  await grace.post(path, formIn(question.text, 'set').values);
  expect(await roleOfAda()).toBe('owner');
  const back = await grace.send(path, 'set', { login: 'ada', role: 'member' });
  expect(words(back.text)).toContain('Make ada a member of octo instead of an owner?');
  expect(await roleOfAda()).toBe('owner');
  await grace.post(path, formIn(back.text, 'set').values);
  expect(await roleOfAda()).toBe('member');
  await world.addPerson('teodor');
  expect((await grace.send(path, 'set', { login: 'teodor', role: 'member' })).location).toBe(path);
  const nobody = await grace.send(path, 'set', { login: 'nobody-here', role: 'owner' });
  expect([nobody.status, nobody.text.includes('There is no user nobody-here')]).toEqual([422, true]);
});

test('an approval is undone with one click: the token no longer reaches the organization', async () => {
  const { world, grace } = await octo();
  const made = await token(world, 'ada', 'build', 'fine-grained');
  const inbox = '/organizations/octo/settings/personal-access-token-requests';
  const [{ id } = { id: 0 }] = await world.ctx.store.db.selectFrom('requests').select('id').execute();
  await grace.send(inbox, 'review', { ids: String(id), action: 'approve' });
  expect(await reads(world, made.secret)).toMatchObject({ allowed: true });
  await grace.post(inbox, formIn((await grace.get(inbox)).text, 'undo').values);
  expect(await reads(world, made.secret)).toMatchObject({ allowed: false });
});

test('owners revoke tokens of all kinds at once, and classic ones are back with one click', async () => {
  const { world, grace } = await octo();
  const [classic, fine] = [await token(world, 'ada', 'laptop'), await token(world, 'mori', 'ci', 'fine-grained')];
  await world.ctx.store.db.updateTable('grants').set({ state: 'active' }).execute();
  await world.ctx.memory.refresh();
  const revoke = async (...made: (typeof classic)[]): Promise<string> => {
    const { values } = formIn((await grace.get(TOKENS)).text, 'tokens');
    for (const { token: each } of made) values.append('ids', String(each.id));
    values.set('action', 'revoke');
    const question = await grace.post(TOKENS, values);
    const answer = formIn(question.text, 'tokens').values;
    expect((await grace.post(TOKENS, answer)).location).toBe(TOKENS);
    return words(question.text);
  };
  expect(await revoke(classic)).toMatch(/Revoke this token for octo\? .* 1 token stops working in octo laptop · ada/);
  expect(await reads(world, classic.secret)).toMatchObject({ allowed: false });
  const done = await grace.get(TOKENS);
  await grace.post(TOKENS, formIn(done.text, 'undo').values);
  expect(await reads(world, classic.secret)).toMatchObject({ allowed: true });
  expect(await revoke(classic, fine)).toContain('2 tokens of 2 people stop working in octo');
  for (const { secret } of [classic, fine]) expect(await reads(world, secret)).toMatchObject({ allowed: false });
  const left = await grace.get(`${TOKENS}?state=revoked`);
  expect(words(left.text)).toMatch(/Revoked here 1 .*ada “ laptop ” Classic Revoked/);
  const { values } = formIn(left.text, 'tokens');
  values.set('ids', String(classic.token.id));
  values.set('action', 'restore');
  await grace.post(TOKENS, values);
  expect(await reads(world, classic.secret)).toMatchObject({ allowed: true });
});

test('what ends in a repository is asked about, named, and undone with one click where it can be', async () => {
  const { world, grace } = await octo();
  const { ctx } = world;
  await addRepository(ctx, operatorPermit(), { owner: 'grace', name: 'notes', visibility: 'private' });
  const settings = '/grace/notes/settings';
  const undo = async (form: string): Promise<void> => {
    const html = [...(await grace.get(settings)).text.matchAll(/<form[\s\S]*?<\/form>/g)].find(([f]) =>
      f.includes('Undo'),
    )![0];
    expect((await grace.post(settings, formIn(html, form).values)).location).toBe(settings);
  };
  const rows = async (table: 'collaborators' | 'deploy_keys'): Promise<number> =>
    (await ctx.store.db.selectFrom(table).select('created_at').execute()).length;

  await grace.send(settings, 'collaborator', { login: 'ada', role: 'admin' });
  const question = await grace.send(settings, 'remove-collaborator', { login: 'ada' });
  expect(words(question.text)).toContain('Remove ada from grace/notes? Their own role here ends');
  expect(await rows('collaborators')).toBe(1);
  await grace.post(settings, formIn(question.text, 'remove-collaborator').values);
  expect(await rows('collaborators')).toBe(0);
  await undo('collaborator');
  expect(await ctx.store.db.selectFrom('collaborators').select('role').execute()).toEqual([{ role: 'admin' }]);

  const lower = await grace.send(settings, 'collaborator', { login: 'ada', role: 'read' });
  expect(words(lower.text)).toContain('Give ada the role read in grace/notes? It gives less than admin');
  expect(await ctx.store.db.selectFrom('collaborators').select('role').execute()).toEqual([{ role: 'admin' }]);
  await grace.post(settings, formIn(lower.text, 'collaborator').values);
  expect(await ctx.store.db.selectFrom('collaborators').select('role').execute()).toEqual([{ role: 'read' }]);
  expect((await grace.send(settings, 'collaborator', { login: 'ada', role: 'admin' })).location).toBe(settings);

  await grace.send(settings, 'protect', { pattern: 'main', update: 'nobody' });
  const open = await grace.send(settings, 'unprotect', { pattern: 'refs/heads/main' });
  expect(words(open.text)).toMatch(/Remove the protection of main\? .* Nobody may push to it/);
  await grace.post(settings, formIn(open.text, 'unprotect').values);
  await undo('protect');
  expect((await grace.get(settings)).text).toContain('<code>main</code>');

  await grace.send(settings, 'key', { title: '<b>build', key: sshPublicKey('ed25519'), writable: 'on' });
  const key = await grace.send(settings, 'remove-key');
  expect(key.text).toContain('“<bdi>&lt;b>build</bdi>” stops reading and pushing');
  await grace.post(settings, formIn(key.text, 'remove-key').values);
  expect(await rows('deploy_keys')).toBe(0);
  await undo('key');
  expect(await ctx.store.db.selectFrom('deploy_keys').select('read_only').execute()).toEqual([{ read_only: 0 }]);

  const bare = await grace.send(settings, 'general', { visibility: 'public' });
  expect(words(bare.text)).toContain('Make grace/notes public? Every branch, every commit');
  expect((await grace.send(settings, 'general', { description: 'quiet' })).location).toBe(settings);
  await grace.sendSurely(settings, 'archive');
  await undo('archive');
  expect((await grace.send(settings, 'delete', { confirm: 'notes' })).text).toContain('Type grace/notes to delete it.');
  await createToken(ctx, operatorPermit(), {
    userLogin: 'grace',
    kind: 'fine-grained',
    name: 'notes',
    description: '',
    expiresInDays: 30,
    scopes: [],
    grants: [
      {
        owner: 'grace',
        selection: 'selected',
        repositories: ['notes'],
        permissions: { contents: 'read' },
        justification: null,
      },
    ],
  });
  const last = await grace.send(settings, 'delete', { confirm: 'grace/notes' });
  expect(words(last.text)).toMatch(/1 token that selected it loses it .*1 role ends 1 deploy key ends/);
  expect((await grace.post(settings, formIn(last.text, 'delete').values)).location).toBe('/');
});
