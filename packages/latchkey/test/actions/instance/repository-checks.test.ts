/** Damage in repositories, made for real: the job finds it and reports it once, and so does a check on request. */
import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { type OpenContext, openContext } from '../../../src/actions/instance/open.ts';
import { checkRepositories, inspectRepositories } from '../../../src/actions/instance/repository-checks.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { makeLog } from '../../../src/base/log.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { run } from '../../../src/cli/program.ts';
import { damagedRepositories, summarizeChecks } from '../../../src/store/repository-checks.ts';
import { recordingTerminal } from '../../cli/recording-terminal.ts';
import { ENGINES, readyDatabase } from '../../engines/engines.ts';

const GO = new AbortController().signal;

async function begin(engine: (typeof ENGINES)[number]): Promise<OpenContext> {
  const { dataDir, databaseUrl, remove } = await readyDatabase(engine);
  onTestFinished(remove);
  const flags = { data: dataDir, ...(databaseUrl === null ? {} : { database: databaseUrl }) };
  const ctx = await openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
  onTestFinished(() => ctx.close());
  const draft = { login: 'ada', email: 'ada@example.org', verified: true, admin: true, password: null };
  await addUser(ctx, operatorPermit(), draft);
  return ctx;
}

/** A repository with one commit, in a pack. */
async function addWithCommit(ctx: OpenContext, name: string): Promise<string> {
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name, visibility: 'private' });
  const path = ctx.git.path('ada', name);
  const git = (...args: string[]): string =>
    execFileSync('git', ['--git-dir', path, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      encoding: 'utf8',
      input: '',
    }).trim();
  const tree = git('mktree');
  git('update-ref', 'refs/heads/main', git('commit-tree', '-m', name, tree));
  git('repack', '-adq');
  return path;
}

/** Younger ones aren't checked automatically. */
async function aDayLater(ctx: OpenContext): Promise<void> {
  await ctx.store.db.updateTable('repositories').set({ created_at: 0 }).execute();
}

/** Overwrites the middle of the only pack. @returns undoes that */
async function damage(path: string): Promise<() => Promise<void>> {
  const folder = join(path, 'objects/pack');
  const pack = join(folder, (await readdir(folder)).find((name) => name.endsWith('.pack')) ?? '');
  const whole = await readFile(pack);
  await chmod(pack, 0o644);
  await writeFile(pack, Buffer.from(whole).fill(0x55, 14, whole.length - 30));
  return () => writeFile(pack, whole);
}

it.each(ENGINES)(
  'damage is found, told to administrators once, and once more when it comes back (%s)',
  async (engine) => {
    const ctx = await begin(engine);
    await addWithCommit(ctx, 'whole');
    await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'empty', visibility: 'private' });
    const mend = await damage(await addWithCommit(ctx, 'broken'));
    const mails = async (): Promise<string[]> =>
      (await ctx.store.db.selectFrom('outbox').select('subject').execute())
        .map(({ subject }) => subject)
        .filter((subject) => subject.includes('damaged'));
    await checkRepositories(ctx, null, GO);
    expect(await summarizeChecks(ctx.store.db)).toMatchObject({ all: 3, checked: 0 });
    await aDayLater(ctx);
    const lookAgain = async (): Promise<void> => {
      await ctx.store.db.updateTable('repository_checks').set({ checked_at: 0 }).execute();
      await checkRepositories(ctx, null, GO);
    };
    await checkRepositories(ctx, null, GO);
    expect(await summarizeChecks(ctx.store.db)).toEqual({ all: 3, checked: 3, damaged: 1, unfinished: 0 });
    const [found] = await damagedRepositories(ctx.store.db, 9);
    expect(found).toEqual({ name: 'ada/broken', said: expect.stringMatching(/pack/) });
    expect(found?.said).not.toContain(ctx.git.root);
    expect(await mails()).toEqual(['The repository ada/broken is damaged on the server']);
    await lookAgain();
    expect(await mails()).toHaveLength(1);
    await mend();
    await lookAgain();
    expect(await summarizeChecks(ctx.store.db)).toMatchObject({ damaged: 0 });
    await damage(ctx.git.path('ada', 'broken'));
    await lookAgain();
    expect(await mails()).toHaveLength(2);
  },
);

it('a look that is cut off leaves what was found before, and begins no further one', async () => {
  const ctx = await begin('sqlite');
  await damage(await addWithCommit(ctx, 'broken'));
  await aDayLater(ctx);
  await checkRepositories(ctx, null, GO);
  await checkRepositories(ctx, null, AbortSignal.abort());
  // On a busy machine, git may have ended before it is told to stop.
  await expect.poll(() => ctx.git.check('ada', 'broken', { maxSec: 0 })).toEqual({ state: 'unfinished' });
  expect(await summarizeChecks(ctx.store.db)).toMatchObject({ damaged: 1 });
});

it('a check reports damage, repositories without files, and files without a repository', async () => {
  const ctx = await begin('sqlite');
  await addWithCommit(ctx, 'whole');
  await damage(await addWithCommit(ctx, 'broken'));
  await rm(await addWithCommit(ctx, 'away'), { recursive: true });
  await ctx.git.create('ada', 'stray');
  expect(await inspectRepositories(ctx, operatorPermit())).toEqual({
    looked: 3,
    damaged: [{ name: 'ada/broken', said: expect.any(String) }],
    mended: [],
    withoutFiles: ['ada/away'],
    unknown: ['ada/stray'],
    unfinished: [],
  });
  const terminal = recordingTerminal();
  expect(await run(['admin', 'check', '--json', '--data', ctx.settings.data], terminal)).toBe(1);
  expect(JSON.parse(terminal.printed.join('\n'))).toEqual({
    ok: false,
    looked_at: 3,
    damaged: [{ name: 'ada/broken', said: expect.any(String) }],
    mended: [],
    without_files: ['ada/away'],
    on_disk_alone: ['ada/stray'],
    unfinished: [],
  });
});

it('what git makes from packs is made anew on request, and lost objects stay told', async () => {
  const ctx = await begin('sqlite');
  const path = await addWithCommit(ctx, 'mendable');
  await ctx.git.maintain(path);
  const packs = join(path, 'objects/pack');
  for (const name of await readdir(packs)) {
    if (!/\.idx$|^multi-pack-index$/.test(name)) continue;
    await chmod(join(packs, name), 0o644);
    await writeFile(join(packs, name), 'damaged');
  }
  await damage(await addWithCommit(ctx, 'broken'));
  expect((await inspectRepositories(ctx, operatorPermit())).damaged.map(({ name }) => name).toSorted()).toEqual([
    'ada/broken',
    'ada/mendable',
  ]);
  const terminal = recordingTerminal();
  expect(await run(['admin', 'check', '--mend', '--data', ctx.settings.data], terminal)).toBe(1);
  expect(terminal.said).toContain('mended: ada/mendable');
  expect(await inspectRepositories(ctx, operatorPermit())).toMatchObject({ damaged: [{ name: 'ada/broken' }] });
  expect(execFileSync('git', ['--git-dir', path, 'log', '--format=%s', 'main'], { encoding: 'utf8' })).toBe(
    'mendable\n',
  );
});
