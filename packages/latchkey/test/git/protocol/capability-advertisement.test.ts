import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Advertisements } from '../../../src/git/protocol/capability-advertisement.ts';
import { Folders } from '../../../src/git/repositories/folders.ts';

async function advertisementsIn(root: string): Promise<Advertisements> {
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return new Advertisements(new Folders(root, null), join(root, 'elsewhere'), 'all');
}

it('git is asked once for all simultaneous callers, and leaves nothing behind', async () => {
  const root = await mkdtemp(join(tmpdir(), 'latchkey-advertisement-'));
  const advertisements = await advertisementsIn(root);
  expect(advertisements.of('sha1')).toBeNull();
  const asked = [advertisements.capture('sha1'), advertisements.capture('sha1')];
  expect(asked[0]).toBe(asked[1]);
  await advertisements.settled();
  expect(advertisements.of('sha1')?.fetch).toMatch(/^000eversion 2\n/);
  expect(advertisements.of('sha1')?.push).toMatch(/^report-status .*agent=git\/\S+$/);
  expect(await asked[1]).toBe(advertisements.of('sha1'));
  const left = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.git'));
  expect(left.filter((path) => !path.startsWith('.latchkey/bare/'))).toEqual([]);
});

it('capabilities that git failed to tell are asked for again', async () => {
  const root = await mkdtemp(join(tmpdir(), 'latchkey-advertisement-'));
  const advertisements = await advertisementsIn(root);
  vi.stubEnv('PATH', root);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(advertisements.capture('sha1')).rejects.toThrow();
  vi.unstubAllEnvs();
  expect((await advertisements.capture('sha1')).fetch).toMatch(/^000eversion 2\n/);
});
