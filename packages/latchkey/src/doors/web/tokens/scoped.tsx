/**
 * Access tokens the GitLab way (seed 000): one page with the form above the list, filled in by
 * `?name=&description=&scopes=`.
 */
import { formFacts } from '../../../actions/tokens/form.ts';
import { createToken } from '../../../actions/tokens/tokens.ts';
import { ownTokenTable } from '../../../actions/tokens/use/lists.ts';
import { problem } from '../../../base/errors.ts';
import { present } from '../../../base/present.ts';
import { DAY_SEC, isoDate, type UnixSeconds } from '../../../base/time.ts';
import { MAX_LIFETIME_DAYS } from '../../../rules/policy.ts';
import { type ExpiryDraft, MAX_DESCRIPTION_LENGTH, MAX_NOTE_LENGTH } from '../../../rules/token-limits.ts';
import { PROFILE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, Notice, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';
import { dayAt } from './form/draft.ts';
import { RestrictionFields, readRestrictions } from './form/restrictions.tsx';
import { ScopeTree, scopesIn } from './form/scope-tree.tsx';
import { SCOPED_PATH } from './kinds.ts';
import { isBlank, TokenList } from './lists.tsx';
import { toNewSecret } from './secret/new-secret.tsx';
import { KindTabs, tableWish } from './table.tsx';

/** Blank = no end (seed 000), unless a policy caps it: then as long as that allows. */
function expiryOf(text: string, capDays: number | null): ExpiryDraft {
  if (text === '') return { expiresInDays: capDays };
  const at = dayAt(text);
  if (at === null) throw problem('invalid', 'An expiration date is a day, such as 2027-01-31.', 'expires_at');
  return { expiresAt: at };
}

async function get(visit: Visit): Promise<Answer> {
  const wish = tableWish(visit);
  const permit = await visit.ownPermit();
  const [facts, table] = await Promise.all([
    formFacts(visit.ctx, permit),
    ownTokenTable(visit.ctx, permit, 'scoped', wish),
  ]);
  const f = visit.fields('scoped');
  const capDays = facts.capDays.scoped;
  const day = (days: number): UnixSeconds => visit.ctx.clock.now() + days * DAY_SEC;
  return page(
    'Access Tokens',
    <WithMenu visit={visit} menu={PROFILE_MENU}>
      <Subhead title="Personal access tokens" level={1} />
      <p class="color-fg-muted">
        Use one in place of your password with Git over HTTPS, or with the API in the header <code>PRIVATE-TOKEN</code>.
        Your username is your regular one: {visit.user.account.login}.
      </p>
      {facts.emailVerified ? null : (
        <Notice tone="warn">
          You need a verified e-mail address to create tokens. <a href="/settings/emails">Verify yours</a> first.
        </Notice>
      )}
      <Form f={f} submit="Create personal access token">
        <TextField f={f} name="name" label="Token name" required maxLength={MAX_NOTE_LENGTH} note="What will use it." />
        <TextArea
          f={f}
          name="description"
          label="Token description"
          rows={2}
          maxLength={MAX_DESCRIPTION_LENGTH}
          note="Optional."
        />
        <TextField
          f={f}
          name="expires_at"
          label="Expiration date"
          type="date"
          block={false}
          min={isoDate(day(1))}
          max={isoDate(day(capDays ?? MAX_LIFETIME_DAYS))}
          note={
            capDays === null
              ? 'It ends at 00:00 UTC on that day. Blank: it never ends.'
              : `A policy caps the life of a token at ${capDays} days. Blank: as long as that.`
          }
        />
        <ScopeTree
          f={f}
          dialect="scoped"
          chosen={scopesIn(visit.typed ?? visit.query)}
          label="Select scopes"
          note={
            'For Git: “read_repository” to clone, “write_repository” to push, too. “api” does everything that your ' +
            'password would.'
          }
        />
        <RestrictionFields f={f} />
      </Form>
      <h2 class="f3 mt-5 mb-2">Active personal access tokens</h2>
      <KindTabs kinds={table.kinds} current="scoped" />
      {isBlank(wish, table) ? (
        <Blankslate heading="No tokens yet">The ones that you create are listed here.</Blankslate>
      ) : (
        <TokenList visit={visit} wish={wish} table={table} kind="scoped" />
      )}
    </WithMenu>,
  );
}

export const scopedTokenPages: readonly WebPage[] = [
  {
    path: SCOPED_PATH,
    access: 'sudo',
    get,
    forms: {
      scoped: {
        once: true,
        run: async (visit) => {
          const permit = await visit.ownPermit();
          const { capDays } = await formFacts(visit.ctx, permit);
          const created = await createToken(visit.ctx, permit, {
            userLogin: visit.user.account.login,
            kind: 'scoped',
            name: visit.field('name'),
            description: visit.field('description'),
            ...expiryOf(visit.field('expires_at'), capDays.scoped),
            scopes: scopesIn(present(visit.typed, 'the form')),
            grants: [],
            ...readRestrictions(present(visit.typed, 'the form')),
          });
          return toNewSecret(created);
        },
      },
    },
  },
  // The earlier path of the page on GitLab.
  {
    path: '/-/profile/personal_access_tokens',
    access: 'signed-in',
    get: (visit) => redirect(`${SCOPED_PATH}${new URL(visit.url, 'http://localhost').search}`),
  },
];
