/** One refresh token, shown to two nodes at the same moment: exactly one new pair, and the sign-in ends. */
import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { openContext } from '../../../src/actions/instance/open.ts';
import { makeLog } from '../../../src/base/log.ts';
import { oauthDoor } from '../../../src/doors/oauth/door.ts';
import { applicationWorld } from './application-world.ts';

/** `LATCHKEY_TEST_TRIALS=1000` makes it a thousand. */
const TRIALS = Number(process.env['LATCHKEY_TEST_TRIALS'] ?? '5');

test('one refresh token at two nodes at once gives one new pair, every time', { timeout: 3_600_000 }, async () => {
  const world = await applicationWorld({}, 'postgres');
  const { settings, clock } = world.ctx;
  const { clientId } = await world.register();
  const doors = await Promise.all(
    [1, 2].map(async () => {
      const context = await openContext(settings, makeLog('silent'), { clock });
      onTestFinished(() => context.close());
      const door = Fastify({ logger: false });
      await door.register(oauthDoor(context));
      onTestFinished(() => door.close());
      return door;
    }),
  );
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const { refresh_token } = (await world.signIn(clientId)).body;
    const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token };
    const answers = await Promise.all(
      doors.map((door) =>
        door.inject({
          method: 'POST',
          url: '/login/oauth/access_token',
          headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
          payload: new URLSearchParams(form).toString(),
        }),
      ),
    );
    const given = answers.filter(({ statusCode }) => statusCode === 200);
    expect(answers.map(({ statusCode }) => statusCode).toSorted(), `trial ${trial}`).toEqual([200, 400]);
    // Two had it, so one of them may have stolen it: what was given ends, too.
    const { access_token, refresh_token: next } = given[0]!.json<{ access_token: string; refresh_token: string }>();
    expect((await world.api('/user', access_token)).status).toBe(401);
    const again = await world.call('/login/oauth/access_token', { ...form, refresh_token: next });
    expect(again.body.error).toBe('invalid_grant');
    clock.advance(1);
  }
});
