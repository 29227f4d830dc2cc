/** The page that a refusal links to: it checks the owner and the repository, and offers the fix. */
import { describe, expect, test } from 'vitest';
import { addOrganization, removeMember, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken, listTokens } from '../../../src/actions/tokens/tokens.ts';
import { type Visitor, type WebWorld, webWorld } from './visitor.ts';

const PERMIT = operatorPermit();
const LINK = '/settings/personal-access-tokens/1?target_name=octo&repositories=site&contents=read';

/** Ada, a member of Octo, with a token "laptop" for all repositories of `owner`. */
async function ada(owner = ''): Promise<{ world: WebWorld; visitor: Visitor }> {
  const world = await webWorld();
  for (const login of ['ada', 'grace']) await world.addPerson(login);
  await addOrganization(world.ctx, PERMIT, { name: 'octo', owner: 'grace' });
  await setMember(world.ctx, PERMIT, { organization: 'octo', login: 'ada', role: 'member' });
  await changePolicy(world.ctx, PERMIT, 'octo', { requiresApproval: false, basePermission: 'read' });
  await addRepository(world.ctx, PERMIT, { owner: 'octo', name: 'site', visibility: 'private' });
  await createToken(world.ctx, PERMIT, {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'laptop',
    description: '',
    scopes: [],
    grants: [{ owner, selection: 'all', repositories: [], permissions: { contents: 'read' }, justification: null }],
  });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  return { world, visitor };
}

const words = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');

test('a token for oneself is offered the organization, and has it after one click', async () => {
  const { world, visitor } = await ada();
  const seen = await visitor.get(LINK);
  expect(words(seen.text)).toContain('This token is for ada, not for octo. Missing: contents: read on octo/site.');
  expect(seen.text).toContain('Add octo to this token');
  expect(seen.text).toContain(
    '/settings/personal-access-tokens/new?target_name=octo&amp;repositories=site&amp;contents=read&amp;name=laptop',
  );
  await visitor.send(LINK, 'fix');
  expect(words((await visitor.get(LINK)).text)).toContain(
    'All is well: this token has contents: read on octo/site. Try again.',
  );
  const [token] = await listTokens(world.ctx, PERMIT, 'ada');
  expect(token?.name).toBe('laptop');
});

test('where an owner has to approve, the page says so before and after', async () => {
  const { world, visitor } = await ada();
  await changePolicy(world.ctx, PERMIT, 'octo', { requiresApproval: true });
  expect(words((await visitor.get(LINK)).text)).toContain('An owner of octo then has to approve it.');
  await visitor.send(LINK, 'fix');
  expect(words((await visitor.get('/settings/personal-access-tokens/1')).text)).toContain(
    'It is asked for: an owner of octo has to approve it.',
  );
  expect(words((await visitor.get(LINK)).text)).toContain('it waits until an owner of octo approves it');
});

test('somebody who lost access is told so, not that all is well', async () => {
  const { world, visitor } = await ada('octo');
  expect(words((await visitor.get(LINK)).text)).toContain('All is well');
  await changePolicy(world.ctx, PERMIT, 'octo', { basePermission: 'none' });
  const seen = words((await visitor.get(LINK)).text);
  expect(seen).toContain('so it is not what is missing. You may not see octo/site any more, or it does not exist');
  expect(seen).not.toContain('All is well');
});

test('somebody who is not a member is told whom to ask', async () => {
  const { world, visitor } = await ada();
  await removeMember(world.ctx, PERMIT, { organization: 'octo', login: 'ada' });
  const seen = await visitor.get(LINK);
  expect(words(seen.text)).toContain('You can have no fine-grained token for octo');
  expect(seen.text).not.toContain('Add octo to this token');
});

test('a link to a new token proposes a name that is free', async () => {
  const { visitor } = await ada();
  const made = await visitor.send(
    '/settings/personal-access-tokens/new?name=laptop&target_name=octo&repositories=site&contents=read',
    'create',
  );
  expect(made.status).toBe(303);
  expect((await visitor.get('/settings/personal-access-tokens')).text).toContain('laptop 2');
});

test('what the address asks for that is no permission is no error of the page', async () => {
  const { visitor } = await ada();
  for (const query of ['contents=admin', 'repositories=a/b&contents=read', 'target_name=%3Cb%3E&contents=read'])
    expect((await visitor.get(`/settings/personal-access-tokens/1?${query}`)).status, query).toBe(200);
});

describe('the page that asks whether a token may', () => {
  const spaced = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  const ask = (query: Record<string, string>): string => `/settings/token-check?${new URLSearchParams(query)}`;

  test('says yes, or every reason with what mends it and who can', async () => {
    const { world, visitor } = await ada('octo');
    const answer = async (query: Record<string, string>): Promise<string> =>
      spaced((await visitor.get(ask(query))).text);
    const clone = { ask: 'git', git: 'clone', repository: 'octo/site' };
    expect(await answer(clone)).toContain('Yes The token laptop may do this, now and from there.');
    const push = await visitor.get(ask({ ...clone, git: 'push', ref: 'main' }));
    expect(spaced(push.text)).toContain('It needs contents: write on octo/site');
    expect(spaced(push.text)).toContain('Why not The token &quot;laptop&quot; lacks contents: write on');
    expect(spaced(push.text)).toContain(
      'Who can change that You can. And: An administrator of octo/site, or an owner of octo (grace).',
    );
    expect(push.text).toContain('href="/settings/personal-access-tokens/1?target_name=octo');
    await changePolicy(world.ctx, PERMIT, 'octo', { requiresApproval: true });
    expect(await answer({ ...clone, git: 'push' })).toContain('You can. Then it waits for an owner of octo (grace).');
    await changePolicy(world.ctx, PERMIT, 'octo', { allowed: { 'fine-grained': false } });
    expect(await answer(clone)).toContain('Who can change that An owner of octo (grace).');
  });

  test('says that a token’s owner alone decides where its rules ask, even if octo approves tokens', async () => {
    const { world, visitor } = await ada('octo');
    await changePolicy(world.ctx, PERMIT, 'octo', { basePermission: 'write' });
    await createToken(world.ctx, PERMIT, {
      userLogin: 'ada',
      kind: 'fine-grained',
      name: 'agent',
      description: '',
      scopes: [],
      refRules: [{ pattern: 'main', allow: ['ask'] }],
      grants: [
        { owner: 'octo', selection: 'all', repositories: [], permissions: { contents: 'write' }, justification: null },
      ],
    });
    await changePolicy(world.ctx, PERMIT, 'octo', { requiresApproval: true });
    const push = ask({ token: '2', ask: 'git', git: 'push', repository: 'octo/site', ref: 'main' });
    const told = spaced((await visitor.get(push)).text);
    expect(told).toContain('Who can change that You can.');
    expect(told).not.toContain('Then it waits');
  });

  test('takes addresses of services and of this server, permissions, and what was refused', async () => {
    const { visitor } = await ada('octo');
    const answer = async (query: Record<string, string>): Promise<string> =>
      spaced((await visitor.get(ask(query))).text);
    const at = 'https://git.example.org/octo/site.git';
    expect(await answer({ url: `${at}/info/refs?service=git-upload-pack` })).toContain('Yes The token laptop');
    expect(await answer({ method: 'POST', url: `${at}/git-receive-pack` })).toContain('lacks contents: write');
    expect(await answer({ url: 'https://git.example.org/other/thing' })).toContain(
      'No route map says what this request needs',
    );
    expect(await answer({ url: '/repos/octo/site/commits' })).toContain('Yes The token laptop');
    expect(await answer({ url: 'http://localhost:7070/octo/site.git/git-upload-pack', method: 'POST' })).toContain(
      'Yes',
    );
    expect(await answer({ ask: 'permission', permission: 'issues', level: 'write', on: 'octo/site' })).toContain(
      'lacks issues: write on octo/site',
    );
    expect(await answer({ url: 'git.example.org' })).toContain('Write the whole address');
    expect(await answer({ ask: 'git', repository: 'octo' })).toContain('A repository is named as OWNER/NAME.');
    expect((await visitor.get('/settings/personal-access-tokens/1')).text).toContain('/settings/token-check?token=1');
    expect((await visitor.get('/help/permission_missing')).text).toContain('href="/settings/token-check"');
  });

  test('tells nothing of other people’s tokens, or of what the person may not see', async () => {
    const { world, visitor } = await ada('octo');
    const other = world.visitor();
    await world.addPerson('mallory');
    await other.signIn('mallory');
    expect((await other.get(ask({ token: '1', ask: 'git', repository: 'octo/site' }))).status).toBe(404);
    await removeMember(world.ctx, PERMIT, { organization: 'octo', login: 'ada' });
    const about = async (repository: string): Promise<string> =>
      spaced((await visitor.get(ask({ ask: 'git', git: 'clone', repository }))).text).replaceAll(repository, 'IT');
    const unseen = (await about('octo/site')).replaceAll('octo', 'OWNER');
    expect(unseen).toBe((await about('none/such')).replaceAll('none', 'OWNER'));
    expect(unseen).toContain('An administrator of IT, or whoever owns OWNER.');
  });
});
