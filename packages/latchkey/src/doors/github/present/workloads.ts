/** Workload identities over REST, for which GitHub has no API: issuers, rules, what rules gave, trials. */
import type { IssuerView } from '../../../actions/federation/issuers.ts';
import type { GivenToken, RuleView } from '../../../actions/federation/rules.ts';
import type { Trial } from '../../../actions/federation/trial.ts';
import { isoInstant, type UnixSeconds } from '../../../base/time.ts';
import type { ClaimCheck, ClaimCondition } from '../../../rules/workload-claims.ts';
import { machineToken } from './machines.ts';

export function workloadIssuer(apiUrl: string, issuer: IssuerView) {
  return {
    name: issuer.name,
    url: `${apiUrl}/enterprise/workload-issuers/${issuer.name}`,
    issuer: issuer.issuer,
    preset: issuer.preset,
    jwks: issuer.jwks === null ? null : (JSON.parse(issuer.jwks) as unknown),
    ca: issuer.ca,
    max_life: issuer.maxLifeSec,
    rules: issuer.rules,
    created_at: isoInstant(issuer.createdAt),
  };
}

/** @param base the address of the list that it is in */
export function workloadRule(apiUrl: string, base: string, rule: RuleView, at: UnixSeconds) {
  return {
    id: rule.id,
    url: `${base}/${rule.id}`,
    name: rule.name,
    issuer: rule.issuer.name,
    conditions: conditionsBody(rule.conditions),
    max_life: rule.maxLifeSec,
    single_use: rule.isSingleUse,
    pull_requests: rule.takesPullRequests,
    created_at: isoInstant(rule.createdAt),
    /** The token whose rights it gives: `id` is what the audit log calls it by. */
    gives: machineToken(apiUrl, `${base.slice(0, -'/workload-rules'.length)}/tokens`, rule.token, at),
  };
}

function conditionsBody(conditions: readonly ClaimCondition[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(conditions.map(({ claim, values }) => [claim, values]));
}

/** A token that a rule gave, without its secret. */
export function givenToken(given: GivenToken, at: UnixSeconds) {
  return {
    id: given.id,
    name: given.name,
    token_last_eight: given.lastEight,
    workload: given.workload,
    agent: given.agent,
    session: given.session,
    created_at: isoInstant(given.createdAt),
    expires_at: isoInstant(given.expiresAt),
    expires_in_seconds: Math.max(0, given.expiresAt - at),
  };
}

export function trialBody({ flaw, issuer, checks, rules }: Trial) {
  return {
    flaw,
    issuer,
    checks: checks.map(checkBody),
    rules: rules.map((rule) => ({
      id: rule.id,
      name: rule.name,
      takes_it: flaw === null && [...checks, ...rule.checks].every(({ isMet }) => isMet),
      checks: rule.checks.map(checkBody),
    })),
  };
}

function checkBody({ claim, expected, seen, isMet }: ClaimCheck) {
  return { claim, expected, seen, met: isMet };
}
