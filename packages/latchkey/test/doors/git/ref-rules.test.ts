/**
 * The attack: an agent with Ada's token, told by a page that it read to rewrite her main branch. Its token may push to
 * `agent/**`, go on with `docs`, and nothing else, whatever shape the push has.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { refusalsOf } from '../../../src/actions/decision/token-refusals.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { refRuleDrafts } from '../../../src/rules/refs/ref-rule-text.ts';
import { basic, call, makeWorld, PUSH_TYPE, type Ran, type World } from './server.ts';

const NONE = '0'.repeat(40);

let world: World;
let path: string;
let agent: { secret: Secret; id: number };
const ids: Record<'first' | 'second' | 'other', string> = { first: '', second: '', other: '' };

const ref = async (name: string): Promise<string> =>
  (await world.git(['--git-dir', path, 'rev-parse', '-q', '--verify', name])).stdout.trim();
/** Names of branches stand for them in full. */
const full = (what: string): string => (what.startsWith('-') ? what : what.replace(/:(?!refs\/)/, ':refs/heads/'));
const push = (what: readonly string[], token: Secret = agent.secret): Promise<Ran> =>
  world.git(['push', world.remote('ada/closed', token), ...what.map(full)], { in: 'work' });
/** Sets a ref of the server as it is to be, or takes it away. */
const set = (name: string, id: string | null): Promise<string> =>
  world.ok(['--git-dir', path, 'update-ref', ...(id === null ? ['-d', name] : [name, id])]);

async function tokenWith(name: string, ...rules: string[]): Promise<{ secret: Secret; id: number }> {
  const permissions = { contents: 'write', workflows: 'write' };
  const { secret, token } = await createToken(world.server.context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'fine-grained',
    name,
    description: '',
    scopes: [],
    grants: [{ owner: 'ada', selection: 'all', repositories: [], permissions, justification: null }],
    refRules: refRuleDrafts(rules),
  });
  return { secret, id: token.id };
}

beforeAll(async () => {
  world = await makeWorld();
  path = world.server.context.git.path('ada', 'closed');
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  const commit = async (message: string): Promise<string> => {
    await world.ok(['commit', '-qm', message, '--allow-empty'], { in: 'work' });
    return (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
  };
  ids.first = await commit('first');
  ids.second = await commit('second');
  await world.ok(['checkout', '-q', '-b', 'other', ids.first], { in: 'work' });
  ids.other = await commit('other');
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), '--all'], { in: 'work' });
  agent = await tokenWith('agent', 'agent/**: create, update, delete', 'docs: update', 'wild/**: all');
});

beforeEach(async () => {
  const there = (await world.ok(['--git-dir', path, 'for-each-ref', '--format=%(refname)'])).split('\n');
  const kept = ['refs/heads/main', 'refs/heads/docs', 'refs/heads/agent/old', 'refs/tags/v1'];
  for (const name of there) if (name !== '' && !kept.includes(name)) await set(name, null);
  for (const name of kept) await set(name, ids.first);
});

afterAll(() => world.close());

describe('a push under ref rules', () => {
  it('is accepted where they allow it: a new branch, one that moves forward, one that is deleted', async () => {
    expect(await push([`${ids.second}:refs/heads/agent/new`, `${ids.second}:docs`, ':agent/old'])).toMatchObject({
      code: 0,
    });
    expect([await ref('agent/new'), await ref('docs'), await ref('agent/old')]).toEqual([ids.second, ids.second, '']);
  });

  it('starts no process more than one without rules', async () => {
    const startedBy = async (token: Secret, name: string): Promise<string[]> => {
      const id = await world.ok(['commit-tree', '-p', ids.first, '-m', name, `${ids.first}^{tree}`], { in: 'work' });
      const children: ChildProcess[] = [];
      const note = (message: unknown): void => void children.push((message as { process: ChildProcess }).process);
      subscribe('child_process', note);
      try {
        expect(await push([`${id.trim()}:agent/${name}`], token)).toMatchObject({ code: 0 });
      } finally {
        unsubscribe('child_process', note);
      }
      return children.map(
        ({ spawnargs }) => spawnargs.find((arg) => /^[a-z]+(?:-[a-z]+)*$/.test(arg) && arg !== 'git') ?? '',
      );
    };
    const without = await startedBy(world.full, 'without');
    expect(without).toContain('receive-pack');
    expect(await startedBy(agent.secret, 'with')).toEqual(without);
  });

  it('is told for each ref why it may not move, and the rest passes', async () => {
    const ran = await push([`${ids.second}:main`, `${ids.second}:agent/a`, `${ids.second}:refs/tags/v2`, ':docs']);
    expect(ran.code).toBe(1);
    const rejected = (name: string, why: string): RegExp =>
      new RegExp(`! \\[remote rejected\\] .*\\b${name} .*\\(${why}\\)`);
    expect(ran.stderr).toMatch(rejected('main', 'ref rules allow agent/\\*\\*, docs, wild/\\*\\* only'));
    expect(ran.stderr).toMatch(rejected('v2', 'ref rules allow agent/\\*\\*, docs, wild/\\*\\* only'));
    expect(ran.stderr).toMatch(rejected('docs', 'ref rule docs allows update only'));
    expect(ran.stderr).toContain('remote: The token "agent" may not');
    expect(ran.stderr).toContain(`${world.url}/settings/personal-access-tokens/new?`);
    expect([await ref('main'), await ref('agent/a'), await ref('docs'), await ref('v2')]).toEqual([
      ids.first,
      ids.second,
      ids.first,
      '',
    ]);
  });

  it('brings nothing when it is atomic and one ref is refused', async () => {
    const ran = await push(['--atomic', `${ids.second}:agent/a`, `${ids.second}:main`]);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('atomic push failed') });
    expect(ran.stderr).toContain('ref rules allow agent/**');
    expect([await ref('agent/a'), await ref('main')]).toEqual(['', ids.first]);
  });

  it('loses nothing where only forward is allowed, and says so by the rule', async () => {
    await set('refs/heads/agent/old', ids.second);
    const ran = await push(['-f', `${ids.other}:agent/old`, `${ids.second}:agent/b`]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/agent\/old .*\(ref rule agent\/\*\* allows create, update and delete only\)/);
    expect([await ref('agent/old'), await ref('agent/b')]).toEqual([ids.second, ids.second]);
    expect(await push([':agent/old', `${ids.other}:agent/c`])).toMatchObject({ code: 0 });
  });

  it('moves by force where that is allowed, and beside what may not only by itself', async () => {
    expect(await push([`${ids.second}:wild/a`])).toMatchObject({ code: 0 });
    expect(await push(['-f', `${ids.other}:wild/a`])).toMatchObject({ code: 0 });
    const mixed = await push(['-f', `${ids.second}:wild/a`, `${ids.second}:agent/old`]);
    expect(mixed).toMatchObject({ code: 1, stderr: expect.stringContaining('push it by itself') });
    expect([await ref('wild/a'), await ref('agent/old')]).toEqual([ids.other, ids.second]);
  });

  it('moves no tag of a name that branches may have, and takes no letters for others', async () => {
    for (const to of [
      'refs/tags/agent/x',
      'Agent/x',
      'agents/x',
      '\u0430gent/x',
      'agent',
      'docs2',
      'refs/notes/agent/x',
    ])
      expect(await push([`${ids.second}:${to}`]), to).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('ref rules allow'),
      });
    expect(await push(['-f', `${ids.second}:refs/replace/${ids.first}`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('never open this one'),
    });
  });

  it('holds for a push too large to be read before git starts, packed, and for one with options', async () => {
    await world.ok(['checkout', '-q', '-B', 'large', ids.first], { in: 'work' });
    writeFileSync(join(world.folder, 'work', 'large.bin'), randomBytes(2 * 1024 * 1024));
    await world.ok(['add', '.'], { in: 'work' });
    await world.ok(['commit', '-qm', 'large'], { in: 'work' });
    for (const config of [[], ['-c', 'http.postBuffer=65536']]) {
      const to = world.remote('ada/closed', agent.secret);
      const name = `agent/large${config.length}`;
      const ran = await world.git([...config, 'push', to, full('large:main'), full(`large:${name}`)], { in: 'work' });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('ref rules allow') });
      expect([await ref('main'), (await ref(name)).length]).toEqual([ids.first, 40]);
      expect(await world.git([...config, 'push', to, full('large:main')], { in: 'work' })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('ref rules allow'),
      });
    }
    await world.ok(['--git-dir', path, 'config', 'receive.advertisePushOptions', 'true']);
    const ran = await push(['-o', 'ci.skip', `${ids.second}:main`, `${ids.second}:agent/o`]);
    await world.ok(['--git-dir', path, 'config', '--unset', 'receive.advertisePushOptions']);
    expect([ran.code, await ref('main'), await ref('agent/o')]).toEqual([1, ids.first, ids.second]);
  });

  it('may hold ten thousand refs and one that is forbidden', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `refs/heads/agent/many/${i}`);
    const body = [...names, 'refs/heads/main2'].map((name, i) =>
      line(`${NONE} ${ids.first} ${name}${i === 0 ? '\0report-status' : ''}`),
    );
    await world.ok(['push', '-q', world.remote('ada/open', world.full), `${ids.first}:refs/heads/main`], {
      in: 'work',
    });
    const bytes = Buffer.concat([Buffer.from(`${body.join('')}0000`), EMPTY_PACK]);
    const answer = await raw(bytes, {}, 'ada/open');
    expect(answer.match(/ok refs\/heads\/agent/g)).toHaveLength(10_000);
    expect(answer).toMatch(/ng refs\/heads\/main2 ref rules allow/);
  });
});

/** A pack of no objects. */
const EMPTY_PACK = Buffer.from('5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e', 'hex');

function line(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

async function raw(body: Buffer, headers: Record<string, string> = {}, repository = 'ada/closed'): Promise<string> {
  const answer = await call(world.url, `/${repository}.git/git-receive-pack`, {
    method: 'POST',
    headers: { ...basic(agent.secret), 'Content-Type': PUSH_TYPE, ...headers },
    body,
  });
  return `${answer.status} ${answer.body}`;
}

describe('a request that no git would send', () => {
  it('deletes nothing by two absent ids, which git takes for a damaged ref', async () => {
    const answer = await raw(Buffer.from(`${line(`${NONE} ${NONE} refs/heads/main\0report-status`)}0000`));
    expect(answer).toMatch(/ng refs\/heads\/main ref rules allow/);
    expect(await ref('main')).toBe(ids.first);
  });

  it('hides no command behind another NUL, a line feed, a certificate or another case of letters', async () => {
    const good = line(`${NONE} ${ids.first} refs/heads/agent/h\0report-status`);
    for (const bad of [
      line(`${ids.first.toUpperCase()} ${NONE} refs/heads/main`),
      line(`${ids.first} ${NONE} refs/heads/main\0atomic`),
      line(`${ids.first} ${NONE} refs/heads/main\n`),
      line(`${ids.first} ${NONE} refs/heads/agent/x\nrefs/heads/main`),
      line(`${ids.first} ${NONE} HEAD`),
      line('push-cert\0report-status'),
      '0001',
    ]) {
      await raw(Buffer.concat([Buffer.from(`${good}${bad}0000`), EMPTY_PACK]));
      expect(await ref('main'), JSON.stringify(bad)).toBe(ids.first);
    }
  });

  it('is judged the same when it is compressed', async () => {
    const body = Buffer.from(`${line(`${ids.first} ${NONE} refs/heads/main\0report-status`)}0000`);
    expect(await raw(gzipSync(body), { 'Content-Encoding': 'gzip' })).toMatch(/^200 .*ng refs\/heads\/main ref rules/s);
    expect(await raw(Buffer.from('not gzip'), { 'Content-Encoding': 'gzip' })).toMatch(/^400/);
    expect(await ref('main')).toBe(ids.first);
  });

  it('moves no branch through another name for it', async () => {
    await world.ok(['--git-dir', path, 'symbolic-ref', 'refs/heads/agent/alias', 'refs/heads/main']);
    symlinkSync('../main', join(path, 'refs/heads/agent/link'));
    for (const name of ['agent/alias', 'agent/link']) {
      const answer = await raw(
        Buffer.concat([
          Buffer.from(`${line(`${ids.first} ${ids.second} refs/heads/${name}\0report-status`)}0000`),
          EMPTY_PACK,
        ]),
      );
      expect(answer).toContain('ref rules open no symbolic ref');
    }
    expect(await ref('main')).toBe(ids.first);
  });

  it('with a wrong old value is refused by git', async () => {
    await set('refs/heads/agent/lie', ids.second);
    for (const old of [NONE, ids.first]) {
      await raw(
        Buffer.concat([
          Buffer.from(`${line(`${old} ${ids.other} refs/heads/agent/lie\0report-status`)}0000`),
          EMPTY_PACK,
        ]),
      );
      expect(await ref('agent/lie')).toBe(ids.second);
    }
  });
});

it('what was refused is in the audit log and on the page of the token', async () => {
  const { context } = world.server;
  const other = await tokenWith('noted', 'agent/**');
  await push([`${ids.second}:main`, `${ids.second}:agent/n`], other.secret);
  const refused = await refusalsOf(context, other.id);
  expect(refused.map(({ reason, purpose }) => [reason, purpose])).toEqual([['ref_not_allowed', 'push ada/closed']]);
  const row = await context.store.db
    .selectFrom('audit')
    .select(['data_json'])
    .where('action', '=', 'git.push_rejected')
    .where('token_id', '=', other.id)
    .executeTakeFirstOrThrow();
  expect(JSON.parse(row.data_json)).toMatchObject({
    repo: 'ada/closed',
    name: 'noted',
    refs: [{ ref: 'refs/heads/main', before: ids.first, after: ids.second, act: 'update', rule: null }],
  });
});
