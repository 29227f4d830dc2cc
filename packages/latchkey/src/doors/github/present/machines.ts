/** Machine accounts and their tokens over REST, for which GitHub has no API. */
import type { MachineView } from '../../../actions/organizations/machines.ts';
import type { TokenView } from '../../../actions/tokens/views.ts';
import { isoInstant, type UnixSeconds } from '../../../base/time.ts';
import { rightSentence } from '../../../rules/right/right-sentence.ts';
import { simpleUser } from './accounts.ts';
import { ownToken } from './tokens.ts';

/** @param base the address of the list that it is in */
export function machineBody(apiUrl: string, base: string, { account, ...view }: MachineView) {
  return {
    ...simpleUser(apiUrl, account),
    machine_url: `${base}/${encodeURIComponent(account.login)}`,
    purpose: account.name,
    created_at: isoInstant(account.createdAt),
    suspended_at: account.suspendedAt === null ? null : isoInstant(account.suspendedAt),
    member: view.isMember,
    used_by: {
      repositories: view.repositories.map(({ name, role }) => ({ full_name: name, role })),
      tokens: view.tokens,
      last_used_at: view.lastUsedAt === null ? null : isoInstant(view.lastUsedAt),
    },
  };
}

/** A token of a machine, as its owners see it. @param base the address of the list that it is in */
export function machineToken(apiUrl: string, base: string, token: TokenView, at: UnixSeconds) {
  const { html_url: _, ...body } = ownToken(apiUrl, token, at);
  return { ...body, url: `${base}/${token.id}`, summary: rightSentence(token, 'keeper') };
}
