/**
 * Sends one delivery: GitHub's headers, signed, once.
 *
 * Invariant: whatever happens is recorded with the delivery. As at GitHub, a receiver that doesn't answer is not
 * retried: its owner sees that in the log and can redeliver.
 * Source: GitHub docs "Webhook events and payloads: delivery headers", "Validating webhook deliveries".
 */
import { createHmac } from 'node:crypto';
import { Fault } from '../../../base/errors.ts';
import type { Sealed } from '../../../base/sealing/sealed-text.ts';
import type { Secret } from '../../../base/secret.ts';
import { DAY_SEC } from '../../../base/time.ts';
import {
  type Delivery,
  type DeliveryResult,
  deleteDeliveriesBefore,
  deliveryById,
  endDelivery,
} from '../../../store/webhook-deliveries.ts';
import { type Webhook, webhookOfDelivery } from '../../../store/webhooks.ts';
import type { Context } from '../../ground/context.ts';
import { post } from '../../ground/outgoing.ts';

/** How long the log keeps deliveries. */
const DELIVERIES_KEPT_SEC = 30 * DAY_SEC;

/** The job `deliver-webhook`. A delivery that is gone, or was already made, is left alone. */
export async function deliverWebhook(
  ctx: Context,
  { deliveryId }: { deliveryId: number },
  signal?: AbortSignal,
): Promise<void> {
  const delivery = await deliveryById(ctx.store.db, deliveryId);
  const hook = delivery === null ? null : await webhookOfDelivery(ctx.store.db, delivery.webhookId);
  if (delivery === null || hook === null || delivery.result !== null) return;
  const body = bodyOf(hook, delivery);
  const secret = hook.config.secret === null ? null : openSecret(ctx, hook, hook.config.secret);
  if (secret instanceof Fault) {
    ctx.log.error({ err: secret, detail: secret.detail, hookId: hook.id }, 'a webhook could not be signed');
    return end(ctx, delivery, { ...NOT_SENT, status: 'not sent: its secret can’t be opened, set it anew' });
  }
  const headers = headersOf(hook, delivery, body, secret);
  const beganAt = performance.now();
  const answer = await post({
    url: new URL(hook.config.url),
    headers,
    body,
    insecureSsl: hook.config.insecureSsl,
    allowedNetworks: ctx.settings.webhookNetworks,
    ...(signal === undefined ? {} : { signal }),
  });
  // The server is stopping: the next process that takes the job sends it.
  if (signal?.aborted === true) throw new Error('stopped while a webhook was delivered');
  await end(ctx, delivery, {
    durationMs: Math.round(performance.now() - beganAt),
    status: answer.status,
    statusCode: answer.statusCode,
    requestHeaders: headers,
    responseHeaders: answer.headers,
    responseBody: answer.body,
  });
  ctx.log.debug({ deliveryId, hookId: hook.id, status: answer.statusCode }, 'delivered a webhook');
}

const NOT_SENT = { durationMs: 0, statusCode: 0, requestHeaders: {}, responseHeaders: {}, responseBody: '' };

async function end(ctx: Context, delivery: Delivery, result: Omit<DeliveryResult, 'deliveredAt'>): Promise<void> {
  const deliveredAt = ctx.clock.now();
  const isTaken = result.statusCode >= 200 && result.statusCode < 300;
  ctx.metrics.happened('webhook', isTaken ? 'delivered' : 'failed');
  await ctx.store.transaction((tx) => endDelivery(tx, delivery.id, { ...result, deliveredAt }));
}

function openSecret({ keys }: Context, { repositoryId }: Webhook, secret: Sealed): Secret | Fault {
  try {
    return keys.open('webhooks.secret', repositoryId, secret);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

function bodyOf({ config }: Webhook, { payload }: Delivery): Buffer {
  const json = JSON.stringify(payload);
  return Buffer.from(config.contentType === 'json' ? json : `payload=${encodeURIComponent(json)}`);
}

function headersOf(
  { id, repositoryId, config }: Webhook,
  { guid, event }: Delivery,
  body: Buffer,
  secret: Secret | null,
): Record<string, string> {
  const signed = (algorithm: 'sha1' | 'sha256', key: Secret): string =>
    `${algorithm}=${createHmac(algorithm, key.reveal()).update(body).digest('hex')}`;
  return {
    Accept: '*/*',
    'Content-Type': config.contentType === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    // Receivers look for this prefix.
    'User-Agent': 'GitHub-Hookshot/latchkey',
    'X-GitHub-Delivery': guid,
    'X-GitHub-Event': event,
    'X-GitHub-Hook-ID': String(id),
    'X-GitHub-Hook-Installation-Target-ID': String(repositoryId),
    'X-GitHub-Hook-Installation-Target-Type': 'repository',
    ...(secret === null
      ? {}
      : { 'X-Hub-Signature': signed('sha1', secret), 'X-Hub-Signature-256': signed('sha256', secret) }),
  };
}

/** The job `clear-webhook-deliveries`. */
export async function deleteOldDeliveries(ctx: Context): Promise<void> {
  await ctx.store.transaction((tx) => deleteDeliveriesBefore(tx, ctx.clock.now() - DELIVERIES_KEPT_SEC));
}
