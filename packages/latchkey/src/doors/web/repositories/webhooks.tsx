/** Webhooks, in a repository's settings: listed, added, removed. Their deliveries are in `webhook.tsx`. */
import type { VNode } from 'preact';
import { addWebhook, type KnownWebhook, removeWebhook } from '../../../actions/repositories/webhooks/webhooks.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import type { Visit } from '../frame/visit.ts';
import type { FormAction } from '../frame/web-page.ts';
import { Select } from '../parts/choice-fields.tsx';
import { Label } from '../parts/components.tsx';
import { Form, RemoveButton } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { asksToRemoveHook } from './questions.tsx';
import { back, idTyped, permitTo } from './setting-forms.tsx';

const HOOKS = needOf('POST', '/repos/{owner}/{repo}/hooks');

export function Webhooks({ visit, hooks }: { visit: Visit; hooks: readonly KnownWebhook[] }): VNode {
  const f = visit.fields('hook');
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Webhooks</h2>
      {hooks.length === 0 ? null : (
        <div class="Box mb-3">
          <ul>
            {hooks.map(({ hook, last }) => (
              <li class="Box-row d-flex flex-items-center flex-justify-between">
                <span class="lk-break">
                  <a href={`${visit.path}/hooks/${hook.id}`}>{hook.config.url}</a> ({hook.events.join(', ')}){' '}
                  {last === null ? (
                    <Label>not tried yet</Label>
                  ) : (
                    <Label tone={last.statusCode >= 200 && last.statusCode < 300 ? 'success' : 'danger'}>
                      {last.statusCode === 0 ? last.status : last.statusCode}
                    </Label>
                  )}
                </span>{' '}
                <RemoveButton
                  f={visit.fields('remove-hook')}
                  name="id"
                  value={String(hook.id)}
                  label={`Remove the webhook ${hook.config.url}`}
                />
              </li>
            ))}
          </ul>
        </div>
      )}
      <Form f={f} submit="Add webhook">
        <TextField f={f} name="config.url" label="Payload URL" type="url" required maxLength={2048} />
        <Select
          f={f}
          name="config.content_type"
          label="Content type"
          value="json"
          choices={[
            { value: 'json', label: 'application/json' },
            { value: 'form', label: 'application/x-www-form-urlencoded' },
          ]}
        />
        <TextField
          f={f}
          name="config.secret"
          label="Secret"
          type="password"
          autocomplete="off"
          maxLength={1024}
          note="Signs each delivery (X-Hub-Signature-256)."
        />
        <TextField
          f={f}
          name="events"
          label="Events"
          value="push"
          note="Names, separated by spaces: push, create, delete, ping …; * is all."
          spellcheck={false}
        />
      </Form>
    </section>
  );
}

export const webhookForms: Readonly<Record<string, FormAction>> = {
  hook: {
    once: true,
    run: async (visit) => {
      await addWebhook(visit.ctx, await permitTo(visit, HOOKS), {
        config: {
          url: visit.field('config.url'),
          contentType: visit.field('config.content_type'),
          secret: visit.field('config.secret'),
        },
        events: visit
          .field('events')
          .split(/[\s,]+/)
          .filter((each) => each !== ''),
      });
      return back(visit, 'Webhook added. A ping is on its way.');
    },
  },
  'remove-hook': {
    asks: asksToRemoveHook,
    run: async (visit) => {
      await removeWebhook(visit.ctx, await permitTo(visit, HOOKS), idTyped(visit));
      return back(visit, 'Webhook removed.');
    },
  },
};
