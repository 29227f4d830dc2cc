/**
 * The page behind a refusal's link: it looks at the owner and the repository in the link, says whether the token may
 * do it by now, and offers what fixes it.
 *
 * Invariant: it asks the decision itself, so it never calls something fine that would be refused.
 */
import type { VNode } from 'preact';
import { dryRun, dryRunQuestion } from '../../../actions/questions/dry-run.ts';
import { editToken } from '../../../actions/tokens/edits.ts';
import { type FormOwner, formFacts } from '../../../actions/tokens/form.ts';
import { type OwnToken, ownToken } from '../../../actions/tokens/own-tokens.ts';
import { draftsOf, widened } from '../../../actions/tokens/use/activity.ts';
import { Problem } from '../../../base/errors.ts';
import { atLeast, type Level } from '../../../catalogue/permissions.ts';
import type { Explanation } from '../../../rules/explain.ts';
import { isSameName } from '../../../rules/names.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, redirect } from '../frame/web-page.ts';
import { Notice } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { ownerOf, permissionsOf } from './form/draft.ts';
import { FINE_GRAINED_PATH, pathOfToken } from './kinds.ts';

/** The request in the address, in names. */
interface Asked {
  readonly owner: string;
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, string>>;
}

/** Null when the address requests nothing. An address without an owner means the token's only one, or oneself. */
function askedIn(visit: Visit, token: OwnToken): Asked | null {
  const permissions = permissionsOf(visit.query, 0);
  if (Object.keys(permissions).length === 0) return null;
  const [grant, ...others] = token.grants;
  const only = grant !== undefined && others.length === 0 ? grant.owner : visit.user.account.login;
  return {
    owner: ownerOf(visit.query, 0) || only,
    repositories: visit.query.getAll('repositories').filter((name) => name !== ''),
    permissions,
  };
}

/** What the address asks to add, with one click. */
export async function fixOf(visit: Visit, token: OwnToken): Promise<VNode | null> {
  if (token.kind === 'classic') return classicFix(visit, token);
  const asked = token.kind === 'fine-grained' ? askedIn(visit, token) : null;
  if (asked === null) return null;
  const refused = await whyNot(visit, token, asked);
  if (refused === null) return <Notice tone="success">All is well: this token has {inWords(asked)}. Try again.</Notice>;
  const covering = token.grants.filter((grant) => covers(grant, asked)).map(({ state }) => state);
  if (covering.includes('active')) return <NotTheToken asked={asked} refused={refused} />;
  if (covering.includes('pending'))
    return (
      <Notice tone="info">
        {sentenceStart(inWords(asked))} is asked for already: it waits until an owner of {asked.owner} approves it.
      </Notice>
    );
  const { owners } = await formFacts(visit.ctx, await visit.ownPermit());
  const owner = owners.find(({ login }) => isSameName(login, asked.owner)) ?? null;
  return <Offer visit={visit} token={token} asked={asked} owner={owner} />;
}

function classicFix(visit: Visit, token: OwnToken): VNode | null {
  const scopes = visit.query.get('scopes') ?? '';
  if (scopes === '') return null;
  return (
    <Notice tone="info">
      Asked for: the scopes {scopes}.{' '}
      <a href={`${pathOfToken(token)}/edit?${new URLSearchParams({ scopes })}`}>Review them in the form</a>
    </Notice>
  );
}

/** The first refusal of the request; null when all of it is allowed, here and now. */
async function whyNot(visit: Visit, token: OwnToken, asked: Asked): Promise<Explanation | 'unreadable' | null> {
  const { owner, repositories, permissions } = asked;
  const permit = await visit.ownPermit();
  const targets =
    repositories.length === 0
      ? [{ organization: owner }]
      : repositories.map((name) => ({ repository: `${owner}/${name}` }));
  for (const [permission, level] of Object.entries(permissions)) {
    for (const target of targets) {
      try {
        const question = dryRunQuestion(visit.ctx, { permission, level, ...target });
        const { objection } = await dryRun(visit.ctx, permit, token.id, question, visit.visitor.address);
        if (objection !== null && 'explanation' in objection) return objection.explanation;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return 'unreadable';
      }
    }
  }
  return null;
}

function covers(grant: OwnToken['grants'][number], { owner, repositories, permissions }: Asked): boolean {
  return (
    isSameName(grant.owner, owner) &&
    Object.entries(permissions).every(([name, level]) =>
      atLeast(grant.permissions[name as keyof typeof grant.permissions], level as Level),
    ) &&
    (repositories.length === 0 ||
      grant.selection === 'all' ||
      repositories.every((name) => grant.repositoryNames.some((each) => isSameName(each, name))))
  );
}

/** The token has this right but is still refused: the reason lies elsewhere. */
function NotTheToken({ asked, refused }: { asked: Asked; refused: Explanation | 'unreadable' }): VNode {
  if (refused === 'unreadable') return <Notice tone="success">This token has {inWords(asked)}.</Notice>;
  const isUnseen = refused.reason === 'not_found';
  return (
    <Notice tone="warn">
      This token has {inWords(asked)}, so it is not what is missing.{' '}
      {isUnseen ? (
        <>You may not see {placeOf(asked)} any more, or it does not exist: check the name, then ask for access to it.</>
      ) : (
        <>
          <Spoken words={refused.sentence} /> {refused.remedy.text.replace(/:$/, '.')}
        </>
      )}
    </Notice>
  );
}

interface OfferProps {
  readonly visit: Visit;
  readonly token: OwnToken;
  readonly asked: Asked;
  /** Null when no owner offers this person a token for it. */
  readonly owner: FormOwner | null;
}

function Offer({ visit, token, asked, owner }: OfferProps): VNode {
  const others = token.grants.map((grant) => grant.owner);
  const isOtherOwner = !others.some((other) => isSameName(other, asked.owner));
  if (owner === null)
    return (
      <Notice tone="warn">
        Asked for: {inWords(asked)}. You can have no fine-grained token for {asked.owner}: it does not exist, does not
        allow them, or you are not among its members. Ask an owner of {asked.owner}.
      </Notice>
    );
  const query = new URLSearchParams(visit.query);
  query.set('name', token.name);
  return (
    <Notice tone="info">
      <p class="mb-2">
        {isOtherOwner && others.length > 0 ? (
          <>
            This token is for {others.join(' and ')}, not for <strong>{asked.owner}</strong>.{' '}
          </>
        ) : null}
        Missing: <strong>{inWords(asked)}</strong>.
        {owner.needsApproval ? ` An owner of ${owner.login} then has to approve it.` : ''}
      </p>
      <Form
        f={visit.fields('fix')}
        submit={isOtherOwner ? `Add ${asked.owner} to this token` : 'Add it to this token'}
        small
        action={visit.url}
        inline
      >
        <a class="btn btn-sm" href={`${pathOfToken(token)}/edit?${visit.query}`}>
          Review it in the form
        </a>{' '}
        <a class="btn btn-sm" href={`${FINE_GRAINED_PATH}/new?${query}`}>
          Create another token
        </a>
      </Form>
    </Notice>
  );
}

/** `contents: read on acme/site`. */
function inWords(asked: Asked): string {
  const permissions = Object.entries(asked.permissions).map(([name, level]) => `${name}: ${level}`);
  return `${permissions.join(', ')} on ${placeOf(asked)}`;
}

function placeOf({ owner, repositories }: Asked): string {
  return repositories.length === 0 ? owner : repositories.map((name) => `${owner}/${name}`).join(', ');
}

function sentenceStart(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A token's grants with the addition from the address; unchanged without one. */
export function grantsWith(visit: Visit, token: OwnToken): ReturnType<typeof draftsOf> {
  const asked = askedIn(visit, token);
  if (asked === null) return draftsOf(token);
  return widened(token, { ...asked, owner: isSameName(asked.owner, visit.user.account.login) ? '' : asked.owner });
}

/** Adds what the address requests. The secret stays. */
export async function fix(visit: Visit, token: OwnToken): Promise<Answer> {
  const permit = await visit.ownPermit();
  await editToken(visit.ctx, permit, token.id, { grants: grantsWith(visit, token) });
  const after = await ownToken(visit.ctx, permit, token.id, token.kind);
  const waiting = after.grants.filter(({ state }) => state === 'pending').map(({ owner }) => owner);
  return redirect(pathOfToken(token), {
    tone: 'success',
    text:
      waiting.length === 0
        ? 'Added. The secret stays the same: try again.'
        : `It is asked for: an owner of ${waiting.join(' and ')} has to approve it. The secret stays the same.`,
  });
}
