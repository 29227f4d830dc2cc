/** Applications whose client id is an address: what is there is read by a guard, kept while fresh, and told. */
import { expect, test } from 'vitest';
import { consumeRateLimit } from '../../../src/actions/ground/rate-limit.ts';
import { MINUTE_SEC } from '../../../src/base/time.ts';
import { type ApplicationWorld, applicationWorld } from './application-world.ts';
import { SITE_NETWORKS, documentSite as site, withDocumentSites } from './document-site.ts';

withDocumentSites();

const open = (flags = {}) =>
  applicationWorld({ applicationRegistration: 'open', webhookNetworks: SITE_NETWORKS, ...flags } as Parameters<
    typeof applicationWorld
  >[0]);
const words = (text: string) => text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
const asks = async (world: ApplicationWorld, clientId: string, given = {}) => {
  const { status, text } = await world.ada.get(world.wish(clientId, given));
  return { status, words: words(text) };
};

test('one signs people in without anybody here having heard of it, and the page names its host', async () => {
  const world = await open();
  const { clientId, document } = await site();
  const metadata = (await world.read('/.well-known/oauth-authorization-server')).body;
  expect(metadata.client_id_metadata_document_supported).toBe(true);
  const page = await asks(world, clientId);
  expect(page.status).toBe(200);
  for (const each of [
    'Let “Editor” sign in?',
    `It is what ${new URL(clientId).host} says`,
    'Nobody here vouches for it',
  ])
    expect(page.words).toContain(each);
  const given = await world.signIn(clientId);
  expect((await world.api('/user', given.body.access_token)).status).toBe(200);
  const refreshed = await world.call('/oauth/token', {
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: given.body.refresh_token,
  });
  expect(refreshed.status).toBe(200);
  const other = await world.ada.get(world.wish(clientId, { redirect_uri: 'https://evil.example/' }));
  expect([other.status, other.location]).toEqual([400, null]);
  expect(document['client_id']).toBe(clientId);
});

test('it waits for an administrator where that is the policy, and is asked about nowhere where it is off', async () => {
  const world = await open({ applicationRegistration: 'approved' });
  const one = await site();
  expect((await asks(world, one.clientId)).words).toContain('has not approved Editor yet');
  const list = (await world.ada.get('/instance/applications')).text;
  const path = /href="(\/instance\/applications\/\d+)"[^>]*><bdi>Editor/.exec(list)?.[1] ?? '';
  expect((await world.ada.get(path)).text).toContain(`value="${one.clientId}"`);
  expect((await world.ada.send(path, 'approve')).status).toBe(303);
  expect((await asks(world, one.clientId)).words).toContain('says, and an administrator of this server approved it');
  const closed = await open({ applicationRegistration: 'off' });
  const two = await site();
  expect((await asks(closed, two.clientId)).words).toContain('No application with this client_id is known here');
  expect(two.asked).toBe(0);
});

test('it is read once while it is fresh, and what changed holds from the next reading on', async () => {
  const world = await open();
  const one = await site();
  await Promise.all([asks(world, one.clientId), asks(world, one.clientId)]);
  await asks(world, one.clientId);
  expect(one.asked).toBe(1);
  one.document = { ...one.document, client_name: 'Other', redirect_uris: ['https://other.example.org/'] };
  world.ctx.clock.advance(10 * MINUTE_SEC - 1);
  expect((await asks(world, one.clientId)).words).toContain('“Editor”');
  world.ctx.clock.advance(1);
  expect((await asks(world, one.clientId)).status, 'its address was taken away').toBe(400);
  expect((await asks(world, one.clientId, { redirect_uri: 'https://other.example.org/' })).words).toContain('“Other”');
  one.told = { status: 404 };
  world.ctx.clock.advance(10 * MINUTE_SEC);
  expect((await asks(world, one.clientId)).words).toContain('answered 404');
  one.told = { headers: { 'Cache-Control': 'max-age=1200' } };
  const asked = one.asked;
  const again = { redirect_uri: 'https://other.example.org/' };
  expect((await asks(world, one.clientId, again)).status).toBe(200);
  world.ctx.clock.advance(20 * MINUTE_SEC - 1);
  expect((await asks(world, one.clientId, again)).status).toBe(200);
  expect(one.asked, 'a failure is not kept').toBe(asked + 1);
});

test('what is no such document asks nobody, and the page says why', async () => {
  const world = await open();
  const one = await site();
  const { document } = one;
  const json = (change: object) => ({ body: JSON.stringify({ ...document, ...change }) });
  for (const [told, why] of [
    [{ status: 302, headers: { Location: 'https://localhost/' } }, 'answered 302'],
    [{ status: 500 }, 'answered 500'],
    [{ headers: { 'Content-Type': 'text/plain' } }, 'not sent as application/json'],
    [{ headers: { 'Content-Type': 'text/html' } }, 'not sent as application/json'],
    [{ body: '{' }, 'no JSON'],
    [{ body: 'null' }, 'another client_id'],
    [json({ client_id: `${one.clientId}x` }), 'another client_id'],
    [json({ client_secret: 'x' }), 'has a client_secret'],
    [json({ token_endpoint_auth_method: 'private_key_jwt' }), 'token_endpoint_auth_method'],
    [json({ token_endpoint_auth_method: 'client_secret_basic' }), 'token_endpoint_auth_method'],
    [json({ redirect_uris: ['javascript:alert(1)'] }), 'javascript: leads to no application'],
    [json({ client_name: 'x'.repeat(61) }), 'at most 60 characters'],
    [json({ padding: 'x'.repeat(5 * 1024) }), 'more than 5120 bytes'],
  ] as const) {
    one.told = told;
    const page = await asks(world, one.clientId);
    expect([why, page.status, page.words.includes(why)]).toEqual([why, 400, true]);
  }
  expect(await world.ctx.store.db.selectFrom('applications').selectAll().execute()).toEqual([]);
});

test('nothing is asked for a stranger, for a token, at a private address, or too often', async () => {
  const world = await open();
  const one = await site();
  expect((await world.visitor().get(world.wish(one.clientId))).location).toContain('/login?');
  const form = { grant_type: 'authorization_code', client_id: one.clientId, code: 'x' };
  expect((await world.call('/oauth/token', form)).body.error).toBe('invalid_client');
  expect(one.asked).toBe(0);
  one.told = { status: 500 };
  expect((await asks(world, one.clientId)).words).toContain('answered 500');
  for (let i = 1; i < 30; i++) await consumeRateLimit(world.ctx, 'application-documents', 1);
  expect((await asks(world, one.clientId)).words).toContain('sent here by many applications');
  expect(one.asked).toBe(1);
  const guarded = await applicationWorld({ applicationRegistration: 'open' });
  expect((await asks(guarded, one.clientId)).words).toContain('This address is not public');
  expect((await asks(guarded, 'https://169.254.169.254/latest/meta-data')).words).toContain('not public');
  expect(one.asked).toBe(1);
});

test('an address in more than one spelling is no client id', async () => {
  const world = await open();
  const { clientId } = await site();
  for (const spelled of [
    clientId.replace('https:', 'http:'),
    clientId.replace('localhost', 'LOCALHOST'),
    clientId.replace('/oauth/', '/x/../oauth/'),
    clientId.replace('/oauth/', '/%6fauth/'),
    clientId.replace('https://', 'https://ada@'),
    `${clientId}?x=1`,
    `${clientId}#x`,
    new URL(clientId).origin,
    `${new URL(clientId).origin}/`,
    ` ${clientId}`,
  ])
    expect([spelled, (await asks(world, spelled)).words.includes('No application with this client_id')]).toEqual([
      spelled,
      true,
    ]);
});
