/** Who asks a person to be let in, and for what: said the same wherever a person is asked. */
import type { VNode } from 'preact';
import type { Application } from '../../../actions/applications/applications.ts';
import { resourceTitle } from '../../../actions/applications/resources.ts';
import type { Consent } from '../../../actions/tokens/consent.ts';
import { permissionSentence } from '../../../catalogue/permission-sentences.ts';
import { permissionNamed } from '../../../catalogue/permissions.ts';
import { scopeNamed } from '../../../catalogue/scopes/scopes.ts';
import type { Visit } from '../frame/visit.ts';

const SOURCES: Readonly<Record<Exclude<Application['source'], 'person'>, string>> = {
  instance: 'An administrator of this server added it.',
  registered: 'It registered itself here. Nobody vouches for its name.',
  document: 'Nobody here vouches for it: it is what its own address says.',
};

/** Who made an application. @param maker their login; null = nobody who has an account here */
export function Maker({ application, maker }: { application: Application; maker: string | null }): VNode {
  const { homepage, source } = application;
  return (
    <p class="mb-1">
      {source !== 'person' ? (
        SOURCES[source]
      ) : maker === null ? (
        'Whoever made it has no account here any more.'
      ) : (
        <>
          <strong>{maker}</strong> made it.
        </>
      )}
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
