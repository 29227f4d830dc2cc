/** One token of a workload, shown to three nodes at the same moment: one of them gives, whatever the order. */
import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { openContext } from '../../../src/actions/instance/open.ts';
import { makeLog } from '../../../src/base/log.ts';
import { oauthDoor } from '../../../src/doors/oauth/door.ts';
import { EXCHANGE, JWT_TYPE, workloadWorld } from './workload-world.ts';

/** `LATCHKEY_TEST_TRIALS=10000` makes it ten thousand. */
const TRIALS = Number(process.env['LATCHKEY_TEST_TRIALS'] ?? '25');

test('one token at three nodes at once is exchanged once, every time', { timeout: 3_600_000 }, async () => {
  const world = await workloadWorld('postgres');
  await world.addRule({ maxLifeSec: 60 });
  const { settings, clock } = world.ctx;
  const doors = await Promise.all(
    [1, 2, 3].map(async () => {
      const context = await openContext(settings, makeLog('silent'), { clock });
      onTestFinished(() => context.close());
      const door = Fastify({ logger: false });
      await door.register(oauthDoor(context));
      onTestFinished(() => door.close());
      return door;
    }),
  );
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const jwt = await world.sign(world.run());
    const form = { grant_type: EXCHANGE, subject_token_type: JWT_TYPE, subject_token: jwt };
    const answers = await Promise.all(
      doors.map((door) =>
        door.inject({
          method: 'POST',
          url: '/oauth/token',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          payload: new URLSearchParams(form).toString(),
        }),
      ),
    );
    expect(answers.map(({ statusCode }) => statusCode).toSorted(), `trial ${trial}`).toEqual([200, 400, 400]);
    // What lives of one rule has a limit, too: each trial's token has ended before it is reached.
    clock.advance(1);
  }
});
