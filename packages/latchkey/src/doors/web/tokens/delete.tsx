/** Deleting a token: one question, then it is refused everywhere. */

import { ownToken } from '../../../actions/tokens/own-tokens.ts';
import { revokeToken } from '../../../actions/tokens/tokens.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { DEVELOPER_MENU, PROFILE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import { page, redirect, type WebPage } from '../frame/web-page.ts';
import { Checkbox } from '../parts/choice-fields.tsx';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { Right } from '../parts/spoken.tsx';
import { idParam, LIST_PATHS } from './kinds.ts';
import { LastUse } from './lists.tsx';

function deletePage(kind: TokenKind): WebPage {
  return {
    path: `${LIST_PATHS[kind]}/:id/delete`,
    access: 'sudo',
    get: async (visit) => {
      const token = await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), kind);
      const f = visit.fields('delete');
      return page(
        `Delete ${token.name}`,
        <WithMenu visit={visit} menu={kind === 'scoped' ? PROFILE_MENU : DEVELOPER_MENU}>
          <Subhead title={`Delete ${token.name}?`} level={1} />
          <p>Whatever uses it is refused from then on. A deleted token can’t be restored.</p>
          <p>
            <Right token={token} reader="owner" /> It was <LastUse token={token} />.
          </p>
          <div class="lk-answers">
            <Form f={f} submit="Delete this token" tone="danger">
              {token.children === 0 ? null : (
                <Checkbox
                  f={f}
                  name="children"
                  label={`Also delete the ${token.children === 1 ? 'token' : `${token.children} tokens`} that it made`}
                  checked
                />
              )}
            </Form>
          </div>
        </WithMenu>,
      );
    },
    forms: {
      delete: {
        once: true,
        run: async (visit) => {
          const permit = await visit.ownPermit();
          const { id, name } = await ownToken(visit.ctx, permit, idParam(visit), kind);
          await revokeToken(visit.ctx, permit, id, permit.actor.login, {
            withChildren: visit.field('children') === 'on',
          });
          return redirect(LIST_PATHS[kind], {
            tone: 'success',
            text: `${name} is deleted. Whatever used it is refused from now on.`,
          });
        },
      },
    },
  };
}

export const deleteTokenPages: readonly WebPage[] = (['fine-grained', 'classic', 'scoped'] as const).map(deletePage);
