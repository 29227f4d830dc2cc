/** Who asks a person to be let in, and for what: said the same wherever a person is asked. */
import type { VNode } from 'preact';
import { type Application, isSelfMade } from '../../../actions/applications/applications.ts';
import { resourceTitle } from '../../../actions/applications/resources.ts';
import type { Consent } from '../../../actions/tokens/consent.ts';
import { permissionSentence } from '../../../catalogue/permission-sentences.ts';
import { permissionNamed } from '../../../catalogue/permissions.ts';
import { scopeNamed } from '../../../catalogue/scopes/scopes.ts';
import type { Visit } from '../frame/visit.ts';
import { Notice } from '../parts/components.tsx';

/** Who says that the application is what it says, in a sentence. */
function sourceWords({ source, approvedAt, clientId }: Application, maker: string | null): VNode | string {
  const approved = approvedAt === null ? '' : ', and an administrator of this server approved it';
  switch (source) {
    case 'instance':
      return 'An administrator of this server added it.';
    case 'registered':
      return `It registered itself${approved}.`;
    case 'document':
      return (
        <>
          It is what <strong>{new URL(clientId).host}</strong> says{approved}.
        </>
      );
    case 'person':
      if (maker === null) return 'Whoever made it has no account here any more.';
      return (
        <>
          <strong>{maker}</strong> made it.
        </>
      );
  }
}

/** Who made an application. @param maker their login; null = nobody who has an account here */
export function Maker({ application, maker }: { application: Application; maker: string | null }): VNode {
  const { homepage, approvedAt } = application;
  return (
    <>
      <p class="mb-1">
        {sourceWords(application, maker)}
        {homepage === '' ? null : (
          <>
            {' '}
            It says that its homepage is{' '}
            <a href={homepage} rel="noreferrer nofollow">
              {new URL(homepage).host}
            </a>
            .
          </>
        )}
      </p>
      {isSelfMade(application) && approvedAt === null ? (
        <Notice tone="warn">
          Nobody here vouches for it: it may not be what its name says. Continue only if you know where you came from.
        </Notice>
      ) : null}
    </>
  );
}

/** What it asks for, word by word. */
export function Wanted({ visit, consent }: { visit: Visit; consent: Consent }): VNode {
  const { scopes: words = [], resource = null } = consent.request.application ?? {};
  return (
    <section aria-labelledby="wanted" class="mb-3">
      <h2 class="f5 mb-1" id="wanted">
        It asks to use the account {consent.login} for this
      </h2>
      {resource === null ? null : (
        <p class="mb-1 lk-break">
          Only at <strong>{resourceTitle(visit.ctx, resource)}</strong>. Its tokens open nothing anywhere else.
        </p>
      )}
      <ul class="pl-3 lk-break">
        {words.map((word) => (
          <li>
            <code>{word}</code>: {meaningOf(word)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function meaningOf(word: string): string {
  const scope = scopeNamed('classic', word);
  if (scope !== undefined) return scope.description;
  const colon = word.lastIndexOf(':');
  const permission = permissionNamed(word.slice(0, colon));
  const level = permission?.levels.find((each) => each === word.slice(colon + 1));
  return permission === undefined || level === undefined ? '' : permissionSentence(permission, level);
}
