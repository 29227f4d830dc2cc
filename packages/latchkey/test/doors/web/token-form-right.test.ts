/**
 * The form for a token says what the token would do, before there is one: what can never work there, which owner a
 * named repository has, and what of somebody else's can be named at all. The page of the token says what waits.
 */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { reviewRequests } from '../../../src/actions/organizations/approvals.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { editToken } from '../../../src/actions/tokens/edits.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { formIn, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const PERMIT = operatorPermit();
const NEW = '/settings/personal-access-tokens/new';
const words = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .replaceAll('&#39;', "'");

/** Grace owns octo, with a public and a private repository, and veiled, with a private one; Ada belongs to neither. */
async function ada(): Promise<{ world: WebWorld; visitor: Visitor; summary: (query: string) => Promise<string> }> {
  const world = await webWorld();
  for (const login of ['ada', 'grace']) await world.addPerson(login);
  for (const name of ['octo', 'veiled']) await addOrganization(world.ctx, PERMIT, { name, owner: 'grace' });
  await changePolicy(world.ctx, PERMIT, 'octo', { requiresApproval: false });
  await addRepository(world.ctx, PERMIT, { owner: 'octo', name: 'Open', visibility: 'public' });
  await addRepository(world.ctx, PERMIT, { owner: 'octo', name: 'secret', visibility: 'private' });
  await addRepository(world.ctx, PERMIT, { owner: 'veiled', name: 'secret', visibility: 'private' });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const summary = async (query: string): Promise<string> => {
    const { text } = await visitor.get(`${NEW}?${query}`);
    return words(/id="summary"[^]*?<\/ul>/.exec(text)?.[0] ?? '');
  };
  return { world, visitor, summary };
}

test('a right that can never work is told in the form: members, asked for by an outside collaborator', async () => {
  const { world, summary } = await ada();
  await setCollaborator(world.ctx, PERMIT, { owner: 'octo', name: 'secret', login: 'ada', role: 'read' });
  const told = await summary('target_name=octo&members=read&contents=write&selection=all');
  expect(told).toMatch(/Can read code in all repositories of octo. More was granted/);
  expect(told).toContain('Nothing works for the organization octo: your own role allows no more.');
});

test('a repository that is named in full brings its owner along, and can be chosen and sent', async () => {
  const { visitor, summary } = await ada();
  expect(await summary('repositories=octo/Open&issues=write')).toContain('issues in octo/Open');
  const link = `${NEW}?name=ci&repositories=octo/Open&issues=read`;
  expect((await visitor.get(link)).text).not.toContain('role="alert"');
  const { values } = formIn((await visitor.get(link)).text, 'create');
  expect((await visitor.post(NEW, values)).status).toBe(303);
});

test.each([
  ['target_name=octo&contents=read', 'Choose the repositories of octo one by one'],
  ['target_name=octo&selection=selected&contents=read', 'Select at least one repository.'],
  ['target_name=octo&repositories=secret&contents=read', 'octo has no repository secret that you can reach.'],
  ['target_name=octo&repositories=gone&contents=read', 'octo has no repository gone that you can reach.'],
])('somebody else’s repositories are chosen by name: %s', async (query, complaint) => {
  const { visitor } = await ada();
  const { values } = formIn((await visitor.get(`${NEW}?name=ci&${query}`)).text, 'create');
  const { status, text } = await visitor.post(NEW, values);
  expect([status, words(text).includes(complaint)]).toEqual([422, true]);
});

test('an owner with nothing that one may see looks exactly like none', async () => {
  const { visitor } = await ada();
  const answers = await Promise.all(
    ['veiled', 'nobody'].flatMap((owner) =>
      [`target_name=${owner}&contents=read`, `target_name=${owner}&repositories=secret&contents=read`].map(
        async (query) => {
          const { text } = await visitor.get(`${NEW}?name=ci&${query}`);
          const nonces = /name="(?:token|nonce)" value="[^"]*"/g;
          return text
            .replaceAll(nonces, '')
            .replaceAll(owner, 'OWNER')
            .replace(/[0-9a-f]{4}-[0-9a-f]{4}/g, '');
        },
      ),
    ),
  );
  expect(answers[0]).toContain('Cannot find the specified resource owner: OWNER');
  expect(answers[0]).toEqual(answers[2]);
  expect(answers[1]).toEqual(answers[3]);
});

test('the page of a token says what more it asks for, cancels that, and gives the reason of a denial', async () => {
  const { world, visitor } = await ada();
  const { ctx } = world;
  await setMember(ctx, PERMIT, { organization: 'octo', login: 'ada', role: 'member' });
  const grant = (permissions: Record<string, string>, justification: string | null = null) => ({
    owner: 'octo',
    selection: 'all' as const,
    repositories: [],
    permissions,
    justification,
  });
  const { token } = await createToken(ctx, PERMIT, {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'ci',
    description: '',
    scopes: [],
    grants: [grant({ contents: 'read' })],
  });
  await changePolicy(ctx, PERMIT, 'octo', { requiresApproval: true });
  const asksForMore = () =>
    editToken(ctx, PERMIT, token.id, { grants: [grant({ contents: 'read', issues: 'read' }, 'to count <them>')] });
  const page = `/settings/personal-access-tokens/${token.id}`;
  await asksForMore();
  const waiting = await visitor.get(page);
  expect(words(waiting.text)).toContain(
    'It asks to read issues in all repositories of octo. Approved, it could newly read issues in all repositories of ' +
      'octo.Your reason:to count &lt;them>',
  );
  const id = /name="request" value="(\d+)"/.exec(waiting.text)?.[1] ?? '';
  expect((await visitor.send(page, 'cancel-request')).status).toBe(303);
  const cancelled = words((await visitor.get(page)).text);
  expect([cancelled.includes('waits for approval'), cancelled.includes('Can read code in all')]).toEqual([false, true]);
  await asksForMore();
  const denied = {
    organization: 'octo',
    requestIds: [Number(id) + 1],
    action: 'deny',
    reason: 'Ask <me> first',
  } as const;
  await reviewRequests(ctx, PERMIT, denied);
  expect(words((await visitor.get(page)).text)).toMatch(
    /An owner of octo denied the request of this token .* Their reason:Ask &lt;me> first/,
  );
  const edit = words((await visitor.get(`${page}/edit`)).text);
  expect(edit).toContain('Can read code in all repositories of octo.');
});
