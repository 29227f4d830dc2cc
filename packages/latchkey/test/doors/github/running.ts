/**
 * A real server on loopback, with people, an organization and repositories with a commit: for clients that need a
 * socket.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addOrganization, addUser, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../../src/app.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import type { RepositoryRole } from '../../../src/catalogue/roles.ts';
import type { TokenDraft } from '../../../src/rules/draft.ts';
import { readyFolder } from '../../engines/engines.ts';
import { grant } from './api.ts';

export interface Running {
  readonly server: RunningServer;
  readonly api: string;
  person(login: string, admin?: boolean): Promise<void>;
  organization(name: string, owner: string, members?: readonly string[]): Promise<void>;
  repository(fullName: string, visibility: 'public' | 'internal' | 'private'): Promise<void>;
  collaborator(fullName: string, login: string, role: RepositoryRole): Promise<void>;
  token(userLogin: string, given?: Partial<TokenDraft>): Promise<{ secret: string; id: number }>;
  /** The status of the first request of `git ls-remote`, or of a push. */
  gitStatus(fullName: string, service: 'git-upload-pack' | 'git-receive-pack', token: string | null): Promise<number>;
  restStatus(method: string, path: string, token: string | null): Promise<number>;
  close(): Promise<void>;
}

export async function startWorld(flags: Readonly<Record<string, unknown>> = {}): Promise<Running> {
  const base = await mkdtemp(join(tmpdir(), 'latchkey-api-'));
  const server = await startServer(
    loadSettings({
      flags: {
        data: await readyFolder(base),
        port: 0,
        logLevel: 'silent',
        apiRateLimit: 0,
        anonymousRateLimit: 0,
        failedCredentialLimit: 0,
        ...flags,
      },
      env: {},
    }),
  );
  const ctx = server.context;
  const operator = operatorPermit();
  const basic = (secret: string | null): Record<string, string> =>
    secret === null ? {} : { authorization: `Basic ${Buffer.from(`git:${secret}`).toString('base64')}` };
  const status = async (url: string, init: RequestInit): Promise<number> => {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    await response.arrayBuffer();
    return response.status;
  };
  return {
    server,
    api: `${server.url}/api/v3`,
    person: async (login, admin = false) =>
      void (await addUser(ctx, operator, {
        login,
        email: `${login}@example.org`,
        verified: true,
        admin,
        password: null,
      })),
    organization: async (name, owner, members = []) => {
      await addOrganization(ctx, operator, { name, owner });
      for (const login of members) await setMember(ctx, operator, { organization: name, login, role: 'member' });
    },
    repository: async (fullName, visibility) => {
      const [owner, name] = fullName.split('/') as [string, string];
      await addRepository(ctx, operator, { owner, name, visibility });
    },
    collaborator: async (fullName, login, role) => {
      const [owner, name] = fullName.split('/') as [string, string];
      await setCollaborator(ctx, operator, { owner, name, login, role });
    },
    token: async (userLogin, given = {}) => {
      const isFine = (given.kind ?? 'fine-grained') === 'fine-grained';
      const made = await createToken(ctx, operator, {
        userLogin,
        kind: 'fine-grained',
        name: `token ${Math.random()}`,
        description: '',
        scopes: [],
        grants: isFine ? [grant()] : [],
        ...given,
      });
      return { secret: made.secret.reveal(), id: made.token.id };
    },
    gitStatus: (fullName, service, secret) =>
      status(`${server.url}/${fullName}.git/info/refs?service=${service}`, { headers: basic(secret) }),
    restStatus: (method, path, secret) =>
      status(`${server.url}/api/v3${path}`, {
        method,
        headers: secret === null ? {} : { authorization: `Bearer ${secret}` },
      }),
    close: async () => {
      await server.close();
      await rm(base, { recursive: true, force: true });
    },
  };
}
