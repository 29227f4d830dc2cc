/** A person's identities at identity providers: listed, linked, removed; and the way back from a provider. */
import type { VNode } from 'preact';
import {
  type ExternalIdentity,
  labelOf,
  linkIdentity,
  listIdentities,
  unlinkIdentity,
} from '../../../actions/identity/links.ts';
import { proveByIdentity } from '../../../actions/identity/organization-proofs.ts';
import { confirmByProvider } from '../../../actions/identity/provider-confirmation.ts';
import { ProviderFailure } from '../../../actions/identity/provider-failures.ts';
import { arriveFromProvider, offeredProviders, signInByIdentity } from '../../../actions/identity/provider-sign-in.ts';
import { Problem } from '../../../base/errors.ts';
import { SettingsArea } from '../frame/areas.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { ProviderButtons, toProvider } from '../frame/provider-buttons.tsx';
import { WithMenu } from '../frame/rail.tsx';
import { returnPath } from '../frame/return-path.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, LastUsed, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';

const PATH = '/settings/security/identities';

export const identityPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'fresh',
    get: show,
    forms: {
      provider: { run: (visit) => toProvider(visit, 'link', PATH) },
      remove: { asks: asksToRemove, run: doRemove },
    },
  },
  { path: '/login/sso/:provider/callback', access: 'anybody', get: arrive },
];

/** On the page "Password and authentication", where people can sign in by another service, or still are linked. */
export async function identitiesSection(visit: Visit): Promise<VNode | null> {
  const offered = offeredProviders(visit.ctx);
  const linked = await listIdentities(visit.ctx, await visit.ownPermit());
  if (offered.length === 0 && linked.length === 0) return null;
  const known = linked.map(({ issuer }) => labelOf(visit.ctx, issuer));
  const others = offered.map(({ label }) => label).filter((label) => !known.includes(label));
  return (
    <>
      <Subhead title="Sign in with another service">
        <a class="btn" href={PATH}>
          Manage identities
        </a>
      </Subhead>
      <p class="mb-4 lk-break">
        {known.length === 0 ? null : `You are linked at ${known.join(', ')}. `}
        {others.length === 0 ? null : `You can link an identity at ${others.join(', ')}.`}
      </p>
    </>
  );
}

async function show(visit: Visit): Promise<Answer> {
  const linked = await listIdentities(visit.ctx, await visit.ownPermit());
  return page(
    'Sign in with another service',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Sign in with another service" level={1} />
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      )}
      <p>A linked identity signs you in here without your password. Git and the API take tokens, as before.</p>
      {linked.length === 0 ? (
        <Blankslate heading="No identities yet">
          {offeredProviders(visit.ctx).length === 0
            ? 'No other service is set up on this server.'
            : 'Link one with the button below. You sign in there and come back.'}
        </Blankslate>
      ) : (
        <ul class="Box list-style-none mb-4" aria-label="Linked identities">
          {linked.map((identity) => (
            <Row visit={visit} identity={identity} />
          ))}
        </ul>
      )}
      <ProviderButtons visit={visit} words={(label) => `Link ${label}`} without={linked.map(({ issuer }) => issuer)} />
    </WithMenu>,
  );
}

function Row({ visit, identity }: { visit: Visit; identity: ExternalIdentity }): VNode {
  const service = labelOf(visit.ctx, identity.issuer);
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <div class="lk-break">
        <strong dir="auto">{service}</strong>: <span dir="auto">{identity.label}</span>
        <div class="color-fg-muted f6">
          Linked <Time at={identity.createdAt} />, <LastUsed at={identity.lastUsedAt} />
        </div>
      </div>
      <Form f={visit.fields('remove')} submit={null} inline>
        <Hidden name="id" value={String(identity.id)} />
        <button type="submit" class="btn btn-sm btn-danger" aria-label={`Remove ${identity.label} at ${service}`}>
          Remove
        </button>
      </Form>
    </li>
  );
}

/** Null when there is no such identity: then `run` says so. */
async function asksToRemove(visit: Visit): Promise<Question | null> {
  const linked = await listIdentities(visit.ctx, await visit.ownPermit());
  const identity = linked.find(({ id }) => String(id) === visit.field('id'));
  if (identity === undefined) return null;
  const service = labelOf(visit.ctx, identity.issuer);
  return {
    title: `Remove your identity at ${service}?`,
    lead: `${service} no longer signs you in here, and proves nothing for organizations that ask for it.`,
    act: 'Remove this identity',
    consequences: [
      { title: <bdi>{identity.label}</bdi>, facts: <LastUsed at={identity.lastUsedAt} /> },
      { title: 'Stays: your account, sessions and tokens', facts: 'You can undo this: link it again.', stays: true },
    ],
    subject: identity.id,
    within: SettingsArea,
  };
}

async function doRemove(visit: Visit): Promise<Answer> {
  await unlinkIdentity(visit.ctx, await visit.ownPermit(), Number(visit.field('id')));
  return redirect(PATH, { tone: 'success', text: 'The identity was removed.' });
}

/** The address that a provider sends people back to: one for each, so that none can answer for another. */
async function arrive(visit: Visit): Promise<Answer> {
  let backTo = PATH;
  try {
    const { ctx, sender, query, visitor } = visit;
    const arrival = await arriveFromProvider(ctx, sender, visit.param('provider'), query, visitor);
    if (arrival.organization !== undefined) backTo = arrival.to;
    if (arrival.aim === 'link') {
      await linkIdentity(ctx, await visit.ownPermit(), arrival);
      return redirect(PATH, { tone: 'success', text: `You can sign in with ${arrival.provider.label} now.` });
    }
    if (arrival.aim === 'confirm') {
      const renewed = await confirmByProvider(ctx, { ...visit.user, secret: visit.secret }, arrival, visitor);
      visit.renew(renewed.person, renewed.secret);
      return redirect(returnPath(arrival.to));
    }
    if (arrival.aim !== 'sign-in') {
      const permit = await visit.ownPermit();
      if (arrival.aim === 'link-and-prove') await linkIdentity(ctx, permit, arrival);
      await proveByIdentity(ctx, permit, visit.user.session, arrival);
      return redirect(returnPath(arrival.to));
    }
    const begun = await signInByIdentity(ctx, arrival, visit.device, visitor);
    visit.setSession(begun.secret);
    const to = returnPath(arrival.to);
    return redirect(begun.owes === null ? to : `/login/two-factor?${new URLSearchParams({ return_to: to })}`);
  } catch (error) {
    if (error instanceof Problem) return redirect(backTo, { tone: 'error', text: error.message });
    if (!(error instanceof ProviderFailure)) throw error;
    return visit.person === null
      ? redirect(`/login?${new URLSearchParams({ notice: error.reason })}`)
      : redirect(error.backTo ?? PATH, { tone: 'error', text: error.message });
  }
}
