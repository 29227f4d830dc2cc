/** Applications that register themselves (RFC 7591): what is taken, who lets them ask, what they leave behind. */
import { expect, test } from 'vitest';
import { clearUnusedApplications, MAX_SELF_MADE, UNUSED_SEC } from '../../../src/actions/applications/registration.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { insertApplication } from '../../../src/store/applications.ts';
import { type ApplicationWorld, applicationWorld, LOOPBACK } from './application-world.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const EDITOR = {
  client_name: 'Editor',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
};

const register = (world: ApplicationWorld, metadata: unknown) =>
  world.call('/oauth/register', typeof metadata === 'string' ? metadata : JSON.stringify(metadata), JSON_TYPE);
const metadataOf = async (world: ApplicationWorld) =>
  (await world.read('/.well-known/oauth-authorization-server')).body;

test('one that registers itself asks nobody before an administrator approves it', async () => {
  const world = await applicationWorld();
  const { ada, ctx } = world;
  expect((await metadataOf(world)).registration_endpoint).toBe(`${ctx.settings.publicUrl}/oauth/register`);
  const made = await register(world, { ...EDITOR, grant_types: ['authorization_code', 'refresh_token', 'x'], foo: 1 });
  expect([made.status, made.body]).toEqual([
    201,
    {
      client_id: expect.stringMatching(/^[0-9a-f]{20}$/),
      client_id_issued_at: ctx.clock.now(),
      client_name: 'Editor',
      redirect_uris: EDITOR.redirect_uris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
  ]);
  expect([made.headers['cache-control'], made.headers['access-control-allow-origin']]).toEqual(['no-store', '*']);
  const { client_id: clientId } = made.body;
  const early = await ada.get(world.wish(clientId));
  expect([early.status, early.text.includes('has not approved Editor yet')]).toEqual([400, true]);
  const list = await ada.get('/instance/applications');
  expect(list.text).toContain('Wait for approval');
  const page = /href="(\/instance\/applications\/\d+)"[^>]*><bdi>Editor/.exec(list.text)?.[1] ?? '';
  expect((await ada.send(page, 'approve')).status).toBe(303);
  expect((await ada.get(page)).text).not.toContain('Approve it');
  const words = (await ada.get(world.wish(clientId))).text.replace(/<[^>]*>/g, '');
  expect(words).toContain('It registered itself, and an administrator of this server approved it.');
  expect(words).not.toContain('Nobody here vouches');
  const given = await world.signIn(clientId);
  expect((await world.api('/user', given.body.access_token)).status).toBe(200);
  const actions = (
    await ctx.store.db.selectFrom('audit').select(['action', 'actor_login', 'address']).execute()
  ).filter(({ action }) => action.startsWith('oauth_application.'));
  expect(actions).toMatchObject([
    { action: 'oauth_application.create', actor_login: 'anonymous', address: '127.0.0.1' },
    { action: 'oauth_application.approve', actor_login: 'ada' },
  ]);
  expect((await ada.sendSurely(page, 'delete')).location).toBe('/instance/applications');
  expect((await world.api('/user', given.body.access_token)).status).toBe(401);
});

test('where the policy is open it may ask at once, and the page says that nobody vouches for it', async () => {
  const world = await applicationWorld({ applicationRegistration: 'open' });
  const { body } = await register(world, { ...EDITOR, token_endpoint_auth_method: 'client_secret_post' });
  expect([body.client_secret, body.client_secret_expires_at]).toEqual([expect.stringMatching(/^[\w-]{43}$/), 0]);
  const words = (await world.ada.get(world.wish(body.client_id))).text.replace(/<[^>]*>/g, '');
  expect(words).toContain('It registered itself.');
  expect(words).toContain('Nobody here vouches for it');
  expect((await world.signIn(body.client_id)).status).toBe(401);
  expect((await world.signIn(body.client_id, { client_secret: body.client_secret })).status).toBe(200);
});

test('where the policy is off nothing registers, and the metadata names no place for it', async () => {
  const world = await applicationWorld({ applicationRegistration: 'off' });
  expect(await metadataOf(world)).not.toHaveProperty('registration_endpoint');
  const refused = await register(world, EDITOR);
  expect([refused.status, refused.body.error]).toEqual([403, 'access_denied']);
  expect(refused.body.error_description).toContain('/settings/applications');
});

test('addresses that lead to no application are left out, and told in the answer', async () => {
  const world = await applicationWorld();
  const cursor = [
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'https://www.cursor.com/agents/mcp/oauth/callback',
    'http://localhost:8787/callback',
  ];
  const sent = { ...EDITOR, redirect_uris: [...cursor, 'javascript:alert(1)', 'http://evil.example/'] };
  expect((await register(world, sent)).body.redirect_uris).toEqual(cursor);
});

test('what is wrong is said by its code of RFC 7591', async () => {
  const world = await applicationWorld();
  for (const [sent, error] of [
    ['no json', 'invalid_client_metadata'],
    ['[]', 'invalid_client_metadata'],
    [{}, 'invalid_redirect_uri'],
    [{ redirect_uris: [] }, 'invalid_redirect_uri'],
    [{ redirect_uris: 'https://a.example/' }, 'invalid_redirect_uri'],
    [{ redirect_uris: [1] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: Array.from({ length: 21 }, (_, i) => `https://a.example/${i}`) }, 'invalid_redirect_uri'],
    [{ ...EDITOR, client_name: 'x'.repeat(61) }, 'invalid_client_metadata'],
    [{ ...EDITOR, client_name: 'Safe\u202egnp' }, 'invalid_client_metadata'],
    [{ ...EDITOR, client_name: {} }, 'invalid_client_metadata'],
    [{ ...EDITOR, client_uri: 'javascript:alert(1)' }, 'invalid_client_metadata'],
    [{ ...EDITOR, token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
    [{ ...EDITOR, grant_types: ['password'] }, 'invalid_client_metadata'],
    [{ ...EDITOR, grant_types: 'authorization_code' }, 'invalid_client_metadata'],
    [{ ...EDITOR, response_types: ['token'] }, 'invalid_client_metadata'],
  ] as const) {
    const { status, body } = await register(world, sent);
    expect([sent, status, body.error]).toEqual([sent, 400, error]);
  }
  const form = await world.call('/oauth/register', { client_name: 'x' });
  expect([form.status, form.body.error]).toEqual([415, 'invalid_client_metadata']);
  const large = await register(world, { ...EDITOR, client_name: 'x'.repeat(20_000) });
  expect(large.status).toBe(413);
  const nameless = await register(world, { redirect_uris: ['https://app.example.org/callback'] });
  expect(nameless.body.client_name).toBe('Unnamed: app.example.org');
});

test('one network registers 20 an hour; more than are kept make room for each other, never those in use', async () => {
  const world = await applicationWorld({ applicationRegistration: 'open' });
  const { ctx } = world;
  const { body: used } = await register(world, EDITOR);
  expect((await world.signIn(used.client_id, { redirect_uri: LOOPBACK })).status).toBe(200);
  for (let i = 1; i < 20; i++) expect((await register(world, EDITOR)).status).toBe(201);
  expect((await register(world, EDITOR)).status).toBe(429);
  ctx.clock.advance(2 * 3600);
  await ctx.store.transaction(async (tx) => {
    for (let i = 20; i < MAX_SELF_MADE; i++)
      await insertApplication(tx, {
        clientId: `c${i}`,
        name: 'x',
        homepage: '',
        source: 'registered',
        ownerId: null,
        redirectUris: [],
        secretDigest: null,
        secretLastFour: null,
        approvedAt: null,
        createdAt: ctx.clock.now(),
      });
  });
  expect((await register(world, EDITOR)).status).toBe(201);
  const left = await ctx.store.db.selectFrom('applications').select(['id', 'client_id']).orderBy('id').execute();
  expect([left.length, left[0]?.client_id, left[1]?.id]).toEqual([MAX_SELF_MADE, used.client_id, 3]);
  await ctx.store.db.updateTable('applications').set({ approved_at: 1 }).execute();
  const full = await register(world, EDITOR);
  expect([full.status, full.body.error]).toEqual([503, 'temporarily_unavailable']);
});

test('one that nobody signs in with is forgotten after 30 days, and the others stay', async () => {
  const world = await applicationWorld({ applicationRegistration: 'open' });
  const { ctx } = world;
  const mine = await world.register();
  const { body: unused } = await register(world, EDITOR);
  const { body: used } = await register(world, EDITOR);
  await world.signIn(used.client_id);
  const left = async () =>
    (await ctx.store.db.selectFrom('applications').select('client_id').orderBy('id').execute()).map(
      (row) => row.client_id,
    );
  ctx.clock.advance(UNUSED_SEC);
  await clearUnusedApplications(ctx);
  expect(await left()).toEqual([mine.clientId, unused.client_id, used.client_id]);
  ctx.clock.advance(1);
  await clearUnusedApplications(ctx);
  expect(await left(), 'its sign-in lasts').toEqual([mine.clientId, used.client_id]);
  ctx.clock.advance(90 * DAY_SEC);
  await clearUnusedApplications(ctx);
  expect(await left(), 'its sign-in is over').toEqual([mine.clientId]);
});

test('nobody else’s pages know one that registered itself, and nobody changes what it says', async () => {
  const world = await applicationWorld();
  const { ada } = world;
  await register(world, EDITOR);
  expect((await ada.get('/settings/applications')).text).not.toContain('Editor');
  expect((await ada.get('/settings/applications/1')).status).toBe(404);
  await world.addPerson('hal');
  const hal = world.visitor();
  await hal.signIn('hal');
  expect((await hal.get('/instance/applications/1')).status).toBe(403);
  const { values } = await world.formOn('/instance/applications/1', 'approve');
  for (const form of ['edit', 'secret']) {
    values.set('form', form);
    values.set('name', 'Other');
    expect([form, (await ada.post('/instance/applications/1', values)).status]).not.toEqual([form, 303]);
  }
  expect((await ada.get('/instance/applications')).text).toContain('<bdi>Editor');
});
