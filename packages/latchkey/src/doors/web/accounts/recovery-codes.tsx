/**
 * Recovery codes: shown once when they are made, to copy, download or print.
 *
 * Never: a code in an address, or one that the server could show again. The page itself sends them for the download.
 */
import { recoveryCodesLeft, renewRecoveryCodes, spacedCode } from '../../../actions/accounts/two-factor.ts';
import { problem } from '../../../base/errors.ts';
import { SettingsArea } from '../frame/areas.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, file, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { newCodesQuestion } from '../organizations/questions.tsx';
import { CodeList, CopyButton, Notice, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';

export const CODES_PATH = '/settings/security/recovery-codes';

export const recoveryCodePages: readonly WebPage[] = [
  {
    path: CODES_PATH,
    access: 'fresh',
    get: showCodes,
    forms: { renew: { once: true, asks: asksToRenew, run: doRenew }, download: { run: downloadCodes } },
  },
];

function showCodes(visit: Visit): Answer {
  const codes = visit.flash?.once?.['codes'] as readonly string[] | undefined;
  const f = visit.fields('renew');
  return page(
    'Recovery codes',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Recovery codes" level={1} />
      {codes === undefined ? (
        <p>
          Each recovery code signs you in once in place of a code from the app. They are shown once, when they are made.
        </p>
      ) : (
        <>
          <Notice tone="warn">
            Keep these where you keep your passwords. They are not shown again. Each works once.
          </Notice>
          <CodeList codes={codes.map(spacedCode)} />
          <div class="d-flex flex-wrap lk-gap mb-4">
            <CopyButton value={codes.map(spacedCode).join('\n')} label="Copy all recovery codes" />
            <Form f={visit.fields('download')} submit={null} inline>
              <Hidden name="codes" value={codes.map(spacedCode).join('\n')} />
              <button type="submit" class="btn btn-sm">
                Download
              </button>
            </Form>
            <button type="button" class="btn btn-sm lk-needs-script" data-print>
              Print
            </button>
          </div>
        </>
      )}
      {visit.user.account.twoFactorAt === null ? null : (
        <Form f={f} submit="Make new recovery codes" tone="default">
          <p>New codes take the place of the old ones.</p>
        </Form>
      )}
    </WithMenu>,
  );
}

/** The codes of the page as a file: the page sends them, since the server keeps their digests alone. */
function downloadCodes(visit: Visit): Answer {
  const codes = visit
    .field('codes')
    .split(/\s*\n\s*/)
    .filter((line) => /^[\w -]{8,64}$/.test(line))
    .slice(0, 100);
  if (codes.length === 0) throw problem('missing', 'There are no recovery codes to download. Make new ones.');
  const { publicUrl } = visit.ctx.settings;
  const head = `Recovery codes of ${visit.user.account.login} at ${publicUrl}\nEach works once.\n\n`;
  return file('text/plain; charset=utf-8', `${head}${codes.join('\n')}\n`, 'latchkey-recovery-codes.txt');
}

/** Null where no old code is lost. */
async function asksToRenew(visit: Visit): Promise<Question | null> {
  const { left } = await recoveryCodesLeft(visit.ctx, await visit.ownPermit());
  return left === 0 ? null : newCodesQuestion(left, SettingsArea);
}

async function doRenew(visit: Visit): Promise<Answer> {
  const codes = await renewRecoveryCodes(visit.ctx, await visit.ownPermit());
  return redirect(CODES_PATH, { tone: 'success', text: 'These are your new recovery codes.', once: { codes } });
}
