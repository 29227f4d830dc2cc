/** A person's SSH keys: listed, added, removed. */
import type { VNode } from 'preact';
import {
  addSshKey,
  MAX_KEY_TITLE_LENGTH,
  MAX_SSH_KEYS,
  readSshKey,
  readSshKeys,
  removeSshKey,
  type SshKey,
} from '../../../actions/keys/ssh-keys.ts';
import { hostKeyFingerprint } from '../../../base/machine/ssh-place.ts';
import { SettingsArea } from '../frame/areas.tsx';

import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, LastUsed, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';

const PATH = '/settings/keys';

export const sshKeyPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'signed-in',
    get: show,
    forms: {
      add: { access: 'fresh', once: true, run: doAdd },
      remove: { asks: asksToRemove, run: doRemove },
    },
  },
];

async function show(visit: Visit): Promise<Answer> {
  const keys = await readSshKeys(visit.ctx, await visit.ownPermit(), { beforeId: null, limit: MAX_SSH_KEYS });
  const f = visit.fields('add');
  return page(
    'SSH keys',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="SSH keys" level={1} />
      <p>
        With a key, Git works over SSH without a token. It reaches every repository that you can, until you remove it.
        Organizations that forbid classic tokens or require single sign-on keep it out.
      </p>
      {visit.ctx.settings.sshAddress === null ? (
        <Notice tone="warn">SSH is off on this server. Keys do nothing until its operator turns it on.</Notice>
      ) : null}
      <HostKey visit={visit} />
      {keys.length === 0 ? (
        <Blankslate heading="No SSH keys yet">Add your public key: the file that ends in .pub.</Blankslate>
      ) : (
        <ul class="Box list-style-none mb-4" aria-label="SSH keys">
          {keys.map((key) => (
            <Row visit={visit} sshKey={key} />
          ))}
        </ul>
      )}
      <Subhead title="Add an SSH key" />
      <div class="lk-wide-form">
        <Form f={f} submit="Add SSH key" tone="primary">
          <TextField
            f={f}
            name="title"
            label="Title"
            maxLength={MAX_KEY_TITLE_LENGTH}
            note="Blank: the key’s comment."
          />
          <TextArea
            f={f}
            name="key"
            label="Public key"
            required
            rows={4}
            note="Begins with ssh-ed25519, ecdsa-sha2-…, sk-… or ssh-rsa. Make one with: ssh-keygen -t ed25519"
          />
        </Form>
      </div>
    </WithMenu>,
  );
}

/** What ssh asks about at the first connection, where the sshd is the server's own. */
function HostKey({ visit }: { visit: Visit }): VNode | null {
  const { sshPort, data } = visit.ctx.settings;
  const fingerprint = sshPort === null ? null : hostKeyFingerprint(data);
  return fingerprint === null ? null : (
    <p class="lk-break">
      At the first connection ssh asks about this server’s key: <code>{fingerprint}</code> (ED25519).
    </p>
  );
}

function Row({ visit, sshKey }: { visit: Visit; sshKey: SshKey }): VNode {
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <div class="lk-break">
        <strong dir="auto">{sshKey.title}</strong>
        <div>
          <code class="f6">SHA256:{sshKey.fingerprint}</code>
        </div>
        <div class="color-fg-muted f6">
          Added <Time at={sshKey.at} />, <LastUsed at={sshKey.lastUsedAt} />
        </div>
        {sshKey.createdByTokenId === null ? null : (
          <div class="color-fg-muted f6">
            Added with a token, and ends with it. It is not bound to the token’s addresses, repositories or permissions.
          </div>
        )}
      </div>
      <Form f={visit.fields('remove')} submit={null} inline>
        <Hidden name="id" value={String(sshKey.id)} />
        <button type="submit" class="btn btn-sm btn-danger" aria-label={`Remove ${sshKey.title}`}>
          Remove
        </button>
      </Form>
    </li>
  );
}

/** Null when there is no such key: then `run` says so. */
async function asksToRemove(visit: Visit): Promise<Question | null> {
  const keys = await readSshKeys(visit.ctx, await visit.ownPermit(), { beforeId: null, limit: MAX_SSH_KEYS });
  const key = keys.find(({ id }) => String(id) === visit.field('id'));
  if (key === undefined) return null;
  return {
    title: 'Remove this SSH key?',
    lead: 'It opens no new session. You can add it again.',
    act: 'Remove SSH key',
    consequences: [
      { title: <bdi>{key.title}</bdi>, facts: <LastUsed at={key.lastUsedAt} /> },
      { title: 'Stays: your sessions and tokens', stays: true },
    ],
    subject: key.id,
    within: SettingsArea,
  };
}

async function doAdd(visit: Visit): Promise<Answer> {
  const { title } = await addSshKey(visit.ctx, await visit.ownPermit(), {
    title: visit.field('title'),
    key: visit.field('key'),
  });
  return redirect(PATH, { tone: 'success', text: `The SSH key ${title} was added.` });
}

async function doRemove(visit: Visit): Promise<Answer> {
  const [permit, id] = [await visit.ownPermit(), Number(visit.field('id'))];
  const { title } = await readSshKey(visit.ctx, permit, id);
  await removeSshKey(visit.ctx, permit, id);
  return redirect(PATH, { tone: 'success', text: `The SSH key ${title} was removed.` });
}
