/**
 * A new token, shown once, with the next steps.
 *
 * It travels from the form to the next page in the session's flash: sealed with the session's secret, addressed to
 * that page, gone once shown. So neither a reload nor the back button brings it back, and the page is `no-store`.
 */
import type { VNode } from 'preact';
import type { CreatedToken } from '../../../actions/tokens/tokens.ts';
import type { TokenView } from '../../../actions/tokens/views.ts';
import type { Secret } from '../../../base/secret.ts';
import { spokenInstant } from '../../../base/time.ts';
import type { TokenKind } from '../../../rules/model.ts';
import type { Flash, Visit } from '../frame/visit.ts';
import { CommandBox, CopyBox } from '../parts/components.tsx';

/** The facts for the next page. */
interface Shown {
  readonly secret: string;
  readonly name: string;
  readonly kind: TokenKind;
  readonly expiresAt: number | null;
}

/** Passes a new token on to the next page. */
export function createdFlash(secret: Secret, token: Pick<TokenView, 'name' | 'kind' | 'expiresAt'>): Flash {
  const shown: Shown = { secret: secret.reveal(), name: token.name, kind: token.kind, expiresAt: token.expiresAt };
  return { tone: 'success', text: '', once: { created: shown } };
}

/** The same for a token with a new secret. */
export function renewedFlash({ secret, token }: CreatedToken): Flash {
  return createdFlash(secret, token);
}

/**
 * The new token, on the page that it was passed to; nothing on any other.
 * @param repository `owner/name` for the examples, if known
 */
export function NewSecret({ visit, repository }: { visit: Visit; repository: string | null }): VNode | null {
  const created = visit.flash?.once?.['created'] as Shown | undefined;
  if (created === undefined) return null;
  const login = visit.user.account.login;
  const { publicUrl } = visit.ctx.settings;
  return (
    <section class="Box Box--condensed lk-new-secret mb-4" aria-labelledby="new-token-title">
      <div class="Box-header">
        <h2 class="Box-title" id="new-token-title">
          Your new personal access token: {created.name}
        </h2>
      </div>
      <div class="Box-row">
        <p class="mb-2">
          <strong>Copy it now.</strong> It is shown this once; nobody can read it again, not even this server.
        </p>
        <CopyBox id="new-token" value={created.secret} label="Token" />
        <p class="note mt-2">
          {created.expiresAt === null
            ? 'It never ends: delete it when you no longer need it.'
            : `It ends on ${spokenInstant(created.expiresAt)}.`}{' '}
          Treat it like a password.
        </p>
      </div>
      <div class="Box-row">
        <h3 class="f5 mb-1">Clone with it</h3>
        <p class="note mb-2">When Git asks for a password, paste the token.</p>
        <CommandBox id="next-clone" label="Git clone" lines={`git clone ${cloneUrl(publicUrl, login, repository)}`} />
        <h3 class="f5 mb-1 mt-3">Or store it in Git's credential helper</h3>
        <p class="note mb-2">
          {created.expiresAt === null
            ? 'Git won’t ask again.'
            : 'With its end, so that Git forgets it when it is over.'}{' '}
          Your shell keeps what you paste in its history; <a href="/download">the latchkey command</a> does without.
        </p>
        <CommandBox id="next-store" label="Git credential approve" lines={approveLines(publicUrl, login, created)} />
        <h3 class="f5 mb-1 mt-3">Or call the REST API</h3>
        <CommandBox id="next-curl" label="Curl" lines={curlLine(publicUrl, created)} />
      </div>
    </section>
  );
}

/** The address for `git clone`, with the person's name in it, so that Git only asks for the password. */
export function cloneUrl(publicUrl: string, login: string, repository: string | null): string {
  const url = new URL(publicUrl);
  url.username = login;
  return `${url.href.replace(/\/$/, '')}/${repository ?? `${login}/REPOSITORY`}.git`;
}

function approveLines(publicUrl: string, login: string, { secret, expiresAt }: Shown): string {
  const { protocol, host } = new URL(publicUrl);
  const lines = [
    `protocol=${protocol.replace(':', '')}`,
    `host=${host}`,
    `username=${login}`,
    `password=${secret}`,
    ...(expiresAt === null ? [] : [`password_expiry_utc=${expiresAt}`]),
  ];
  return `git credential approve <<'END'\n${lines.join('\n')}\n\nEND`;
}

function curlLine(publicUrl: string, { secret, kind }: Shown): string {
  if (kind === 'scoped')
    return `curl --header "PRIVATE-TOKEN: ${secret}" ${publicUrl}/api/v4/personal_access_tokens/self`;
  return `curl --header "Authorization: Bearer ${secret}" ${publicUrl}/api/v3/user`;
}
