/**
 * What to do with a new secret, in lines to paste: clone, never type it again, the API, a build. Headings without
 * scripts, tabs with them.
 *
 * Never: the secret in an address, where logs and histories keep it, or on a command's line, where other users of the
 * machine can read it.
 */
import type { VNode } from 'preact';
import type { OwnToken } from '../../../../actions/tokens/own-tokens.ts';
import type { Visit } from '../../frame/visit.ts';
import { CommandBox } from '../../parts/components.tsx';

interface Step {
  readonly id: string;
  readonly title: string;
  readonly lead: VNode;
  readonly lines: string;
  readonly label: string;
  readonly after?: VNode;
}

interface Given {
  readonly visit: Visit;
  readonly token: OwnToken;
  readonly secret: string;
  /** `owner/name` for the examples, if known. */
  readonly repository: string | null;
}

export function NextSteps(given: Given): VNode {
  return (
    <div class="mb-4" data-tabs="What to do with it">
      {stepsOf(given).map(({ id, title, lead, lines, label, after }) => (
        <section class="lk-step" id={`step-${id}`}>
          <h2 class="f4 mb-1">{title}</h2>
          <p class="mb-2">{lead}</p>
          <CommandBox id={`next-${id}`} label={label} lines={lines} />
          {after === undefined ? null : <p class="note mt-2">{after}</p>}
        </section>
      ))}
    </div>
  );
}

function stepsOf({ visit, token, secret, repository }: Given): readonly Step[] {
  const { login } = visit.user.account;
  const { publicUrl } = visit.ctx.settings;
  const clone = cloneUrl(publicUrl, login, repository);
  return [
    {
      id: 'clone',
      title: 'git clone',
      lead: <>Run this, and paste the token where Git asks for a password.</>,
      lines: `git clone ${clone}`,
      label: 'Git clone',
      after: (
        <>
          Cloned already, over SSH or with another address?{' '}
          <code class="lk-break">git remote set-url origin {clone}</code>
        </>
      ),
    },
    {
      id: 'store',
      title: 'Never type it again',
      lead: (
        <>
          This hands it to Git’s credential helper
          {token.expiresAt === null ? '' : ', with its end, so that Git forgets it when it is over'}.
        </>
      ),
      lines: approveLines(publicUrl, login, secret, token.expiresAt),
      label: 'Git credential approve',
      after: (
        <>
          Your shell keeps what you paste in its history; <a href="/download">the latchkey command</a> does without.
        </>
      ),
    },
    {
      id: 'curl',
      title: 'curl',
      lead: <>Any HTTP client can call the REST API with it.</>,
      lines: curlLines(publicUrl, token.kind, secret),
      label: 'Curl',
    },
    {
      id: 'ci',
      title: 'CI',
      lead: (
        <>
          Save the token as a secret variable <code>LATCHKEY_TOKEN</code> of the build. This line reads it from there:
        </>
      ),
      lines: `git -c credential.helper='!f() { echo "password=$LATCHKEY_TOKEN"; }; f' clone ${clone}`,
      label: 'Git clone in a build',
    },
  ];
}

/** The address for `git clone`, with the person's name in it, so that Git only asks for the password. */
export function cloneUrl(publicUrl: string, login: string, repository: string | null): string {
  const url = new URL(publicUrl);
  url.username = login;
  return `${url.href.replace(/\/$/, '')}/${repository ?? `${login}/REPOSITORY`}.git`;
}

function approveLines(publicUrl: string, login: string, secret: string, expiresAt: number | null): string {
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

/** The header comes from standard input: an argument would stand in the machine's list of processes. */
function curlLines(publicUrl: string, kind: OwnToken['kind'], secret: string): string {
  const [path, header] =
    kind === 'scoped'
      ? ['/api/v4/personal_access_tokens/self', `PRIVATE-TOKEN: ${secret}`]
      : ['/api/v3/user', `Authorization: Bearer ${secret}`];
  return `curl --header @- ${publicUrl}${path} <<'END'\n${header}\nEND`;
}
