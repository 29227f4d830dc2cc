/** A new secret for a token: at once, or with an overlap during which both work. */
import { ownToken } from '../../../actions/tokens/own-tokens.ts';
import { regenerateToken, renewalCap, rotateToken } from '../../../actions/tokens/secrets.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { DEVELOPER_MENU, PROFILE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import { page, type WebPage } from '../frame/web-page.ts';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { RenewalFields, readRenewal } from './form/renewal-fields.tsx';
import { idParam, LIST_PATHS, pathOfToken } from './kinds.ts';
import { toNewSecret } from './secret/new-secret.tsx';

function renewPage(kind: TokenKind): WebPage {
  return {
    path: `${LIST_PATHS[kind]}/:id/renew`,
    access: 'sudo',
    get: async (visit) => {
      const permit = await visit.ownPermit();
      const [token, capDays] = await Promise.all([
        ownToken(visit.ctx, permit, idParam(visit), kind),
        renewalCap(visit.ctx, permit, idParam(visit)),
      ]);
      const f = visit.fields('renew');
      return page(
        `A new secret for ${token.name}`,
        <WithMenu visit={visit} menu={kind === 'scoped' ? PROFILE_MENU : DEVELOPER_MENU}>
          <Subhead title={`A new secret for ${token.name}`} level={1} />
          <p>The token keeps its name and what it can do. Its new secret is shown once.</p>
          <Form f={f} submit="Make a new secret" cancel={pathOfToken(token)}>
            <RenewalFields f={f} at={visit.ctx.clock.now()} token={token} capDays={capDays} />
          </Form>
        </WithMenu>,
      );
    },
    forms: {
      renew: {
        once: true,
        run: async (visit) => {
          const permit = await visit.ownPermit();
          const { id } = await ownToken(visit.ctx, permit, idParam(visit), kind);
          const { draft, overlapSec } = readRenewal(visit);
          const renewed =
            overlapSec === null
              ? await regenerateToken(visit.ctx, permit, id, draft)
              : await rotateToken(visit.ctx, permit, id, draft, overlapSec);
          return toNewSecret(renewed);
        },
      },
    },
  };
}

export const renewTokenPages: readonly WebPage[] = (['fine-grained', 'classic', 'scoped'] as const).map(renewPage);
