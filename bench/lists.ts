/**
 * A list of 100,000 tokens in one organization, asked for through the API: what the first page costs, the hundredth,
 * and the last.
 */
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { addOrganization, addUser } from '../packages/latchkey/dist/actions/accounts/accounts.js';
import { operatorPermit } from '../packages/latchkey/dist/actions/decision/authorize.js';
import { type OpenContext, openContext } from '../packages/latchkey/dist/actions/instance/open.js';
import { createToken } from '../packages/latchkey/dist/actions/tokens/tokens.js';
import { makeLog } from '../packages/latchkey/dist/base/log.js';
import { loadSettings } from '../packages/latchkey/dist/base/settings/settings.js';
import { githubDoor, PREFIX } from '../packages/latchkey/dist/doors/github/door.js';
import { type Row, ratioOf, spread, takeTurns, timed } from './measure.ts';

const TOKENS = 100_000;
const PER_PAGE = 100;
const PAGES = { first: 1, hundredth: 100, last: TOKENS / PER_PAGE } as const;
/** Requests in one run of a page. */
const REQUESTS = 20;

export async function benchLists(folder: string, rounds: number): Promise<Row[]> {
  const ctx = await openContext(
    loadSettings({ flags: { data: join(folder, 'lists'), apiRateLimit: 0 }, env: {} }),
    makeLog('silent'),
  );
  const fastify = Fastify({ logger: false });
  try {
    const token = await fill(ctx);
    await fastify.register(githubDoor(ctx), { prefix: PREFIX });
    const addresses = await pageAddresses(fastify, token);
    const figures = await takeTurns(
      rounds,
      Object.fromEntries(
        Object.entries(addresses).map(([name, address]) => [
          name,
          async () => (await timed(() => askOften(fastify, address, token))) / REQUESTS,
        ]),
      ),
    );
    const ratio = ratioOf(figures['hundredth']!, figures['first']!);
    return [
      ...Object.entries(figures).map(([name, figure]) => ({
        suite: 'lists',
        what: `${name} page of ${PER_PAGE} of ${TOKENS} tokens`,
        figure: spread(figure, 2, ' ms'),
        goal: null,
        reached: null,
        detail: `${REQUESTS} requests a run, whole answers`,
      })),
      {
        suite: 'lists',
        what: 'hundredth page to first',
        figure: spread(ratio, 2, '×'),
        goal: '< 1.5×',
        reached: ratio.median < 1.5,
        detail: 'followed by the Link header, a key under it',
      },
    ];
  } finally {
    await fastify.close();
    await ctx.close();
  }
}

async function fill(ctx: OpenContext): Promise<string> {
  const operator = operatorPermit();
  const ada = await addUser(ctx, operator, {
    login: 'ada',
    email: 'ada@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  const acme = await addOrganization(ctx, operator, { name: 'acme', owner: 'ada' });
  for (let made = 0; made < TOKENS; made += 1_000) {
    await ctx.store.transaction(async (tx) => {
      const rows = Array.from({ length: 1_000 }, (_, i) => ({
        user_id: ada.id,
        kind: 'fine-grained' as const,
        name: `token ${made + i}`,
        name_key: `token ${made + i}`,
        last_eight: 'abcdefgh',
        created_at: 1_800_000_000,
        updated_at: 1_800_000_000,
        issued_at: 1_800_000_000,
      }));
      const ids = await tx.insertInto('tokens').values(rows).returning('id').execute();
      await tx
        .insertInto('grants')
        .values(
          ids.map(({ id }) => ({
            token_id: id,
            owner_id: acme.id,
            selection: 'all' as const,
            permissions_json: '{"contents":"read","metadata":"read"}',
            state: 'active' as const,
            created_at: 1_800_000_000,
            access_granted_at: 1_800_000_000,
          })),
        )
        .execute();
    });
  }
  const { secret } = await createToken(ctx, operator, {
    userLogin: 'ada',
    kind: 'classic',
    name: 'reads',
    description: '',
    scopes: ['admin:org'],
    grants: [],
  });
  return secret.reveal();
}

/** Follows the links from the first page to the last and returns the addresses of three of them. */
async function pageAddresses(fastify: FastifyInstance, token: string): Promise<Record<string, string>> {
  const kept: Record<string, string> = {};
  let address: string | null = `${PREFIX}/orgs/acme/personal-access-tokens?per_page=${PER_PAGE}`;
  for (let page = 1; address !== null; page++) {
    for (const [name, number] of Object.entries(PAGES)) if (number === page) kept[name] = address;
    const link: unknown = (await ask(fastify, address, token)).headers['link'];
    const next: string | undefined = /<([^>]+)>; rel="next"/.exec(String(link))?.[1];
    address = next === undefined ? null : next.slice(next.indexOf(PREFIX));
  }
  return kept;
}

async function askOften(fastify: FastifyInstance, address: string, token: string): Promise<void> {
  for (let i = 0; i < REQUESTS; i++) await ask(fastify, address, token);
}

async function ask(fastify: FastifyInstance, address: string, token: string) {
  const response = await fastify.inject({ method: 'GET', url: address, headers: { authorization: `Bearer ${token}` } });
  if (response.statusCode !== 200) throw new Error(`${address}: ${response.statusCode} ${response.body.slice(0, 300)}`);
  return response;
}
