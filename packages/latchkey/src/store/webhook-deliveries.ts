/** Deliveries to webhooks: what was sent, and what came back. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import type { WebhookDeliveriesTable } from './schema.ts';

export interface NewDelivery {
  readonly webhookId: number;
  /** The same for an event and all its redeliveries to one webhook. */
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly redelivery: boolean;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly at: UnixSeconds;
}

export interface DeliveryResult {
  readonly deliveredAt: UnixSeconds;
  readonly durationMs: number;
  /** `OK`, or why the receiver didn't answer. */
  readonly status: string;
  /** 0 = no answer. */
  readonly statusCode: number;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
}

/** `result` is null while it waits. */
export interface Delivery extends NewDelivery {
  readonly id: number;
  readonly result: DeliveryResult | null;
}

/** Records a delivery to make, and returns its id. */
export async function insertDelivery(tx: Query, delivery: NewDelivery): Promise<number> {
  const { id } = await tx
    .insertInto('webhook_deliveries')
    .values({
      webhook_id: delivery.webhookId,
      guid: delivery.guid,
      event: delivery.event,
      action: delivery.action,
      redelivery: delivery.redelivery ? 1 : 0,
      payload_json: JSON.stringify(delivery.payload),
      created_at: delivery.at,
      status: '',
      status_code: 0,
      request_headers_json: '{}',
      response_headers_json: '{}',
      response_body: '',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Records the result. */
export async function endDelivery(tx: Query, id: number, result: DeliveryResult): Promise<void> {
  await tx
    .updateTable('webhook_deliveries')
    .set({
      delivered_at: result.deliveredAt,
      duration_ms: result.durationMs,
      status: result.status,
      status_code: result.statusCode,
      request_headers_json: JSON.stringify(result.requestHeaders),
      response_headers_json: JSON.stringify(result.responseHeaders),
      response_body: result.responseBody,
    })
    .where('id', '=', id)
    .execute();
}

export async function deliveryById(q: Query, id: number): Promise<Delivery | null> {
  const row = await q.selectFrom('webhook_deliveries').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : deliveryOf(row);
}

/**
 * A page of a webhook's deliveries that were tried, the newest first. `success` narrows the list to those answered with
 * a 2xx, or to the others.
 */
export async function listDeliveries(
  q: Query,
  webhookId: number,
  success: boolean | null,
  page: Page,
): Promise<Delivery[]> {
  let query = q
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('webhook_id', '=', webhookId)
    .where('delivered_at', 'is not', null)
    .where('id', '<', startOf(page));
  if (success === true) query = query.where('status_code', '>=', 200).where('status_code', '<', 300);
  if (success === false)
    query = query.where((on) => on.or([on('status_code', '<', 200), on('status_code', '>=', 300)]));
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(deliveryOf);
}

/** The newest result of each webhook; webhooks without a delivery are missing. */
export async function latestResults(q: Query, webhookIds: readonly number[]): Promise<Map<number, DeliveryResult>> {
  if (webhookIds.length === 0) return new Map();
  // One index step for each webhook, however many deliveries it has.
  const newest = q
    .selectFrom('webhooks')
    .where('webhooks.id', 'in', webhookIds)
    .select((hook) =>
      hook
        .selectFrom('webhook_deliveries')
        .select('webhook_deliveries.id')
        .whereRef('webhook_id', '=', 'webhooks.id')
        .where('delivered_at', 'is not', null)
        .orderBy('webhook_deliveries.id', 'desc')
        .limit(1)
        .as('id'),
    );
  const rows = await q.selectFrom('webhook_deliveries').selectAll().where('id', 'in', newest).execute();
  return new Map(
    rows.flatMap((row) => {
      const { result } = deliveryOf(row);
      return result === null ? [] : [[row.webhook_id, result]];
    }),
  );
}

/** Deletes deliveries that were requested before this time. */
export async function deleteDeliveriesBefore(tx: Query, at: UnixSeconds): Promise<void> {
  await tx.deleteFrom('webhook_deliveries').where('created_at', '<', at).execute();
}

function deliveryOf(row: Selectable<WebhookDeliveriesTable>): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    guid: row.guid,
    event: row.event,
    action: row.action,
    redelivery: row.redelivery === 1,
    payload: JSON.parse(row.payload_json) as Record<string, unknown>,
    at: row.created_at,
    result:
      row.delivered_at === null
        ? null
        : {
            deliveredAt: row.delivered_at,
            durationMs: row.duration_ms ?? 0,
            status: row.status,
            statusCode: row.status_code,
            requestHeaders: JSON.parse(row.request_headers_json) as Record<string, string>,
            responseHeaders: JSON.parse(row.response_headers_json) as Record<string, string>,
            responseBody: row.response_body,
          },
  };
}
