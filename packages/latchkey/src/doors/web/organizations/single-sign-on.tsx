/** What owners choose of single sign-on: the provider, whether it is required, recovery codes; and what it let in. */
import type { VNode } from 'preact';
import { spacedCode } from '../../../actions/accounts/two-factor.ts';
import {
  renewSsoRecoveryCodes,
  type SsoReadiness,
  ssoReadiness,
} from '../../../actions/identity/organization-proofs.ts';
import {
  listAuthorizations,
  revokeAuthorization,
  type SeenAuthorization,
} from '../../../actions/organizations/credential-authorizations.ts';
import { type PolicyChange, readPolicy, type StoredPolicy } from '../../../actions/organizations/policies.ts';
import { changePolicy } from '../../../actions/organizations/policy-change.ts';
import { endingsOfPolicy, endingsOfReach } from '../../../actions/organizations/what-ends.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Checkbox, ConfirmLockOut, Select } from '../parts/choice-fields.tsx';
import { Blankslate, CodeList, CopyButton, LastUsed, NextPage, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { NameOf, PersonLine } from '../parts/person.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { idTyped, nextPagePath, numberIn, OrganizationArea, organizationPath, organizationPermit } from './area.tsx';
import { endingTokens, subjectOf } from './endings.tsx';
import { newCodesQuestion, ssoQuestion } from './questions.tsx';

const ON_A_PAGE = 50;
const sees = (visit: Visit) => organizationPermit(visit, { organization_administration: 'read' }, false);
const changes = (visit: Visit) => organizationPermit(visit, { organization_administration: 'write' });
const pathOf = (visit: Visit): string => organizationPath(visit.param('org'), 'single-sign-on');

export const singleSignOnPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/single-sign-on',
    access: 'sudo',
    get: show,
    forms: {
      choose: { asks: asksToChoose, run: choose },
      codes: { asks: asksForNewCodes, run: newCodes },
      revoke: { asks: asksToRevoke, run: revoke },
    },
  },
];

async function show(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const permit = await sees(visit);
  const { chosen } = await readPolicy(visit.ctx, permit, organization);
  const readiness = await ssoReadiness(visit.ctx, permit, organization);
  const authorizations = await listAuthorizations(visit.ctx, permit, organization, null, {
    beforeId: numberIn(visit.query, 'before'),
    limit: ON_A_PAGE,
  });
  return page(
    `Single sign-on of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Single sign-on" level={1} />
      {visit.problem !== null && visit.typed?.get('form') !== 'choose' ? (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      ) : null}
      <p class="color-fg-muted">
        Members prove who they are at an identity provider, every 24 hours in each browser, and authorize each of their
        tokens. Outside collaborators are not asked, public resources stay readable, and nobody loses their membership.
      </p>
      <Choice visit={visit} chosen={chosen} readiness={readiness} />
      <Codes visit={visit} left={readiness.codesLeft} />
      <Authorizations visit={visit} authorizations={authorizations} />
    </OrganizationArea>,
  );
}

function Choice({
  visit,
  chosen,
  readiness: { providers, linkedMembers, members },
}: {
  visit: Visit;
  chosen: StoredPolicy;
  readiness: SsoReadiness;
}): VNode {
  const f = visit.fields('choose');
  const named = providers.find(({ issuer }) => issuer === chosen.ssoIssuer);
  const isGone = chosen.ssoIssuer !== null && named === undefined;
  return (
    <>
      {chosen.requiresSso && chosen.ssoIssuer === null ? (
        <Notice tone="warn">
          It is required, but no provider is named, so nobody can prove who they are, and only what is public can be
          reached. Name a provider, or stop requiring it.
        </Notice>
      ) : null}
      {isGone ? (
        <Notice tone="warn">
          The provider that was named, {chosen.ssoIssuer}, is not set up on this server any more.
        </Notice>
      ) : null}
      <Form f={f} submit="Save">
        <Select
          f={f}
          name="sso_provider"
          label="Identity provider"
          value={named?.name ?? (isGone ? KEEP : '')}
          choices={[
            { value: '', label: 'None' },
            ...(isGone ? [{ value: KEEP, label: `${chosen.ssoIssuer} (not set up)` }] : []),
            ...providers.map(({ name, label }) => ({ value: name, label })),
          ]}
          note={
            providers.length === 0
              ? 'None is set up on this server.'
              : 'With another one, members prove themselves again, and authorize their tokens again.'
          }
        />
        {named === undefined ? null : (
          <p>
            {linkedMembers} of {members} {members === 1 ? 'member has' : 'members have'} an identity there.{' '}
            <a href={`/orgs/${encodeURIComponent(visit.param('org'))}/sso`}>Try it</a>, and ask the others to, before
            you require it.
          </p>
        )}
        <Checkbox
          f={f}
          name="requires_sso"
          label="Require it"
          note={
            'From now on, people who have not proved who they are, and tokens that are not authorized, reach only ' +
            'what is public.'
          }
          checked={chosen.requiresSso}
        />
        <ConfirmLockOut f={f} />
      </Form>
    </>
  );
}

/** The choice that keeps a provider which the operator's file has no more. */
const KEEP = '-';

function choiceIn(visit: Visit): PolicyChange {
  const provider = visit.field('sso_provider');
  return {
    ...(provider === KEEP ? {} : { ssoProvider: provider === '' ? null : provider }),
    requiresSso: visit.field('requires_sso') === 'on',
    confirmLockOut: visit.field('confirm_lock_out') === 'on',
  };
}

/** Null when nobody has to prove anything that they hadn't to before. */
async function asksToChoose(visit: Visit): Promise<Question | null> {
  const [organization, permit, change] = [visit.param('org'), await changes(visit), choiceIn(visit)];
  const endings = await endingsOfPolicy(visit.ctx, permit, organization, change);
  const { chosen } = await readPolicy(visit.ctx, permit, organization);
  const { providers, members, linkedMembers } = await ssoReadiness(visit.ctx, permit, organization);
  const named = providers.find(({ issuer }) => issuer === chosen.ssoIssuer)?.name;
  const isSame = change.ssoProvider === undefined || change.ssoProvider === (named ?? null);
  if (change.requiresSso !== true || (isSame && chosen.requiresSso)) return null;
  return ssoQuestion(organization, endings, { all: members, linked: isSame ? linkedMembers : null });
}

async function asksForNewCodes(visit: Visit): Promise<Question | null> {
  const { codesLeft } = await ssoReadiness(visit.ctx, await changes(visit), visit.param('org'));
  return codesLeft === 0 ? null : newCodesQuestion(codesLeft, OrganizationArea);
}

async function asksToRevoke(visit: Visit): Promise<Question | null> {
  const org = visit.param('org');
  const endings = await endingsOfReach(visit.ctx, await changes(visit), org, [idTyped(visit)]);
  const [token] = endings.tokens;
  if (token === undefined) return null;
  return {
    title: `Revoke this token for ${org}?`,
    lead: `Whatever uses it in ${org} is refused from the next request on, and it can’t be authorized again.`,
    act: `Revoke for ${org}`,
    consequences: [
      endingTokens(endings, ` in ${org}`),
      { title: `Stays: what it does outside of ${org}`, stays: true },
    ],
    subject: subjectOf(endings),
    within: OrganizationArea,
  };
}

async function choose(visit: Visit): Promise<Answer> {
  await changePolicy(visit.ctx, await changes(visit), visit.param('org'), choiceIn(visit));
  return redirect(pathOf(visit), { tone: 'success', text: 'Saved. It is in force now.' });
}

function Codes({ visit, left }: { visit: Visit; left: number }): VNode {
  const codes = visit.flash?.once?.['ssoCodes'] as readonly string[] | undefined;
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Recovery codes</h2>
      {codes === undefined ? (
        <p>
          {left === 0 ? 'There are none yet.' : `${left} ${left === 1 ? 'code is' : 'codes are'} left.`} With one, an
          owner gets in for 24 hours while the provider is down. Each works once.
        </p>
      ) : (
        <>
          <Notice tone="warn">
            Keep these where owners find them when the provider is down. They are not shown again.
          </Notice>
          <CodeList codes={codes.map(spacedCode)} />
          <p>
            <CopyButton value={codes.map(spacedCode).join('\n')} label="Copy all recovery codes" />
          </p>
        </>
      )}
      <Form f={visit.fields('codes')} submit="Make new recovery codes" tone="default">
        {left === 0 ? null : <p>New codes take the place of the old ones.</p>}
      </Form>
    </>
  );
}

async function newCodes(visit: Visit): Promise<Answer> {
  const ssoCodes = await renewSsoRecoveryCodes(visit.ctx, await changes(visit), visit.param('org'));
  return redirect(pathOf(visit), { tone: 'success', text: 'These are the new recovery codes.', once: { ssoCodes } });
}

function Authorizations({
  visit,
  authorizations,
}: {
  visit: Visit;
  authorizations: readonly SeenAuthorization[];
}): VNode {
  const last = authorizations.length < ON_A_PAGE ? undefined : authorizations.at(-1)?.token.id;
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Authorized tokens</h2>
      {authorizations.length === 0 ? (
        <Blankslate heading="None yet">Members authorize their tokens once they have proved who they are.</Blankslate>
      ) : (
        <ul class="Box list-style-none mb-3" aria-label="Authorized tokens">
          {authorizations.map((each) => (
            <Row visit={visit} seen={each} />
          ))}
        </ul>
      )}
      <NextPage href={nextPagePath(visit, 'before', last)} />
    </>
  );
}

function Row({
  visit,
  seen: { token, owner, authorizedAt, lastUsedAt },
}: {
  visit: Visit;
  seen: SeenAuthorization;
}): VNode {
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <div class="lk-break">
        <PersonLine login={owner} />
        <NameOf name={token.name} login={owner} /> <span class="color-fg-muted">(…{token.lastEight})</span>
        <div class="color-fg-muted f6">
          {KIND_WORDS[token.kind]}, authorized <Time at={authorizedAt} />, <LastUsed at={lastUsedAt} />
        </div>
      </div>
      <Form f={visit.fields('revoke')} submit={null} inline>
        <Hidden name="id" value={String(token.id)} />
        <button type="submit" class="btn btn-sm btn-danger" aria-label={`Revoke, ${owner}: “${token.name}”`}>
          Revoke
        </button>
      </Form>
    </li>
  );
}

async function revoke(visit: Visit): Promise<Answer> {
  await revokeAuthorization(visit.ctx, await changes(visit), visit.param('org'), idTyped(visit));
  return redirect(pathOf(visit), { tone: 'success', text: 'The token no longer reaches the organization.' });
}
