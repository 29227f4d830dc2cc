/** The pages of the instance, for its administrators. */
import { rename } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { enqueueJob } from '../../../src/actions/ground/jobs.ts';
import { queueMail } from '../../../src/actions/ground/mail.ts';
import { JOB_HANDLERS } from '../../../src/actions/instance/job-handlers.ts';
import { beginAnew } from '../../../src/actions/instance/restoration.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { programVersion } from '../../../src/base/version.ts';
import { newestAuditId } from '../../../src/store/audit.ts';
import { setStreamCursor } from '../../../src/store/audit-streams.ts';
import { MIGRATIONS } from '../../../src/store/migrations.ts';
import { ENGINES } from '../../engines/engines.ts';
import { formIn, type Visitor, type WebWorld, webWorld } from './visitor.ts';

async function instance(
  engine: (typeof ENGINES)[number] = 'sqlite',
): Promise<{ world: WebWorld; admin: Visitor; person: Visitor }> {
  const world = await webWorld({}, engine);
  await world.addPerson('ada', { admin: true });
  await world.addPerson('bob');
  const [admin, person] = [world.visitor(), world.visitor()];
  await admin.signIn('ada');
  await person.signIn('bob');
  return { world, admin, person };
}

test.each(ENGINES)('the health page tells an administrator how each part is (%s)', async (engine) => {
  const { world, admin } = await instance(engine);
  const { ctx } = world;
  const before = (await admin.get('/instance/health')).text;
  await ctx.store.transaction(async (tx) => {
    await queueMail(ctx, tx, { userId: null, address: 'eve@example.org' }, 'password_reset', {
      path: '/password_reset/x',
      minutes: 60,
      address: '192.0.2.1',
    });
    await enqueueJob(tx, { kind: 'deliver-mail', payload: null });
    await tx.updateTable('jobs').set({ state: 'dead' }).execute();
  });
  const seen = await admin.get('/instance/health');
  expect(seen.status).toBe(200);
  for (const words of [
    programVersion(),
    engine === 'sqlite' ? 'SQLite' : 'PostgreSQL',
    `${MIGRATIONS.length} of ${MIGRATIONS.length}`,
    'No mail is sent until a mail server is configured',
    '1 worker on this machine',
    'Ready to check',
    'Ready to write',
  ]) {
    expect(seen.text).toContain(words);
  }
  const waiting = (text: string): number => Number(/(\d+) waiting, \d+ could not be sent<div/.exec(text)?.[1]);
  expect(waiting(seen.text)).toBe(waiting(before) + 1);
  expect(seen.text).toContain('Some jobs failed for good');
  expect(before).not.toContain('Some jobs failed for good');
});

test('the health page says which changes a lost disk keeps from being made, and what to do', async () => {
  const { world, admin } = await instance();
  const { root } = world.ctx.git;
  await rename(root, `${root}.away`);
  const { text } = await admin.get('/instance/health');
  expect(text).toContain('No: the disk of the repositories: not there');
  expect(text).toContain('Mount it, make room there, or let the server write (setting repositories).');
  expect(text).toMatch(/[GM]iB for data, unknown room for repositories/);
  await rename(`${root}.away`, root);
});

test('the health page tells how far each stream of the audit log is, why it fails, and which is off', async () => {
  const world = await webWorld({ auditWebhook: 'http://127.0.0.1:1/' });
  await world.addPerson('ada', { admin: true });
  const { ctx } = world;
  const admin = world.visitor();
  await admin.signIn('ada');
  const text = async (): Promise<string> => (await admin.get('/instance/health')).text;
  const newest = async (): Promise<number> => newestAuditId(ctx.store.db);
  expect(await text()).toMatch(/Audit log to webhook.*up to \d+ entries wait, the oldest for/s);
  ctx.clock.advance(300);
  expect(await text()).toContain('Nothing is sending it. Check the jobs');
  await JOB_HANDLERS['stream-audit'](ctx, { stream: 'webhook' }, new AbortController().signal);
  expect(await text()).toContain('The last try failed: failed to connect to host. It is tried again');
  const sent = async (name: string, leaving: number): Promise<void> => {
    const to = { afterId: (await newest()) - leaving, afterCheckpoint: 0 };
    await ctx.store.transaction((tx) => setStreamCursor(tx, name, to));
  };
  await sent('webhook', 0);
  expect(await text()).toMatch(/Audit log to webhook<\/th><td>Everything is sent<\/td>/);
  await sent('syslog', 1);
  expect(await text()).toContain('Turned off here; 1 entry waits, the oldest for');
  expect(await text()).toContain('latchkey admin audit prune --unsent');
  await sent('syslog', 0);
  expect(await text()).toContain('Turned off here; everything is sent');
});

test('the health page is for administrators alone', async () => {
  const { world, person } = await instance();
  expect((await person.get('/instance/health')).status).toBe(403);
  expect((await world.visitor().get('/instance/health')).status).toBe(303);
});

test('an administrator says after a restore which tokens in doubt work again, some or all', async () => {
  const { world, admin, person } = await instance();
  const PATH = '/instance/restoration';
  expect((await admin.get(PATH)).text).toContain('never restored from a backup');
  const ids = [];
  for (const name of ['one', 'two', 'three']) {
    const draft = { userLogin: 'bob', kind: 'classic', name, description: '', scopes: ['repo'], grants: [] } as const;
    ids.push((await createToken(world.ctx, operatorPermit(), draft)).token.id);
  }
  await beginAnew(world.ctx, operatorPermit(), { how: 'end-all-tokens' });
  // Every session has ended, too.
  expect((await admin.get(PATH)).location).toContain('/login');
  await admin.signIn('ada');
  await person.signIn('bob');
  expect((await person.get(PATH)).status).toBe(403);
  const shown = (await admin.get(PATH)).text;
  for (const words of ['Tokens in doubt (3)', 'Tokens revoked: 3', 'every token was revoked'])
    expect(shown).toContain(words);
  expect((await admin.get('/instance/health')).text).toContain('3 tokens in doubt');
  const alive = async (): Promise<string[]> =>
    (await world.ctx.store.db.selectFrom('tokens').select('name').where('revoked_at', 'is', null).execute()).map(
      ({ name }) => name,
    );
  expect((await admin.send(PATH, 'resolve', { verdict: 'restore' })).text).toContain('Select a token first.');
  expect((await admin.send(PATH, 'resolve', { ids: `${ids[0]}` })).text).toContain('Choose whether they work again');
  await admin.send(PATH, 'resolve', { verdict: 'restore', ids: `${ids[0]}` });
  expect((await admin.get(PATH)).text).toContain('One token works again. Still in doubt: 2.');
  expect(await alive()).toEqual(['one']);
  const forged = formIn((await admin.get(PATH)).text, 'resolve-all').values;
  expect((await person.post(PATH, forged)).status).toBe(403);
  const question = await admin.send(PATH, 'resolve-all', { verdict: 'keep' });
  expect(question.text).toContain('Keep 2 tokens revoked for good?');
  expect((await admin.get(PATH)).text).toContain('Tokens in doubt (2)');
  await admin.post(PATH, formIn(question.text, 'resolve-all').values);
  expect((await admin.get(PATH)).text).toContain('2 tokens stay revoked for good.');
  expect(await alive()).toEqual(['one']);
  expect((await admin.get('/instance/health')).text).not.toContain('in doubt');
});

test('an administrator hands somebody a link for another password, which is shown once and works once', async () => {
  const { world, admin, person } = await instance();
  const forged = formIn((await admin.get('/instance/people')).text, 'password-link').values;
  expect((await person.post('/instance/people', forged)).status).toBe(403);
  const sent = await admin.send('/instance/people', 'password-link', { login: 'bob' });
  expect([sent.status, sent.location]).toEqual([303, '/instance/people']);
  const shown = (await admin.get('/instance/people')).text;
  const link = /value="http:\/\/localhost:7070(\/password_reset\/[\w-]+)"/.exec(shown)?.[1] ?? '';
  expect(shown).toContain('Link for bob');
  expect((await admin.get('/instance/people')).text).not.toContain(link);
  const opened = await world.visitor().get(link);
  expect([opened.status, opened.text.includes('bob')]).toEqual([200, true]);
  const audit = await world.ctx.store.db
    .selectFrom('audit')
    .selectAll()
    .where('action', '=', 'user.password_link')
    .execute();
  expect(JSON.stringify(audit)).toContain('bob');
  expect(JSON.stringify(audit)).not.toContain(link.split('/').at(-1));
  const nobody = await admin.send('/instance/people', 'password-link', { login: 'nobody-here' });
  expect([nobody.status, nobody.text.includes('There is no user nobody-here.')]).toEqual([422, true]);
});

test('before anybody has a token, the list of the instance says so', async () => {
  const world = await webWorld();
  await world.addPerson('ada', { admin: true });
  const ada = world.visitor();
  await ada.signIn('ada');
  expect((await ada.get('/instance/tokens')).text).toContain('No tokens yet');
  expect((await ada.get('/instance/tokens?q=x')).text).toContain('No token matches “x”');
});
