/** A rule for workloads with what it gave, and a token that was tried on rules. */
import type { VNode } from 'preact';
import type { GivenToken, RuleView } from '../../../actions/federation/rules.ts';
import type { Trial } from '../../../actions/federation/trial.ts';
import { MINUTE_SEC } from '../../../base/time.ts';
import type { ClaimCheck } from '../../../rules/workload-claims.ts';
import type { Visit } from '../frame/visit.ts';
import { Label, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { Right } from '../parts/spoken.tsx';

export function Rule({ visit, rule, given }: { visit: Visit; rule: RuleView; given: readonly GivenToken[] }): VNode {
  const { token } = rule;
  return (
    <li class="Box-row lk-break">
      <p class="mb-1">
        <a class="text-bold" href={`${visit.path}/${rule.id}`}>
          {rule.name}
        </a>{' '}
        <Label tone="secondary">{rule.issuer.name}</Label>{' '}
        {token.revokedAt === null ? null : <Label tone="attention">ended</Label>}
      </p>
      <ul class="mb-1 list-style-none">
        {rule.conditions.map(({ claim, values }) => (
          <li>
            <code>{claim}</code> is {values.map((value, i) => [i === 0 ? '' : ' or ', <code>{value}</code>])}
          </li>
        ))}
      </ul>
      <p class="mb-1">
        <Right token={token} reader="keeper" />
      </p>
      <p class="mb-1 color-fg-muted">
        Its tokens end after {lifeWords(rule.maxLifeSec)}; a job’s token can be exchanged{' '}
        {rule.isSingleUse ? 'once' : 'until it ends'};{' '}
        {rule.takesPullRequests
          ? 'jobs that outsiders can start are accepted, too'
          : 'jobs that outsiders can start are refused'}
      </p>
      {given.length === 0 ? null : (
        <ul class="mb-1">
          {given.map((each) => (
            <Given given={each} />
          ))}
        </ul>
      )}
      <Form f={visit.fields('remove')} submit={`Remove ${rule.name}`} tone="danger" small inline>
        <Hidden name="id" value={String(rule.id)} />
      </Form>
    </li>
  );
}

function lifeWords(sec: number): string {
  const minutes = sec / MINUTE_SEC;
  if (!Number.isInteger(minutes)) return `${sec} seconds`;
  return minutes === 1 ? 'a minute' : minutes === 60 ? 'an hour' : `${minutes} minutes`;
}

function Given({ given }: { given: GivenToken }): VNode {
  const { workload, session } = given;
  return (
    <li class="color-fg-muted">
      <span class="lk-mono">…{given.lastEight}</span>, {session === null ? '' : `run ${session}, `}made{' '}
      <Time at={given.createdAt} />, ends <Time at={given.expiresAt} />
      {workload === null ? null : (
        <details>
          <summary>What its issuer says</summary>
          <ul class="pl-3">
            {[['sub', workload.subject] as const, ...Object.entries(workload.claims)].map(([claim, value]) => (
              <li>
                <code>{claim}</code> {value}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

export function TrialResult({ trial }: { trial: Trial }): VNode {
  return (
    <section aria-labelledby="trial-title" class="Box p-3 mb-3">
      <h2 class="f4 mb-2" id="trial-title" tabIndex={-1} data-focus>
        What was tried
      </h2>
      {trial.flaw === null ? (
        <Checks checks={trial.checks} first={`signed by ${trial.issuer}`} />
      ) : (
        <p>✗ {trial.flaw}</p>
      )}
      {trial.rules.map((rule) => (
        <>
          <h3 class="f5 mt-2">{rule.name}</h3>
          <Checks checks={rule.checks} />
        </>
      ))}
      {trial.flaw === null && trial.rules.length === 0 ? <p class="mb-0">✗ No rule is for this issuer.</p> : null}
    </section>
  );
}

function Checks({ checks, first }: { checks: readonly ClaimCheck[]; first?: string }): VNode {
  return (
    <ul class="list-style-none lk-break">
      {first === undefined ? null : <li>✓ {first}</li>}
      {checks.map(({ claim, expected, seen, isMet }) => (
        <li>
          {isMet ? '✓' : '✗'} <code>{claim}</code> is {seen ?? 'absent'}
          {isMet ? '' : `, and must be ${expected}`}
        </li>
      ))}
    </ul>
  );
}
