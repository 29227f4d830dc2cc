/**
 * A workload's token tried on the rules of a machine, for whoever writes them: each condition, met or not. Nothing is
 * given, marked as used, or written down.
 */
import { type ClaimCheck, judgeRule, judgeToken } from '../../rules/workload-claims.ts';
import type { Context } from '../ground/context.ts';
import { issuerWithRules } from './exchange.ts';
import { proveJwt, UnprovedJwt } from './jwt.ts';
import type { MachinePlace } from './rules.ts';

export interface Trial {
  /** Why its form or signature is refused; null = they are good. */
  readonly flaw: string | null;
  /** As listed; null = none of that name is. */
  readonly issuer: string | null;
  /** What every token must say. */
  readonly checks: readonly ClaimCheck[];
  /** The rules of the machine for this issuer, the oldest first. */
  readonly rules: readonly {
    readonly id: number;
    readonly name: string;
    readonly checks: readonly ClaimCheck[];
  }[];
}

/** Never rejects for what is wrong with the token. */
export async function tryWorkloadToken(ctx: Context, { machine }: MachinePlace, jwt: string): Promise<Trial> {
  try {
    const { issuer, claims } = await proveJwt(ctx.keySets, jwt.trim(), (iss) => issuerWithRules(ctx, iss));
    const demands = { audience: ctx.settings.publicUrl, maxLifeSec: issuer.maxLifeSec, at: ctx.clock.now() };
    return {
      flaw: null,
      issuer: issuer.name,
      checks: judgeToken(claims, demands),
      rules: issuer.rules
        .filter(({ machineId }) => machineId === machine.id)
        .map((rule) => ({ id: rule.id, name: rule.name, checks: judgeRule(claims, rule) })),
    };
  } catch (error) {
    if (!(error instanceof UnprovedJwt)) throw error;
    return { flaw: error.message, issuer: null, checks: [], rules: [] };
  }
}
