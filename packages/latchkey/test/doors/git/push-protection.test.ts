/** Pushed tokens, with a real git: refused where few people can read them, revoked where everybody can. */

import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { refusalsOf } from '../../../src/actions/decision/token-refusals.ts';
import { readOutbox } from '../../../src/actions/instance/outbox.ts';
import { MAX_LOOKED_UP } from '../../../src/actions/repositories/token-search.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { MAX_PREFILTERED_BYTES } from '../../../src/git/push/pack-prefilter.ts';
import { lastEightOf, mintTokenText } from '../../../src/rules/token-text.ts';
import { zipOf } from '../../git/push/zip.ts';
import { makeWorld, type Ran, type World } from './server.ts';

let world: World;
/** A working token in the wrong place. */
let leaked: { text: string; id: number };

beforeEach(async () => {
  world = await makeWorld();
  leaked = await tokenOf('leaked');
  await world.ok(['init', '-q', 'work']);
});
afterEach(() => world.close());

async function tokenOf(name: string): Promise<{ text: string; id: number }> {
  const made = await createToken(world.server.context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'classic',
    name,
    description: '',
    scopes: ['repo'],
    grants: [],
  });
  return { text: made.secret.reveal(), id: made.token.id };
}

async function commit(files: Readonly<Record<string, string | Buffer | null>>, message = 'Change'): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(world.folder, 'work', path)), { recursive: true });
    await (content === null
      ? rm(join(world.folder, 'work', path))
      : writeFile(join(world.folder, 'work', path), content));
  }
  await world.ok(['add', '-A'], { in: 'work' });
  await world.ok(['commit', '-q', '--allow-empty', '-m', message], { in: 'work' });
}

function push(
  repository = 'ada/closed',
  refs: readonly string[] = ['main'],
  options: readonly string[] = [],
): Promise<Ran> {
  return world.git([...options, 'push', world.remote(repository, world.full), ...refs], { in: 'work' });
}

const remoteLines = ({ stderr }: Ran): string[] =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('remote:'))
    .map((line) => line.slice(8).trimEnd());
const refsOf = (repository: string): Promise<string> => world.ok(['ls-remote', world.remote(repository, world.full)]);
const revokedBy = async (id: number): Promise<string | null> =>
  (
    await world.server.context.store.db
      .selectFrom('tokens')
      .select('revoked_by')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  ).revoked_by;

async function refusedFor(place: string, ran: Promise<Ran> = push()): Promise<void> {
  const outcome = await ran;
  expect(outcome.code).not.toBe(0);
  expect(remoteLines(outcome)).toEqual([
    `What was sent holds a live personal access token: ${place} (ends in ${lastEightOf(leaked.text)}).`,
    'Whoever can read the repository could use it. Revoke it, or take it out of every commit, then push again:',
    `${world.url}/help/token_in_content`,
  ]);
  expect(outcome.stderr).not.toContain(leaked.text);
}

describe('a push to a private repository that brings a token', () => {
  it('is refused with the place, and taken when the token is revoked', async () => {
    await commit({ 'src/app.ts': `// 1\n// 2\nconst token = '${leaked.text}';\n` });
    await refusedFor('src/app.ts, line 3');
    expect(await refsOf('ada/closed')).toBe('');
    expect(await revokedBy(leaked.id)).toBeNull();
    const noted = await refusalsOf(world.server.context, 1);
    expect(noted.map(({ reason, purpose }) => [reason, purpose])).toEqual([['token_in_content', 'push ada/closed']]);
    await revokeToken(world.server.context, operatorPermit(), leaked.id);
    expect(await push()).toMatchObject({ code: 0 });
  });

  it('is refused when an older commit has it, and taken when that was mended', async () => {
    await commit({ 'a.txt': 'a' });
    await commit({ '.env': `TOKEN=${leaked.text}` });
    await commit({ '.env': null });
    await refusedFor('.env, line 1');
    await world.ok(['reset', '-q', '--hard', 'HEAD~2'], { in: 'work' });
    expect(await push()).toMatchObject({ code: 0 });
  });

  it('is refused when only the changed line travels', async () => {
    const old = await tokenOf('old');
    await revokeToken(world.server.context, operatorPermit(), old.id);
    const lines = Array.from({ length: 400 }, (_, i) => `line ${i} ${randomBytes(20).toString('hex')}`);
    await commit({ 'long.txt': lines.join('\n') });
    expect(await push()).toMatchObject({ code: 0 });
    lines[200] = `url = https://ada:${old.text}@git.example.org/`;
    await commit({ 'long.txt': lines.join('\n') });
    expect(await push()).toMatchObject({ code: 0 });
    lines[200] = `url = https://ada:${leaked.text}@git.example.org/`;
    await commit({ 'long.txt': lines.join('\n') });
    await refusedFor('long.txt, line 201');
  });

  it('is refused for the message of a commit and of a tag', async () => {
    await commit({ 'a.txt': 'a' });
    await push();
    await commit({}, `Try ${leaked.text}`);
    const id = (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).slice(0, 7);
    await refusedFor(`the message of commit ${id}`);
    await world.ok(['reset', '-q', '--hard', 'HEAD~'], { in: 'work' });
    await world.ok(['tag', '-a', 'v1', '-m', leaked.text], { in: 'work' });
    const tag = (await world.ok(['rev-parse', 'v1'], { in: 'work' })).slice(0, 7);
    await refusedFor(`the message of tag ${tag}`, push('ada/closed', ['v1']));
  });

  it('is refused when it is too long to be read through before, sent whole or in pieces', async () => {
    await commit({ 'noise.bin': randomBytes(MAX_PREFILTERED_BYTES), 'deep/down/key': leaked.text });
    await refusedFor('deep/down/key, line 1');
    await refusedFor('deep/down/key, line 1', push('ada/closed', ['main'], ['-c', 'http.postBuffer=65536']));
  });

  it('is refused for each place once, wherever the pieces in which it is read begin', async () => {
    await commit({ 'full.txt': `${leaked.text}\n`.repeat(30_000), 'prefixed.txt': `acme_${leaked.text}` });
    const said = remoteLines(await push());
    expect(said.filter((line) => line.includes('full.txt, line '))).toHaveLength(
      said.some((line) => line.includes('prefixed')) ? 19 : 20,
    );
    expect(said).toContain('  and 29981 more');
    const last = `${'\n'.repeat(200_000)}x${leaked.text}`;
    await world.ok(['update-ref', '-d', 'HEAD'], { in: 'work' });
    await commit({ 'full.txt': last, 'prefixed.txt': null });
    await refusedFor('full.txt, line 200001');
  });

  it('is refused as other programs write it, in archives, and for the name of an author', async () => {
    const basic = Buffer.from(`ada:${leaked.text}`).toString('base64');
    await commit({ 'a.txt': 'a' });
    await push();
    await commit({
      'windows.ps1': Buffer.from(`\ufeff$token = "${leaked.text}"\r\n`, 'utf16le'),
      'big-endian.txt': Buffer.from(`\n${leaked.text}`, 'utf16le').swap16(),
      '.npmrc': `//git.example.org/:_auth=${basic}\n`,
      'config.json': JSON.stringify({ auths: { 'git.example.org': { auth: basic } } }),
      'link.txt': `https://x/?u=${encodeURIComponent(`https://ada:${leaked.text}@git`).replaceAll('_', '%5F')}`,
      'backup.tar.gz': gzipSync(`.env\0${leaked.text}`),
      'app.jar': zipOf({ 'conf/.env': `\nTOKEN=${leaked.text}` }),
    });
    await world.ok(['commit', '-q', '--amend', '--reset-author', '-m', 'Change'], {
      in: 'work',
      env: { GIT_AUTHOR_NAME: `Ada ${leaked.text}` },
    });
    const id = (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).slice(0, 7);
    const outcome = await push();
    const end = ` (ends in ${lastEightOf(leaked.text)})`;
    const said = remoteLines(outcome).join('\n');
    for (const place of [
      `the author of commit ${id}`,
      'windows.ps1, line 1',
      'big-endian.txt, line 2',
      '.npmrc, line 1',
      'config.json, line 1',
      'link.txt, line 1',
      'backup.tar.gz, unpacked',
      'app.jar, in it conf/.env, line 2',
    ])
      expect(said).toContain(place + end);
    expect(outcome.stderr).not.toContain(leaked.text);
  });

  it('is refused for another reason first, where that is one', async () => {
    await commit({ '.github/workflows/ci.yml': `env: ${leaked.text}` });
    const outcome = await world.git(['push', world.remote('ada/closed', world.writer), 'main'], { in: 'work' });
    expect(remoteLines(outcome)[0]).toContain('lacks workflows: write');
    await refusedFor('.github/workflows/ci.yml, line 1');
  });

  it('names every place, and no byte of a path that a terminal would obey', async () => {
    const other = await tokenOf('other');
    await commit({ 'a.txt': `${leaked.text}\n${other.text}`, 'b\u001b[31m.txt': other.text });
    const said = remoteLines(await push());
    expect(said).toHaveLength(5);
    expect(said.join('\n')).toContain(`a.txt, line 2 (ends in ${lastEightOf(other.text)})`);
    expect(said.join('\n')).toContain('b?[31m.txt, line 1');
  });

  it('is refused without its text, also where a path holds it', async () => {
    await commit({ [`keys/${leaked.text}`]: leaked.text });
    await refusedFor(`keys/…${lastEightOf(leaked.text)}, line 1`);
  });

  it('is refused for a change of a workflow file only when it has one', async () => {
    await commit({ 'a.txt': leaked.text });
    const said = remoteLines(
      await world.git(['push', world.remote('ada/closed', world.writer), 'main'], { in: 'work' }),
    );
    expect(said[0]).toContain('holds a live personal access token');
    expect((await refusalsOf(world.server.context, 2)).map(({ reason }) => reason)).toEqual(['token_in_content']);
  });

  it('is refused for more tokens than are looked up, whatever they are', async () => {
    const texts = Array.from({ length: MAX_LOOKED_UP + 1 }, () => mintTokenText('classic', randomBytes, null));
    await commit({ 'many.txt': texts.join('\n') });
    expect(remoteLines(await push())[0]).toBe(
      'What was sent holds more texts that look like personal access tokens than are looked up.',
    );
    await world.ok(['update-ref', '-d', 'HEAD'], { in: 'work' });
    await commit({ 'many.txt': texts.slice(1).join('\n') });
    expect(await push()).toMatchObject({ code: 0 });
  });
});

describe('a push is taken', () => {
  it('that brings what only looks like a token, or one that opens nothing', async () => {
    const dead = await tokenOf('dead');
    await revokeToken(world.server.context, operatorPermit(), dead.id);
    const mistyped = leaked.text.slice(0, -1) + (leaked.text.endsWith('a') ? 'b' : 'a');
    await commit({ 'a.txt': [dead.text, mistyped, mintTokenText('classic', randomBytes, null)].join('\n') });
    expect(await push()).toMatchObject({ code: 0 });
  });

  it('that deletes, moves to what is there, or pushes nothing new', async () => {
    await commit({ 'a.txt': 'a' });
    await push();
    for (const ref of ['main:refs/heads/other', ':refs/heads/other'])
      expect(await push('ada/closed', [ref])).toMatchObject({ code: 0 });
  });
});

describe('a push to a public repository that brings a token', () => {
  it('is accepted, and the token revoked before that is reported; its owner is told where it was found', async () => {
    await commit({ 'src/app.ts': `\n${leaked.text}` });
    const outcome = await push('ada/open');
    expect(outcome.code).toBe(0);
    expect(remoteLines(outcome)).toContain(
      `Everybody can read this repository: once this is taken, the personal access token in src/app.ts, line 2 ` +
        `(ends in ${lastEightOf(leaked.text)}) is revoked. Its owner is told.`,
    );
    expect(await revokedBy(leaked.id)).toBe('found in ada/open, src/app.ts, line 2');
    const mails = await readOutbox(world.server.context, operatorPermit(), { beforeId: null, limit: 10 });
    const mail = mails.find(({ template }) => template === 'token_leaked');
    expect(mail).toMatchObject({ address: 'ada@example.org' });
    expect(mail?.text).toContain(
      'was found in ada/open, src/app.ts, line 2, where others could read it. It was revoked at once.',
    );
    expect(mail!.text).not.toContain(leaked.text);
  });

  it('revokes nothing when it is not accepted', async () => {
    await commit({ 'a.txt': 'a' });
    await push('ada/open');
    await world.ok(['commit', '-q', '--amend', '-m', 'Another'], { in: 'work' });
    await commit({ 'b.txt': leaked.text });
    const outcome = await push('ada/open');
    expect(outcome.code).not.toBe(0);
    expect(await revokedBy(leaked.id)).toBeNull();
    await world.ok(['tag', 'refused'], { in: 'work' });
    const bad = await push('ada/open', ['+main:refs/heads/main/below']);
    expect([bad.code === 0, await revokedBy(leaked.id)]).toEqual([false, null]);
  });

  it('may bring the very token that it is pushed with', async () => {
    await commit({ '.git-credentials': world.full.reveal() });
    expect(await push('ada/open')).toMatchObject({ code: 0 });
    const again = await world.git(['ls-remote', world.remote('ada/closed', world.full)]);
    expect(again.stderr).toContain('was revoked');
  });
});
