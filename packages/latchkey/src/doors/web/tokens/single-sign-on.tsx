/** Where a token is authorized for single sign-on, and the two forms that change it. */
import type { VNode } from 'preact';
import { type OwnToken, readToken } from '../../../actions/tokens/own-tokens.ts';
import { authorizeToken, deauthorizeToken, type SsoOrganization } from '../../../actions/tokens/single-sign-on.ts';
import { DeveloperArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import { type FormAction, redirect } from '../frame/web-page.ts';
import { Label } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { idParam } from './kinds.ts';

/** Organizations that use it, each with whether this token is authorized there ("Configure SSO"). */
export function SingleSignOn({
  visit,
  token,
  organizations,
}: {
  visit: Visit;
  token: OwnToken;
  organizations: readonly SsoOrganization[];
}): VNode | null {
  if (organizations.length === 0) return null;
  return (
    <section class="mb-3">
      <h2 class="f3 mt-4 mb-2">Configure SSO</h2>
      <p class="color-fg-muted">
        Members of these organizations prove who they are at an identity provider, and then authorize each token.
        {token.kind === 'fine-grained' ? null : ' Editing its scopes, or a new secret, ends that.'}
      </p>
      <div class="Box">
        <ul>
          {organizations.map(({ login, authorized, required, proved }) => (
            <li class="Box-row d-flex flex-items-center flex-justify-between">
              <span>
                {login}{' '}
                <Label tone={authorized ? 'success' : 'attention'}>
                  {authorized ? 'authorized' : 'not authorized'}
                </Label>{' '}
                {required ? null : <span class="color-fg-muted f6">not required yet</span>}
              </span>
              {authorized || proved ? (
                <Form f={visit.fields(authorized ? 'deauthorize' : 'authorize')} submit={null} inline>
                  <Hidden name="organization" value={login} />
                  <button
                    type="submit"
                    class="btn btn-sm"
                    aria-label={`${authorized ? 'Deauthorize' : 'Authorize'} ${token.name} for ${login}`}
                  >
                    {authorized ? 'Deauthorize' : 'Authorize'}
                  </button>
                </Form>
              ) : (
                <a
                  class="btn btn-sm"
                  href={`/orgs/${encodeURIComponent(login)}/sso?authorization_request=${token.id}`}
                  aria-label={`Authorize ${token.name} for ${login}, by single sign-on`}
                >
                  Authorize
                </a>
              )}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

/** What the buttons do. */
export const singleSignOnForms: Readonly<Record<string, FormAction>> = {
  authorize: {
    run: async (visit) => {
      await authorizeToken(visit.ctx, await visit.ownPermit(), idParam(visit), visit.field('organization'));
      return redirect(visit.path, {
        tone: 'success',
        text: `The token is authorized for ${visit.field('organization')}.`,
      });
    },
  },
  deauthorize: {
    asks: async (visit) => {
      const { name } = await readToken(visit.ctx, await visit.ownPermit(), idParam(visit));
      const organization = visit.field('organization');
      return {
        title: `Deauthorize this token for ${organization}?`,
        lead: `Whatever uses it in ${organization} is refused from the next request on.`,
        act: 'Deauthorize',
        consequences: [
          { title: <bdi>{name}</bdi>, facts: `You can undo this: authorize it again.` },
          { title: `Stays: what it does outside of ${organization}`, stays: true },
        ],
        subject: [visit.path, organization],
        within: DeveloperArea,
      };
    },
    run: async (visit) => {
      await deauthorizeToken(visit.ctx, await visit.ownPermit(), idParam(visit), visit.field('organization'));
      return redirect(visit.path, {
        tone: 'success',
        text: `The token is no longer authorized for ${visit.field('organization')}.`,
      });
    },
  },
};
