/** The form for a new classic token; GitHub's links (`?scopes=repo,workflow&description=…`) fill it in. */
import { formFacts } from '../../../actions/tokens/form.ts';
import { createToken } from '../../../actions/tokens/tokens.ts';
import { present } from '../../../base/present.ts';
import { MAX_NOTE_LENGTH } from '../../../rules/token-limits.ts';
import { DEVELOPER_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import { page, type WebPage } from '../frame/web-page.ts';
import { Notice, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { readExpiry } from './form/draft.ts';
import { ExpirationField } from './form/expiration-field.tsx';
import { RestrictionFields, readRestrictions } from './form/restrictions.tsx';
import { ScopeTree, scopesIn } from './form/scope-tree.tsx';
import { CLASSIC_PATH, FINE_GRAINED_PATH } from './kinds.ts';
import { toNewSecret } from './secret/new-secret.tsx';

export const newClassicPages: readonly WebPage[] = [
  {
    path: `${CLASSIC_PATH}/new`,
    access: 'sudo',
    get: async (visit) => {
      const facts = await formFacts(visit.ctx, await visit.ownPermit());
      const f = visit.fields('classic');
      return page(
        'New personal access token (classic)',
        <WithMenu visit={visit} menu={DEVELOPER_MENU}>
          <Subhead title="New personal access token (classic)" level={1} />
          {facts.emailVerified ? null : (
            <Notice tone="warn">
              Tokens need a verified e-mail address. <a href="/settings/emails">Verify yours</a> first.
            </Notice>
          )}
          <p class="color-fg-muted">
            It works in place of your password with Git over HTTPS, and with the REST API, wherever you may do something
            yourself. A <a href={`${FINE_GRAINED_PATH}/new`}>fine-grained token</a> can be kept to single repositories.
          </p>
          <Form f={f} submit="Generate token">
            <TextField
              f={f}
              name="name"
              label="Note"
              value={visit.query.get('description') ?? ''}
              required
              maxLength={MAX_NOTE_LENGTH}
              note="What’s this token for?"
            />
            <ExpirationField f={f} at={visit.ctx.clock.now()} capDays={facts.capDays.classic} />
            <ScopeTree
              f={f}
              dialect="classic"
              chosen={scopesIn(visit.typed ?? visit.query)}
              label="Select scopes"
              note="For Git on the command line, “repo” is enough. Without any scope it reads public information only."
            />
            <RestrictionFields f={f} />
          </Form>
        </WithMenu>,
      );
    },
    forms: {
      classic: {
        once: true,
        run: async (visit) => {
          const created = await createToken(visit.ctx, await visit.ownPermit(), {
            userLogin: visit.user.account.login,
            kind: 'classic',
            name: visit.field('name'),
            description: '',
            ...readExpiry(present(visit.typed, 'the form')),
            scopes: scopesIn(present(visit.typed, 'the form')),
            grants: [],
            ...readRestrictions(present(visit.typed, 'the form')),
          });
          return toNewSecret(created);
        },
      },
    },
  },
];
