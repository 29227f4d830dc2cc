/** Webhooks of a repository, and their delivery log. */
import {
  addWebhook,
  type ConfigDraft,
  changeWebhook,
  type Delivery,
  type KnownWebhook,
  pingWebhook,
  readDeliveries,
  readDelivery,
  readWebhook,
  readWebhooks,
  redeliver,
  removeWebhook,
  testWebhook,
  type Webhook,
} from '../../../actions/repositories/webhooks/webhooks.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { present } from '../../../base/present.ts';
import { isoInstant } from '../../../base/time.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import type { Place } from '../present/place.ts';
import { idIn, placeOf } from './place.ts';

const CONFIG = Type.Object(
  {
    url: Type.Optional(Type.String()),
    content_type: Type.Optional(Type.String()),
    secret: Type.Optional(Type.String()),
    insecure_ssl: Type.Optional(Type.Union([Type.String(), Type.Number()])),
  },
  { additionalProperties: false },
);
const Events = Type.Optional(Type.Array(Type.String(), { maxItems: 100 }));
const NEW = Type.Object(
  { name: Type.Optional(Type.Literal('web')), config: CONFIG, events: Events, active: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);
const CHANGE = Type.Object(
  {
    config: Type.Optional(CONFIG),
    events: Events,
    add_events: Events,
    remove_events: Events,
    active: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
const LOG = Type.Object(
  { cursor: Type.Optional(Type.String()), status: Type.Optional(Type.Enum(['success', 'failure'])) },
  { additionalProperties: false },
);

type Plain = Call<undefined, undefined>;
const HOOKS = '/repos/{owner}/{repo}/hooks';
const HOOK = `${HOOKS}/{hook_id}`;
/** What GitHub shows in place of a secret. */
const MASK = '********';

function configBody({ config }: Webhook) {
  return {
    url: config.url,
    content_type: config.contentType,
    insecure_ssl: config.insecureSsl ? '1' : '0',
    ...(config.secret === null ? {} : { secret: MASK }),
  };
}

function hookBody(place: Place, { hook, last }: KnownWebhook) {
  const url = `${place.url}/hooks/${hook.id}`;
  return {
    type: 'Repository',
    id: hook.id,
    name: 'web',
    active: hook.active,
    events: hook.events,
    config: configBody(hook),
    created_at: isoInstant(hook.createdAt),
    updated_at: isoInstant(hook.updatedAt),
    url,
    test_url: `${url}/tests`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response:
      last === null
        ? { code: null, status: 'unused', message: null }
        : { code: last.statusCode, status: 'active', message: last.status },
  };
}

function deliveryItem(repositoryId: number, { id, guid, event, action, redelivery, ...delivery }: Delivery) {
  const result = present(delivery.result, `the result of delivery ${id}`);
  return {
    id,
    guid,
    delivered_at: isoInstant(result.deliveredAt),
    redelivery,
    duration: result.durationMs / 1000,
    status: result.status,
    status_code: result.statusCode,
    event,
    action,
    installation_id: null,
    repository_id: repositoryId,
    throttled_at: null,
  };
}

function draftOf(config: Static<typeof CONFIG> | undefined): ConfigDraft | undefined {
  if (config === undefined) return undefined;
  const { url, content_type, secret, insecure_ssl } = config;
  if (insecure_ssl !== undefined && !['0', '1'].includes(String(insecure_ssl)))
    throw problem('invalid', 'insecure_ssl is "0" or "1".', 'config.insecure_ssl');
  // A client that sends the mask back wants to keep the secret.
  return {
    url,
    contentType: content_type,
    secret: secret === MASK ? undefined : secret,
    insecureSsl: insecure_ssl === undefined ? undefined : String(insecure_ssl) === '1',
  };
}

async function add(call: Call<Static<typeof NEW>, undefined>): Promise<Reply> {
  const { config, events, active } = call.body;
  if (config.url === undefined) throw problem('missing_field', 'config.url is missing.', 'config.url');
  const body = hookBody(
    placeOf(call),
    await addWebhook(call.ctx, call.permit, { config: draftOf(config), events, active }),
  );
  return created(body, body.url);
}

async function change(call: Call<Static<typeof CHANGE>, undefined>): Promise<Reply> {
  const { ctx, permit, params, body } = call;
  const id = idIn(params, 'hook_id');
  const { config, active, add_events = [], remove_events = [] } = body;
  const before = body.events ?? (await readWebhook(ctx, permit, id)).hook.events;
  const events = [...before, ...add_events].filter((event) => !remove_events.includes(event));
  return ok(hookBody(placeOf(call), await changeWebhook(ctx, permit, id, { config: draftOf(config), active, events })));
}

async function listLog(call: Call<undefined, Static<typeof LOG>>): Promise<Reply> {
  const { ctx, permit, params, query, page } = call;
  const { hook } = await readWebhook(ctx, permit, idIn(params, 'hook_id'));
  const wanted = query.cursor === undefined ? page : { ...page, after: query.cursor };
  const deliveries = await readDeliveries(
    ctx,
    permit,
    hook.id,
    query.status === undefined ? null : query.status === 'success',
    pageById(wanted),
  );
  return {
    ...ok(deliveries.map((delivery) => deliveryItem(hook.repositoryId, delivery))),
    next: nextKey(deliveries, page, ({ id }) => id),
  };
}

async function readLogged({ ctx, permit, params }: Plain): Promise<Reply> {
  const { hook, delivery } = await readDelivery(ctx, permit, idIn(params, 'hook_id'), idIn(params, 'delivery_id'));
  if (delivery.result === null) throw problem('not_found', 'This delivery was not tried yet.', 'delivery_id');
  const { requestHeaders, responseHeaders, responseBody } = delivery.result;
  return ok({
    ...deliveryItem(hook.repositoryId, delivery),
    url: hook.config.url,
    request: { headers: requestHeaders, payload: delivery.payload },
    response: { headers: responseHeaders, payload: responseBody },
  });
}

export const WEBHOOK_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: HOOKS,
    operationId: 'repos/list-webhooks',
    paged: true,
    summary: 'The webhooks of a repository.',
    handle: async (call) => {
      const hooks = await readWebhooks(call.ctx, call.permit, pageById(call.page));
      return {
        ...ok(hooks.map((known) => hookBody(placeOf(call), known))),
        next: nextKey(hooks, call.page, ({ hook }) => hook.id),
      };
    },
  }),
  endpoint({
    method: 'POST',
    path: HOOKS,
    operationId: 'repos/create-webhook',
    body: NEW,
    resource: 'Hook',
    summary: 'Creates a webhook, and sends it a ping.',
    handle: add,
  }),
  endpoint({
    method: 'GET',
    path: HOOK,
    operationId: 'repos/get-webhook',
    summary: 'A webhook. Its secret is never shown.',
    handle: async (call) =>
      ok(hookBody(placeOf(call), await readWebhook(call.ctx, call.permit, idIn(call.params, 'hook_id')))),
  }),
  endpoint({
    method: 'PATCH',
    path: HOOK,
    operationId: 'repos/update-webhook',
    body: CHANGE,
    resource: 'Hook',
    summary: 'Changes a webhook.',
    handle: change,
  }),
  endpoint({
    method: 'DELETE',
    path: HOOK,
    operationId: 'repos/delete-webhook',
    summary: 'Deletes a webhook and its log.',
    handle: async ({ ctx, permit, params }) => {
      await removeWebhook(ctx, permit, idIn(params, 'hook_id'));
      return nothing();
    },
  }),
  endpoint({
    method: 'GET',
    path: `${HOOK}/config`,
    operationId: 'repos/get-webhook-config-for-repo',
    summary: 'Where a webhook delivers, and how.',
    handle: async ({ ctx, permit, params }) =>
      ok(configBody((await readWebhook(ctx, permit, idIn(params, 'hook_id'))).hook)),
  }),
  endpoint({
    method: 'PATCH',
    path: `${HOOK}/config`,
    operationId: 'repos/update-webhook-config-for-repo',
    body: CONFIG,
    resource: 'Hook',
    summary: 'Changes where a webhook delivers, and how.',
    handle: async ({ ctx, permit, params, body }) =>
      ok(configBody((await changeWebhook(ctx, permit, idIn(params, 'hook_id'), { config: draftOf(body) })).hook)),
  }),
  endpoint({
    method: 'GET',
    path: `${HOOK}/deliveries`,
    operationId: 'repos/list-webhook-deliveries',
    paged: true,
    query: LOG,
    summary: 'The deliveries to a webhook in the last 30 days, newest first.',
    handle: listLog,
  }),
  endpoint({
    method: 'GET',
    path: `${HOOK}/deliveries/{delivery_id}`,
    operationId: 'repos/get-webhook-delivery',
    summary: 'A delivery: what was sent, and the response.',
    handle: readLogged,
  }),
  endpoint({
    method: 'POST',
    path: `${HOOK}/deliveries/{delivery_id}/attempts`,
    operationId: 'repos/redeliver-webhook-delivery',
    success: 202,
    summary: 'Sends a delivery again.',
    handle: async ({ ctx, permit, params }) => {
      await redeliver(ctx, permit, idIn(params, 'hook_id'), idIn(params, 'delivery_id'));
      return { status: 202, body: {} };
    },
  }),
  endpoint({
    method: 'POST',
    path: `${HOOK}/pings`,
    operationId: 'repos/ping-webhook',
    success: 204,
    summary: 'Sends a ping to a webhook.',
    handle: async ({ ctx, permit, params }) => {
      await pingWebhook(ctx, permit, idIn(params, 'hook_id'));
      return nothing();
    },
  }),
  endpoint({
    method: 'POST',
    path: `${HOOK}/tests`,
    operationId: 'repos/test-push-webhook',
    success: 204,
    summary: 'Delivers the newest push again, if the webhook subscribes to pushes.',
    handle: async ({ ctx, permit, params }) => {
      await testWebhook(ctx, permit, idIn(params, 'hook_id'));
      return nothing();
    },
  }),
];
