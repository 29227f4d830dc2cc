/** A server whose people sign in by a provider, as a file of the test's says; and browsers that do. */
import { afterAll, beforeAll, expect } from 'vitest';
import { type Claims, identityProvider, providerFiles, type TestProvider } from './identity-provider.ts';
import { type Seen, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const REDIRECT = 'http://localhost:7070/login/sso/work/callback';

export interface ProviderWorld extends WebWorld {
  readonly provider: TestProvider;
  /** Reads the operator's file anew, with these lines for the provider. */
  operator(...lines: readonly string[]): void;
  /** Signs in by the provider, in a browser of its own unless one is given, with these cookies there. */
  enter(subject: string, visitor?: Visitor, there?: Map<string, string>): Promise<Seen & { readonly visitor: Visitor }>;
  /** Facts of the entries of one kind, the first first. */
  audited(action: string): Promise<Claims[]>;
}

/** Once for a file: the provider, and worlds with it. @param flags further settings */
export function providerWorlds(
  flags: Parameters<typeof webWorld>[0] = {},
): (...lines: readonly string[]) => Promise<ProviderWorld> {
  let provider: TestProvider;
  let files: ReturnType<typeof providerFiles>;
  beforeAll(async () => {
    provider = await identityProvider([REDIRECT]);
    files = providerFiles('providers: []\n');
  });
  afterAll(async () => {
    files.remove();
    await provider.close();
  });
  const yaml = (lines: readonly string[]): string =>
    `providers:\n  - name: work\n    label: Example\n    issuer: ${provider.issuer}\n    client-id: latchkey\n` +
    `    client-secret-file: work.secret\n${lines.map((line) => `    ${line}\n`).join('')}`;
  return async (...lines) => {
    Object.assign(provider, { lie: null, failing: null, thin: false });
    provider.people.clear();
    files.write(yaml(lines));
    const world = await webWorld({ identityProviders: files.path, ...flags });
    const enter: ProviderWorld['enter'] = async (subject, visitor = world.visitor(), there = new Map()) => {
      const { headers, text } = await visitor.send('/login', 'provider', { provider: 'work' });
      expect(text).toContain('Continue');
      const answer = await provider.signIn(String(headers['refresh']).replace('0; url=', ''), subject, there);
      return { ...(await visitor.get(answer.pathname + answer.search)), visitor };
    };
    return {
      ...world,
      provider,
      enter,
      operator: (...changed) => {
        files.write(yaml(changed));
        world.ctx.identityProviders.reload();
      },
      audited: async (action) => {
        const rows = await world.ctx.store.db.selectFrom('audit').selectAll().where('action', '=', action).execute();
        return rows.map(({ data_json }) => JSON.parse(data_json) as Claims);
      },
    };
  };
}

/** Where somebody is led whose sign-in ended so. */
export const failed = (reason: string): object => ({ status: 303, location: `/login?notice=${reason}` });
