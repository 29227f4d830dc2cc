/** Protected branches and tags, in a repository's settings: listed, set, removed. */
import type { VNode } from 'preact';
import { protectRefs, readProtections, unprotectRefs } from '../../../actions/repositories/refs/protections.ts';
import { problem } from '../../../base/errors.ts';
import {
  DEFAULT_PROTECTION,
  PROTECTION_ROLES,
  type ProtectionRole,
  protectionSummary,
  type RefProtection,
} from '../../../rules/refs/ref-protections.ts';
import { shownRef } from '../../../rules/refs/ref-rule-text.ts';
import { REF_ACTS, type RefAct } from '../../../rules/refs/ref-rules.ts';
import type { Visit } from '../frame/visit.ts';
import type { FormAction } from '../frame/web-page.ts';
import { Select } from '../parts/choice-fields.tsx';
import { Form, RemoveButton } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { asksToUnprotect } from './questions.tsx';
import { back, permitTo } from './setting-forms.tsx';

const WHO: Readonly<Record<ProtectionRole, string>> = {
  write: 'everyone who can write',
  maintain: 'maintainers and administrators',
  admin: 'administrators',
  nobody: 'nobody',
};
const ACTS: Readonly<Record<RefAct, string>> = {
  create: 'Create it',
  update: 'Push to it',
  force: 'Force-push to it, or move a tag',
  delete: 'Delete it',
};

export function Protections({ visit, protections }: { visit: Visit; protections: readonly RefProtection[] }): VNode {
  const f = visit.fields('protect');
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Protected branches and tags</h2>
      {protections.length === 0 ? (
        <p class="color-fg-muted">Anyone who can write can push to, force-push and delete every branch and tag.</p>
      ) : (
        <div class="Box mb-3">
          <ul>
            {protections.map((protection) => (
              <li class="Box-row d-flex flex-items-center flex-justify-between">
                <span class="lk-break">
                  <code>{shownRef(protection.pattern)}</code>
                  <br />
                  <span class="f6 color-fg-muted">{protectionSummary(protection)}</span>
                </span>{' '}
                <RemoveButton
                  f={visit.fields('unprotect')}
                  name="pattern"
                  value={protection.pattern}
                  label={`Remove the protection of ${shownRef(protection.pattern)}`}
                />
              </li>
            ))}
          </ul>
        </div>
      )}
      <Form f={f} submit="Protect">
        <TextField
          f={f}
          name="pattern"
          label="Branch or tag"
          required
          maxLength={200}
          spellcheck={false}
          note="Such as main, release/** or refs/tags/v*. One that is listed already is changed."
        />
        {REF_ACTS.map((act) => (
          <Select
            f={f}
            name={act}
            label={ACTS[act]}
            value={DEFAULT_PROTECTION[act]}
            choices={PROTECTION_ROLES.map((role) => ({ value: role, label: WHO[role] }))}
          />
        ))}
      </Form>
    </section>
  );
}

export const protectionForms: Readonly<Record<string, FormAction>> = {
  protect: {
    run: async (visit) => {
      const role = (act: RefAct): ProtectionRole => {
        const typed = visit.field(act);
        const known = typed === '' ? DEFAULT_PROTECTION[act] : PROTECTION_ROLES.find((each) => each === typed);
        if (known === undefined) throw problem('invalid', 'Choose who may do this.', act);
        return known;
      };
      const { pattern } = await protectRefs(visit.ctx, await permitTo(visit), {
        pattern: visit.field('pattern'),
        create: role('create'),
        update: role('update'),
        force: role('force'),
        delete: role('delete'),
      });
      return back(visit, `${shownRef(pattern)} is protected.`);
    },
  },
  unprotect: {
    asks: asksToUnprotect,
    run: async (visit) => {
      const [permit, pattern] = [await permitTo(visit), visit.field('pattern')];
      const before = (await readProtections(visit.ctx, permit)).find((each) => each.pattern === pattern);
      await unprotectRefs(visit.ctx, permit, pattern);
      const { ruleset: _none, ...fields } = before ?? { pattern };
      const undo = before === undefined ? undefined : { form: 'protect', fields };
      return back(visit, `${shownRef(pattern)} is no longer protected.`, undo);
    },
  },
};
