/** A webhook's deliveries: what was sent, what came back, and redelivery. */
import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import {
  type Delivery,
  readDeliveries,
  readWebhook,
  redeliver,
} from '../../../actions/repositories/webhooks/webhooks.ts';
import { problem } from '../../../base/errors.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { nextPagePath, numberIn } from '../organizations/area.tsx';
import { Blankslate, Label, NextPage, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { idParam } from '../tokens/kinds.ts';

const ON_A_PAGE = 30;
const READ = needOf('GET', '/repos/{owner}/{repo}/hooks/{hook_id}/deliveries');
const AGAIN = needOf('POST', '/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts');

const permitTo = (visit: Visit, need: typeof READ): Promise<Permit> =>
  visit.permit(need, { kind: 'repository', owner: visit.param('owner'), name: visit.param('repo') });

async function show(visit: Visit): Promise<Answer> {
  const permit = await permitTo(visit, READ);
  const id = idParam(visit);
  const [{ hook }, deliveries] = await Promise.all([
    readWebhook(visit.ctx, permit, id),
    readDeliveries(visit.ctx, permit, id, null, { beforeId: numberIn(visit.query, 'before'), limit: ON_A_PAGE }),
  ]);
  return page(
    `Webhook ${hook.config.url}`,
    <div class="lk-narrow-page">
      <Subhead title="Webhook" level={1}>
        <a class="btn btn-sm" href={`/${visit.param('owner')}/${visit.param('repo')}/settings`}>
          Repository settings
        </a>
      </Subhead>
      <p class="lk-break">
        <code>{hook.config.url}</code> gets {hook.events.join(', ')}
        {hook.config.secret === null ? ', unsigned' : ', signed'}.
      </p>
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      )}
      <h2 class="f3 mb-2">Deliveries</h2>
      {deliveries.length === 0 ? (
        <Blankslate heading="Nothing was delivered yet" />
      ) : (
        <div class="Box">
          <ul>
            {deliveries.map((delivery) => (
              <Row visit={visit} delivery={delivery} />
            ))}
          </ul>
        </div>
      )}
      <NextPage
        href={nextPagePath(visit, 'before', deliveries.length < ON_A_PAGE ? undefined : deliveries.at(-1)?.id)}
      />
    </div>,
  );
}

function Row({ visit, delivery }: { visit: Visit; delivery: Delivery }): VNode {
  const { result } = delivery;
  const words = result === null ? 'waiting' : result.statusCode === 0 ? result.status : String(result.statusCode);
  const isGood = result !== null && result.statusCode >= 200 && result.statusCode < 300;
  return (
    <li class="Box-row d-flex flex-items-center flex-justify-between">
      <span>
        <strong>{delivery.event}</strong>{' '}
        <Label tone={result === null ? 'secondary' : isGood ? 'success' : 'danger'}>{words}</Label>
        {result === null ? null : (
          <span class="color-fg-muted f6">
            {' '}
            <Time at={result.deliveredAt} />, {result.durationMs} ms
          </span>
        )}
      </span>
      <Form f={visit.fields('redeliver')} submit={null} inline>
        <Hidden name="id" value={String(delivery.id)} />
        <button type="submit" class="btn btn-sm" aria-label={`Redeliver ${delivery.event} ${delivery.id}`}>
          Redeliver
        </button>
      </Form>
    </li>
  );
}

export const webhookPages: readonly WebPage[] = [
  {
    path: '/:owner/:repo/settings/hooks/:id',
    access: 'sudo',
    get: show,
    forms: {
      redeliver: {
        once: true,
        run: async (visit) => {
          const deliveryId = visit.typed === null ? null : numberIn(visit.typed, 'id');
          if (deliveryId === null) throw problem('not_found', 'There is no such delivery.');
          await redeliver(visit.ctx, await permitTo(visit, AGAIN), idParam(visit), deliveryId);
          return redirect(visit.path, { tone: 'success', text: 'Sending it again.' });
        },
      },
    },
  },
];
