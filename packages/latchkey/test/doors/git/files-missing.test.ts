/** A repository whose files disappear (an unmounted disk, a partial restore), and come back. */
import { rename, rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { deleteRepository } from '../../../src/store/repositories.ts';
import { basic, makeWorld, type World } from './server.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.ok(['init', '-q', 'work']);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'work' });
});
afterAll(() => world.close());

test('clone, push and REST say that files are missing, in every protocol, and work once they are back', async () => {
  const remote = world.remote('ada/closed', world.full);
  const path = world.server.context.git.path('ada', 'closed');
  await rename(path, `${path}.away`);
  // What was seen a moment ago counts for 5 ms.
  const deadline = performance.now() + 10_000;
  let told = '';
  while (!told.includes('files of this repository are missing') && performance.now() < deadline)
    told = (await world.git(['ls-remote', remote])).stderr;
  const words = /^remote: The files of this repository are missing on the server\. Its administrator must /m;
  for (const args of [
    ['clone', '-q', remote, 'c'],
    ['-c', 'protocol.version=0', 'ls-remote', remote],
  ]) {
    const ran = await world.git(args);
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toMatch(words);
    expect(ran.stderr).not.toContain(world.server.context.settings.data);
  }
  const pushed = await world.git(['push', remote, 'HEAD:more'], { in: 'work' });
  expect(pushed.stderr).toMatch(words);
  const headers = { authorization: `Bearer ${world.full.reveal()}` };
  for (const rest of ['/api/v3/repos/ada/closed/branches', '/api/v3/repos/ada/closed/contents/x']) {
    const answer = await fetch(world.url + rest, { headers });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '300']);
    expect(await answer.json()).toMatchObject({ reason: 'files_missing' });
  }
  await rename(`${path}.away`, path);
  expect(await world.ok(['ls-remote', remote, 'main'])).toContain('refs/heads/main');
});

test('a repository that is deleted while it is asked for isn’t there: nothing is said of missing files', async () => {
  const { context } = world.server;
  const operator = operatorPermit();
  await addRepository(context, operator, { owner: 'ada', name: 'going', visibility: 'private' });
  const path = context.git.path('ada', 'going');
  // Between the decision and the files.
  vi.spyOn(context.git, 'demandService').mockImplementationOnce(async () => {
    await context.store.transaction(async (tx) => {
      const { id } = await tx
        .selectFrom('repositories')
        .select('id')
        .where('name', '=', 'going')
        .executeTakeFirstOrThrow();
      await deleteRepository(tx, id);
    });
    await rm(path, { recursive: true });
    return context.git.demandService('ada', 'going', 'upload-pack');
  });
  const answer = await fetch(`${world.url}/ada/going.git/info/refs?service=git-upload-pack`, {
    headers: basic(world.full),
  });
  expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('ada/going')]);
});
