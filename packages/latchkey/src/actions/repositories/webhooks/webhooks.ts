/**
 * Webhooks of a repository: created, changed, tested, deleted; and their delivery log.
 *
 * Never: a secret in a result of these functions, which say only whether there is one.
 */
import { type Complaint, Problem, problem } from '../../../base/errors.ts';
import { present } from '../../../base/present.ts';
import type { Sealed } from '../../../base/sealing/sealed-text.ts';
import type { AuditAction } from '../../../catalogue/audit-events.ts';
import { WEBHOOK_EVENTS } from '../../../catalogue/webhook-events.ts';
import type { Query } from '../../../store/db.ts';
import type { Page } from '../../../store/page.ts';
import {
  type Delivery,
  type DeliveryResult,
  deliveryById,
  latestResults,
  listDeliveries,
} from '../../../store/webhook-deliveries.ts';
import {
  deleteWebhook,
  insertWebhook,
  listWebhooks,
  updateWebhook,
  type Webhook,
  type WebhookConfig,
  type WebhookSettings,
  webhookById,
} from '../../../store/webhooks.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { addressProblem } from '../../ground/outgoing.ts';
import { record } from '../../ground/record.ts';
import { ownership } from '../repositories.ts';
import { readTarget, targetRepository } from '../target.ts';
import { deliverSoon, MAX_WEBHOOKS, payloadOf } from './events.ts';
import { latestPush } from './push-events.ts';

export type { Delivery, Webhook };

const MAX_HOOK_URL_LENGTH = 2048;
const MAX_HOOK_SECRET_LENGTH = 1024;

/** A webhook with the result of its last delivery; null = none was tried yet. */
export interface KnownWebhook {
  readonly hook: Webhook;
  readonly last: DeliveryResult | null;
}

export interface ConfigDraft {
  readonly url?: string | undefined;
  readonly contentType?: string | undefined;
  /** '' = no secret. */
  readonly secret?: string | undefined;
  readonly insecureSsl?: boolean | undefined;
}

export interface HookDraft {
  readonly config?: ConfigDraft | undefined;
  readonly events?: readonly string[] | undefined;
  readonly active?: boolean | undefined;
}

const NEW_HOOK: WebhookSettings = {
  config: { url: '', contentType: 'form', secret: null, insecureSsl: false },
  events: ['push'],
  active: true,
};

/** Settings after a change. @throws Problem with every complaint */
function changed(
  ctx: Context,
  repositoryId: number,
  before: WebhookSettings,
  { config, events, active }: HookDraft,
): WebhookSettings {
  const seal = (secret: string): Sealed => ctx.keys.seal('webhooks.secret', repositoryId, secret);
  const after = {
    config: changedConfig(before.config, config ?? {}, seal),
    events: [...new Set(events ?? before.events)].toSorted(),
    active: active ?? before.active,
  };
  const complaints: Complaint[] = [];
  const complain = (field: string, message: string | null): void => {
    if (message !== null) complaints.push({ field, code: 'invalid', message });
  };
  complain('config.url', urlProblem(ctx, after.config.url));
  complain(
    'config.content_type',
    config?.contentType === undefined || ['json', 'form'].includes(config.contentType)
      ? null
      : 'content_type is json or form.',
  );
  complain(
    'config.secret',
    (config?.secret ?? '').length > MAX_HOOK_SECRET_LENGTH
      ? `A secret has at most ${MAX_HOOK_SECRET_LENGTH} characters.`
      : null,
  );
  const unknown = after.events.find((event) => !WEBHOOK_EVENTS.has(event));
  complain(
    'events',
    after.events.length === 0
      ? 'A webhook has at least one event.'
      : unknown === undefined
        ? null
        : `There is no event ${unknown.slice(0, 60)}.`,
  );
  if (complaints.length > 0) throw new Problem(complaints);
  return after;
}

function changedConfig(
  before: WebhookConfig,
  { url, contentType, secret, insecureSsl }: ConfigDraft,
  seal: (secret: string) => Sealed,
): WebhookConfig {
  return {
    url: url ?? before.url,
    contentType: contentType === 'json' || contentType === 'form' ? contentType : before.contentType,
    secret: secret === undefined ? before.secret : secret === '' ? null : seal(secret),
    insecureSsl: insecureSsl ?? before.insecureSsl,
  };
}

function urlProblem(ctx: Context, text: string): string | null {
  if (text === '') return 'url is missing.';
  if (text.length > MAX_HOOK_URL_LENGTH) return `url has at most ${MAX_HOOK_URL_LENGTH} characters.`;
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null) return 'url is an address that begins with http:// or https://.';
  if (url.username !== '' || url.password !== '')
    return 'url has no user name and no password: sign deliveries with a secret instead.';
  return addressProblem(url, ctx.settings.webhookNetworks);
}

/** Makes a webhook, and sends it a ping. @throws Problem with every complaint; then nothing was changed */
export async function addWebhook(ctx: Context, permit: Permit, draft: HookDraft): Promise<KnownWebhook> {
  const settings = changed(ctx, targetRepository(permit).repository.id, NEW_HOOK, draft);
  const at = ctx.clock.now();
  const hook = await ctx.store.transaction(async (tx) => {
    const { repository } = await readTarget(tx, permit);
    const others = await listWebhooks(tx, repository.id, { beforeId: null, limit: MAX_WEBHOOKS });
    if (others.length >= MAX_WEBHOOKS)
      throw problem('limit_reached', `A repository has at most ${MAX_WEBHOOKS} webhooks.`);
    const isSame = ({ config, events }: Webhook): boolean =>
      config.url === settings.config.url && String(events) === String(settings.events);
    if (others.some(isSame)) throw problem('already_exists', 'Hook already exists on this repository');
    const made = await insertWebhook(tx, repository.id, settings, at);
    await log(tx, permit, at, 'hook.create', made);
    await ping(ctx, tx, permit, made);
    return made;
  });
  return { hook, last: null };
}

/** Changes the given fields. @throws Problem with every complaint; then nothing was changed */
export async function changeWebhook(ctx: Context, permit: Permit, id: number, draft: HookDraft): Promise<KnownWebhook> {
  const at = ctx.clock.now();
  const hook = await ctx.store.transaction(async (tx) => {
    const before = await hookOf(tx, permit, id);
    const after = await updateWebhook(tx, id, changed(ctx, before.repositoryId, before, draft), at);
    if (after === null) throw notThere(id);
    await log(tx, permit, at, 'hook.config_changed', after);
    return after;
  });
  return present((await withLast(ctx, [hook]))[0], `webhook ${id}`);
}

/** Deletes a webhook with its log. @throws Problem when there is none with that id */
export async function removeWebhook(ctx: Context, permit: Permit, id: number): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const hook = await hookOf(tx, permit, id);
    await deleteWebhook(tx, hook.repositoryId, id);
    await log(tx, permit, at, 'hook.destroy', hook);
  });
}

/** A page of the permit's repository's webhooks, the newest first. */
export async function readWebhooks(ctx: Context, permit: Permit, page: Page): Promise<KnownWebhook[]> {
  return withLast(ctx, await listWebhooks(ctx.store.db, targetRepository(permit).repository.id, page));
}

/** One of them. @throws Problem when there is none with that id */
export async function readWebhook(ctx: Context, permit: Permit, id: number): Promise<KnownWebhook> {
  return present((await withLast(ctx, [await hookOf(ctx.store.db, permit, id)]))[0], `webhook ${id}`);
}

async function withLast(ctx: Context, hooks: readonly Webhook[]): Promise<KnownWebhook[]> {
  const ids = hooks.map(({ id }) => id);
  const results = await latestResults(ctx.store.db, ids);
  return hooks.map((hook) => ({ hook, last: results.get(hook.id) ?? null }));
}

async function hookOf(q: Query, permit: Permit, id: number): Promise<Webhook> {
  const hook = await webhookById(q, targetRepository(permit).repository.id, id);
  if (hook === null) throw notThere(id);
  return hook;
}

function notThere(id: number): Problem {
  return problem('not_found', `There is no webhook ${id}.`, 'hook_id');
}

async function log(tx: Query, permit: Permit, at: number, action: AuditAction, hook: Webhook): Promise<void> {
  const { owner, repository } = await readTarget(tx, permit);
  await record(tx, permit, at, {
    action,
    ...ownership(owner),
    repositoryId: repository.id,
    data: {
      repo: `${owner.login}/${repository.name}`,
      hook_id: hook.id,
      url: hook.config.url,
      events: hook.events,
      active: hook.active,
    },
  });
}

/** Sends a ping to a webhook, even if it is not active. @throws Problem when there is none with that id */
export async function pingWebhook(ctx: Context, permit: Permit, id: number): Promise<void> {
  await ctx.store.transaction(async (tx) => ping(ctx, tx, permit, await hookOf(tx, permit, id)));
}

async function ping(ctx: Context, tx: Query, permit: Permit, hook: Webhook): Promise<void> {
  const { owner, repository } = await readTarget(tx, permit);
  const { url, contentType, insecureSsl } = hook.config;
  const facts = {
    zen: 'A token can do what it says, and nothing else.',
    hook_id: hook.id,
    hook: {
      type: 'Repository',
      id: hook.id,
      name: 'web',
      active: hook.active,
      events: hook.events,
      config: { url, content_type: contentType, insecure_ssl: insecureSsl ? '1' : '0' },
    },
  };
  await deliverSoon(ctx, tx, hook, {
    event: 'ping',
    action: null,
    payload: await payloadOf(ctx, tx, permit, { owner, repository }, { event: 'ping', facts }),
  });
}

/**
 * Sends the latest push again, if the webhook wants pushes and there was one.
 * @throws Problem when there is none with that id
 */
export async function testWebhook(ctx: Context, permit: Permit, id: number): Promise<void> {
  const hook = await hookOf(ctx.store.db, permit, id);
  const facts = hook.events.includes('push') || hook.events.includes('*') ? await latestPush(ctx, permit) : null;
  if (facts === null) return;
  await ctx.store.transaction(async (tx) => {
    const { owner, repository } = await readTarget(tx, permit);
    await deliverSoon(ctx, tx, hook, {
      event: 'push',
      action: null,
      payload: await payloadOf(ctx, tx, permit, { owner, repository }, { event: 'push', facts }),
    });
  });
}

/** A page of a webhook's deliveries, the newest first. @throws Problem when there is none with that id */
export async function readDeliveries(
  ctx: Context,
  permit: Permit,
  id: number,
  success: boolean | null,
  page: Page,
): Promise<Delivery[]> {
  const hook = await hookOf(ctx.store.db, permit, id);
  return listDeliveries(ctx.store.db, hook.id, success, page);
}

/** One delivery. @throws Problem when the webhook has none with that id */
export async function readDelivery(
  ctx: Context,
  permit: Permit,
  id: number,
  deliveryId: number,
): Promise<{ hook: Webhook; delivery: Delivery }> {
  const hook = await hookOf(ctx.store.db, permit, id);
  const delivery = await deliveryById(ctx.store.db, deliveryId);
  if (delivery === null || delivery.webhookId !== hook.id)
    throw problem('not_found', `There is no delivery ${deliveryId}.`, 'delivery_id');
  return { hook, delivery };
}

/**
 * Sends the same delivery again, to the webhook's current address.
 * @throws Problem when the webhook has no delivery with that id
 */
export async function redeliver(ctx: Context, permit: Permit, id: number, deliveryId: number): Promise<void> {
  const { hook, delivery } = await readDelivery(ctx, permit, id, deliveryId);
  const { event, action, payload, guid } = delivery;
  await ctx.store.transaction((tx) => deliverSoon(ctx, tx, hook, { event, action, payload, redeliveryOf: guid }));
}
