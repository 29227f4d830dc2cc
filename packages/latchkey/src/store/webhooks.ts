/** Webhooks of repositories: where to, for what, signed with what. */
import type { Selectable } from 'kysely';
import type { Sealed } from '../base/sealing/sealed-text.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import type { WebhooksTable } from './schema.ts';

export interface WebhookConfig {
  readonly url: string;
  readonly contentType: WebhooksTable['content_type'];
  /** Null = deliveries are not signed. */
  readonly secret: Sealed | null;
  /** True = the receiver's certificate is not checked. */
  readonly insecureSsl: boolean;
}

export interface WebhookSettings {
  readonly config: WebhookConfig;
  /** GitHub's event names; `*` = every event. Sorted, each once. */
  readonly events: readonly string[];
  readonly active: boolean;
}

export interface Webhook extends WebhookSettings {
  readonly id: number;
  readonly repositoryId: number;
  readonly createdAt: UnixSeconds;
  readonly updatedAt: UnixSeconds;
}

function columnsOf({ config, events, active }: WebhookSettings) {
  return {
    url: config.url,
    content_type: config.contentType,
    secret: config.secret,
    insecure_ssl: config.insecureSsl ? 1 : 0,
    events_json: JSON.stringify(events),
    active: active ? 1 : 0,
  } as const;
}

function webhookOf(row: Selectable<WebhooksTable>): Webhook {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    events: JSON.parse(row.events_json) as string[],
    active: row.active === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    config: {
      url: row.url,
      contentType: row.content_type,
      secret: row.secret,
      insecureSsl: row.insecure_ssl === 1,
    },
  };
}

export async function insertWebhook(
  tx: Query,
  repositoryId: number,
  settings: WebhookSettings,
  at: UnixSeconds,
): Promise<Webhook> {
  const row = await tx
    .insertInto('webhooks')
    .values({ repository_id: repositoryId, ...columnsOf(settings), created_at: at, updated_at: at })
    .returningAll()
    .executeTakeFirstOrThrow();
  return webhookOf(row);
}

/** Replaces a webhook's settings. Null when it is gone. */
export async function updateWebhook(
  tx: Query,
  id: number,
  settings: WebhookSettings,
  at: UnixSeconds,
): Promise<Webhook | null> {
  const row = await tx
    .updateTable('webhooks')
    .set({ ...columnsOf(settings), updated_at: at })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : webhookOf(row);
}

/** A webhook of a repository; null when it has none with that id. */
export async function webhookById(q: Query, repositoryId: number, id: number): Promise<Webhook | null> {
  const row = await q
    .selectFrom('webhooks')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : webhookOf(row);
}

/** A page of a repository's webhooks, the newest first. */
export async function listWebhooks(q: Query, repositoryId: number, page: Page): Promise<Webhook[]> {
  const rows = await q
    .selectFrom('webhooks')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(webhookOf);
}

/** Deletes a webhook with its deliveries. False when the repository has none with that id. */
export async function deleteWebhook(tx: Query, repositoryId: number, id: number): Promise<boolean> {
  const deleted = await tx
    .deleteFrom('webhooks')
    .where('repository_id', '=', repositoryId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return deleted !== undefined;
}

/** A webhook by id alone, for the code that delivers to it; null when it is gone. */
export async function webhookOfDelivery(q: Query, id: number): Promise<Webhook | null> {
  const row = await q.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : webhookOf(row);
}
