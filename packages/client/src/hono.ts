/**
 * A middleware for Hono 4.
 *
 *     app.use('/api/*', requireToken({ client }));
 *
 * The handlers behind find whose token it is with `c.get('latchkey')`. Hono runs on many platforms and knows no
 * caller's address by itself: give `address` where tokens are bound to addresses.
 */
import { type GuardOptions, guard } from './guard.ts';

export type { GuardOptions } from './guard.ts';

/** The part of Hono's context that is used. */
export interface HonoContext {
  readonly req: { readonly method: string; readonly url: string; header(name: string): string | undefined };
  set(key: 'latchkey', value: unknown): void;
}

export function requireToken<Context extends HonoContext>(
  options: GuardOptions<Context>,
): (context: Context, next: () => Promise<void>) => Promise<Response | void> {
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
