/** A rule for workloads, to be edited: whom it lets in, and the rights of what it gives. */
import { editRule, machinePlace, readRule } from '../../../actions/federation/rules.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Subhead } from '../parts/components.tsx';
import { Fields } from '../parts/fields.ts';
import { CancelLink, ErrorSummary, Hidden } from '../parts/form.tsx';
import { idParam } from '../tokens/kinds.ts';
import { type Place, rulesPath } from './machine-place.tsx';
import { RuleFields, RuleNameField, readTypedRule } from './workload-rule-fields.tsx';

async function show(place: Place, visit: Visit): Promise<Answer> {
  const login = visit.param('machine');
  const whose = await machinePlace(visit.ctx, await place.permit(visit, false), login);
  const rule = await readRule(visit.ctx, whose, idParam(visit));
  const { token, nonce } = visit.fields('create');
  const { typed, query, problem } = visit;
  const f = new Fields({ id: 'rule', token, nonce, typed, query, problem });
  const held = rule.token.grants[0]?.permissions as Record<string, string> | undefined;
  const { Area } = place;
  return page(
    `Edit ${rule.name}`,
    <Area visit={visit}>
      <Subhead title={`Edit ${rule.name}`} level={1} />
      <p class="color-fg-muted mb-3 lk-break">
        A rule for <a href={rulesPath(place, visit, whose.machine.login)}>workloads of {whose.machine.login}</a>, with
        tokens of {rule.issuer.name}. New conditions apply to later jobs; new rights also to the tokens it already gave.
      </p>
      <form method="post" action={visit.path} class="lk-form" data-live-form noValidate>
        <Hidden name="token" value={f.token} />
        <Hidden name="nonce" value={f.nonce} />
        <ErrorSummary f={f} />
        <RuleNameField f={f} rule={rule} />
        <RuleFields place={place} visit={visit} f={f} source={typed ?? new URLSearchParams(held)} rule={rule} />
        {/* After the buttons that send another value, because the first one counts. */}
        <Hidden name="form" value="create" />
        <button type="submit" class="btn btn-primary">
          Save
        </button>
        <CancelLink />
      </form>
    </Area>,
  );
}

async function save(place: Place, visit: Visit): Promise<Answer> {
  const { ctx } = visit;
  const permit = await place.permit(visit, true);
  const login = visit.param('machine');
  const whose = await machinePlace(ctx, permit, login);
  const id = idParam(visit);
  await editRule(ctx, permit, whose, id, readTypedRule(visit, await readRule(ctx, whose, id)));
  return redirect(rulesPath(place, visit, login), { tone: 'success', text: 'The rule is changed.' });
}

export function workloadRulePage(place: Place): WebPage {
  return {
    path: `${place.pattern}/:machine/workload-rules/:id`,
    access: 'sudo',
    get: (visit) => show(place, visit),
    forms: { create: { run: (visit) => save(place, visit) }, show: { run: (visit) => show(place, visit) } },
  };
}
