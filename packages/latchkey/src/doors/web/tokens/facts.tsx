/** What a token is, and what it can do, on its own page. */
import type { VNode } from 'preact';
import type { OwnToken } from '../../../actions/tokens/own-tokens.ts';
import { type Level, permissionNamed } from '../../../catalogue/permissions.ts';
import type { Visit } from '../frame/visit.ts';
import { Time } from '../parts/components.tsx';
import { Right } from '../parts/spoken.tsx';
import { levelWords } from './form/level-words.ts';
import { RestrictionFacts } from './form/restrictions.tsx';
import { KIND_WORDS, pathOfToken } from './kinds.ts';
import { Ends, LastUse, StateLabel } from './lists.tsx';

/** Its state, when it ends, and what restricts it. */
export function Facts({ visit, token }: { visit: Visit; token: OwnToken }): VNode {
  return (
    <>
      <p class="lk-says mb-2">
        <StateLabel token={token} /> <Right token={token} reader="owner" />
      </p>
      {token.revokedAt === null ? null : (
        <p class="color-fg-danger mb-2">
          Ended <Time at={token.revokedAt} /> by {token.revokedBy ?? 'nobody in particular'}.
        </p>
      )}
      {token.description === '' ? null : (
        <p class="lk-break lk-lines mb-2" dir="auto">
          {token.description}
        </p>
      )}
      <p class="color-fg-muted">
        {KIND_WORDS[token.kind]} · secret …{token.lastEight} · made <Time at={token.createdAt} /> ·{' '}
        <Ends token={token} at={visit.ctx.clock.now()} /> · <LastUse token={token} />
      </p>
      {token.lastUse === null || token.lastUse.addresses.length < 2 ? null : (
        <p class="color-fg-muted f6">Seen lately from {token.lastUse.addresses.join(', ')}.</p>
      )}
      <RestrictionFacts token={token} />
    </>
  );
}

/** Its scopes, or what each of its grants allows. */
export function Abilities({ token }: { token: OwnToken }): VNode | null {
  if (token.kind !== 'fine-grained')
    return token.scopes.length === 0 ? null : (
      <p>
        Scopes:{' '}
        {token.scopes.map((scope) => (
          <>
            <code>{scope}</code>{' '}
          </>
        ))}
      </p>
    );
  if (token.grants.length === 0) return null;
  return (
    <div class="lk-scroll" role="region" aria-label="What it can do" tabIndex={0}>
      <table class="lk-table">
        <thead>
          <tr>
            <th scope="col">Resource owner</th>
            <th scope="col">Repositories</th>
            <th scope="col">Permissions</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {token.grants.map((grant) => (
            <tr>
              <td data-label="Resource owner">{grant.owner}</td>
              <td data-label="Repositories">
                {grant.selection === 'selected'
                  ? grant.repositoryNames.join(', ')
                  : grant.selection === 'all'
                    ? 'all, current and future'
                    : 'public ones'}
              </td>
              <td data-label="Permissions">
                {Object.entries(grant.permissions).map(([name, level]) => {
                  const permission = permissionNamed(name);
                  return (
                    <div>
                      {permission?.title ?? name}:{' '}
                      {permission === undefined ? level : levelWords(permission, level as Level)}
                    </div>
                  );
                })}
              </td>
              <td data-label="State">{grant.access}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="mt-2">
        <a href={`${pathOfToken(token)}/endpoints`}>See what this opens</a>
      </p>
    </div>
  );
}
