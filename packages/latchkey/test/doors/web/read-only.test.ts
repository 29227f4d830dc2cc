/** Pages of a node that only reads. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { insertRepository } from '../../../src/store/repositories.ts';
import { webWorld } from './visitor.ts';

it('pages of a read-only node say where repositories are created, and what has not arrived yet', async () => {
  const repositories = await mkdtemp(join(tmpdir(), 'latchkey-copy-'));
  onTestFinished(() => rm(repositories, { recursive: true, force: true }));
  const world = await webWorld({ readOnly: true, repositories }, 'postgres');
  const ada = await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const refused = await visitor.send('/new', 'repository', { name: 'site', owner: 'ada' });
  expect(refused.status).toBe(422);
  expect(refused.text).toContain(
    'This node only reads: it serves a copy of the repositories. Push to http://localhost:7070, and change them there.',
  );
  expect(refused.text).toContain('value="site"');
  const row = {
    ownerId: ada.id,
    name: 'site',
    description: '',
    homepage: '',
    visibility: 'private',
    objectFormat: 'sha1',
    at: world.ctx.clock.now(),
  } as const;
  await world.ctx.store.transaction((tx) => insertRepository(tx, row));
  const missing = await visitor.get('/ada/site');
  expect(missing.status).toBe(503);
  expect(missing.text).toContain('This is not here yet');
  expect(missing.text).toContain(
    'This node has no copy of the repository yet. Try again in a while, or at http://localhost:7070.',
  );
});
