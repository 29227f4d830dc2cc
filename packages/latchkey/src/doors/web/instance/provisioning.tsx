/** For the administrator: directories that provision people by SCIM. */
import type { VNode } from 'preact';
import {
  addClient,
  type ClientView,
  listClients,
  type MadeClient,
  removeClient,
  rotateClient,
} from '../../../actions/provisioning/clients.ts';
import type { Need } from '../../../rules/model.ts';
import { InstanceArea } from '../frame/areas.tsx';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Checkbox, Select } from '../parts/choice-fields.tsx';
import { Blankslate, CopyBox, Label, LastUsed, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const PATH = '/instance/provisioning';
const READ: Need = { sets: [{ instance_users: 'read' }], publicRead: false, writes: false };
const WRITE: Need = { sets: [{ instance_users: 'write' }], publicRead: false, writes: true };
const onInstance = (visit: Visit, need: Need) => visit.permit(need, { kind: 'instance' });

export const provisioningPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'administrator',
    get: show,
    forms: {
      add: { access: 'fresh', once: true, run: add },
      rotate: { access: 'fresh', once: true, asks: asksToReplace, run: rotate },
      remove: { access: 'fresh', asks: asksToRemove, run: remove },
    },
  },
];

async function show(visit: Visit): Promise<Answer> {
  const clients = await listClients(visit.ctx, await onInstance(visit, READ));
  const providers = visit.ctx.identityProviders.all
    .map(({ provider }) => provider)
    .filter(({ organizations }) => organizations === null);
  const f = visit.fields('add');
  return page(
    'Provisioning',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Provisioning" level={1} />
      <p class="color-fg-muted mb-3">
        A directory, such as Entra or Okta, creates accounts here over SCIM, and disables them when someone leaves:
        their tokens and sessions stop with the next request.
      </p>
      <NewToken visit={visit} />
      {clients.length === 0 ? (
        <Blankslate heading="No directory connected" />
      ) : (
        <ul class="Box list-style-none">
          {clients.map((client) => (
            <Row visit={visit} client={client} />
          ))}
        </ul>
      )}
      <h2 class="f3 mt-4 mb-2">Connect a directory</h2>
      <p>
        Enter this address in the directory, and the token that you get here:{' '}
        <code>{visit.ctx.settings.publicUrl}/scim/v2</code>
      </p>
      <Form f={f} submit="Create token">
        <TextField
          f={f}
          name="name"
          label="Name"
          required
          maxLength={40}
          spellcheck={false}
          note="Shown in the audit log. For example: entra."
        />
        <Select
          f={f}
          name="provider"
          label="Its people sign in with"
          choices={[
            { value: '', label: 'A password, set from a mailed link' },
            ...providers.map(({ name, label }) => ({ value: name, label })),
          ]}
        />
        <Checkbox
          f={f}
          name="trusts_addresses"
          label="Trust the e-mail addresses that it sends"
          note="They count as verified. Only where nobody can edit their own address."
        />
      </Form>
    </WithMenu>,
  );
}

/** Only on the next page. */
function NewToken({ visit }: { visit: Visit }): VNode | null {
  const token = visit.flash?.once?.['token'];
  if (typeof token !== 'string') return null;
  return (
    <div class="mb-4">
      <p>Copy it into the directory now: it is shown only once.</p>
      <CopyBox id="scim-token" value={token} label="Token of the directory" />
    </div>
  );
}

function Row({ visit, client }: { visit: Visit; client: ClientView }): VNode {
  const { name, people, lastEight, providerLabel, trustsAddresses } = client;
  return (
    <li class="Box-row lk-break">
      <p class="mb-1">
        <strong>{name}</strong> {trustsAddresses ? <Label tone="secondary">addresses trusted</Label> : null}
      </p>
      <p class="mb-1 color-fg-muted">
        {people === 1 ? '1 person' : `${people} people`}; token <code>…{lastEight}</code>,{' '}
        <LastUsed at={client.lastUsedAt} />;{' '}
        {providerLabel === null ? 'its people sign in with a password' : `its people sign in with ${providerLabel}`}
      </p>
      <Form f={visit.fields('rotate')} submit={`Replace the token of ${name}`} tone="default" small inline>
        <Hidden name="name" value={name} />
      </Form>{' '}
      <Form f={visit.fields('remove')} submit={`Remove ${name}`} tone="danger" small inline>
        <Hidden name="name" value={name} />
      </Form>
    </li>
  );
}

async function add(visit: Visit): Promise<Answer> {
  const made = await addClient(visit.ctx, await onInstance(visit, WRITE), {
    name: visit.field('name'),
    provider: visit.field('provider'),
    trustsAddresses: visit.field('trusts_addresses') !== '',
  });
  return shownOnce(made, `${made.client.name} may provision people.`);
}

async function rotate(visit: Visit): Promise<Answer> {
  const made = await rotateClient(visit.ctx, await onInstance(visit, WRITE), visit.field('name'));
  return shownOnce(made, `${made.client.name} has a new token. The old one no longer works.`);
}

function shownOnce({ secret }: MadeClient, text: string): Answer {
  return redirect(PATH, { tone: 'success', text, once: { token: secret.reveal() } });
}

async function clientNamed(visit: Visit): Promise<ClientView | undefined> {
  const clients = await listClients(visit.ctx, await onInstance(visit, WRITE));
  return clients.find(({ name }) => name === visit.field('name'));
}

/** Null when there is none of that name: then `run` says so. */
async function asksToReplace(visit: Visit): Promise<Question | null> {
  const client = await clientNamed(visit);
  if (client === undefined) return null;
  const { name, lastEight, lastUsedAt } = client;
  return {
    title: `Replace the token of ${name}?`,
    lead: 'The directory changes nothing here until it has the new one.',
    act: 'Replace the token',
    consequences: [
      { title: `The token that ends in …${lastEight} stops`, facts: <LastUsed at={lastUsedAt} /> },
      { title: 'Stays: the accounts that it created', stays: true },
    ],
    subject: [client.id, lastEight],
    within: InstanceArea,
  };
}

/** Null when there is none of that name: then `run` says so. */
async function asksToRemove(visit: Visit): Promise<Question | null> {
  const client = await clientNamed(visit);
  if (client === undefined) return null;
  const { name, people } = client;
  const count =
    people === 1 ? 'The account that it created stays' : `Each of the ${people} accounts that it created stays`;
  return {
    title: `Remove ${name}?`,
    lead: 'Its token stops with the next request. This server no longer learns from it who has left.',
    act: `Remove ${name}`,
    consequences: [
      {
        title: people === 0 ? 'It created no accounts' : `${count} as it is, also where it is disabled`,
        stays: true,
      },
      ...(people === 0
        ? []
        : [{ title: 'Another directory takes them over only when an administrator links them', stays: true }]),
    ],
    subject: [client.id, people],
    within: InstanceArea,
  };
}

async function remove(visit: Visit): Promise<Answer> {
  const name = visit.field('name');
  await removeClient(visit.ctx, await onInstance(visit, WRITE), name);
  return redirect(PATH, { tone: 'success', text: `${name} is disconnected.` });
}
