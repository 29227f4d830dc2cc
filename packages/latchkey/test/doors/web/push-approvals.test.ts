/**
 * The page on which a push is approved: for the owner of the token, and for whoever owns the machine account that has
 * it; nobody else. The attack: a stolen cookie, and a text of the push that looks like the page's own.
 */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { FRESH_SEC } from '../../../src/actions/accounts/sudo.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { machineOwner, makeMachine } from '../../../src/actions/organizations/machines.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { approvalById, insertApproval } from '../../../src/store/push-approvals.ts';
import { repositoryByName } from '../../../src/store/repositories.ts';
import { PASSWORD, type WebWorld, webWorld } from './visitor.ts';

const LOOK = {
  kind: 'forward',
  commits: [{ id: '1'.repeat(40), subject: '<b>hi</b>\u202e approved', author: 'Ada' }],
  commitCount: 1,
  lostCount: 0,
  files: [{ path: 'a\u202eb.txt', added: 2, removed: 1 }],
  fileCount: 1,
  added: 2,
  removed: 1,
};

/** A request of a machine of the organization octo, which ada owns and bob is a member of. */
async function world(): Promise<{ web: WebWorld; page: string; id: number }> {
  const web = await webWorld();
  const { ctx } = web;
  for (const login of ['ada', 'bob', 'eve']) await web.addPerson(login);
  const operator = operatorPermit();
  await addOrganization(ctx, operator, { name: 'octo', owner: 'ada' });
  await setMember(ctx, operator, { organization: 'octo', login: 'bob', role: 'member' });
  await addRepository(ctx, operator, { owner: 'octo', name: 'site', visibility: 'private' });
  await makeMachine(ctx, operator, await machineOwner(ctx, operator, 'octo'), {
    login: 'octo-bot',
    purpose: 'deploys',
  });
  const { token } = await createToken(ctx, operator, {
    userLogin: 'octo-bot',
    kind: 'fine-grained',
    name: 'bot',
    description: '',
    scopes: [],
    grants: [
      { owner: 'octo', selection: 'all', repositories: [], permissions: { contents: 'write' }, justification: null },
    ],
  });
  const octo = await accountByLogin(ctx.store.db, 'octo');
  const found = await repositoryByName(ctx.store.db, octo?.id ?? 0, 'site');
  const at = ctx.clock.now();
  const id = await insertApproval(ctx.store.db, {
    tokenId: token.id,
    derivedId: null,
    repositoryId: found?.repository.id ?? 0,
    ref: 'refs/heads/main',
    oldId: '2'.repeat(40),
    newId: '1'.repeat(40),
    look: JSON.stringify({ look: LOOK, name: 'bot', agent: null, session: null }),
    address: '192.0.2.9',
    askedAt: at,
    expiresAt: at + 86_400,
  });
  return { web, page: `/settings/push-approvals/${id}`, id };
}

test('an owner of the machine’s organization sees what would happen, and approves after a fresh sign-in', async () => {
  const { web, page, id } = await world();
  const ada = web.visitor();
  await ada.signIn('ada');
  const { text } = await ada.get(page);
  for (const words of [
    'Push to main?',
    'octo/site',
    '1'.repeat(40),
    'octo-bot with the token “bot”',
    'from 192.0.2.9',
    '1 commit, 1 file, 2 lines added and 1 removed.',
    '&lt;b>hi&lt;/b>? approved',
    'a?b.txt',
  ])
    expect(text).toContain(words);
  expect((await ada.get('/settings/push-approvals')).text).toContain(`${id}: push to main in octo/site`);

  web.ctx.clock.advance(FRESH_SEC + 1);
  const asked = await ada.send(page, 'approve');
  expect(asked.text).toContain('Confirm that it is you');
  expect((await approvalById(web.ctx.store.db, id))?.state).toBe('waiting');
  const done = await ada.send(page, 'approve', {});
  expect(done.text).toContain('Confirm that it is you');
  await ada.send('/sudo', 'confirm', { sudo_password: PASSWORD });
  expect(await ada.send(page, 'approve')).toMatchObject({ status: 303, location: page });
  expect(await approvalById(web.ctx.store.db, id)).toMatchObject({ state: 'approved', decidedBy: 'ada' });
  expect((await ada.get(page)).text).toContain('Revoke the approval');
  expect(await ada.send(page, 'deny')).toMatchObject({ status: 303 });
  expect((await approvalById(web.ctx.store.db, id))?.state).toBe('denied');
});

test('a member and a stranger see nothing of it, and send nothing that counts', async () => {
  const { web, page, id } = await world();
  const ada = web.visitor();
  await ada.signIn('ada');
  for (const login of ['bob', 'eve']) {
    const visitor = web.visitor();
    await visitor.signIn(login);
    expect((await visitor.get(page)).status).toBe(404);
    const own = new URLSearchParams({ form: 'approve', token: 'x', nonce: 'n' });
    expect((await visitor.post(page, own)).status).toBeGreaterThanOrEqual(400);
    expect((await visitor.get('/settings/push-approvals')).text).toContain('Nothing asked yet');
  }
  expect((await approvalById(web.ctx.store.db, id))?.state).toBe('waiting');
});

test('a request that waited for a day is over', async () => {
  const { web, page, id } = await world();
  const ada = web.visitor();
  await ada.signIn('ada');
  web.ctx.clock.advance(86_400);
  const { text } = await ada.get(page);
  expect([text.includes('Its time is over'), text.includes('Approve')]).toEqual([true, false]);
  expect((await approvalById(web.ctx.store.db, id))?.state).toBe('waiting');
});
