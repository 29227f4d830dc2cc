/** Rules for workloads of one machine account: which jobs get its tokens, what they got, and a token tried on them. */
import type { VNode } from 'preact';
import {
  addRule,
  listGiven,
  listRules,
  machinePlace,
  readRule,
  removeRule,
} from '../../../actions/federation/rules.ts';
import { type Trial, tryWorkloadToken } from '../../../actions/federation/trial.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Subhead } from '../parts/components.tsx';
import { Fields } from '../parts/fields.ts';
import { CancelLink, ErrorSummary, Form, Hidden } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';
import { idTyped } from './area.tsx';
import { type Place, pathOf, rulesPath } from './machine-place.tsx';
import { Rule, TrialResult } from './workload-parts.tsx';
import { RuleFields, RuleNameField, readTypedRule } from './workload-rule-fields.tsx';

/** The most given tokens of each rule that are shown. */
const GIVEN_SHOWN = 20;

async function show(place: Place, visit: Visit, trial: Trial | null = null): Promise<Answer> {
  const { ctx } = visit;
  const login = visit.param('machine');
  const whose = await machinePlace(ctx, await place.permit(visit, false), login);
  const rules = await listRules(ctx, whose);
  const given = await Promise.all(
    rules.map(({ id }) => listGiven(ctx, whose, id, { beforeId: null, limit: GIVEN_SHOWN })),
  );
  const { Area } = place;
  const { token, nonce } = visit.fields('check');
  // What was pasted is a secret: it isn't shown again.
  const check = new Fields({ id: 'check', token, nonce, typed: null, query: new URLSearchParams(), problem: null });
  return page(
    `Workloads of ${whose.machine.login}`,
    <Area visit={visit}>
      <Subhead title={`Workloads of ${whose.machine.login}`} level={1} />
      <p class="color-fg-muted mb-3">
        A job shows the token that its platform signed, and gets a token of{' '}
        <a href={pathOf(place, visit, whose.machine.login)}>{whose.machine.login}</a> by the first rule that takes it.
        There is no secret to store.
      </p>
      {trial === null ? null : <TrialResult trial={trial} />}
      {rules.length === 0 ? (
        <p>No rules yet.</p>
      ) : (
        <ul class="Box list-style-none mb-3">
          {rules.map((rule, i) => (
            <Rule visit={visit} rule={rule} given={given[i] ?? []} />
          ))}
        </ul>
      )}
      <h2 class="f3 mt-4 mb-2">Try a token</h2>
      <Form f={check} submit="Try it">
        <TextArea
          f={check}
          name="jwt"
          label="Token of a job"
          rows={4}
          note="Shows which conditions it meets. Nothing is issued, and nothing is kept."
        />
      </Form>
      <NewRule place={place} visit={visit} />
    </Area>,
  );
}

function NewRule({ place, visit }: { place: Place; visit: Visit }): VNode {
  const { token, nonce } = visit.fields('create');
  const isTyped = ['create', 'show'].includes(visit.typed?.get('form') ?? '');
  const typed = isTyped ? visit.typed : null;
  const source = typed ?? new URLSearchParams();
  const f = new Fields({
    id: 'rule',
    token,
    nonce,
    typed,
    query: visit.query,
    problem: isTyped ? visit.problem : null,
  });
  return (
    <>
      <h2 class="f3 mt-4 mb-2">New rule</h2>
      <form method="post" action={visit.path} class="lk-form" data-live-form noValidate>
        <Hidden name="token" value={f.token} />
        <Hidden name="nonce" value={f.nonce} />
        <ErrorSummary f={f} />
        <RuleNameField f={f} rule={null} />
        <TextField
          f={f}
          name="issuer"
          label="Issuer"
          required
          maxLength={40}
          spellcheck={false}
          note="As the administrator named it: github."
        />
        <RuleFields place={place} visit={visit} f={f} source={source} rule={null} />
        {/* After the buttons that send another value, because the first one counts. */}
        <Hidden name="form" value="create" />
        <button type="submit" class="btn btn-primary">
          Add rule
        </button>
        <CancelLink />
      </form>
    </>
  );
}

async function add(place: Place, visit: Visit): Promise<Answer> {
  const { ctx } = visit;
  const { token, ...demands } = readTypedRule(visit, null);
  const permit = await place.permit(visit, true);
  const login = visit.param('machine');
  await addRule(ctx, permit, await machinePlace(ctx, permit, login), {
    ...demands,
    issuer: visit.field('issuer').trim(),
    token: { ...token, description: '' },
  });
  return redirect(rulesPath(place, visit, login), { tone: 'success', text: 'The rule is added.' });
}

async function asksToRemove(place: Place, visit: Visit): Promise<Question> {
  const permit = await place.permit(visit, true);
  const whose = await machinePlace(visit.ctx, permit, visit.param('machine'));
  const { id, name } = await readRule(visit.ctx, whose, idTyped(visit));
  const given = await listGiven(visit.ctx, whose, id);
  return {
    title: 'Remove this rule?',
    lead: 'Jobs that it let in get no token any more. This can’t be undone.',
    act: 'Remove this rule',
    consequences: [
      { title: <bdi>{name}</bdi> },
      {
        title:
          given.length === 0 ? 'No job has a token of it now' : `${given.length} tokens that jobs hold stop working`,
        stays: given.length === 0,
      },
      { title: 'Stays: the machine account, its roles, its other rules', stays: true },
    ],
    subject: [id, given.map((each) => each.id)],
    within: place.Area,
  };
}

async function remove(place: Place, visit: Visit): Promise<Answer> {
  const permit = await place.permit(visit, true);
  const login = visit.param('machine');
  await removeRule(visit.ctx, permit, await machinePlace(visit.ctx, permit, login), idTyped(visit));
  return redirect(rulesPath(place, visit, login), {
    tone: 'success',
    text: 'The rule is removed, and what it gave has ended.',
  });
}

async function tryOne(place: Place, visit: Visit): Promise<Answer> {
  const whose = await machinePlace(visit.ctx, await place.permit(visit, false), visit.param('machine'));
  return show(place, visit, await tryWorkloadToken(visit.ctx, whose, visit.field('jwt')));
}

export function workloadRulesPage(place: Place): WebPage {
  return {
    path: `${place.pattern}/:machine/workload-rules`,
    access: 'sudo',
    get: (visit) => show(place, visit),
    forms: {
      create: { once: true, run: (visit) => add(place, visit) },
      show: { run: (visit) => show(place, visit) },
      check: { run: (visit) => tryOne(place, visit) },
      remove: { asks: (visit) => asksToRemove(place, visit), run: (visit) => remove(place, visit) },
    },
  };
}
