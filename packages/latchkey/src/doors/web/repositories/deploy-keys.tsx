/** Deploy keys, in a repository's settings: listed, added, removed. */
import type { VNode } from 'preact';
import {
  addDeployKey,
  type DeployKey,
  readDeployKey,
  removeDeployKey,
} from '../../../actions/repositories/deploy-keys.ts';
import type { Visit } from '../frame/visit.ts';
import type { FormAction } from '../frame/web-page.ts';
import { nextPagePath } from '../organizations/area.tsx';
import { Checkbox } from '../parts/choice-fields.tsx';
import { Label, NextPage } from '../parts/components.tsx';
import { Form, RemoveButton } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';
import { asksToRemoveKey } from './questions.tsx';
import { back, idTyped, permitTo, SHOWN } from './setting-forms.tsx';

export function DeployKeys({ visit, keys }: { visit: Visit; keys: readonly DeployKey[] }): VNode {
  const f = visit.fields('key');
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Deploy keys</h2>
      <p class="color-fg-muted">
        {visit.ctx.settings.sshAddress === null
          ? 'SSH is off on this server. Keys do nothing until its operator turns it on.'
          : 'A deploy key opens this repository over SSH, and nothing else. It stands for no person.'}
      </p>
      {keys.length === 0 ? null : (
        <div class="Box mb-3">
          <ul>
            {keys.map(({ id, title, fingerprint, readOnly }) => (
              <li class="Box-row d-flex flex-items-center flex-justify-between">
                <span class="lk-break">
                  <strong dir="auto">{title}</strong> <Label>{readOnly ? 'read-only' : 'read and write'}</Label>
                  <br />
                  <code class="f6">SHA256:{fingerprint}</code>
                </span>{' '}
                <RemoveButton f={visit.fields('remove-key')} name="id" value={String(id)} label={`Remove ${title}`} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <NextPage
        href={nextPagePath(visit, 'keys_before', keys.length < SHOWN ? undefined : keys.at(-1)?.id)}
        label="Pages of deploy keys"
      />
      <Form f={f} submit="Add deploy key">
        <TextField f={f} name="title" label="Title of the key" maxLength={255} />
        <TextArea
          f={f}
          name="key"
          label="Public key"
          required
          rows={3}
          note="Begins with ssh-ed25519, ssh-rsa or ecdsa-sha2-…"
        />
        <Checkbox f={f} name="writable" label="Allow it to push" />
      </Form>
    </section>
  );
}

export const deployKeyForms: Readonly<Record<string, FormAction>> = {
  key: {
    run: async (visit) => {
      await addDeployKey(visit.ctx, await permitTo(visit), {
        title: visit.field('title'),
        key: visit.field('key'),
        readOnly: visit.field('writable') !== 'on',
      });
      return back(visit, 'Deploy key added.');
    },
  },
  'remove-key': {
    asks: asksToRemoveKey,
    run: async (visit) => {
      const [permit, id] = [await permitTo(visit), idTyped(visit)];
      const { title, text, readOnly } = await readDeployKey(visit.ctx, permit, id);
      await removeDeployKey(visit.ctx, permit, id);
      const fields = { title, key: text, ...(readOnly ? {} : { writable: 'on' }) };
      return back(visit, 'Deploy key removed.', { form: 'key', fields });
    },
  },
};
