/**
 * Where a member proves who they are for an organization's single sign-on: at its identity provider, or, as an owner,
 * by a recovery code. The way leads back to what was refused, or to the token that is to be authorized.
 */
import type { VNode } from 'preact';
import {
  type MemberStanding,
  memberStanding,
  PROOF_SEC,
  proveByRecoveryCode,
} from '../../../actions/identity/organization-proofs.ts';
import { authorizeToken, type TokenAtSso, tokenAtSso } from '../../../actions/tokens/single-sign-on.ts';
import { Problem } from '../../../base/errors.ts';
import { HOUR_SEC } from '../../../base/time.ts';
import { notFound } from '../frame/error-pages.tsx';
import { Narrow } from '../frame/layout.tsx';
import { toProvider } from '../frame/provider-buttons.tsx';
import { returnPath } from '../frame/return-path.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { organizationPath } from '../organizations/area.tsx';
import { Notice, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const HOURS = PROOF_SEC / HOUR_SEC;

export const organizationSsoPages: readonly WebPage[] = [
  {
    path: '/orgs/:org/sso',
    access: 'signed-in',
    get: show,
    forms: {
      prove: { run: (visit) => leave(visit, 'prove') },
      // It gives a way to sign in, so its owner confirms who they are.
      link: { access: 'fresh', run: (visit) => leave(visit, 'link-and-prove') },
      recover: { access: 'sudo', run: recover },
      authorize: { access: 'sudo', run: authorize },
    },
  },
];

/** The page itself, with what it is about. */
function pathOf(visit: Visit): string {
  const query = new URLSearchParams();
  for (const name of ['authorization_request', 'return_to']) {
    const value = visit.query.get(name);
    if (value !== null) query.set(name, value);
  }
  return `/orgs/${encodeURIComponent(visit.param('org'))}/sso${query.size === 0 ? '' : `?${query}`}`;
}

/** The number of the token that waits; null when none does. */
function requestedIn({ query }: Visit): number | null {
  const id = Number(query.get('authorization_request'));
  return Number.isSafeInteger(id) && id > 0 ? id : null;
}

async function standingOf(visit: Visit): Promise<MemberStanding | null> {
  try {
    return await memberStanding(visit.ctx, await visit.ownPermit(), visit.user.session, visit.param('org'));
  } catch (error) {
    // Whether there is such an organization is nobody's business who doesn't belong to it.
    if (error instanceof Problem && error.complaints.some(({ code }) => code === 'not_found')) return null;
    throw error;
  }
}

async function show(visit: Visit): Promise<Answer> {
  const standing = await standingOf(visit);
  if (standing === null) return notFound();
  const id = requestedIn(visit);
  const goal = visit.query.get('return_to');
  if (standing.provedUntil !== null && id === null && goal !== null) return redirect(returnPath(goal));
  const { login } = standing.organization;
  const token = id === null ? null : await tokenAtSso(visit.ctx, await visit.ownPermit(), id, login);
  return page(
    `Single sign-on to ${login}`,
    <Narrow title={`Single sign-on to ${login}`}>
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      )}
      <div class="Box p-3 lk-break">
        {standing.provedUntil === null ? (
          <Unproved visit={visit} standing={standing} token={token} />
        ) : (
          <Proved visit={visit} login={login} until={standing.provedUntil} token={token} />
        )}
      </div>
      {standing.provedUntil === null && standing.role === 'owner' ? <Recovery visit={visit} login={login} /> : null}
    </Narrow>,
  );
}

function Unproved({
  visit,
  standing: { organization, provider, linked, required, role },
  token,
}: {
  visit: Visit;
  standing: MemberStanding;
  token: TokenAtSso | null;
}): VNode {
  const { login } = organization;
  if (provider === null) return <NoProvider login={login} isOwner={role === 'owner'} required={required} />;
  return (
    <>
      <p>
        {required ? `${login} requires its members to prove` : `Members of ${login} can prove`} who they are at{' '}
        <strong dir="auto">{provider.label}</strong>. That holds for {HOURS} hours in this browser.
        {token === null ? null : ` Then you can authorize the token “${token.name}”.`}
      </p>
      {linked ? null : (
        <p>
          You have no identity there yet: the one that you come back with is linked to your account.
          {provider.organizations === null ? ' From then on, it can sign you in here.' : null}
        </p>
      )}
      <Form f={visit.fields(linked ? 'prove' : 'link')} submit={`Continue to ${provider.label}`} />
    </>
  );
}

function NoProvider({ login, isOwner, required }: { login: string; isOwner: boolean; required: boolean }): VNode {
  if (!required) return <p>{login} doesn’t require single sign-on: you need to do nothing.</p>;
  return (
    <>
      <p>
        {login} requires single sign-on, but its identity provider is not set up on this server, so nobody can prove who
        they are. What is public stays readable, and nobody lost their membership.
      </p>
      {isOwner ? (
        <p>
          <a class="btn btn-primary" href={organizationPath(login, 'single-sign-on')}>
            Set it up, or stop requiring it
          </a>
        </p>
      ) : (
        <p>Ask an owner of {login} to name one, or an administrator of this server to lift the requirement.</p>
      )}
    </>
  );
}

function Proved({
  visit,
  login,
  until,
  token,
}: {
  visit: Visit;
  login: string;
  until: number;
  token: TokenAtSso | null;
}): VNode {
  return (
    <>
      <p>
        You have proved who you are for {login}. It holds until <Time at={until} />.
      </p>
      {token === null ? null : token.authorized ? (
        <p>
          The token “{token.name}” (…{token.lastEight}) is authorized for {login}. Try again what was refused.
        </p>
      ) : (
        <Form f={visit.fields('authorize')} submit={`Authorize for ${login}`}>
          <p>
            The {token.kind} token <strong>{token.name}</strong> (…{token.lastEight}) may then do in {login} what it may
            do elsewhere. Is it the one that you use?
          </p>
        </Form>
      )}
      {token?.authorized === false ? null : (
        <p class="mb-0">
          <a href={`/${encodeURIComponent(login)}`}>To {login}</a>
        </p>
      )}
    </>
  );
}

function Recovery({ visit, login }: { visit: Visit; login: string }): VNode {
  const f = visit.fields('recover');
  return (
    <details class="mt-3" open={f.complaints.length > 0}>
      <summary>Use a recovery code</summary>
      <Form f={f} submit="Use a recovery code" tone="default">
        <TextField
          f={f}
          name="code"
          label={`Recovery code of ${login}`}
          autocomplete="off"
          spellcheck={false}
          required
          note={`For when the provider is down. It works once, and lets you in for ${HOURS} hours.`}
        />
      </Form>
    </details>
  );
}

async function leave(visit: Visit, aim: 'prove' | 'link-and-prove'): Promise<Answer> {
  const standing = await standingOf(visit);
  if (standing?.provider == null) return notFound();
  return toProvider(visit, aim, pathOf(visit), {
    provider: standing.provider.name,
    organization: standing.organization.login,
  });
}

async function recover(visit: Visit): Promise<Answer> {
  await proveByRecoveryCode(visit.ctx, await visit.ownPermit(), visit.user.session, {
    organization: visit.param('org'),
    code: visit.field('code'),
  });
  return redirect(pathOf(visit), { tone: 'success', text: 'The recovery code is used up.' });
}

async function authorize(visit: Visit): Promise<Answer> {
  const login = visit.param('org');
  await authorizeToken(visit.ctx, await visit.ownPermit(), requestedIn(visit) ?? 0, login);
  return redirect(pathOf(visit), { tone: 'success', text: `The token is authorized for ${login}.` });
}
