/**
 * What machines and agents cost, in this process and on one core: exchanging a workload's token, deriving a token,
 * checking a derived one beside its parent, and a move of a ref that twenty rules are asked about.
 *
 * Processor time is told beside the wall's, since a busy machine disturbs it less.
 */
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { addOrganization, addUser, organizationNamed } from '../packages/latchkey/dist/actions/accounts/accounts.js';
import { authorize, operatorPermit, type Permit } from '../packages/latchkey/dist/actions/decision/authorize.js';
import { exchangeWorkload } from '../packages/latchkey/dist/actions/federation/exchange.js';
import { addIssuer } from '../packages/latchkey/dist/actions/federation/issuers.js';
import { addRule } from '../packages/latchkey/dist/actions/federation/rules.js';
import { type OpenContext, openContext } from '../packages/latchkey/dist/actions/instance/open.js';
import { makeMachine } from '../packages/latchkey/dist/actions/organizations/machines.js';
import { addRepository, setCollaborator } from '../packages/latchkey/dist/actions/repositories/repositories.js';
import { deriveToken } from '../packages/latchkey/dist/actions/tokens/derivation.js';
import { createToken } from '../packages/latchkey/dist/actions/tokens/tokens.js';
import { makeLog } from '../packages/latchkey/dist/base/log.js';
import { Secret } from '../packages/latchkey/dist/base/secret.js';
import { loadSettings } from '../packages/latchkey/dist/base/settings/settings.js';
import { moveRefusal } from '../packages/latchkey/dist/rules/decide.js';
import { figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';

const EXCHANGES = 400;
/** Jobs that exchange at the same moment. */
const CALLERS = 8;
const DERIVATIONS = 1_000;
const CHECKS = 20_000;
const MOVES = 1_000_000;
const SITE = { owner: 'acme', name: 'site' };
const VISITOR = { address: '192.0.2.7', userAgent: null };
const GRANT = {
  owner: 'acme',
  selection: 'selected' as const,
  repositories: ['site'],
  permissions: { contents: 'write' },
  justification: null,
};

/** Milliseconds of processor time that this process has used. */
const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

export async function benchExchange(folder: string, rounds: number): Promise<Row[]> {
  const settings = loadSettings({ flags: { data: join(folder, 'exchange') }, env: {} });
  const ctx = await openContext(settings, makeLog('silent'));
  try {
    await addUser(ctx, operatorPermit(), {
      login: 'ada',
      email: 'ada@example.org',
      verified: true,
      admin: false,
      password: null,
    });
    await addOrganization(ctx, operatorPermit(), { name: 'acme', owner: 'ada' });
    await addRepository(ctx, operatorPermit(), { ...SITE, visibility: 'private' });
    return [...(await exchanges(ctx, rounds)), ...(await derivations(ctx, rounds)), await refRules(rounds)];
  } finally {
    await ctx.close();
  }
}

/** Each round has two rules of its own: what lives of one rule has a limit. */
async function exchanges(ctx: OpenContext, rounds: number): Promise<Row[]> {
  const permit = operatorPermit();
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] });
  const { issuer } = await addIssuer(ctx, permit, { preset: 'github', jwks });
  const owner = await organizationNamed(ctx.store.db, 'acme');
  const tokensOf = async (name: string): Promise<string[]> => {
    const machine = await makeMachine(ctx, permit, owner, { login: `bot-${name}`, purpose: '' });
    await setCollaborator(ctx, permit, { ...SITE, login: machine.login, role: 'write' });
    await addRule(
      ctx,
      permit,
      { owner, machine },
      {
        issuer: 'github',
        conditions: [{ claim: 'repository_id', values: [name] }],
        token: { name: 'deploy', description: '', grants: [GRANT] },
      },
    );
    const at = ctx.clock.now();
    const claims = { iss: issuer, aud: settingsOf(ctx), sub: 's', iat: at, exp: at + 300, event_name: 'push' };
    return Promise.all(
      Array.from({ length: EXCHANGES }, (_, i) =>
        new SignJWT({ ...claims, repository_id: name, jti: `${name}-${i}` })
          .setProtectedHeader({ alg: 'RS256', kid: 'one' })
          .sign(privateKey),
      ),
    );
  };
  const [latencies, perSecond, perCore]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= rounds; round++) {
    const taken: number[] = [];
    for (const jwt of await tokensOf(`${round}-one`)) {
      const before = performance.now();
      await exchangeWorkload(ctx, { jwt, machine: null, narrowing: () => ({}) }, VISITOR);
      taken.push(performance.now() - before);
    }
    const waiting = await tokensOf(`${round}-many`);
    const [began, used] = [performance.now(), processorMs()];
    const call = async (): Promise<void> => {
      for (let jwt = waiting.pop(); jwt !== undefined; jwt = waiting.pop())
        await exchangeWorkload(ctx, { jwt, machine: null, narrowing: () => ({}) }, VISITOR);
    };
    await Promise.all(Array.from({ length: CALLERS }, call));
    if (round === 0) continue;
    perSecond.push((EXCHANGES * 1_000) / (performance.now() - began));
    perCore.push((EXCHANGES * 1_000) / (processorMs() - used));
    latencies.push(taken.toSorted((a, b) => a - b)[Math.floor(EXCHANGES * 0.99)]!);
  }
  const [p99, rate, core] = [figureOf(latencies), figureOf(perSecond), figureOf(perCore)];
  return [
    {
      suite: 'exchange',
      what: "exchange of a workload's token, warm keys: p99",
      figure: spread(p99, 2, ' ms'),
      goal: '≤ 10 ms',
      reached: p99.median <= 10,
      detail: `RS256, one after the other, ${EXCHANGES} each round, SQLite`,
    },
    {
      suite: 'exchange',
      what: 'exchanges a second, on one core',
      figure: spread(core, 0),
      goal: '≥ 1,000',
      reached: core.median >= 1_000,
      detail: `${CALLERS} callers at once, by processor time; by the wall ${spread(rate, 0)}`,
    },
  ];
}

const settingsOf = ({ settings }: OpenContext): string => settings.publicUrl;

async function derivations(ctx: OpenContext, rounds: number): Promise<Row[]> {
  const [wall, processor]: [number[], number[]] = [[], []];
  let [parent, child] = ['', ''];
  for (let round = 0; round <= rounds; round++) {
    const made = await createToken(ctx, operatorPermit(), {
      userLogin: 'ada',
      kind: 'fine-grained',
      name: `parent-${round}`,
      description: '',
      scopes: [],
      grants: [GRANT],
    });
    parent = made.secret.reveal();
    const permit = await permitOf(ctx, parent);
    const [began, used] = [performance.now(), processorMs()];
    for (let i = 0; i < DERIVATIONS; i++) {
      const { secret } = await deriveToken(ctx, permit, { expiresInSec: 3_600 });
      if (i === 0) child = secret.reveal();
    }
    if (round === 0) continue;
    wall.push((performance.now() - began) / DERIVATIONS);
    processor.push((processorMs() - used) / DERIVATIONS);
  }
  const checked = (text: string) => async (): Promise<number> => {
    const began = processorMs();
    for (let i = 0; i < CHECKS; i++) await permitOf(ctx, text);
    return ((processorMs() - began) * 1_000) / CHECKS;
  };
  const taken = await takeTurns(rounds, { parent: checked(parent), child: checked(child) });
  const ratio = ratioOf(taken.child, taken.parent);
  return [
    {
      suite: 'exchange',
      what: 'deriving a token, over 1,000 of one parent',
      figure: spread(figureOf(processor), 3, ' ms'),
      goal: '≤ 1 ms',
      reached: figureOf(processor).median <= 1,
      detail: `by processor time; by the wall ${spread(figureOf(wall), 3, ' ms')}`,
    },
    {
      suite: 'exchange',
      what: 'check of a derived token beside its parent',
      figure: spread(ratio, 3),
      goal: '≤ 1.05',
      reached: ratio.median <= 1.05,
      detail: `parent ${spread(taken.parent, 2, ' µs')}, derived ${spread(taken.child, 2, ' µs')}, in this process`,
    },
  ];
}

async function permitOf(ctx: OpenContext, text: string): Promise<Permit> {
  const verdict = await authorize(ctx, {
    credential: { form: 'bearer', secret: new Secret(text) },
    need: { sets: [{ git: 'write' }], publicRead: false, writes: true },
    target: { kind: 'repository', ...SITE },
    purpose: 'bench',
    ...VISITOR,
  });
  if (!verdict.allowed) throw new Error(verdict.explanation.sentence);
  return verdict.permit;
}

/** The last of twenty rules decides, so all of them are asked. */
async function refRules(rounds: number): Promise<Row> {
  const allow = ['create', 'update'] as const;
  const rules = Array.from({ length: 19 }, (_, i) => ({ pattern: `refs/heads/agent-${i}/**`, allow }));
  const all = [...rules, { pattern: 'refs/heads/**', allow }];
  const refs = Array.from({ length: 1024 }, (_, i) => `refs/heads/work/topic-${i}`);
  const timed = (some: typeof all | null) => async (): Promise<number> => {
    const began = processorMs();
    let refused = 0;
    for (let i = 0; i < MOVES; i++) {
      const ref = refs[i & 1023] ?? '';
      if (moveRefusal({ rules: some, protections: [], role: 'write' }, { ref, act: 'update' }) !== null) refused++;
    }
    if (refused > 0) throw new Error('the last rule allows it');
    return ((processorMs() - began) * 1_000) / MOVES;
  };
  const taken = await takeTurns(rounds, { without: timed(null), with: timed(all) });
  const more = figureOf(taken.with.runs.map((value, i) => value - taken.without.runs[i]!));
  return {
    suite: 'exchange',
    what: 'a move that 20 ref rules are asked about, more than without',
    figure: spread(more, 2, ' µs'),
    goal: '≤ 1.3 µs',
    reached: more.median <= 1.3,
    detail: `by processor time: without ${spread(taken.without, 2, ' µs')}, with ${spread(taken.with, 2, ' µs')}`,
  };
}
