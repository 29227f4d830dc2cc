import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld, type World } from './server.ts';

let world: World;

beforeAll(async () => {
  world = await makeWorld();
  await world.ok(['init', '-q', 'seed']);
  for (const [index, text] of ['one\n', 'two\n', 'three\n'].entries()) {
    await appendFile(join(world.folder, 'seed', 'file.txt'), text);
    await world.ok(['add', '.'], { in: 'seed' });
    await world.ok(['commit', '-qm', `commit ${index}`], { in: 'seed' });
  }
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'seed' });
  await world.ok(['push', '-q', world.remote('ada/open', world.full), 'main'], { in: 'seed' });
});

afterAll(() => world.close());

describe('git over HTTP', () => {
  it.each([0, 1, 2])('clones with protocol version %i', async (version) => {
    await world.ok([
      '-c',
      `protocol.version=${version}`,
      'clone',
      '-q',
      world.remote('ada/closed', world.reader),
      `clone-v${version}`,
    ]);
    const head = await world.ok(['rev-parse', 'HEAD'], { in: `clone-v${version}` });
    expect(head).toBe(await world.ok(['rev-parse', 'HEAD'], { in: 'seed' }));
  });

  it('clones without history', async () => {
    await world.ok(['clone', '-q', '--depth=1', world.remote('ada/closed', world.reader), 'shallow']);
    expect(await world.ok(['rev-list', '--count', 'HEAD'], { in: 'shallow' })).toBe('1\n');
    await world.ok(['fetch', '-q', '--unshallow'], { in: 'shallow' });
    expect(await world.ok(['rev-list', '--count', 'HEAD'], { in: 'shallow' })).toBe('3\n');
  });

  it('clones without blobs, and fetches them when they are wanted', async () => {
    await world.ok([
      'clone',
      '-q',
      '--bare',
      '--filter=blob:none',
      world.remote('ada/closed', world.reader),
      'partial',
    ]);
    const missing = (await world.ok(['rev-list', '--objects', '--all', '--missing=print'], { in: 'partial' }))
      .split('\n')
      .filter((line) => line.startsWith('?'));
    expect(missing).toHaveLength(3);
    expect(await world.ok(['cat-file', 'blob', 'main:file.txt'], { in: 'partial' })).toBe('one\ntwo\nthree\n');
  });

  it('clones a public repository for anybody', async () => {
    await world.ok(['clone', '-q', world.remote('ada/open'), 'anonymous']);
  });

  it('takes a large push in pieces, after asking for leave', async () => {
    await world.ok(['clone', '-q', world.remote('ada/closed', world.writer), 'large']);
    const { randomBytes } = await import('node:crypto');
    await writeFile(join(world.folder, 'large', 'large.bin'), randomBytes(3 * 1024 * 1024));
    await world.ok(['add', '.'], { in: 'large' });
    await world.ok(['commit', '-qm', 'large'], { in: 'large' });
    const ran = await world.git(['-c', 'http.postBuffer=65536', 'push', 'origin', 'main'], {
      in: 'large',
      env: { GIT_CURL_VERBOSE: '1' },
    });
    expect(ran.stderr).toMatch(/Transfer-Encoding: chunked/);
    expect(ran.code).toBe(0);
  });
});
