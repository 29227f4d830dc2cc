/** For the administrator: every active token of the instance. */
import { listAllTokens } from '../../../actions/instance/instance-lists.ts';
import { endingsOfTokens } from '../../../actions/organizations/what-ends.ts';
import { revokeToken } from '../../../actions/tokens/tokens.ts';
import { WithMenu } from '../frame/layout.tsx';
import { INSTANCE_MENU } from '../frame/menus.ts';
import type { Question } from '../frame/question.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { nextPagePath, numberIn } from '../organizations/area.tsx';
import { endingTokens, subjectOf } from '../organizations/endings.tsx';
import { Blankslate, NextPage, Notice, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { pickedTokens, TOKENS_ON_A_PAGE, TokenPicks, tokensPermit } from './token-picks.tsx';

const PATH = '/instance/tokens';

async function tokens(visit: Visit): Promise<Answer> {
  const permit = await tokensPermit(visit, 'read');
  const owner = (visit.query.get('owner') ?? '').trim();
  const rows = await listAllTokens(visit.ctx, permit, owner === '' ? null : owner, {
    beforeId: numberIn(visit.query, 'before'),
    limit: TOKENS_ON_A_PAGE,
  });
  return page(
    'Active tokens',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Active tokens" level={1} />
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      )}
      <form method="get" class="lk-filter mb-3" role="search">
        <div>
          <label for="token-owner" class="f6">
            Owner
          </label>
          <input
            id="token-owner"
            name="owner"
            class="form-control input-sm"
            value={owner}
            placeholder="login"
            maxLength={60}
            spellcheck={false}
          />
        </div>
        <button type="submit" class="btn btn-sm">
          Filter
        </button>
      </form>
      {rows.length === 0 ? (
        <Blankslate heading="There is none" />
      ) : (
        <Form f={visit.fields('revoke')} submit="Revoke" tone="danger">
          <TokenPicks visit={visit} rows={rows} states />
        </Form>
      )}
      <NextPage href={nextPagePath(visit, 'before', rows.length < TOKENS_ON_A_PAGE ? undefined : rows.at(-1)?.id)} />
    </WithMenu>,
  );
}

async function asksToRevoke(visit: Visit): Promise<Question> {
  const endings = await endingsOfTokens(visit.ctx, await tokensPermit(visit, 'write'), pickedTokens(visit));
  const one = endings.tokens.length === 1;
  return {
    title: `Revoke ${one ? 'this token' : `${endings.tokens.length} tokens`}?`,
    lead: `Whatever uses ${one ? 'it' : 'them'} is refused from the next request on, everywhere.`,
    act: one ? 'Revoke this token' : `Revoke ${endings.tokens.length} tokens`,
    consequences: [
      endingTokens(endings),
      { title: 'This can’t be undone', facts: `${one ? 'Its owner needs' : 'Their owners need'} new tokens.` },
    ],
    subject: subjectOf(endings),
    reasonGoesTo: ` and the mail to ${endings.people === 1 ? endings.tokens[0]?.owner : 'their owners'}`,
    within: (content) => (
      <WithMenu visit={visit} menu={INSTANCE_MENU}>
        {content}
      </WithMenu>
    ),
  };
}

async function revoke(visit: Visit): Promise<Answer> {
  const ids = pickedTokens(visit);
  const permit = await tokensPermit(visit, 'write');
  for (const id of ids) await revokeToken(visit.ctx, permit, id, permit.actor.login, { reason: visit.field('reason') });
  return redirect(PATH, {
    tone: 'success',
    text: ids.length === 1 ? 'The token is revoked.' : `${ids.length} tokens are revoked.`,
  });
}

export const instanceTokenPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'administrator',
    get: tokens,
    forms: { revoke: { once: true, asks: asksToRevoke, run: revoke } },
  },
];
