/**
 * A middleware for Hono 4.
 *
 *     app.use('/api/*', requireToken({ client }));
 *
 * The handlers behind find whose token it is with `c.get('latchkey')`. Hono runs on many platforms and knows no
 * caller's address by itself: give `address` where tokens are bound to addresses.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { type GuardOptions, guard } from './guard.ts';
import type { TokenFacts } from './need.ts';

export type { GuardOptions } from './guard.ts';

/** What the handlers behind find: `new Hono<LatchkeyEnv>()`. */
export interface LatchkeyEnv {
  Variables: { latchkey: TokenFacts };
}

/** The middleware. `Path` is the path of the route, as Hono knows it. */
export function requireToken<Path extends string = string>(
  options: GuardOptions<Context<LatchkeyEnv, Path>>,
): MiddlewareHandler<LatchkeyEnv, Path> {
  return async (context, next) => {
    const { method, url } = context.req;
    const { host } = new URL(url);
    const authorization = context.req.header('authorization');
    const guarded = await guard(options, context, {
      method,
      host,
      uri: url.slice(url.indexOf('/', url.indexOf('//') + 2)),
      address: undefined,
      destination: context.req.header('destination'),
      authorization: authorization === undefined ? [] : [authorization],
    });
    if ('token' in guarded) {
      context.set('latchkey', guarded.token);
      return next();
    }
    const { status, headers, body } = guarded.answer;
    return new Response(body, { status, headers: { ...headers } });
  };
}
