/**
 * What happens in repositories, reported to their webhooks.
 *
 * Invariant: an event is recorded in the transaction of the change it reports, one delivery for each subscribed
 * webhook; a job sends it afterwards. Source of names and bodies: GitHub docs "Webhook events and payloads".
 */
import { randomUUID } from 'node:crypto';
import { type Account, accountById } from '../../../store/accounts.ts';
import type { Query } from '../../../store/db.ts';
import type { Repository } from '../../../store/repositories.ts';
import { insertDelivery } from '../../../store/webhook-deliveries.ts';
import { listWebhooks, type Webhook } from '../../../store/webhooks.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { enqueueJob } from '../../ground/jobs.ts';
import { readTarget } from '../target.ts';

/** The most webhooks of one repository. */
export const MAX_WEBHOOKS = 20;

export interface RepositoryEvent {
  /** GitHub's name: `push`, `status`. */
  readonly event: string;
  readonly action?: string;
  /** The body without repository, organization and sender. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Records an event of the permit's repository for every active webhook that wants it. */
export async function emit(ctx: Context, tx: Query, permit: Permit, event: RepositoryEvent): Promise<void> {
  const { owner, repository } = await readTarget(tx, permit);
  const hooks = await listWebhooks(tx, repository.id, { beforeId: null, limit: MAX_WEBHOOKS });
  const wanted = hooks.filter(({ active, events }) => active && (events.includes('*') || events.includes(event.event)));
  if (wanted.length === 0) return;
  const payload = await payloadOf(ctx, tx, permit, { owner, repository }, event);
  for (const hook of wanted)
    await deliverSoon(ctx, tx, hook, { event: event.event, action: event.action ?? null, payload });
}

/** Records a delivery to one webhook, whatever events it wants, and requests the job that sends it. */
export async function deliverSoon(
  ctx: Context,
  tx: Query,
  hook: Webhook,
  what: { event: string; action: string | null; payload: Readonly<Record<string, unknown>>; redeliveryOf?: string },
): Promise<void> {
  const { event, action, payload, redeliveryOf } = what;
  const at = ctx.clock.now();
  const deliveryId = await insertDelivery(tx, {
    webhookId: hook.id,
    guid: redeliveryOf ?? randomUUID(),
    event,
    action,
    redelivery: redeliveryOf !== undefined,
    payload,
    at,
  });
  // One that hangs must not delay the others.
  const lane = `webhooks of ${new URL(hook.config.url).host}`;
  await enqueueJob(tx, { kind: 'deliver-webhook', payload: { deliveryId }, lane });
}

/** The body of an event in GitHub's form. */
export async function payloadOf(
  ctx: Context,
  q: Query,
  permit: Permit,
  { owner, repository }: { readonly owner: Account; readonly repository: Repository },
  { action, facts }: RepositoryEvent,
): Promise<Readonly<Record<string, unknown>>> {
  const { publicUrl } = ctx.settings;
  const sender = permit.actor.userId === null ? null : await accountById(q, permit.actor.userId);
  return {
    ...(action === undefined ? {} : { action }),
    ...facts,
    repository: repositoryFacts(publicUrl, owner, repository),
    ...(owner.kind === 'organization'
      ? { organization: { login: owner.login, id: owner.id, url: `${publicUrl}/api/v3/orgs/${owner.login}` } }
      : {}),
    ...(sender === null ? {} : { sender: accountFacts(publicUrl, sender) }),
    ...(permit.actor.act === undefined ? {} : { act: permit.actor.act }),
  };
}

function repositoryFacts(
  publicUrl: string,
  owner: Account,
  { id, name, description, visibility, archivedAt, createdAt, updatedAt, pushedAt }: Repository,
) {
  const html = `${publicUrl}/${owner.login}/${name}`;
  return {
    id,
    name,
    full_name: `${owner.login}/${name}`,
    private: visibility !== 'public',
    visibility,
    owner: accountFacts(publicUrl, owner),
    html_url: html,
    url: `${publicUrl}/api/v3/repos/${owner.login}/${name}`,
    clone_url: `${html}.git`,
    git_url: `${html}.git`,
    description: description === '' ? null : description,
    fork: false,
    archived: archivedAt !== null,
    created_at: createdAt,
    updated_at: updatedAt,
    pushed_at: pushedAt,
  };
}

function accountFacts(publicUrl: string, { id, login, kind, admin }: Account) {
  return {
    login,
    id,
    type: kind === 'machine' ? 'Bot' : kind === 'user' ? 'User' : 'Organization',
    site_admin: admin,
    url: `${publicUrl}/api/v3/users/${login}`,
    html_url: `${publicUrl}/${login}`,
    avatar_url: `${publicUrl}/avatars/${id}`,
  };
}
