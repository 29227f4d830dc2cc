/**
 * What a token may do about approvals over REST: ask for one ahead of a push, and see what became of it. Never decide,
 * and never see another token's.
 */
import { expect, it } from 'vitest';
import { approvePush } from '../../../src/actions/repositories/approvals/approvals.ts';
import { MINUTE_SEC } from '../../../src/base/time.ts';
import { refRuleDrafts } from '../../../src/rules/refs/ref-rule-text.ts';
import { sessionPermit } from '../../actions/session.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const PATH = '/user/personal-access-tokens/current/push-approvals';
const R = '/repos/Bob/notes';

async function agentOf(world: ApiWorld, ...rules: string[]): Promise<string> {
  const grants = [grant({ selection: 'all', permissions: { contents: 'write' } })];
  return (await world.token('Bob', { name: `agent ${rules.join()}`, grants, refRules: refRuleDrafts(rules) })).secret;
}

it('a token asks ahead of a push, and the answer counts for fifteen minutes', async () => {
  const world = await apiWorld();
  const { ask, ctx } = world;
  const token = await agentOf(world, 'agent/**', 'main: ask');
  const free = await agentOf(world, '**: all');
  await ask(`PUT ${R}/contents/a.txt`, { token: free, body: { message: 'a', content: 'YQ==', branch: 'main' } });
  const branch = (await ask(`GET ${R}/branches/main`, { token })).body.commit.sha;
  await ask(`POST ${R}/git/refs`, { token, body: { ref: 'refs/heads/agent/x', sha: branch } });
  const next = (
    await ask(`PUT ${R}/contents/b.txt`, { token, body: { message: 'b', content: 'Yg==', branch: 'agent/x' } })
  ).body.commit.sha;
  const body = { repository: 'Bob/notes', ref: 'main', sha: next };
  const asked = await ask(`POST ${PATH}`, { token, body });
  expect(asked).toMatchObject({
    status: 201,
    body: { id: 1, state: 'waiting', repository: 'Bob/notes', ref: 'refs/heads/main', before: branch, after: next },
  });
  expect(asked.headers['location']).toBe(`${ctx.settings.publicUrl}/settings/push-approvals/1`);
  expect((await ask(`POST ${PATH}`, { token, body })).body.id).toBe(1);
  await approvePush(ctx, await sessionPermit(ctx, 'Bob'), 1);
  expect((await ask(`GET ${PATH}/1`, { token })).body).toMatchObject({ state: 'approved', decided_by: 'Bob' });
  expect((await ask(`GET ${PATH}`, { token })).body).toHaveLength(1);
  expect((await ask(`POST ${PATH}`, { token, body })).body).toMatchObject({ id: 1, state: 'approved' });

  ctx.clock.advance(15 * MINUTE_SEC);
  expect((await ask(`GET ${PATH}/1`, { token })).body.state).toBe('expired');
  const late = await ask(`PATCH ${R}/git/refs/heads/main`, { token, body: { sha: next } });
  expect([late.status, late.body.reason]).toEqual([403, 'ref_needs_approval']);
  await approvePush(ctx, await sessionPermit(ctx, 'Bob'), 2);
  ctx.clock.advance(15 * MINUTE_SEC - 1);
  expect((await ask(`PATCH ${R}/git/refs/heads/main`, { token, body: { sha: next } })).status).toBe(200);
  expect((await ask(`GET ${PATH}/2`, { token })).body.state).toBe('used');
});

it('a token sees no request of another, decides about none, and asks only for what a rule leaves open', async () => {
  const world = await apiWorld();
  const { ask } = world;
  const token = await agentOf(world, 'agent/**', 'main: ask');
  const free = await agentOf(world, '**: all');
  const sha = (
    await ask(`PUT ${R}/contents/a.txt`, { token: free, body: { message: 'a', content: 'YQ==', branch: 'main' } })
  ).body.commit.sha;
  const request = (given: object, by = token) =>
    ask(`POST ${PATH}`, { token: by, body: { repository: 'Bob/notes', ref: 'main', sha: null, ...given } });
  expect((await request({})).body).toMatchObject({ state: 'waiting', after: null });
  expect((await ask(`GET ${PATH}/1`, { token: free })).status).toBe(404);
  const child = (await ask('POST /user/personal-access-tokens/current/derive', { token, body: {} })).body.token;
  expect((await ask(`GET ${PATH}/1`, { token: child })).status).toBe(404);
  for (const method of ['PATCH', 'PUT', 'DELETE', 'POST'])
    expect((await ask(`${method} ${PATH}/1`, { token: free, body: { state: 'approved' } })).status).toBe(404);
  const said = async (given: object, by = token) => {
    const { status, text } = await request(given, by);
    return [status, text];
  };
  expect(await said({ repository: 'Root/secret' })).toEqual([
    422,
    expect.stringContaining('writes into no repository'),
  ]);
  expect(await said({ sha })).toEqual([422, expect.stringContaining('is there already')]);
  expect(await said({ sha: 'main' })).toEqual([422, expect.stringContaining('whole id')]);
  expect(await said({ ref: 'a..b' })).toEqual([422, expect.stringContaining('no name of a branch')]);
  expect(await said({ sha: '1'.repeat(40) })).toEqual([403, expect.stringContaining('can’t be shown')]);
  expect(await said({ ref: 'agent/x', sha })).toEqual([422, expect.stringContaining('need no approval')]);
  expect(await said({ ref: 'docs', sha })).toEqual([403, expect.stringContaining('ref_not_allowed')]);
  expect(await said({ ref: 'docs', sha }, free)).toEqual([422, expect.stringContaining('need no approval')]);
});
