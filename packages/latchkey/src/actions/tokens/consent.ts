/**
 * What the consent page of a command's sign-in shows a person, and the draft that their choice makes.
 */
import { Problem, problem } from '../../base/errors.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import {
  type ConsentChoice,
  type LoginRequest,
  longestFor,
  narrowed,
  preselected,
  requestedOwners,
} from '../../rules/login-request.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type FormOwner, formFacts, freeTokenName, tryDraft } from './form.ts';

/** What the consent page shows. */
export interface Consent {
  readonly login: string;
  readonly request: LoginRequest;
  /** The resource owners of the request that this person may have tokens for. */
  readonly owners: readonly FormOwner[];
  /** The owners that are selected at first, and how many days they allow. */
  readonly chosen: readonly FormOwner[];
  readonly days: number;
  /** A name that is still free. */
  readonly name: string;
}

/** What a login request means for a person. */
export async function consentFor(ctx: Context, permit: Permit, request: LoginRequest): Promise<Consent> {
  const facts = await formFacts(ctx, permit);
  const owners = requestedOwners(request, facts.owners);
  const chosen = preselected(request, owners);
  return {
    login: facts.login,
    request,
    owners,
    chosen,
    days: longestFor(chosen, request.expiresInDays),
    name: await freeTokenName(ctx, permit, request.name),
  };
}

/** The draft that a choice makes. @throws Problem with everything that is wrong with it */
export async function draftFor(
  ctx: Context,
  permit: Permit,
  request: LoginRequest,
  choice: ConsentChoice,
): Promise<TokenDraft> {
  const { login, owners } = await consentFor(ctx, permit, request);
  const draft = narrowed(login, request, choice, owners);
  if (draft.grants.length === 0)
    throw problem('missing_field', 'Choose at least one permission and one resource owner, or cancel.', null);
  const { complaints } = await tryDraft(ctx, permit, draft);
  if (complaints.length > 0) throw new Problem(complaints);
  return draft;
}
