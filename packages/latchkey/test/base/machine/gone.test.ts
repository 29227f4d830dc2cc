/**
 * No descriptor is left, and somebody pushes beyond a quota or downloads the client: what can't be read is an outage
 * then, and not taken for something that isn't there. A process of its own runs out of descriptors for real.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../../scripts/latchkey-process.ts';

const SRC = join(import.meta.dirname, '../../../src');

/** Asks everything once, takes every descriptor, and asks again while any answer is as before. */
const PROGRAM = `
import { openSync, writeSync } from 'node:fs';
import Fastify from 'fastify';
import { hasRoomForRefs } from '${SRC}/git/objects/ref-count.ts';
import { defaultBranch } from '${SRC}/git/objects/refs.ts';
import { Sizes } from '${SRC}/git/repositories/sizes.ts';
import { outageOf } from '${SRC}/base/machine/outage.ts';
import { serveDownloads } from '${SRC}/doors/web/frame/downloads.ts';

const path = process.argv[1];
const app = Fastify();
app.setErrorHandler((error, _request, reply) => reply.code(503).send(outageOf(error)));
serveDownloads(app, path);
const limits = { maxPushMib: 0, maxFileMib: 0, maxRepositoryMib: 1 };
const asks = {
  refs: () => hasRoomForRefs({ path }, 1, 100),
  size: async () => (await new Sizes(limits).roomFor(path)).bytes,
  branch: () => defaultBranch(path),
  download: async () => (await app.inject('/download/latchkey-cli.tgz')).body,
};
const askAll = async () => {
  const found = {};
  for (const [name, ask] of Object.entries(asks)) found[name] = await ask().catch((error) => outageOf(error));
  return found;
};
const before = await askAll();
const takeAll = () => { try { for (;;) openSync('/dev/null', 'r'); } catch {} };
// Files that the first round read may be closed only now, which frees descriptors: then something can be read again.
let after;
for (let time = 0; time < 100; time++) {
  takeAll();
  after = await askAll();
  if (!Object.keys(before).some((name) => after[name] === before[name])) break;
}
writeSync(1, JSON.stringify({ before, after }));
process.exit(0);
`;

it('what cannot be read for want of descriptors is an outage, and is not taken for missing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-gone-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'refs/heads'), { recursive: true });
  await mkdir(join(folder, 'objects/pack'), { recursive: true });
  await writeFile(join(folder, 'HEAD'), 'ref: refs/heads/trunk\n');
  await writeFile(join(folder, 'latchkey-cli.tgz'), 'the client');
  await writeFile(join(folder, 'SHA256SUMS'), `${'a'.repeat(64)}  latchkey-cli.tgz\n`);
  const node = [process.execPath, '--no-warnings', '--input-type=module', '-e', PROGRAM, folder];
  const ended = await runProgram('/bin/sh', ['-c', 'ulimit -n 64; exec "$0" "$@"', ...node], { cwd: SRC });
  expect(ended.stderr).toBe('');
  expect(JSON.parse(ended.stdout)).toEqual({
    before: { refs: true, size: 1024 * 1024, branch: 'trunk', download: 'the client' },
    after: {
      refs: 'descriptors_exhausted',
      size: 'descriptors_exhausted',
      branch: 'descriptors_exhausted',
      download: 'descriptors_exhausted',
    },
  });
});
