/** What the home page says of what needs a person, and the decisions of an inbox. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import type { TokenDraft } from '../../../src/rules/draft.ts';
import { addTokenDays } from '../../../src/store/token-days.ts';
import { formIn, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const INBOX = '/organizations/octo/settings/personal-access-token-requests';
const words = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');

async function ownerAndMember(): Promise<{ world: WebWorld; ada: Visitor; grace: Visitor }> {
  const world = await webWorld();
  await world.addPerson('ada');
  await world.addPerson('grace');
  await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'grace' });
  await setMember(world.ctx, operatorPermit(), { organization: 'octo', login: 'ada', role: 'member' });
  const [ada, grace] = [world.visitor(), world.visitor()];
  await ada.signIn('ada');
  await grace.signIn('grace');
  return { world, ada, grace };
}

const token = (world: WebWorld, name: string, owner: string, expiresInDays = 30, limits: Partial<TokenDraft> = {}) =>
  createToken(world.ctx, operatorPermit(), {
    userLogin: 'ada',
    kind: 'fine-grained',
    name,
    description: '',
    expiresInDays,
    scopes: [],
    grants: [{ owner, selection: 'all', repositories: [], permissions: { contents: 'read' }, justification: null }],
    ...limits,
  });

const asksToWrite = (owner: string): TokenDraft['grants'][number] => ({
  owner,
  selection: 'all',
  repositories: [],
  permissions: { contents: 'write' },
  justification: null,
});

test('a token needs its owner in the last fifth of its life, and not on its first day', async () => {
  const { world, ada } = await ownerAndMember();
  await token(world, 'laptop', 'ada', 30);
  expect(words((await ada.get('/')).text)).toContain('Nothing needs you');
  world.ctx.clock.advance(23 * DAY_SEC);
  await ada.signIn('ada');
  expect(words((await ada.get('/')).text)).toContain('Nothing needs you');
  world.ctx.clock.advance(DAY_SEC);
  const home = words((await ada.get('/')).text);
  expect(home).toContain('1 thing needs you');
  expect(home).toMatch(/laptop ends in [56] days/);
});

test('what waits for an owner is in the words of the mail about it, and nobody else is told', async () => {
  const { world, ada, grace } = await ownerAndMember();
  await token(world, 'one', 'octo');
  await token(world, 'two', 'octo');
  expect(words((await grace.get('/')).text)).toContain('2 tokens wait for approval in octo');
  expect(words((await grace.get(INBOX)).text)).toContain('Pending requests 2 waiting');
  expect(words((await ada.get('/')).text)).toContain('Nothing needs you');
});

test('without scripts one request is approved, another denied with a reason; no decision decides none', async () => {
  const { world, grace } = await ownerAndMember();
  await token(world, 'one', 'octo');
  await token(world, 'two', 'octo');
  const { values } = formIn((await grace.get(INBOX)).text, 'review');
  values.delete('action');
  expect((await grace.post(INBOX, values)).text).toContain('Choose Approve or Deny.');
  const states = () => world.ctx.store.db.selectFrom('requests').select(['id', 'state']).orderBy('id').execute();
  expect((await states()).map(({ state }) => state)).toEqual(['pending', 'pending']);
  const [first, second] = await states();
  await grace.send(INBOX, 'review', { ids: String(first!.id), action: 'approve' });
  await grace.send(INBOX, 'review', { ids: String(second!.id), action: 'deny', reason: 'Ask for less' });
  expect((await states()).map(({ state }) => state)).toEqual(['approved', 'denied']);
});

test('after a denial the form still has what was asked, so that it can be changed and asked for again', async () => {
  const { world, ada, grace } = await ownerAndMember();
  const { token: made } = await token(world, 'one', 'octo');
  await grace.send(INBOX, 'review', { ids: '1', action: 'deny', reason: 'Ask for less' });
  const path = `/settings/personal-access-tokens/${made.id}`;
  const { values } = formIn((await ada.get(`${path}/edit`)).text, 'create');
  expect([values.get('target_name'), values.get('contents')]).toEqual(['octo', 'read']);
  expect((await ada.post(`${path}/edit`, values)).location).toBe(path);
  expect(words((await ada.get(path)).text)).toContain('Asks octo to read code in all repositories of octo.');
  expect(words((await grace.get(INBOX)).text)).toContain('Pending requests 1 waiting');
});

test('whoever approves reads which refs a token may push to, rule by rule', async () => {
  const { world, grace } = await ownerAndMember();
  const refRules = [{ pattern: 'main', allow: [] }, { pattern: 'agent/**' }];
  const grants = [asksToWrite('octo')];
  await token(world, 'agent', 'octo', 30, { refRules, grants });
  await token(world, 'free', 'octo');
  const inbox = (await grace.get(INBOX)).text;
  expect(words(inbox)).toContain(
    '“agent”Asks to read and write code in all repositories of octo; push only to agent/**, with exceptions.',
  );
  expect(inbox).toContain('<li><code>main: none</code></li><li><code>agent/**</code></li>');
  expect(words(inbox)).toContain('“free”Asks to read code in all repositories of octo.');
});

test('the rail counts the tokens that reach an organization as its list does, on its pages and elsewhere', async () => {
  const { world, ada, grace } = await ownerAndMember();
  await token(world, 'waits', 'octo');
  const draft = { userLogin: 'ada', description: '', expiresInDays: 30, grants: [] } as const;
  await createToken(world.ctx, operatorPermit(), { ...draft, kind: 'classic', name: 'classic', scopes: ['repo'] });
  await createToken(world.ctx, operatorPermit(), { ...draft, kind: 'scoped', name: 'scoped', scopes: ['api'] });
  const list = '/organizations/octo/settings/personal-access-tokens';
  for (const path of ['/', list]) expect(words((await grace.get(path)).text)).toContain('Active tokens 2');
  expect(words((await grace.get(list)).text)).toMatch(/All ?2/);
  await grace.send(INBOX, 'review', { ids: '1', action: 'approve' });
  for (const path of ['/', list]) expect(words((await grace.get(path)).text)).toContain('Active tokens 3');
  expect(words((await ada.get('/')).text)).not.toContain('Active tokens');
});

test('somebody new reads three steps to a first push, which tick themselves and go away', async () => {
  const { world, ada } = await ownerAndMember();
  const home = async (): Promise<string> => words((await ada.get('/')).text);
  const { ctx } = world;
  expect(await home()).toContain('Make a tokenGit asks for a password.');
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'notes', visibility: 'private' });
  const made = await token(world, 'laptop', 'ada');
  expect(await home()).toMatch(/Make a token\s*done.*git clone http:\/\/ada@[^ ]+\/ada\/notes\.git/);
  const use = async (level: 'read' | 'write'): Promise<void> => {
    const day = { tokenId: made.token.id, dayAt: 0, repositoryId: 1, permission: 'contents', level, times: 1 };
    await ctx.store.transaction((tx) => addTokenDays(tx, [day]));
  };
  await use('read');
  expect(await home()).toMatch(/Clone a repository\s*done\s*Push a changeCommit something/);
  await use('write');
  expect(await home()).not.toContain('your first push');
});

test('whoever has a token for a week, or many, is not new', async () => {
  const { world, ada } = await ownerAndMember();
  await token(world, 'laptop', 'ada', 90);
  expect((await ada.get('/')).text).toContain('your first push');
  world.ctx.clock.advance(8 * DAY_SEC);
  expect((await ada.get('/')).text).not.toContain('your first push');
});
