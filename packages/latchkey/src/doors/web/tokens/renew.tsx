/** A new secret for a token: at once, or with an overlap during which both work. */
import { ownToken } from '../../../actions/tokens/own-tokens.ts';
import { DEFAULT_OVERLAP_SEC, regenerateToken, renewalCap, rotateToken } from '../../../actions/tokens/secrets.ts';
import { present } from '../../../base/present.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC } from '../../../base/time.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { MAX_USES } from '../../../rules/token-limits.ts';
import { WithMenu } from '../frame/layout.tsx';
import { DEVELOPER_MENU, PROFILE_MENU } from '../frame/menus.ts';
import { page, type WebPage } from '../frame/web-page.ts';
import { Radios } from '../parts/choice-fields.tsx';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { readExpiry } from './form/draft.ts';
import { ExpirationField } from './form/expiration-field.tsx';
import { idParam, LIST_PATHS, pathOfToken } from './kinds.ts';
import { toNewSecret } from './secret/new-secret.tsx';

const OVERLAPS = [
  { value: '0', label: 'At once', note: 'Regenerate: whatever uses the old secret is refused from now on.' },
  { value: String(10 * MINUTE_SEC), label: 'In 10 minutes, or at the first use of the new one' },
  { value: String(DEFAULT_OVERLAP_SEC), label: 'In an hour, or at the first use of the new one' },
  { value: String(24 * HOUR_SEC), label: 'In a day, or at the first use of the new one' },
  { value: String(7 * DAY_SEC), label: 'In a week, or at the first use of the new one' },
];

/** Uses that the form offers for a token that has none left: a few clones and pushes. */
const USES_OFFERED = 10;

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
      const span =
        token.expiresAt === null
          ? 'none'
          : String(Math.max(1, Math.round((token.expiresAt - token.issuedAt) / DAY_SEC)));
      const days = capDays === null ? span : String(Math.min(span === 'none' ? capDays : Number(span), capDays));
      return page(
        `A new secret for ${token.name}`,
        <WithMenu visit={visit} menu={kind === 'scoped' ? PROFILE_MENU : DEVELOPER_MENU}>
          <Subhead title={`A new secret for ${token.name}`} level={1} />
          <p>The token keeps its name and what it can do. Its new secret is shown once.</p>
          <Form f={f} submit="Make a new secret">
            <ExpirationField f={f} at={visit.ctx.clock.now()} capDays={capDays} value={days} />
            {token.usesLeft === null ? null : (
              <TextField
                f={f}
                name="uses_left"
                label="Number of uses"
                type="number"
                value={String(token.usesLeft || USES_OFFERED)}
                block={false}
                min="1"
                max={String(MAX_USES)}
                required
                note="Requests that it may make from now on; a clone or a push makes two or more."
              />
            )}
            <Radios
              f={f}
              name="overlap"
              label="When does the old secret end?"
              value="0"
              choices={OVERLAPS}
              note={
                'With an overlap you can put the new one in place without a gap. If the old one is used later, you ' +
                'get an alert.'
              }
            />
          </Form>
          <p class="mt-3">
            <a href={pathOfToken(token)}>Leave it as it is</a>
          </p>
        </WithMenu>,
      );
    },
    forms: {
      renew: {
        once: true,
        run: async (visit) => {
          const permit = await visit.ownPermit();
          const { id } = await ownToken(visit.ctx, permit, idParam(visit), kind);
          const overlapSec = Number(visit.field('overlap') || '0');
          const uses = visit.field('uses_left');
          const draft = {
            ...readExpiry(present(visit.typed, 'the form')),
            ...(uses === '' ? {} : { usesLeft: /^\d{1,10}$/.test(uses) ? Number(uses) : NaN }),
          };
          const renewed =
            overlapSec === 0
              ? await regenerateToken(visit.ctx, permit, id, draft)
              : await rotateToken(visit.ctx, permit, id, draft, overlapSec);
          return toNewSecret(renewed);
        },
      },
    },
  };
}

export const renewTokenPages: readonly WebPage[] = (['fine-grained', 'classic', 'scoped'] as const).map(renewPage);
