import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GitCommand, startGit } from '../../../src/git/processes/git-process.ts';
import { MAX_PRESTARTED, PRESTART_MS, PrestartedProcesses } from '../../../src/git/push/prestarted.ts';
import { type Bench, makeBench } from '../bench.ts';

let bench: Bench;
let prestarted: PrestartedProcesses;
beforeEach(async () => {
  bench = await makeBench();
  prestarted = new PrestartedProcesses();
});
afterEach(async () => {
  await prestarted.close();
  await bench.close();
});

/** A process that waits for input, as `git receive-pack` does. */
function waiting(about = 'this one'): GitCommand {
  return {
    args: ['hash-object', '--stdin'],
    environment: { PATH: process.env['PATH']!, HOME: bench.folder },
    cwd: bench.folder,
    tidiesUp: true,
    about,
  };
}

describe('a process that is started before it is asked for', () => {
  it('serves whoever asks for the very same, once', async () => {
    prestarted.begin(waiting());
    expect(prestarted.size).toBe(1);
    const git = prestarted.take(waiting())!;
    expect(prestarted.take(waiting())).toBeNull();
    git.stdin.end('');
    expect((await git.ended).code).toBe(0);
  });

  it('serves no other command, and not the repository that has come to lie in the place of its own', () => {
    prestarted.begin(waiting());
    expect(prestarted.take(waiting('another'))).toBeNull();
    expect(prestarted.take({ ...waiting(), args: ['hash-object', '--stdin', '-w'] })).toBeNull();
    expect(
      prestarted.take({ ...waiting(), environment: { ...waiting().environment, LATCHKEY_WORKFLOW_REFUSAL: 'no' } }),
    ).toBeNull();
    expect(prestarted.size).toBe(1);
  });

  it(`is one of ${MAX_PRESTARTED} at most`, () => {
    for (let i = 0; i < MAX_PRESTARTED; i++) prestarted.begin(waiting(String(i)));
    prestarted.begin(waiting('one more'));
    expect(prestarted.size).toBe(MAX_PRESTARTED);
    expect(prestarted.take(waiting('one more'))).toBeNull();
    expect(prestarted.take(waiting(String(MAX_PRESTARTED - 1)))?.stop()).toBeUndefined();
  });

  it(`ends by itself after ${PRESTART_MS} ms, and is given to nobody then`, async () => {
    const startedAt = performance.now();
    prestarted.begin(waiting());
    await expect.poll(() => prestarted.size, { timeout: 20_000 }).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(PRESTART_MS - 5);
    expect(prestarted.take(waiting())).toBeNull();
  });

  it('is not missed when it has ended already', async () => {
    prestarted.begin({ ...waiting(), args: ['--version'] });
    await expect.poll(() => prestarted.size, { timeout: 20_000 }).toBe(0);
    expect(prestarted.take({ ...waiting(), args: ['--version'] })).toBeNull();
    expect(await startGit({ ...waiting(), args: ['--version'] }).ended).toMatchObject({ code: 0 });
  });
});
