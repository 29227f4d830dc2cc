/** The device flow (RFC 8628) for applications of others, and for the GitHub CLI with the client id that it brings. */
import { expect, test } from 'vitest';
import { DEVICE_INTERVAL_SEC } from '../../../src/actions/tokens/device-authorization.ts';
import { formIn } from '../web/visitor.ts';
import { type ApplicationWorld, applicationWorld } from './application-world.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const GH = '178c6fc778ccc68e1d6a';
/** What gh asks for, as it writes it. */
const GH_SCOPES = 'repo read:org gist';
const plain = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');

const begin = (world: ApplicationWorld, form: Readonly<Record<string, string>>) =>
  world.call('/login/device/code', { scope: 'contents:read metadata:read', ...form });
/** Asks for the token, once the interval is over. */
async function poll(world: ApplicationWorld, form: Readonly<Record<string, string>>) {
  world.ctx.clock.advance(DEVICE_INTERVAL_SEC);
  return world.call('/login/oauth/access_token', { grant_type: DEVICE_GRANT, ...form });
}
const pageFor = (userCode: string): string => `/login/device?${new URLSearchParams({ user_code: userCode })}`;

test('an application signs somebody in on another machine, and is told apart by what it says of itself', async () => {
  const world = await applicationWorld();
  const { clientId: client_id } = await world.register();
  const begun = await begin(world, { client_id });
  expect(begun).toMatchObject({ status: 200, body: { interval: DEVICE_INTERVAL_SEC, expires_in: 600 } });
  const { device_code, user_code, verification_uri } = begun.body;
  expect(verification_uri).toBe(`${world.ctx.settings.publicUrl}/login/device`);
  expect((await poll(world, { client_id, device_code })).body).toMatchObject({ error: 'authorization_pending' });

  const page = plain((await world.ada.get(pageFor(user_code))).text);
  for (const words of ['Charts on another machine asks to use the account ada', 'ada made it', 'app.example.org'])
    expect(page).toContain(words);
  expect(page).toContain('contents:read: ');
  const said = await world.ada.send(pageFor(user_code), 'approve');
  expect(plain(said.text)).toContain('Charts may use your account for 90 days.');

  const given = await poll(world, { client_id, device_code });
  expect(given).toMatchObject({ status: 200, body: { token_type: 'bearer', expires_in: 3_600, username: 'ada' } });
  const { access_token, refresh_token } = given.body;
  expect((await world.api('/repos/acme/site', access_token)).status).toBe(200);
  const next = await world.call('/oauth/token', { grant_type: 'refresh_token', client_id, refresh_token });
  expect(next.status).toBe(200);

  expect((await poll(world, { client_id, device_code })).body).toMatchObject({ error: 'invalid_grant' });
  expect((await world.api('/repos/acme/site', next.body.access_token)).status).toBe(401);
});

test('a code is for the application that began, which shows its secret at both ends', async () => {
  const world = await applicationWorld();
  const kept = await world.register({ name: 'Server', kind: 'confidential' });
  const other = await world.register({ name: 'Other' });
  expect(kept.secret).not.toBe('');
  expect(await begin(world, { client_id: kept.clientId })).toMatchObject({
    status: 401,
    body: { error: 'invalid_client' },
  });
  const shown = { client_id: kept.clientId, client_secret: kept.secret };
  const { device_code, user_code } = (await begin(world, shown)).body;
  await world.ada.send(pageFor(user_code), 'approve');
  expect((await poll(world, { client_id: kept.clientId, device_code })).body).toMatchObject({
    error: 'invalid_client',
  });
  for (const client_id of [other.clientId, 'latchkey-cli', GH])
    expect((await poll(world, { client_id, device_code })).body).toMatchObject({ error: 'invalid_grant' });
  expect((await poll(world, { ...shown, device_code })).status).toBe(200);
});

test('what is unknown, too much, denied or gone gives nothing', async () => {
  const world = await applicationWorld();
  const { clientId: client_id, page } = await world.register();
  expect(await begin(world, { client_id: 'nobody' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  for (const scope of ['', 'everything', 'contents:own'])
    expect(await begin(world, { client_id, scope })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  expect(await world.call('/login/device/code', `client_id=${client_id}&client_id=${GH}`)).toMatchObject({
    status: 400,
    body: { error: 'invalid_request' },
  });

  const denied = (await begin(world, { client_id })).body;
  await world.ada.send(pageFor(denied.user_code), 'deny');
  expect((await poll(world, { client_id, device_code: denied.device_code })).body).toMatchObject({
    error: 'access_denied',
  });

  const waiting = (await begin(world, { client_id })).body;
  const { values } = formIn((await world.ada.get(pageFor(waiting.user_code))).text, 'approve');
  await world.ada.sendSurely(page, 'delete');
  expect(plain((await world.ada.get(pageFor(waiting.user_code))).text)).toContain(
    'The application that asked is no longer here.',
  );
  const late = await world.ada.post(pageFor(waiting.user_code), values);
  expect([late.status, plain(late.text).includes('no longer here')]).toEqual([422, true]);
  expect((await poll(world, { client_id, device_code: waiting.device_code })).body).toMatchObject({
    error: 'invalid_client',
  });
});

test('the GitHub CLI gets a token of its own, named by its line, of what the person leaves', async () => {
  const world = await applicationWorld();
  const { device_code, user_code } = (await begin(world, { client_id: GH, scope: GH_SCOPES })).body;
  const page = plain((await world.ada.get(pageFor(user_code))).text);
  expect(page).toContain('GitHub CLI, or a command that uses its name, on another machine asks for a token of ada.');
  expect(page).not.toContain('The command renews it');
  expect((await poll(world, { client_id: 'latchkey-cli', device_code })).body).toMatchObject({
    error: 'invalid_grant',
  });
  const said = await world.ada.send(pageFor(user_code), 'approve', { 'level.contents': 'read' });
  expect(plain(said.text)).toContain('Its token works for 90 days.');
  const { status, body } = await poll(world, { client_id: GH, device_code });
  expect([status, body.token_type, body.refresh_token]).toEqual([200, 'bearer', undefined]);
  expect(body.scope).toContain('contents:read');
  expect(body.scope).not.toContain('contents:write');
  expect((await world.api('/user', body.access_token)).body).toMatchObject({ login: 'ada' });
  const { description, name } = await world.ctx.store.db
    .selectFrom('tokens')
    .select(['name', 'description'])
    .executeTakeFirstOrThrow();
  expect([name, description]).toEqual(['GitHub CLI', 'Made by gh auth login']);
  expect(
    await world.call('/login/oauth/access_token', { grant_type: 'refresh_token', client_id: GH, refresh_token: 'x' }),
  ).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
});
