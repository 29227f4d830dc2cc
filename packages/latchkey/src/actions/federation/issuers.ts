/**
 * Issuers of workload identities, as administrators of the instance list them.
 *
 * Invariant: only a listed issuer is ever asked for keys. Removing one ends, at once and everywhere, every token that
 * was given for one of its own.
 */
import { createSecureContext } from 'node:tls';
import { Problem, problem } from '../../base/errors.ts';
import type { PresetName } from '../../catalogue/workloads/issuers.ts';
import { isPresetName, PRESET_NAMES, presetOf } from '../../catalogue/workloads/issuers.ts';
import { Complaints } from '../../rules/token-limits.ts';
import { DEFAULT_JWT_LIFE_SEC, MAX_JWT_LIFE_SEC, MIN_JWT_LIFE_SEC } from '../../rules/workload-claims.ts';
import type { Query } from '../../store/db.ts';
import {
  countIssuers,
  deleteIssuer,
  insertIssuer,
  issuerByAddress,
  issuerByName,
  listIssuers as readIssuers,
  updateIssuer,
  type WorkloadIssuer,
} from '../../store/workload-issuers.ts';
import { countRules, rulesWhere } from '../../store/workload-rules.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { addressProblem } from '../ground/outgoing.ts';
import { record } from '../ground/record.ts';
import { endOne } from '../tokens/tokens.ts';
import { isPlainLoopback, KeysUnavailable, keySetIn, readKeys } from './key-sets.ts';

const MAX_ISSUERS = 200;
const MAX_PASTED_LENGTH = 100 * 1024;
const MAX_ISSUER_LENGTH = 255;

/** What an administrator says of an issuer. */
export interface IssuerDraft {
  /** How rules and commands call it: `github`, `cluster-1`. Left out: the preset's name. */
  readonly name?: string | undefined;
  readonly preset: string;
  /** As `iss` has it; left out where the preset knows the only one. */
  readonly issuer?: string | undefined;
  /** A JWK set; left out or null: the keys are fetched. */
  readonly jwks?: string | null | undefined;
  readonly ca?: string | null | undefined;
  readonly maxLifeSec?: number | undefined;
}

/** What may change while the rules stay. */
export type IssuerEdit = Pick<IssuerDraft, 'jwks' | 'ca' | 'maxLifeSec'>;

export interface IssuerView extends WorkloadIssuer {
  /** How many rules there are for it. */
  readonly rules: number;
}

/** All issuers, by name. */
export async function listIssuers({ store: { db } }: Context, _permit: Permit): Promise<IssuerView[]> {
  const [issuers, counts] = await Promise.all([readIssuers(db), countRules(db)]);
  return issuers.map((each) => ({ ...each, rules: counts.get(each.id) ?? 0 }));
}

async function viewOf(q: Query, issuer: WorkloadIssuer): Promise<IssuerView> {
  return { ...issuer, rules: (await rulesWhere(q, { issuerId: issuer.id })).length };
}

/** @throws Problem when there is none of that name */
export async function readIssuer({ store: { db } }: Context, _permit: Permit, name: string): Promise<IssuerView> {
  return viewOf(db, await issuerNamed(db, name));
}

/** @throws Problem when there is none of that name */
async function issuerNamed(q: Query, name: string): Promise<WorkloadIssuer> {
  const found = await issuerByName(q, name.toLowerCase());
  if (found === null) throw problem('not_found', `There is no issuer ${name.slice(0, 60)}.`, 'issuer');
  return found;
}

/** Lists an issuer. Nothing is fetched yet. @throws Problem with every complaint at once */
export async function addIssuer(ctx: Context, permit: Permit, draft: IssuerDraft): Promise<WorkloadIssuer> {
  const complaints = new Complaints();
  const preset = presetIn(draft.preset, complaints);
  const issuer = draft.issuer?.trim() || (presetOf(preset).issuer ?? '');
  const wrong = issuerProblem(issuer, (draft.jwks ?? '').trim() !== '' ? null : ctx.settings.webhookNetworks);
  if (wrong !== null) complaints.add('issuer', 'invalid', wrong);
  const name = (draft.name?.trim() || preset).toLowerCase();
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
    complaints.add('name', 'invalid', 'A name has 1 to 40 letters, digits and hyphens, such as github or cluster-1.');
  const keys = await checkKeys(draft, complaints);
  if (complaints.list.length > 0) throw new Problem(complaints.list);
  const at = ctx.clock.now();
  return unlessTaken(`There is an issuer ${name} already.`, 'name', () =>
    ctx.store.transaction(async (tx) => {
      if ((await countIssuers(tx)) >= MAX_ISSUERS)
        throw problem('limit_reached', `There are ${MAX_ISSUERS} issuers, which is the limit.`);
      const same = await issuerByAddress(tx, issuer);
      if (same !== null) throw problem('already_exists', `${issuer} is listed already, as ${same.name}.`, 'issuer');
      const made = await insertIssuer(tx, { name, issuer, preset, ...keys, createdAt: at });
      await record(tx, permit, at, { action: 'workload_identity.add_issuer', data: factsOf(made) });
      return made;
    }),
  );
}

/** Changes the keys, the authority or the life of an issuer's tokens. @throws Problem */
export async function editIssuer(
  ctx: Context,
  permit: Permit,
  name: string,
  edit: IssuerEdit,
): Promise<WorkloadIssuer> {
  const { db } = ctx.store;
  const complaints = new Complaints();
  const before = await issuerNamed(db, name);
  const keys = await checkKeys({ ...before, ...withoutUndefined(edit) }, complaints);
  if (complaints.list.length > 0) throw new Problem(complaints.list);
  return ctx.store.transaction(async (tx) => {
    const edited = await updateIssuer(tx, (await issuerNamed(tx, name)).id, keys);
    await record(tx, permit, ctx.clock.now(), { action: 'workload_identity.edit_issuer', data: factsOf(edited) });
    return edited;
  });
}

function withoutUndefined<T extends object>(edit: T): Partial<T> {
  return Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Takes an issuer from the list, with the rules for it and every token that they gave. */
export async function removeIssuer(ctx: Context, permit: Permit, name: string): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const issuer = await issuerNamed(tx, name);
    for (const { tokenId } of await rulesWhere(tx, { issuerId: issuer.id }))
      await endOne(ctx, tx, permit, { id: tokenId, by: `the issuer ${issuer.name} is trusted no longer` });
    await deleteIssuer(tx, issuer.id);
    await record(tx, permit, ctx.clock.now(), { action: 'workload_identity.remove_issuer', data: factsOf(issuer) });
  });
}

/** The names of an issuer's keys, as it gives them now. @throws Problem that says why they can't be had */
export async function tryIssuer(ctx: Context, _permit: Permit, name: string): Promise<readonly string[]> {
  const issuer = await issuerNamed(ctx.store.db, name);
  try {
    return (await readKeys(issuer, ctx.settings.webhookNetworks)).set.ids;
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    throw problem('unprocessable', `The keys of ${issuer.name} can't be read: ${error.message}.`, 'issuer');
  }
}

function presetIn(preset: string, complaints: Complaints): PresetName {
  if (isPresetName(preset)) return preset;
  complaints.add('preset', 'invalid', `A preset is one of ${PRESET_NAMES.join(', ')}.`);
  return 'other';
}

/**
 * What is wrong with an issuer's address, as a sentence; null when nothing is.
 * @param networks that may be reached; null = its keys were pasted, so nobody asks it
 */
function issuerProblem(text: string, networks: readonly string[] | null): string | null {
  if (text === '') return 'Give the issuer as its tokens name it, such as https://issuer.example.org.';
  if (text.length > MAX_ISSUER_LENGTH) return `An issuer has at most ${MAX_ISSUER_LENGTH} characters.`;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && !isPlainLoopback(url)))
    return 'An issuer begins with https://. On this machine alone http:// will do.';
  if (/[?#@\s]|\/\/.*\/\/|\/\.\.?(?:\/|$)/.test(text))
    return 'An issuer has no user, query, fragment, space, // or .. in it.';
  return networks === null ? null : addressProblem(url, networks);
}

async function checkKeys(
  { jwks = null, ca = null, maxLifeSec = DEFAULT_JWT_LIFE_SEC }: IssuerEdit,
  complaints: Complaints,
): Promise<Pick<WorkloadIssuer, 'jwks' | 'ca' | 'maxLifeSec'>> {
  if (!Number.isInteger(maxLifeSec) || maxLifeSec < MIN_JWT_LIFE_SEC || maxLifeSec > MAX_JWT_LIFE_SEC)
    complaints.add(
      'max_life',
      'invalid',
      `The life of an issuer's tokens is ${MIN_JWT_LIFE_SEC} to ${MAX_JWT_LIFE_SEC} seconds.`,
    );
  const pasted = jwks?.trim() || null;
  const authority = ca?.trim() || null;
  for (const [field, text] of [
    ['jwks', pasted],
    ['ca', authority],
  ] as const)
    if (text !== null && text.length > MAX_PASTED_LENGTH)
      complaints.add(field, 'invalid', `At most ${MAX_PASTED_LENGTH} characters are taken.`);
  if (pasted !== null && authority !== null)
    complaints.add('ca', 'invalid', 'Pasted keys are not fetched: leave the authority out.');
  if (pasted !== null) {
    const wrong = await keySetIn(pasted, 'the key set').then(
      () => null,
      (error: unknown) => (error instanceof KeysUnavailable ? error.message : Promise.reject(error)),
    );
    if (wrong !== null) complaints.add('jwks', 'invalid', `Nothing was kept: ${wrong}.`);
  }
  if (authority !== null && !isAuthority(authority))
    complaints.add('ca', 'invalid', 'The authority is not a certificate in PEM.');
  return { jwks: pasted, ca: authority, maxLifeSec };
}

function isAuthority(pem: string): boolean {
  if (!pem.includes('-----BEGIN CERTIFICATE-----') || pem.includes('PRIVATE KEY')) return false;
  try {
    createSecureContext({ ca: pem });
    return true;
  } catch {
    return false;
  }
}

function factsOf({ name, issuer, preset, jwks, maxLifeSec }: WorkloadIssuer): Record<string, unknown> {
  return { name, issuer, preset, keys: jwks === null ? 'fetched' : 'pasted', max_life: maxLifeSec };
}
