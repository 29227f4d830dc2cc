/**
 * A new secret, shown once on a page of its own, with what to do next and whether that worked.
 *
 * It travels from the form to this page in the session's flash: sealed with the session's secret, addressed to this
 * page, gone once shown. So neither a reload nor the back button brings it back, and the page is `no-store`.
 */
import type { VNode } from 'preact';
import { listVisible } from '../../../../actions/repositories/listing.ts';
import { firstUseOf } from '../../../../actions/tokens/first-use.ts';
import { findRepositories } from '../../../../actions/tokens/form.ts';
import { type OwnToken, ownToken } from '../../../../actions/tokens/own-tokens.ts';
import type { CreatedToken } from '../../../../actions/tokens/tokens.ts';
import type { TokenKind } from '../../../../rules/model.ts';
import { DEVELOPER_MENU, PROFILE_MENU } from '../../frame/menus.ts';
import { WithMenu } from '../../frame/rail.tsx';
import type { Visit } from '../../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../../frame/web-page.ts';
import { Notice, SecretBox } from '../../parts/components.tsx';
import { Right } from '../../parts/spoken.tsx';
import { createdPath, idParam, LIST_PATHS, pathOfToken } from '../kinds.ts';
import { Ends } from '../lists.tsx';
import { Waiting, waitingForms } from '../waiting.tsx';
import { FirstUseLine, firstUseStream } from './first-use.tsx';
import { NextSteps } from './next-steps.tsx';

/** Leads to the page that shows the secret. */
export function toNewSecret({ secret, token }: Pick<CreatedToken, 'secret' | 'token'>): Answer {
  return redirect(createdPath(token), { tone: 'success', text: '', once: { secret: secret.reveal() } });
}

async function show(visit: Visit, kind: TokenKind): Promise<Answer> {
  const permit = await visit.ownPermit();
  const token = await ownToken(visit.ctx, permit, idParam(visit), kind);
  const first = await firstUseOf(visit.ctx, permit, token.id);
  const secret = visit.flash?.once?.['secret'] as string | undefined;
  const isNew = secret !== undefined;
  const waits = token.grants.some(({ state }) => state === 'pending');
  const now = !isNew ? '' : waits ? ' waits for approval' : ' is ready';
  return page(
    `${token.name}${now}`,
    <WithMenu visit={visit} menu={kind === 'scoped' ? PROFILE_MENU : DEVELOPER_MENU}>
      <h1 class="f2 mb-1" tabIndex={-1} {...(isNew ? { 'data-focus': true } : {})}>
        <bdi>{token.name}</bdi>
        {now}
      </h1>
      <p class="f4 mb-1">
        <Right token={token} reader="owner" />
      </p>
      <p class="color-fg-muted mb-3">
        It <Ends token={token} at={visit.ctx.clock.now()} />.
      </p>
      {isNew ? <TheSecret secret={secret} /> : <Gone token={token} />}
      {/* Its button leads away from this page, and the secret with it. */}
      {isNew ? null : <Waiting visit={visit} token={token} />}
      {isNew ? (
        <NextSteps visit={visit} token={token} secret={secret} repository={await exampleRepository(visit, token)} />
      ) : null}
      <FirstUseLine visit={visit} token={token} first={first} />
      <p>
        <a href={pathOfToken(token)}>Go to the token</a>
      </p>
    </WithMenu>,
  );
}

function TheSecret({ secret }: { secret: string }): VNode {
  return (
    <section aria-labelledby="secret-title" class="mb-4">
      <h2 class="f5 mb-2" id="secret-title">
        Your new personal access token
      </h2>
      <SecretBox id="new-token" secret={secret} />
      <p class="note mt-2">
        <strong>Copy it now. It is shown only once.</strong> The server keeps only a fingerprint of it. If you lose it,
        rotate the token. Treat it like a password.
      </p>
    </section>
  );
}

function Gone({ token }: { token: OwnToken }): VNode {
  return (
    <Notice tone="info">
      The secret of this token was shown once, when it was made. Lost it?{' '}
      <a href={`${pathOfToken(token)}/renew`}>Make a new one</a>
    </Notice>
  );
}

/** The repository for examples, `owner/name`: one that the token reaches, where that is known. */
async function exampleRepository(visit: Visit, token: OwnToken): Promise<string | null> {
  const permit = await visit.ownPermit();
  for (const { owner, repositoryNames, selection } of token.grants) {
    const [chosen] = repositoryNames;
    if (chosen !== undefined) return `${owner}/${chosen}`;
    const [any] = selection === 'all' ? await findRepositories(visit.ctx, permit, owner, '') : [];
    if (any !== undefined) return `${owner}/${any.name}`;
  }
  if (token.kind === 'fine-grained') return null;
  const { repositories } = await listVisible(
    visit.ctx,
    permit,
    { of: { userId: visit.user.account.id, affiliations: ['owner', 'collaborator', 'organization_member'] } },
    { sort: 'pushed', direction: 'desc' },
    { after: null, skip: 0, limit: 1 },
  );
  const [latest] = repositories;
  return latest === undefined ? null : `${latest.owner.login}/${latest.repository.name}`;
}

export const newSecretPages: readonly WebPage[] = (['fine-grained', 'classic', 'scoped'] as const).flatMap((kind) => [
  {
    path: `${LIST_PATHS[kind]}/:id/created`,
    access: 'sudo',
    get: (visit: Visit) => show(visit, kind),
    forms: waitingForms,
  } as const,
  firstUseStream(kind),
]);
