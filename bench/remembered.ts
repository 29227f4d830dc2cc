/**
 * How much the heap grows for each token that the server remembers, with all that its requests leave: collected before
 * and after, in this process.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { authorize } from '../packages/latchkey/dist/actions/decision/authorize.js';
import { type OpenContext, openContext } from '../packages/latchkey/dist/actions/instance/open.js';
import { makeLog } from '../packages/latchkey/dist/base/log.js';
import { digestOf, Secret } from '../packages/latchkey/dist/base/secret.js';
import { loadSettings } from '../packages/latchkey/dist/base/settings/settings.js';
import { mintTokenText } from '../packages/latchkey/dist/rules/token-text.js';
import type { Row } from './measure.ts';

/** Enough that one-time memory doesn't count. */
const TOKENS = 20_000;
const PER_STATEMENT = 1_000;
const WARM_UP = 1_000;

interface Shape {
  readonly kind: 'classic' | 'fine-grained';
  readonly perPerson: number;
  readonly goal: string | null;
}

const SHAPES: readonly Shape[] = [
  { kind: 'classic', perPerson: 10, goal: '≤ 500 bytes' },
  { kind: 'fine-grained', perPerson: 10, goal: '≤ 500 bytes' },
  { kind: 'classic', perPerson: 1, goal: null },
  { kind: 'fine-grained', perPerson: 1, goal: null },
];

interface Use {
  readonly text: string;
  readonly owner: string;
}

export async function benchRemembered(folder: string): Promise<Row[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const rows: Row[] = [];
  for (const [i, shape] of SHAPES.entries()) {
    const settings = loadSettings({ flags: { data: join(folder, `remembered-${i}`) }, env: {} });
    const maker = await openContext(settings, makeLog('silent'));
    const uses = await fill(maker, shape);
    await maker.close();
    const ctx = await openContext(settings, makeLog('silent'));
    const used = async (some: readonly Use[]): Promise<number> => {
      for (const use of some) await check(ctx, use);
      await ctx.usage.flush();
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await used(uses.slice(0, WARM_UP));
    const bytes = ((await used(uses.slice(WARM_UP))) - before) / (TOKENS - WARM_UP);
    await ctx.close();
    const ofWhom = shape.perPerson === 1 ? 'one to a person' : `${shape.perPerson} to a person`;
    rows.push({
      suite: 'scale',
      what: `memory of a remembered ${shape.kind} token, ${ofWhom}`,
      figure: `${bytes.toFixed(0)} bytes`,
      goal: shape.goal,
      reached: shape.goal === null ? null : bytes <= 500,
      detail:
        `with its person, and how that person stands towards the ` +
        `repository${shape.kind === 'classic' ? '' : ', an own one for each person, which the token selects'}; ` +
        `mean of ${TOKENS - WARM_UP}`,
    });
  }
  return rows;
}

/** People with a private repository each, and their tokens. */
async function fill(ctx: OpenContext, { kind, perPerson }: Shape): Promise<Use[]> {
  const at = ctx.clock.now();
  const uses: Use[] = [];
  for (let made = 0; made < TOKENS; made += PER_STATEMENT) {
    await ctx.store.transaction(async (tx) => {
      const named = (i: number): string => `user-${made + Math.floor(i / perPerson)}`;
      const personal = Array.from({ length: PER_STATEMENT / perPerson }, (_, i) => named(i * perPerson));
      const people = await tx
        .insertInto('accounts')
        .values(personal.map((login) => ({ kind: 'user' as const, login, login_key: login, name: '', created_at: at })))
        .returning('id')
        .execute();
      const repositories = await tx
        .insertInto('repositories')
        .values(
          people.map(({ id }) => ({
            owner_id: id,
            name: 'work',
            name_key: 'work',
            visibility: 'private' as const,
            object_format: 'sha1' as const,
            created_at: at,
            updated_at: at,
          })),
        )
        .returning('id')
        .execute();
      const ofPerson = (i: number): number => Math.floor(i / perPerson);
      const ids = await tx
        .insertInto('tokens')
        .values(
          Array.from({ length: PER_STATEMENT }, (_, i) => ({
            user_id: people[ofPerson(i)]!.id,
            kind,
            name: `token ${made + i}`,
            name_key: `token ${made + i}`,
            last_eight: 'abcdefgh',
            scopes_json: kind === 'classic' ? '["repo"]' : '[]',
            created_at: at,
            updated_at: at,
            issued_at: at,
          })),
        )
        .returning('id')
        .execute();
      const texts = ids.map(() => mintTokenText(kind, randomBytes, null));
      await tx
        .insertInto('token_secrets')
        .values(
          ids.map(({ id }, i) => ({
            token_id: id,
            digest: digestOf(texts[i]!),
            last_eight: 'abcdefgh',
            state: 'current' as const,
            created_at: at,
          })),
        )
        .execute();
      if (kind === 'fine-grained') {
        const grants = await tx
          .insertInto('grants')
          .values(
            ids.map(({ id }, i) => ({
              token_id: id,
              owner_id: people[ofPerson(i)]!.id,
              selection: 'selected' as const,
              permissions_json: '{"contents":"read"}',
              state: 'active' as const,
              created_at: at,
            })),
          )
          .returning('id')
          .execute();
        await tx
          .insertInto('grant_repositories')
          .values(grants.map(({ id }, i) => ({ grant_id: id, repository_id: repositories[ofPerson(i)]!.id })))
          .execute();
      }
      uses.push(...texts.map((text, i) => ({ text, owner: named(i) })));
    });
  }
  return uses;
}

async function check(ctx: OpenContext, { text, owner }: Use): Promise<void> {
  const verdict = await authorize(ctx, {
    credential: { form: 'bearer', secret: new Secret(text) },
    need: { sets: [{ git: 'read' }], publicRead: true, writes: false },
    target: { kind: 'repository', owner, name: 'work' },
    address: '192.0.2.7',
    userAgent: null,
    purpose: 'bench',
  });
  if (!verdict.allowed) throw new Error(`refused: ${verdict.explanation.sentence}`);
}
