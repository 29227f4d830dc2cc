import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { startServer } from '../../../src/app.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { fetchKey } from '../../../src/git/clones/fetch-request.ts';
import { fingerprintOf } from '../../../src/git/clones/fingerprint.ts';
import { Listings } from '../../../src/git/clones/listings.ts';
import { PackCache, PIECE_BYTES, SharedPack } from '../../../src/git/clones/pack-cache.ts';
import { SingleFlight } from '../../../src/git/clones/single-flight.ts';
import { makeWorld, runGit, type World } from './server.ts';

let world: World;
let clones = 0;

async function commit(name: string): Promise<string> {
  await writeFile(join(world.folder, 'work', name), randomBytes(200_000).toString('hex'));
  await world.ok(['add', '.'], { in: 'work' });
  await world.ok(['commit', '-qm', name], { in: 'work' });
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'HEAD:main'], { in: 'work' });
  return (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
}

async function cloned(...options: string[]): Promise<string> {
  const into = `clone-${++clones}`;
  await world.ok(['clone', '-q', ...options, world.remote('ada/closed', world.reader), into]);
  await world.ok(['fsck', '--no-dangling'], { in: into });
  return (await world.ok(['rev-parse', 'HEAD'], { in: into })).trim();
}

/** How many runs of upload-pack something took. */
async function runsDuring(work: () => Promise<unknown>): Promise<number> {
  const serve = vi.spyOn(world.server.context.git, 'serve');
  await work();
  const runs = serve.mock.calls.filter(([run]) => run.service === 'upload-pack').length;
  serve.mockRestore();
  return runs;
}

/** A clone's second request, for one commit. */
function ask(url: string, commitId: string, login: string, password: Secret): Promise<Response> {
  const line = (text: string): string => (text.length + 5).toString(16).padStart(4, '0') + text + '\n';
  const wanted = ['thin-pack', 'ofs-delta', `want ${commitId}`, 'done'];
  const body = `${line('command=fetch')}${line('object-format=sha1')}0001${wanted.map(line).join('')}0000`;
  const authorization = `Basic ${Buffer.from(`${login}:${password.reveal()}`).toString('base64')}`;
  return fetch(`${url}/ada/closed.git/git-upload-pack`, {
    method: 'POST',
    body,
    headers: { authorization, 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
  });
}

beforeAll(async () => {
  world = await makeWorld();
  await world.ok(['init', '-q', 'work']);
});
afterAll(() => world.close());

describe('a burst of clones', () => {
  it('shares one run of git from the second alike on, and everybody gets a whole repository', async () => {
    const head = await commit('first');
    // The packs are two runs. Lists of refs are shared by concurrent clients, so at most there is one for each.
    const clients = 12;
    const runs = await runsDuring(async () => {
      expect(await cloned()).toBe(head);
      expect(await Promise.all(Array.from({ length: clients }, () => cloned()))).toEqual(
        Array.from({ length: clients }, () => head),
      );
    });
    expect(runs).toBeLessThanOrEqual(1 + clients + 2);
    await vi.waitFor(async () => expect(await runsDuring(() => cloned())).toBe(0), 10_000);
  });

  it('gets what was pushed since', async () => {
    const head = await commit('second');
    expect(await Promise.all([cloned(), cloned(), cloned()])).toEqual([head, head, head]);
  });

  it('learns of refs without a run of git while none has moved, and of every move at once, also by hand', async () => {
    const remote = world.remote('ada/closed', world.reader);
    const path = world.server.context.git.path('ada', 'closed');
    const list = (): Promise<string> => world.ok(['ls-remote', remote]);
    await list();
    await vi.waitFor(async () => expect(await runsDuring(list)).toBe(0), 10_000);
    const head = (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
    await runGit(['update-ref', 'refs/heads/secret', head], path, {});
    expect(await list()).toContain('refs/heads/secret');
    await vi.waitFor(async () => expect(await runsDuring(list)).toBe(0), 10_000);
    await runGit(['update-ref', '-d', 'refs/heads/secret'], path, {});
    expect(await list()).not.toContain('refs/heads/secret');
    await runGit(['update-ref', 'refs/heads/secret', head], path, {});
    await world.ok(['push', '-q', world.remote('ada/closed', world.full), ':secret'], { in: 'work' });
    expect(await list()).not.toContain('refs/heads/secret');
  });

  it('tells shallow, partial and whole clones apart', async () => {
    for (let round = 0; round < 3; round++) {
      await cloned('--depth', '1');
      expect((await world.ok(['rev-list', '--count', 'HEAD'], { in: `clone-${clones}` })).trim()).toBe('1');
      await cloned();
      expect((await world.ok(['rev-list', '--count', 'HEAD'], { in: `clone-${clones}` })).trim()).toBe('2');
    }
  });

  it('is never joined by somebody without access to the repository', async () => {
    await cloned();
    await cloned();
    const ctx = world.server.context;
    await addUser(ctx, operatorPermit(), {
      login: 'eve',
      email: 'eve@example.org',
      verified: true,
      admin: false,
      password: null,
    });
    const { secret } = await createToken(ctx, operatorPermit(), {
      userLogin: 'eve',
      kind: 'classic',
      name: 'all',
      description: '',
      scopes: ['repo'],
      grants: [],
    });
    const head = (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
    const answer = async (): Promise<Buffer> =>
      Buffer.from(await (await ask(world.url, head, 'ada', world.reader)).arrayBuffer());
    await vi.waitFor(
      async () =>
        expect(await runsDuring(async () => expect((await answer()).includes('packfile')).toBe(true))).toBe(0),
      10_000,
    );
    const refused = await ask(world.url, head, 'eve', secret);
    expect([refused.status, (await refused.text()).includes('packfile')]).toEqual([404, false]);
  });

  it('gets nothing on one node that was deleted and cleared away through another', async () => {
    const { context } = world.server;
    const other = await startServer(
      loadSettings({ flags: { data: context.settings.data, port: 0, logLevel: 'silent' }, env: {} }),
    );
    onTestFinished(() => other.close());
    const remote = world.remote('ada/closed', world.full);
    await world.ok(['checkout', '-q', '-b', 'leak'], { in: 'work' });
    await writeFile(join(world.folder, 'work', 'password'), 'hunter2');
    await world.ok(['add', '.'], { in: 'work' });
    await world.ok(['commit', '-qm', 'leak'], { in: 'work' });
    await world.ok(['push', '-q', remote, 'leak'], { in: 'work' });
    const leak = (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
    const answer = async (): Promise<string> => (await ask(other.url, leak, 'ada', world.reader)).text();
    const serve = vi.spyOn(other.context.git, 'serve');
    // Kept there, without hearing about pushes here.
    await vi.waitFor(
      async () => {
        const before = serve.mock.calls.length;
        expect(await answer()).toContain('packfile');
        expect(serve.mock.calls.length).toBe(before);
      },
      { interval: 30, timeout: 10_000 },
    );
    await world.ok(['push', '-q', remote, ':leak'], { in: 'work' });
    const path = context.git.path('ada', 'closed');
    await runGit(['gc', '-q', '--prune=now'], path, {});
    await expect.poll(() => fingerprintOf(path)).not.toBeNull();
    expect(await answer()).toContain(`not our ref ${leak}`);
  });

  it('leaves no file behind', async () => {
    expect(await readdir(join(world.server.context.settings.data, 'pack-cache'))).toEqual([]);
  });
});

it('a burst whose answer is larger than the cache gets it whole all the same', async () => {
  const small = await makeWorld({ packCacheMib: 1 });
  onTestFinished(() => small.close());
  const remote = small.remote('ada/closed', small.full);
  await small.ok(['init', '-q', 'work']);
  await writeFile(join(small.folder, 'work', 'large'), randomBytes(4 * 1024 * 1024));
  await small.ok(['add', '.'], { in: 'work' });
  await small.ok(['commit', '-qm', 'large'], { in: 'work' });
  await small.ok(['push', '-q', remote, 'HEAD:main'], { in: 'work' });
  const goRound = vi.spyOn(SharedPack.prototype, 'goRound');
  onTestFinished(() => goRound.mockRestore());
  await Promise.all(
    Array.from({ length: 6 }, async (_, n) => {
      await small.ok(['clone', '-q', remote, `clone-${n}`]);
      await small.ok(['fsck', '--no-dangling'], { in: `clone-${n}` });
    }),
  );
  expect(goRound).toHaveBeenCalled();
});

describe('a fetch that others may share', () => {
  const line = (text: string): string => (text.length + 5).toString(16).padStart(4, '0') + text + '\n';
  const want = 'want 1111111111111111111111111111111111111111';
  const request = (capabilities: string[], args: string[], command = 'command=fetch'): Buffer =>
    Buffer.from(`${[command, ...capabilities].map(line).join('')}0001${args.map(line).join('')}0000`);

  it('is known by what it asks for, not by who asks', () => {
    const key = fetchKey(request(['agent=git/2.39', 'object-format=sha1'], [want, 'done']));
    expect(key).not.toBeNull();
    expect(fetchKey(request(['agent=git/2.51', 'session-id=x', 'object-format=sha1'], [want, 'done']))).toBe(key);
    expect(fetchKey(request(['object-format=sha1'], [want, 'deepen 1', 'done']))).not.toBe(key);
    expect(fetchKey(request(['object-format=sha256'], [want, 'done']))).not.toBe(key);
  });

  it.each([
    ['one that has something', request([], [want, 'have 2222222222222222222222222222222222222222', 'done'])],
    ['one that negotiates', request([], [want])],
    ['one that names refs', request([], ['want-ref refs/heads/main', 'done'])],
    ['one that excludes refs', request([], [want, 'deepen-not main', 'done'])],
    ['one with an argument that is not known', request([], [want, 'done', 'from-the-future'])],
    ['one with a capability that is not known', request(['from-the-future'], [want, 'done'])],
    ['a list of refs', request([], ['peel'], 'command=ls-refs')],
    ['one that is cut off', request([], [want, 'done']).subarray(0, -2)],
    ['one with something after its end', Buffer.concat([request([], [want, 'done']), Buffer.from('0000')])],
    ['one whose lengths lie', Buffer.from('fffeno')],
    ['nothing', Buffer.alloc(0)],
  ])('is not %s', (_what, body) => {
    expect(fetchKey(body)).toBeNull();
  });
});

describe('shared runs', () => {
  it('answer everybody from a run that began after they asked', async () => {
    const runs = new SingleFlight();
    const gates: PromiseWithResolvers<Buffer>[] = [];
    const run = (): Promise<Buffer> => {
      gates.push(Promise.withResolvers());
      return gates.at(-1)!.promise;
    };
    const first = runs.answer('k', run);
    const [second, third] = [runs.answer('k', run), runs.answer('k', run)];
    expect(gates).toHaveLength(1);
    gates[0]!.resolve(Buffer.from('old'));
    expect(String(await first)).toBe('old');
    await expect.poll(() => gates.length).toBe(2);
    const fourth = runs.answer('k', run);
    gates[1]!.reject(new Error('no'));
    await expect(second).rejects.toThrow('no');
    await expect(third).rejects.toThrow('no');
    await expect.poll(() => gates.length).toBe(3);
    gates[2]!.resolve(Buffer.from('new'));
    expect(String(await fourth)).toBe('new');
    const again = runs.answer('k', run);
    expect(gates).toHaveLength(4);
    gates[3]!.resolve(Buffer.from('again'));
    expect(String(await again)).toBe('again');
  });
});

describe('remembered lists', () => {
  const told = async (listings: Listings, key: string, fingerprint: string | null, refs: string): Promise<string> =>
    String(
      await listings.answer(
        key,
        () => fingerprint,
        () => Promise.resolve(Buffer.from(refs)),
      ),
    );

  it('are given again under the same fingerprint only, and never without one', async () => {
    const listings = new Listings();
    expect(await told(listings, 'k', null, 'one')).toBe('one');
    expect(await told(listings, 'k', 's', 'two')).toBe('two');
    expect(await told(listings, 'k', 's', 'three')).toBe('two');
    expect(await told(listings, 'other', 's', 'four')).toBe('four');
    expect(await told(listings, 'k', null, 'five')).toBe('five');
    expect(await told(listings, 'k', 't', 'six')).toBe('six');
  });

  it('are known under the fingerprint of before their run: what moved meanwhile makes them old', async () => {
    const listings = new Listings();
    let fingerprint = 'before';
    const run = async (): Promise<Buffer> => {
      fingerprint = 'after';
      return Buffer.from('half');
    };
    expect(String(await listings.answer('k', () => fingerprint, run))).toBe('half');
    expect(await told(listings, 'k', 'after', 'whole')).toBe('whole');
  });

  it('stay within their limits of memory and time', async () => {
    const listings = new Listings({ maxBytes: 6 });
    for (const key of ['a', 'b', 'c']) await told(listings, key, 's', 'abc');
    expect(await Promise.all(['b', 'c', 'a'].map((key) => told(listings, key, 's', 'new')))).toEqual([
      'abc',
      'abc',
      'new',
    ]);
    const brief = new Listings({ keepMs: 1 });
    await told(brief, 'k', 's', 'old');
    await expect.poll(() => told(brief, 'k', 's', 'new')).toBe('new');
  });
});

describe('kept answers', () => {
  const MAX = 1_000;
  const cache = (): PackCache => {
    const packs = new PackCache({ folder: join(world.folder, 'packs'), maxBytes: MAX });
    onTestFinished(() => packs.forget(null));
    return packs;
  };
  const text = async (pack: { read(): AsyncGenerator<Buffer> }): Promise<string> => {
    const chunks = [];
    for await (const chunk of pack.read()) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  };

  it('can be read while they grow, by many', async () => {
    const packs = cache();
    const pack = await packs.begin('k', 1);
    const readers = [text(pack), text(pack)];
    await pack.append(Buffer.from('one '));
    readers.push(text(pack));
    await pack.append(Buffer.from('two'));
    pack.finish();
    expect(await Promise.all(readers)).toEqual(['one two', 'one two', 'one two']);
    expect(packs.find('k')).toBe(pack);
  });

  it('stay within their space: the oldest go, and one that is too large is shared with nobody new', async () => {
    const packs = cache();
    for (const key of ['a', 'b', 'c']) {
      const pack = await packs.begin(key, 1);
      await pack.append(Buffer.alloc(400));
      pack.finish();
      packs.trim(key, pack);
    }
    expect(['a', 'b', 'c'].map((key) => packs.find(key) !== null)).toEqual([false, true, true]);
    const large = await packs.begin('large', 1);
    const reader = text(large);
    await large.append(Buffer.alloc(MAX / 2 + 1, 'x'));
    packs.trim('large', large);
    expect(packs.find('large')).toBeNull();
    await large.append(Buffer.from('end'));
    large.finish();
    expect((await reader).endsWith('xend')).toBe(true);
  });

  it('that find no room to grow go round in what they have, at the slowest reader’s pace', async () => {
    const packs = new PackCache({
      folder: join(world.folder, 'packs'),
      maxBytes: 4 * PIECE_BYTES,
      maxHeldBytes: PIECE_BYTES,
    });
    const bytes = randomBytes(9 * PIECE_BYTES + 5);
    const pack = await packs.begin('k', 1);
    const slow = pack.read();
    const fast: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of pack.read()) fast.push(piece);
    })();
    const writing = (async () => {
      for (let at = 0; at < bytes.length; at += 100_000) {
        await pack.append(bytes.subarray(at, at + 100_000));
        packs.trim('k', pack);
      }
      pack.finish();
    })();
    const slowly = [(await slow.next()).value!];
    // Its share is two pieces; the chunk that exceeds it begins a third.
    await expect.poll(() => pack.bytes).toBe(3 * PIECE_BYTES + slowly[0].length);
    expect([pack.diskBytes, packs.find('k')]).toEqual([3 * PIECE_BYTES, null]);
    packs.isRepeated('other');
    expect(packs.isRepeated('other')).toBe(true);
    const full = await packs.begin('other', 1);
    await full.append(Buffer.alloc(PIECE_BYTES + 1));
    expect(packs.isRepeated('other')).toBe(false);
    full.finish();
    full.release();
    expect(packs.isRepeated('other')).toBe(true);
    for await (const piece of slow) slowly.push(piece);
    await Promise.all([reading, writing]);
    expect([Buffer.concat(fast).equals(bytes), Buffer.concat(slowly).equals(bytes)]).toEqual([true, true]);
    await expect(pack.read().next()).rejects.toThrow('written over');
  });

  it('are held in memory up to the bound, read from disk beyond it, and let go when nobody needs them', async () => {
    for (const [maxPieces, heldPieces] of [
      [3, 3],
      [2, 2],
    ] as const) {
      const packs = new PackCache({
        folder: join(world.folder, 'packs'),
        maxBytes: 8 * PIECE_BYTES,
        maxHeldBytes: maxPieces * PIECE_BYTES,
      });
      const pack = await packs.begin('k', 1);
      const bytes = randomBytes(3 * PIECE_BYTES);
      for (let at = 0; at < bytes.length; at += 100_000) await pack.append(bytes.subarray(at, at + 100_000));
      expect(pack.wholeBytes).toBeNull();
      pack.finish();
      expect(pack.wholeBytes).toBe(bytes.length);
      for (let round = 0; round < 2; round++) {
        const chunks = [];
        for await (const chunk of pack.read()) chunks.push(chunk);
        expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
        expect(packs.heldBytes).toBe(heldPieces * PIECE_BYTES);
      }
      packs.forget(null);
      expect(packs.heldBytes).toBe(0);
    }
  });

  it('that failed fail all their readers, and are forgotten', async () => {
    const packs = cache();
    const pack = await packs.begin('k', 1);
    const readers = Promise.allSettled([text(pack), text(pack)]);
    pack.fail(new Error('disk full'));
    packs.settle('k', pack);
    expect(
      (await readers).map((result) => (result.status === 'rejected' ? (result.reason as Error).message : '')),
    ).toEqual(['disk full', 'disk full']);
    expect(packs.find('k')).toBeNull();
  });

  it('that nobody reads any more are given up', async () => {
    const pack = await cache().begin('k', 1);
    const reader = pack.read();
    const first = reader.next();
    await pack.append(Buffer.from('x'));
    await first;
    expect(pack.abandoned.signal.aborted).toBe(false);
    await reader.return(undefined);
    expect(pack.abandoned.signal.aborted).toBe(true);
    pack.fail(new Error('given up'));
  });
});
