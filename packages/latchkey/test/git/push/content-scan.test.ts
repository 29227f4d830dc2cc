/** What a scan sees of a push, from git's quarantine, and how the hook is answered. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeLog } from '../../../src/base/log.ts';
import { gitEnvironment } from '../../../src/git/processes/environment.ts';
import {
  answerHook,
  type ContentScan,
  MAX_SCANNED_BYTES,
  type PushedPiece,
} from '../../../src/git/push/content-scan.ts';
import { type Bench, makeBench } from '../bench.ts';
import { commitIn, type Files, initWorkTree } from '../work-tree.ts';

const QUARANTINE = 'tmp_objdir-incoming-test';

let bench: Bench;
let work: string;
let bare: string;

beforeEach(async () => {
  bench = await makeBench();
  work = initWorkTree(bench);
  bare = bench.room.path('ada', 'site');
  await bench.room.create('ada', 'site');
});
afterEach(() => bench.close());

const commit = (files: Files, message?: string): string => commitIn(bench, work, files, message);

/** Puts everything that leads to `id` where git keeps a push until it is accepted. */
function quarantine(id: string): void {
  const folder = join(bare, 'objects', QUARANTINE);
  mkdirSync(folder, { recursive: true });
  const pack = execFileSync('git', ['-C', work, 'pack-objects', '--revs', '--stdout', '-q'], {
    input: `${id}\n`,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const env = {
    PATH: process.env['PATH']!,
    GIT_DIR: bare,
    GIT_OBJECT_DIRECTORY: folder,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: join(bare, 'objects'),
  };
  execFileSync('git', ['unpack-objects', '-q'], { input: pack, env });
}

/** Asks as the hook does. Returns the whole answer, null when the channel was closed without one. */
async function ask(question: string, scan: ContentScan, maxTotalBytes?: number): Promise<string | null> {
  const [hook, server] = duplexPair();
  const environment = gitEnvironment({ homeFolder: bench.folder, hooksFolder: null });
  const answered = answerHook(
    server,
    scan,
    { path: bare, environment, maxFileBytes: Infinity },
    makeLog('silent'),
    maxTotalBytes,
  );
  hook.write(question);
  const text = await read(hook);
  await answered;
  return text === '' ? null : text;
}

async function read(hook: Duplex): Promise<string> {
  let text = '';
  try {
    for await (const part of hook.setEncoding('utf8') as AsyncIterable<string>) text += part;
  } catch {
    // Closed without an end.
  }
  return text;
}

const questionOf = (...ids: string[]): string => `${join(bare, 'objects', QUARANTINE)}\n${ids.join('\n')}\n\n`;

function collector(into: (PushedPiece | 'unseen')[], allowed = true): ContentScan {
  return async (objects) => {
    for await (const object of objects) into.push(object);
    return { allowed, words: allowed ? '' : 'no\nindeed' };
  };
}

/** The objects, put together from their pieces. */
function whole(seen: readonly (PushedPiece | 'unseen')[]): { id: string; type: string; text: string }[] {
  const objects: { id: string; type: string; text: string }[] = [];
  let text = '';
  for (const piece of seen) {
    if (piece === 'unseen') continue;
    text += piece.bytes.toString('utf8');
    if (!piece.ends) continue;
    objects.push({ id: piece.id, type: piece.type, text });
    text = '';
  }
  return objects;
}

describe('a scan of a push', () => {
  it('is shown commits, tags and files that are new, and nothing else, and told where they lie', async () => {
    const old = commit({ 'a.txt': 'old' }, 'First');
    bench.git(['-C', work, 'push', '-q', bare, 'main']);
    const id = commit({ 'deep/down/ä b.txt': 'new', empty: '' }, 'Second');
    bench.git(['-C', work, 'tag', '-a', 'v1', '-m', 'Tagged']);
    const tag = bench.git(['-C', work, 'rev-parse', 'v1']).trim();
    quarantine(tag);
    const seen: (PushedPiece | 'unseen')[] = [];
    let paths: ReadonlyMap<string, string> = new Map();
    const scan: ContentScan = async (objects) => {
      for await (const piece of objects) seen.push(piece);
      paths = await objects.pathsOf(
        new Set(
          whole(seen)
            .filter(({ type }) => type === 'blob')
            .map((object) => object.id),
        ),
      );
      return { allowed: true, words: '' };
    };
    expect(await ask(questionOf(tag), scan)).toBe('yes\n');
    const shown = whole(seen).map((object) => [
      object.type,
      paths.get(object.id) ?? '',
      object.text.split('\n').at(object.type === 'blob' ? 0 : -2),
    ]);
    expect(shown.toSorted()).toEqual([
      ['blob', 'deep/down/ä b.txt', 'new'],
      ['blob', 'empty', ''],
      ['commit', '', 'Second'],
      ['tag', '', 'Tagged'],
    ]);
    expect(whole(seen).map((object) => object.id)).toContain(id);
    expect(whole(seen).map((object) => object.id)).not.toContain(old);
  });

  it('is not shown a file that is larger than the limit', async () => {
    const id = commit({
      'as-large': Buffer.alloc(MAX_SCANNED_BYTES - 1, 'x'),
      larger: Buffer.alloc(MAX_SCANNED_BYTES + 1, 'x'),
    });
    quarantine(id);
    const seen: (PushedPiece | 'unseen')[] = [];
    await ask(questionOf(id), collector(seen));
    expect(
      whole(seen)
        .filter(({ type }) => type === 'blob')
        .map(({ text }) => text.length),
    ).toEqual([MAX_SCANNED_BYTES - 1]);
  });

  it('says no in words', async () => {
    const id = commit({ 'a.txt': 'a' });
    quarantine(id);
    expect(await ask(questionOf(id), collector([], false))).toBe('no\nno\nindeed\n');
  });

  it('is told when it was not shown all, and decides all the same', async () => {
    const id = commit({ 'a.txt': 'a'.repeat(1000), 'b.txt': 'b'.repeat(1000) });
    quarantine(id);
    const bytes = Number(bench.git(['-C', work, 'cat-file', '-s', id])) + 2000;
    for (const [maxTotalBytes, last] of [
      [bytes, [false, 3]],
      [bytes - 1, [true, 2]],
    ] as const) {
      const seen: (PushedPiece | 'unseen')[] = [];
      expect(await ask(questionOf(id), collector(seen), maxTotalBytes)).toBe('yes\n');
      expect([seen.at(-1) === 'unseen', whole(seen).length]).toEqual(last);
    }
  });

  it('takes little memory for a path of millions of characters', async () => {
    const blob = bench.git(['-C', work, 'hash-object', '-w', '--stdin'], 'hidden').trim();
    const tree = (mode: string, name: string, child: string): string =>
      execFileSync('git', ['-C', work, 'hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], {
        input: Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(child, 'hex')]),
        encoding: 'utf8',
      }).trim();
    const inner = tree('100644', 'file', blob);
    const id = bench
      .git([
        '-C',
        work,
        '-c',
        'core.attributesFile=/dev/null',
        'commit-tree',
        '-m',
        'Long',
        tree('40000', `x${' '.repeat(16 * 1024 * 1024)}`, inner),
      ])
      .trim();
    quarantine(id);
    const seen: (PushedPiece | 'unseen')[] = [];
    let path = '';
    const before = process.memoryUsage().rss;
    const scan: ContentScan = async (objects) => {
      for await (const piece of objects) seen.push(piece);
      path = (await objects.pathsOf(new Set([blob]))).get(blob)!;
      return { allowed: true, words: '' };
    };
    expect(await ask(questionOf(id), scan)).toBe('yes\n');
    expect(whole(seen).map(({ text }) => text)).toContain('hidden');
    expect(path.length).toBeLessThanOrEqual(4096);
    expect((process.memoryUsage().rss - before) / 1024 / 1024).toBeLessThan(64);
  });

  it('that fails refuses', async () => {
    const id = commit({ 'a.txt': 'a' });
    quarantine(id);
    expect(await ask(questionOf(id), () => Promise.reject(new Error('the database is away')))).toMatch(
      /^no\nThe push could not be looked at/,
    );
    expect(await ask(questionOf('1'.repeat(40)), collector([]))).toMatch(/^no\nThe push could not be looked at/);
  });

  it('is not asked about another folder, or in other words', async () => {
    const id = commit({ 'a.txt': 'a' });
    quarantine(id);
    let asked = 0;
    const scan: ContentScan = async () => {
      asked++;
      return { allowed: true, words: '' };
    };
    for (const question of [
      `/etc\n${id}\n\n`,
      `..\n${id}\n\n`,
      `${bare}/objects/pack\n${id}\n\n`,
      `${questionOf('--all')}`,
      `${questionOf('HEAD')}`,
      '\n\n',
    ]) {
      expect([question, await ask(question, scan)]).toEqual([question, null]);
    }
    expect(asked).toBe(0);
    // Only the folder's own name counts, wherever it claims to be.
    expect(await ask(`/elsewhere/${QUARANTINE}\n${id}\n\n`, scan)).toBe('yes\n');
  });

  it('goes home when the push has ended', async () => {
    const id = commit(
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.bin`, Buffer.alloc(200_000, String(i))])),
    );
    quarantine(id);
    const [hook, server] = duplexPair();
    let seen = 0;
    let failure: unknown = null;
    const scan: ContentScan = async (objects) => {
      try {
        for await (const object of objects)
          if (object !== 'unseen' && ++seen === 1) {
            hook.destroy();
            server.destroy();
          }
      } catch (error) {
        failure = error;
        throw error;
      }
      return { allowed: true, words: '' };
    };
    const answered = answerHook(
      server,
      scan,
      {
        path: bare,
        environment: gitEnvironment({ homeFolder: bench.folder, hooksFolder: null }),
        maxFileBytes: Infinity,
      },
      makeLog('silent'),
    );
    hook.write(questionOf(id));
    await answered;
    expect(failure).toMatchObject({ message: 'the push has ended' });
  });
});
