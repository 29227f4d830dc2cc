import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GitCommand, startGit } from '../../../src/git/processes/git-process.ts';
import { ANTICIPATION_MS, Anticipated, MAX_ANTICIPATED } from '../../../src/git/push/prestarted.ts';
import { type Bench, makeBench } from '../bench.ts';

let bench: Bench;
let anticipated: Anticipated;
beforeEach(async () => {
  bench = await makeBench();
  anticipated = new Anticipated();
});
afterEach(async () => {
  await anticipated.close();
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
    anticipated.begin(waiting());
    expect(anticipated.size).toBe(1);
    const git = anticipated.take(waiting())!;
    expect(anticipated.take(waiting())).toBeNull();
    git.stdin.end('');
    expect((await git.ended).code).toBe(0);
  });

  it('serves no other command, and not the repository that has come to lie in the place of its own', () => {
    anticipated.begin(waiting());
    expect(anticipated.take(waiting('another'))).toBeNull();
    expect(anticipated.take({ ...waiting(), args: ['hash-object', '--stdin', '-w'] })).toBeNull();
    expect(
      anticipated.take({ ...waiting(), environment: { ...waiting().environment, LATCHKEY_WORKFLOW_REFUSAL: 'no' } }),
    ).toBeNull();
    expect(anticipated.size).toBe(1);
  });

  it(`is one of ${MAX_ANTICIPATED} at most`, () => {
    for (let i = 0; i < MAX_ANTICIPATED; i++) anticipated.begin(waiting(String(i)));
    anticipated.begin(waiting('one more'));
    expect(anticipated.size).toBe(MAX_ANTICIPATED);
    expect(anticipated.take(waiting('one more'))).toBeNull();
    expect(anticipated.take(waiting(String(MAX_ANTICIPATED - 1)))?.stop()).toBeUndefined();
  });

  it(`ends by itself after ${ANTICIPATION_MS} ms, and is given to nobody then`, async () => {
    const startedAt = performance.now();
    anticipated.begin(waiting());
    await expect.poll(() => anticipated.size, { timeout: 20_000 }).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(ANTICIPATION_MS - 5);
    expect(anticipated.take(waiting())).toBeNull();
  });

  it('is not missed when it has ended already', async () => {
    anticipated.begin({ ...waiting(), args: ['--version'] });
    await expect.poll(() => anticipated.size, { timeout: 20_000 }).toBe(0);
    expect(anticipated.take({ ...waiting(), args: ['--version'] })).toBeNull();
    expect(await startGit({ ...waiting(), args: ['--version'] }).ended).toMatchObject({ code: 0 });
  });
});
