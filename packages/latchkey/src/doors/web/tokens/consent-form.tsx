/**
 * The form with which a person lets a command have a token.
 *
 * Invariant: it offers what was asked for, and less; never more.
 */
import type { VNode } from 'preact';
import type { Consent } from '../../../actions/tokens/consent.ts';
import { problem } from '../../../base/errors.ts';
import { LEVELS, permissionNamed } from '../../../catalogue/permissions.ts';
import type { ConsentChoice, LoginRequest } from '../../../rules/login-request.ts';
import { refRuleDraftLine } from '../../../rules/refs/ref-rule-text.ts';
import type { Visit } from '../frame/visit.ts';
import { Checkbox, Select } from '../parts/choice-fields.tsx';
import type { Fields } from '../parts/fields.ts';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { levelWords } from './form/level-words.ts';
import { RefRuleLines } from './form/ref-rule-fields.tsx';

/** The two forms: yes with the chosen part, and no. */
export function ConsentForms({ visit, consent }: { visit: Visit; consent: Consent }): VNode {
  const f = visit.fields('approve');
  const { request, days } = consent;
  const strictest = capWords(consent);
  const isOwn = request.application === undefined && request.command === undefined;
  const renewal = isOwn ? ' The command renews it while it is used.' : '';
  return (
    <>
      <div class="Box p-3 mb-3">
        <Form f={f} submit={request.application === undefined ? 'Give it the token' : 'Let it sign in'} cancel={null}>
          <TextField f={f} name="name" label="Name of the token" value={consent.name} maxLength={40} required />
          <Owners f={f} consent={consent} />
          <Permissions f={f} permissions={request.permissions} />
          <AskedRules rules={request.refRules} />
          <TextField
            f={f}
            name="days"
            label="Days until it ends"
            type="number"
            value={String(days)}
            note={`At most ${request.expiresInDays}${strictest}.${renewal}`}
            required
            block={false}
          />
        </Form>
      </div>
      <Form f={visit.fields('deny')} submit="Cancel" tone="default" />
    </>
  );
}

/** More than these are folded: one reads what they are for, and opens them to take some out. */
const MOST_UNFOLDED = 6;

function Permissions({ f, permissions }: { f: Fields; permissions: LoginRequest['permissions'] }): VNode {
  const selects = permissions.map(({ permission, level }) => {
    const known = permissionNamed(permission);
    return (
      <Select
        f={f}
        name={`level.${permission}`}
        label={known?.title ?? permission}
        value={level}
        choices={[
          { value: '', label: 'No access' },
          ...LEVELS.slice(0, LEVELS.indexOf(level) + 1).map((each) => ({
            value: each,
            label: known === undefined ? each : levelWords(known, each),
          })),
        ]}
      />
    );
  });
  if (permissions.length <= MOST_UNFOLDED) return <>{selects}</>;
  return (
    <details class="mb-3">
      <summary class="text-bold">{permissions.length} permissions: take some out</summary>
      <div class="mt-2">{selects}</div>
    </details>
  );
}

/** `; acme allows 7`, for every owner that allows less than was requested. */
function capWords({ owners, request }: Consent): string {
  const strict = owners.flatMap(({ login, capDays }) =>
    capDays !== null && capDays < request.expiresInDays ? [`; with ${login} at most ${capDays}`] : [],
  );
  return strict.join('');
}

/** What choosing an owner costs. */
function costOf({ login, needsApproval, capDays }: Consent['owners'][number], days: number): string {
  return [
    ...(needsApproval ? ['An owner has to approve it first.'] : []),
    ...(capDays !== null && capDays < days
      ? [`A policy of ${login} lets the token live at most ${capDays} days.`]
      : []),
  ].join(' ');
}

function Owners({ f, consent }: { f: Fields; consent: Consent }): VNode {
  const { owners, chosen, request } = consent;
  return (
    <fieldset class="form-group">
      <legend class="text-bold f5 mb-1">Whose repositories it reaches</legend>
      {owners.length === 0 ? <p class="note">None of those that were asked for lets you have such a token.</p> : null}
      {owners.map((owner) => {
        const { login, kind } = owner;
        const note = costOf(owner, request.expiresInDays);
        return (
          <Checkbox
            f={f}
            name="owner"
            value={login}
            label={kind === 'self' ? `${login} (you)` : login}
            checked={chosen.includes(owner)}
            {...(note === '' ? {} : { note })}
          />
        );
      })}
    </fieldset>
  );
}

/** Rules can't be taken out: without them the token could do more than was asked for. */
function AskedRules({ rules }: { rules: LoginRequest['refRules'] }): VNode | null {
  if (rules === undefined) return null;
  return (
    <div class="form-group" id="asked-ref-rules">
      <p class="text-bold f5 mb-1">Where it may push</p>
      <p class="note mb-1">
        Only to these branches and tags. The first rule that matches decides; anything else is refused.
      </p>
      <RefRuleLines lines={rules.map(refRuleDraftLine)} />
    </div>
  );
}

/** The sent choice: the name, the owners, the days and the levels. @throws Problem */
export function choiceIn(visit: Visit, request: LoginRequest): ConsentChoice {
  const days = visit.field('days');
  if (!/^\d{1,3}$/.test(days) || Number(days) < 1 || Number(days) > request.expiresInDays)
    throw problem('invalid', `Enter a number of days from 1 to ${request.expiresInDays}.`, 'days');
  return {
    name: visit.field('name'),
    owners: visit.typed?.getAll('owner') ?? [],
    expiresInDays: Number(days),
    levels: new Map(request.permissions.map(({ permission }) => [permission, visit.field(`level.${permission}`)])),
  };
}
