/** Mirrors: repositories that follow others, and are followed, on a schedule; by real git, whole or not at all. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import {
  addMirror,
  listMirrors,
  type MirrorDraft,
  runMirror,
} from '../../../src/actions/repositories/creation/mirrors.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { onRepository } from '../../../src/actions/repositories/transfers.ts';
import { Secret } from '../../../src/base/secret.ts';
import { listAudit } from '../../../src/store/audit.ts';
import { latchkeyInside } from '../../scripts/latchkey-process.ts';
import { makeWorld, type World } from './server.ts';

/** The other server. */
let other: World;
let world: World;
beforeAll(async () => {
  other = await makeWorld();
  world = await makeWorld({ webhookNetworks: ['127.0.0.0/8'] });
  await world.ok(['init', '-q', '-b', 'trunk', 'work']);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
  await world.ok(['branch', 'topic'], { in: 'work' });
  await world.ok(['tag', 'v1'], { in: 'work' });
});
afterAll(async () => {
  await world.close();
  await other.close();
});

const send = (...refs: string[]) =>
  world.ok(['push', '-q', '-f', other.remote('ada/closed', other.full), ...refs], { in: 'work' });
const refsOf = async (remote: string): Promise<string[]> =>
  (await world.ok(['ls-remote', remote])).trim().split('\n').filter(Boolean).toSorted();
const url = () => `${other.url}/ada/closed.git`;

async function mirrored(name: string, draft: Partial<MirrorDraft> = {}) {
  const { context: ctx } = world.server;
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name, visibility: 'private' });
  const permit = await onRepository(ctx, operatorPermit(), { owner: 'ada', name });
  const whole = { direction: 'pull', url: url(), username: '', secret: other.full, everySec: 3600, ...draft } as const;
  const { id } = await addMirror(ctx, permit, whole);
  const seen = async () => (await listMirrors(ctx, permit)).find((mirror) => mirror.id === id)!;
  return { ctx, id, seen, run: () => runMirror(ctx, id, new AbortController().signal) };
}

test('a pull mirror begins by itself, follows every move, and is entered in the log', async () => {
  await send('trunk', 'topic', 'v1');
  const { ctx, seen, run } = await mirrored('follower');
  await vi.waitFor(async () => expect((await seen()).succeededAt).not.toBeNull(), { timeout: 20_000, interval: 100 });
  const here = world.remote('ada/follower', world.full);
  expect(await refsOf(here)).toEqual(await refsOf(other.remote('ada/closed', other.full)));
  expect(await world.ok(['ls-remote', '--symref', here, 'HEAD'])).toContain('ref: refs/heads/trunk\tHEAD');
  const next = await seen();
  expect(next.nextRunAt - (next.endedAt ?? 0)).toBe(3600);
  await world.ok(['commit', '-q', '--amend', '--allow-empty', '-m', 'another one'], { in: 'work' });
  await send('trunk', ':topic', 'trunk:refs/heads/topic/below');
  expect(await run()).toBeNull();
  expect(await refsOf(here)).toEqual(await refsOf(other.remote('ada/closed', other.full)));
  const [entry] = await listAudit(ctx.store.db, { action: 'git.push' }, { beforeId: null, limit: 1 });
  expect(entry).toMatchObject({ actorLogin: 'operator', data: { repo: 'ada/follower' } });
  const moved = ((entry?.data['refs'] ?? []) as { ref: string }[]).map(({ ref }) => ref);
  expect(moved.toSorted()).toEqual(['refs/heads/topic', 'refs/heads/topic/below', 'refs/heads/trunk']);
  expect(await run()).toBeNull();
  expect((await world.git(['--git-dir', ctx.git.path('ada', 'follower'), 'fsck', '--strict'])).code).toBe(0);
});

test('a push mirror makes the other one the same, and takes away what is gone', async () => {
  const { run, seen } = await mirrored('source', { direction: 'push', url: `${other.url}/ada/open.git` });
  // Its first run, of an empty repository: in the middle of the push below it could not know the default branch yet.
  await vi.waitFor(async () => expect((await seen()).endedAt).not.toBeNull(), { timeout: 20_000, interval: 100 });
  const here = world.remote('ada/source', world.full);
  await world.ok(['push', '-q', here, 'trunk', 'trunk:gone', 'v1'], { in: 'work' });
  expect(await run()).toBeNull();
  const head = await world.ok(['ls-remote', '--symref', other.remote('ada/open', other.full), 'HEAD']);
  expect(head).toContain('ref: refs/heads/trunk\tHEAD');
  await world.ok(['push', '-q', here, ':gone'], { in: 'work' });
  expect(await run()).toBeNull();
  const heads = (refs: string[]) => refs.filter((ref) => !ref.endsWith('HEAD'));
  expect(heads(await refsOf(other.remote('ada/open', other.full)))).toEqual(heads(await refsOf(here)));
});

test('what went wrong is noted in words, without the credential, and the next run goes on', async () => {
  const secret = new Secret('wr0ng-credential');
  const { seen, run, ctx } = await mirrored('refused', { secret });
  expect(await run()).toContain('doesn’t accept the credential');
  expect((await seen()).error).toContain('doesn’t accept the credential');
  const row = await ctx.store.db
    .selectFrom('mirrors')
    .selectAll()
    .where('id', '=', (await seen()).id)
    .execute();
  expect(JSON.stringify(row)).not.toContain('wr0ng');
  expect(row[0]?.secret).toMatch(/^sealed\./);
  const reader = await mirrored('to-reader', { direction: 'push', secret: other.reader });
  await world.ok(['push', '-q', world.remote('ada/to-reader', world.full), 'trunk'], { in: 'work' });
  const words = await reader.run();
  expect(words).toMatch(/doesn’t accept the credential|may not/);
  expect(words).not.toContain('127.0.0.1:');
});

test('an empty repository at the other side takes nothing away here', async () => {
  const { run } = await mirrored('kept', { url: `${other.url}/ada/empty.git` });
  await addRepository(other.server.context, operatorPermit(), { owner: 'ada', name: 'empty', visibility: 'public' });
  const here = world.remote('ada/kept', world.full);
  await world.ok(['push', '-q', here, 'trunk'], { in: 'work' });
  expect(await run()).toBeNull();
  expect(await refsOf(here)).toHaveLength(2);
});

test('a run that is stopped in the middle moves nothing, and the next one goes on', async () => {
  const { seen, ctx } = await mirrored('stopped');
  await vi.waitFor(async () => expect((await seen()).succeededAt).not.toBeNull(), { timeout: 20_000, interval: 100 });
  const here = world.remote('ada/stopped', world.full);
  const before = await refsOf(here);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'later'], { in: 'work' });
  await send('trunk');
  const { id, succeededAt } = await seen();
  const stop = new AbortController();
  // The other side takes the question for its refs, and never answers.
  const silent = createServer(() => stop.abort(new Error('the server ends')));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const elsewhere = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/x.git`;
  await ctx.store.db.updateTable('mirrors').set({ url: elsewhere }).where('id', '=', id).execute();
  await expect(runMirror(ctx, id, stop.signal)).rejects.toThrow('the server ends');
  silent.closeAllConnections();
  silent.close();
  expect(await refsOf(here)).toEqual(before);
  expect(await seen()).toMatchObject({ succeededAt, error: null });
  await ctx.store.db.updateTable('mirrors').set({ url: url() }).where('id', '=', id).execute();
  expect(await runMirror(ctx, id, new AbortController().signal)).toBeNull();
  expect(await refsOf(here)).toEqual(await refsOf(other.remote('ada/closed', other.full)));
});

test('addresses that lead to private networks, and a second pull, are refused', async () => {
  await expect(mirrored('second', { url: 'https://10.0.0.1/x.git' })).rejects.toThrow('not public');
  const { ctx } = await mirrored('third');
  const permit = await onRepository(ctx, operatorPermit(), { owner: 'ada', name: 'third' });
  const draft = { direction: 'pull', url: url(), username: '', secret: null, everySec: 3600 } as const;
  await expect(addMirror(ctx, permit, draft)).rejects.toThrow('follows another one already');
  await expect(addMirror(ctx, permit, { ...draft, direction: 'push', everySec: 60 })).rejects.toThrow(
    'every 5 minutes',
  );
});

test('a repository whose own config sends git elsewhere is fetched through the relay all the same', async () => {
  const { ctx, run } = await mirrored('rewritten');
  const path = ctx.git.path('ada', 'rewritten');
  for (const base of ['http://127.0.0.1', 'http://', 'http://127.0.0.1:'])
    await world.ok(['--git-dir', path, 'config', '--add', 'url.http://192.0.2.1/.insteadOf', base]);
  await world.ok(['--git-dir', path, 'config', 'http.proxy', 'http://192.0.2.1:1']);
  expect(readFileSync(join(path, 'config'), 'utf8')).toContain('insteadOf');
  expect(await run()).toBeNull();
});

test('two runs at once do the same, and neither fails', async () => {
  const { run } = await mirrored('twice');
  for (const count of [1, 2, 3]) {
    const refs = Array.from({ length: 20 }, (_, i) => `trunk:refs/heads/many-${count}/${i}`);
    await send(...refs);
    expect(await Promise.all([run(), run()])).toEqual([null, null]);
  }
});

test('the command adds, lists, runs and removes', async () => {
  const { context: ctx } = world.server;
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'by-command', visibility: 'private' });
  const options = ['--data', ctx.settings.data, '--webhook-network', '127.0.0.0/8'];
  const mirror = (...args: string[]) => ['admin', 'repo', 'mirror', ...args];
  const added = await latchkeyInside(
    [...mirror('add', 'ada/by-command', 'pull', url(), '--credential-file', '-', '--every', '15'), ...options],
    other.reader.reveal(),
  );
  expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining(`ada/by-command follows ${url()}`) });
  const id = /mirror (\d+)/.exec(added.stderr)?.[1] ?? '';
  expect(await latchkeyInside([...mirror('run', 'ada/by-command', id), ...options])).toMatchObject({ code: 0 });
  const listed = await latchkeyInside([...mirror('list', 'ada/by-command', '--json'), '--data', ctx.settings.data]);
  expect(JSON.parse(listed.stdout)).toMatchObject([
    { direction: 'pull', every_minutes: 15, has_credential: true, error: null },
  ]);
  expect((await latchkeyInside([...mirror('list', 'ada/by-command'), '--data', ctx.settings.data])).stdout).toContain(
    'done ',
  );
  const removed = await latchkeyInside([...mirror('remove', 'ada/by-command', id), '--data', ctx.settings.data]);
  expect(removed.code).toBe(0);
  expect((await latchkeyInside([...mirror('run', 'ada/by-command', id), ...options])).code).toBe(1);
});
