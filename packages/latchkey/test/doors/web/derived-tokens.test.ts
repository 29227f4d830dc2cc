/** What was derived from a token, on the token's page: for whom, how narrow, until when; ended there. */
import { expect, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { deriveFrom } from '../../actions/derive.ts';
import { webWorld } from './visitor.ts';

const PAGE = '/settings/tokens/1';

test('the page of a token lists what was derived from it, and ends one with what came from that', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const { secret } = await createToken(world.ctx, operatorPermit(), {
    userLogin: 'ada',
    kind: 'classic',
    name: 'laptop',
    description: '',
    scopes: ['repo'],
    grants: [],
  });
  const bot = await deriveFrom(world.ctx, secret, { agent: '<b>bot/1', session: 's-1', scopes: ['public_repo'] });
  await deriveFrom(world.ctx, bot.secret, { name: 'below', refRules: [{ pattern: 'agent/**' }] });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const { text } = await visitor.get(PAGE);
  for (const words of [
    'Derived tokens',
    '&lt;b>bot/1, session s-1; made',
    'Narrowed: scopes public_repo.',
    'It changes nothing that outlasts it: no keys, webhooks, members or settings.',
    'Narrowed: scopes public_repo; pushes only to agent/**.',
    'via <bdi>&lt;b>bot/1</bdi> (session <bdi>s-1</bdi>, as the program told)',
  ])
    expect(text).toContain(words);
  expect(text).not.toContain(bot.secret.reveal());
  const ended = await visitor.sendSurely(PAGE, 'end-derived', { id: String(bot.token.id) });
  expect([ended.status, ended.location]).toEqual([303, PAGE]);
  expect((await visitor.get(PAGE)).text).not.toContain('Derived tokens');
  expect(await world.ctx.store.db.selectFrom('derived_tokens').select('revoked_by').execute()).toEqual([
    { revoked_by: 'ada' },
    { revoked_by: 'ada' },
  ]);
});
