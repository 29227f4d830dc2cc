/** Three nodes that remember a token: when a directory's call has returned, none of them accepts it any more. */
import { expect, onTestFinished, test } from 'vitest';
import { openContext } from '../../../src/actions/instance/open.ts';
import { makeLog } from '../../../src/base/log.ts';
import { PREFIX as GITHUB } from '../../../src/doors/github/door.ts';
import { PREFIX } from '../../../src/doors/scim/door.ts';
import { directory, doorsOf, heard } from './directory.ts';

/** `LATCHKEY_TEST_TRIALS=10000` makes it ten thousand. */
const TRIALS = Number(process.env['LATCHKEY_TEST_TRIALS'] ?? '10');

test('a disabled person’s token is refused on three nodes once the call returned, every time', {
  timeout: 3_600_000,
}, async () => {
  const world = await directory('postgres', { apiRateLimit: '0' });
  const id = await world.made('ada@example.org');
  const token = await world.token('ada');
  const { settings, clock } = world.ctx;
  const nodes = await Promise.all(
    [1, 2, 3].map(async () => {
      const context = await openContext(settings, makeLog('silent'), { clock });
      onTestFinished(() => context.close());
      context.memory.join();
      return doorsOf(context);
    }),
  );
  const onAll = () => Promise.all(nodes.map((node) => heard(node, `GET ${GITHUB}/user`, token)));
  const set = async (trial: number, active: boolean) => {
    const operation = { op: 'Replace', path: 'active', value: active ? 'True' : 'False' };
    const node = nodes[trial % nodes.length]!;
    const answer = await heard(node, `PATCH ${PREFIX}/Users/${id}`, world.secret, { Operations: [operation] });
    expect([trial, answer.status]).toEqual([trial, 200]);
  };
  for (let trial = 0; trial < TRIALS; trial += 1) {
    expect([trial, (await onAll()).map(({ status }) => status)]).toEqual([trial, [200, 200, 200]]);
    // Others go on asking meanwhile: what they are told before the call returns may be either.
    const meanwhile = onAll();
    await set(trial, false);
    const refused = await onAll();
    await meanwhile;
    expect([trial, refused.map(({ body }) => body.reason)]).toEqual([
      trial,
      Array.from({ length: 3 }, () => 'owner_disabled_by_provider'),
    ]);
    await set(trial, true);
    // One call a second, so that no limit of a minute is reached.
    clock.advance(1);
  }
});
