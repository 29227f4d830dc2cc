/** For the administrator: every active token of the instance. */
import type { Permit } from '../../../actions/decision/authorize.ts';
import { listAllTokens } from '../../../actions/instance/instance-lists.ts';
import { revokeToken } from '../../../actions/tokens/tokens.ts';
import { problem } from '../../../base/errors.ts';
import { rightSentence } from '../../../rules/right/right-sentence.ts';
import { WithMenu } from '../frame/layout.tsx';
import { INSTANCE_MENU } from '../frame/menus.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { nextPagePath, numberIn } from '../organizations/area.tsx';
import { Blankslate, Label, NextPage, Notice, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { Ends, LastUse, StateLabel } from '../tokens/lists.tsx';

const ON_A_PAGE = 50;
const PATH = '/instance/tokens';

const permitTo = (visit: Visit, level: 'read' | 'write'): Promise<Permit> =>
  visit.permit(
    { sets: [{ instance_personal_access_tokens: level }], publicRead: false, writes: level === 'write' },
    { kind: 'instance' },
  );

async function tokens(visit: Visit): Promise<Answer> {
  const permit = await permitTo(visit, 'read');
  const owner = (visit.query.get('owner') ?? '').trim();
  const rows = await listAllTokens(visit.ctx, permit, owner === '' ? null : owner, {
    beforeId: numberIn(visit.query, 'before'),
    limit: ON_A_PAGE,
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
          <div class="Box mb-3">
            <ul>
              {rows.map((token) => (
                <li class="Box-row lk-pick">
                  <input type="checkbox" id={`token-${token.id}`} name="ids" value={String(token.id)} />
                  <div class="lk-token-what">
                    <label for={`token-${token.id}`}>
                      <bdi class="text-bold">{token.name}</bdi> of {token.owner.login}
                    </label>{' '}
                    <Label>{KIND_WORDS[token.kind]}</Label> <StateLabel token={token} />
                    <p class="mb-1">{rightSentence(token, 'other')}</p>
                    <p class="color-fg-muted f6 mb-0">
                      <Ends expiresAt={token.expiresAt} at={visit.ctx.clock.now()} /> · <LastUse token={token} />
                    </p>
                  </div>
                </li>
              ))}
            </ul>
          </div>
        </Form>
      )}
      <NextPage href={nextPagePath(visit, 'before', rows.length < ON_A_PAGE ? undefined : rows.at(-1)?.id)} />
    </WithMenu>,
  );
}

async function revoke(visit: Visit): Promise<Answer> {
  const ids = (visit.typed?.getAll('ids') ?? [])
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0)
    .slice(0, ON_A_PAGE);
  if (ids.length === 0) throw problem('missing', 'Tick at least one token.');
  const permit = await permitTo(visit, 'write');
  for (const id of ids) await revokeToken(visit.ctx, permit, id);
  return redirect(PATH, {
    tone: 'success',
    text: ids.length === 1 ? 'The token is revoked.' : `${ids.length} tokens are revoked.`,
  });
}

export const instanceTokenPages: readonly WebPage[] = [
  { path: PATH, access: 'administrator', get: tokens, forms: { revoke: { once: true, run: revoke } } },
];
