/** A person's passkeys: listed, added, removed. */
import type { VNode } from 'preact';
import {
  addPasskey,
  askForNewPasskey,
  hasPasskeys,
  listPasskeys,
  MAX_PASSKEY_NAME,
  MAX_PASSKEYS,
  type Passkey,
  removePasskey,
  takesPasskeys,
} from '../../../actions/accounts/passkeys.ts';
import { SettingsArea } from '../frame/areas.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, Label, LastUsed, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { PasskeyForm } from '../parts/passkey-form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const PATH = '/settings/security/passkeys';

export const passkeyPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'fresh',
    get: show,
    forms: { add: { run: doAdd }, remove: { asks: asksToRemove, run: doRemove } },
  },
];

/** A link to passkeys, for people who type an app's codes and have no passkey. */
export async function passkeyHint(visit: Visit): Promise<VNode | null> {
  const { account } = visit.user;
  const types = account.twoFactorAt !== null && takesPasskeys(visit.ctx) && !(await hasPasskeys(visit.ctx, account));
  return types ? (
    <Notice tone="info">
      You use codes from an app. A passkey is quicker and can’t be phished: <a href={PATH}>add a passkey</a>. The app
      keeps working.
    </Notice>
  ) : null;
}

async function show(visit: Visit): Promise<Answer> {
  const permit = await visit.ownPermit();
  const keys = await listPasskeys(visit.ctx, permit);
  return page(
    'Passkeys',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Passkeys" level={1} />
      <p>
        A passkey signs you in with your device's lock or a security key, without a password, and can't be phished. Git
        and the API take tokens, as before.
      </p>
      {keys.length === 0 ? (
        <Blankslate heading="No passkeys yet">The first one turns two-factor authentication on.</Blankslate>
      ) : (
        <ul class="Box list-style-none mb-4" aria-label="Passkeys">
          {keys.map((passkey) => (
            <Row visit={visit} passkey={passkey} />
          ))}
        </ul>
      )}
      <Subhead title="Add a passkey" />
      <Add visit={visit} count={keys.length} question={await askForNewPasskey(visit.ctx, permit, visit.sender)} />
    </WithMenu>,
  );
}

function Add({
  visit,
  count,
  question,
}: {
  visit: Visit;
  count: number;
  question: { options: string; sealed: string };
}): VNode {
  if (!takesPasskeys(visit.ctx))
    return <Notice tone="warn">Passkeys need HTTPS and an address with a host name.</Notice>;
  if (count >= MAX_PASSKEYS) return <p>A person has at most {MAX_PASSKEYS} passkeys.</p>;
  const f = visit.fields('add');
  return (
    <div class="lk-wide-form">
      <PasskeyForm f={f} does="create" question={question} submit="Add passkey" tone="primary">
        <TextField
          f={f}
          name="name"
          label="Name"
          maxLength={MAX_PASSKEY_NAME}
          required
          note="How you will recognize it: your laptop, the key on your key ring."
        />
      </PasskeyForm>
      <noscript>
        <p>Passkeys need JavaScript.</p>
      </noscript>
    </div>
  );
}

function Row({ visit, passkey }: { visit: Visit; passkey: Passkey }): VNode {
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <div class="lk-break">
        <strong dir="auto">{passkey.name}</strong> <Label>{passkey.synced ? 'synced' : 'this device only'}</Label>
        <div class="color-fg-muted f6">
          Added <Time at={passkey.createdAt} />, <LastUsed at={passkey.lastUsedAt} />
        </div>
      </div>
      <Form f={visit.fields('remove')} submit={null} inline>
        <Hidden name="id" value={String(passkey.id)} />
        <button type="submit" class="btn btn-sm btn-danger" aria-label={`Remove ${passkey.name}`}>
          Remove
        </button>
      </Form>
    </li>
  );
}

/** Null when there is no such passkey: then `run` says so. */
async function asksToRemove(visit: Visit): Promise<Question | null> {
  const keys = await listPasskeys(visit.ctx, await visit.ownPermit());
  const passkey = keys.find(({ id }) => String(id) === visit.field('id'));
  if (passkey === undefined) return null;
  return {
    title: 'Remove this passkey?',
    lead: 'It no longer signs you in. This can’t be undone: you would add another.',
    act: 'Remove this passkey',
    consequences: [
      { title: <bdi>{passkey.name}</bdi>, facts: <LastUsed at={passkey.lastUsedAt} /> },
      { title: 'Stays: your sessions and tokens', stays: true },
    ],
    subject: passkey.id,
    within: SettingsArea,
  };
}

async function doAdd(visit: Visit): Promise<Answer> {
  const codes = await addPasskey(visit.ctx, await visit.ownPermit(), visit.sender, {
    name: visit.field('name'),
    sealed: visit.field('challenge'),
    response: visit.field('passkey'),
  });
  return codes === null
    ? redirect(PATH, { tone: 'success', text: 'The passkey was added.' })
    : redirect('/settings/security/recovery-codes', {
        tone: 'success',
        text: 'The passkey was added, and two-factor authentication is on.',
        once: { codes },
      });
}

async function doRemove(visit: Visit): Promise<Answer> {
  await removePasskey(visit.ctx, await visit.ownPermit(), Number(visit.field('id')));
  return redirect(PATH, { tone: 'success', text: 'The passkey was removed.' });
}
