/** A fetch or clone: on its own, or shared with others that ask for the same. */
import { protocolVersion } from '../../git/processes/environment.ts';
import { converse } from './backend.ts';
import { firstBytes } from './body.ts';
import { exchangeOf, type GitCall } from './call.ts';
import type { CoalescedFetches } from './coalesced-fetches.ts';

/** Lists the refs, in protocol versions 0 and 1. */
export async function listForFetch(call: GitCall): Promise<void> {
  await converse(call.ctx, exchangeOf(call));
}

/** @param fetches to share answers with; in version 2, where one request says everything that is wanted */
export async function serveFetch(call: GitCall, fetches: CoalescedFetches): Promise<void> {
  const { ctx, request, response, protocol, repository } = call;
  const exchange = exchangeOf(call);
  // Git speaks first.
  if (exchange.run.isWhole === true) return converse(ctx, exchange);
  if (protocolVersion(protocol) !== 2) {
    await firstBytes(request, response, ctx.settings.gitIdleTimeoutSec * 1000);
    return converse(ctx, exchange);
  }
  const alone = await fetches.serve(exchange, repository.id);
  if (alone !== null) await converse(ctx, alone);
}
