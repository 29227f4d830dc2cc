/**
 * Workloads before the token endpoint, without a socket of ours: a real issuer on loopback (`oidc-provider`), one whose
 * keys were pasted, and a machine account of Acme's with rules.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';
import { onTestFinished } from 'vitest';
import { organizationNamed } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addIssuer, type IssuerDraft } from '../../../src/actions/federation/issuers.ts';
import { addRule, type MachinePlace, type NewRuleDraft } from '../../../src/actions/federation/rules.ts';
import { makeMachine } from '../../../src/actions/organizations/machines.ts';
import { setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { githubDoor, PREFIX } from '../../../src/doors/github/door.ts';
import { oauthDoor } from '../../../src/doors/oauth/door.ts';
import type { Engine } from '../../../src/store/db.ts';
import type { TestContext } from '../../actions/context.ts';
import { grant } from '../github/api.ts';
import { type Answer, answerOf, smallWorld } from '../small-world.ts';

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const GITHUB = 'https://token.actions.githubusercontent.com';

export type Claims = Record<string, unknown>;
type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export interface Signer {
  readonly privateKey: PrivateKey;
  readonly publicJwk: JWK;
  readonly alg: string;
}

export async function newSigner(alg = 'RS256', kid = 'key-1'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, alg };
}

export const jwksOf = (...signers: readonly Signer[]): string =>
  JSON.stringify({ keys: signers.map(({ publicJwk }) => publicJwk) });

export interface WorkloadWorld {
  readonly ctx: TestContext;
  readonly place: MachinePlace;
  /** The key of the issuer of GitHub's shape. */
  readonly signer: Signer;
  /** Claims of a run on GitHub, as GitHub documents them. */
  run(claims?: Claims): Claims;
  /** Signs them as the issuer does. */
  sign(claims: Claims, by?: Signer, header?: Claims): Promise<string>;
  post(fields: Record<string, string>, path?: string): Promise<Answer>;
  exchange(jwt: string, fields?: Record<string, string>): Promise<Answer>;
  rest(operation: string, token: string): Promise<Answer>;
  addIssuer(draft: IssuerDraft): Promise<void>;
  addRule(draft?: Partial<NewRuleDraft>): Promise<number>;
  /** Entries of the log about workloads, the last first. */
  log(): Promise<{ action: string; data: Claims }[]>;
}

const CONDITIONS = [
  { claim: 'repository_id', values: ['74'] },
  { claim: 'ref', values: ['refs/heads/main', 'refs/tags/v*'] },
];

export async function workloadWorld(engine: Engine = 'sqlite'): Promise<WorkloadWorld> {
  const ctx = await smallWorld(engine, { webhookNetworks: '127.0.0.0/8' });
  return worldOn(ctx);
}

async function worldOn(ctx: TestContext): Promise<WorkloadWorld> {
  const permit = operatorPermit();
  const signer = await newSigner();
  await addIssuer(ctx, permit, { preset: 'github', jwks: jwksOf(signer) });
  const owner = await organizationNamed(ctx.store.db, 'Acme');
  const machine = await makeMachine(ctx, permit, owner, { login: 'Deploy-Bot', purpose: 'deploys' });
  await setCollaborator(ctx, permit, { owner: 'Acme', name: 'site', login: 'Deploy-Bot', role: 'write' });
  const place = { owner, machine };
  const door = await doorOf(ctx);
  const run = (claims: Claims = {}): Claims => runOf(ctx, claims);
  const post = async (fields: Record<string, string>, path = '/oauth/token'): Promise<Answer> =>
    answerOf(
      await door.inject({
        method: 'POST',
        url: path,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(fields).toString(),
      }),
    );
  return {
    ctx,
    place,
    signer,
    run,
    post,
    sign: (claims, by = signer, header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ typ: 'JWT', kid: by.publicJwk.kid!, alg: by.alg, ...header })
        .sign(by.privateKey),
    exchange: (jwt, fields = {}) =>
      post({ grant_type: EXCHANGE, subject_token_type: JWT_TYPE, subject_token: jwt, ...fields }),
    rest: async (operation, token) => {
      const [method, path] = operation.split(' ') as ['GET', string];
      return answerOf(await door.inject({ method, url: PREFIX + path, headers: { authorization: `Bearer ${token}` } }));
    },
    addIssuer: async (draft) => void (await addIssuer(ctx, permit, draft)),
    addRule: (draft = {}) => addRule(ctx, permit, place, ruleOf(draft)),
    log: async () => {
      const rows = await ctx.store.db
        .selectFrom('audit')
        .select(['action', 'data_json'])
        .where('action', 'like', 'workload_identity.%')
        .orderBy('id', 'desc')
        .execute();
      return rows.map(({ action, data_json }) => ({ action, data: JSON.parse(data_json) as Claims }));
    },
  };
}

function ruleOf(draft: Partial<NewRuleDraft>): NewRuleDraft {
  const grants = [grant({ selection: 'selected', repositories: ['site'], permissions: { contents: 'write' } })];
  return {
    issuer: 'github',
    conditions: CONDITIONS,
    ...draft,
    token: { name: 'deploy', description: '', grants, ...draft.token },
  };
}

async function doorOf(ctx: TestContext) {
  const fastify = Fastify({ logger: false });
  await fastify.register(oauthDoor(ctx));
  await fastify.register(githubDoor(ctx), { prefix: PREFIX });
  onTestFinished(() => fastify.close());
  return fastify;
}

let runs = 0;

/** GitHub docs, "OpenID Connect reference": all but the numbers are texts. */
function runOf(ctx: TestContext, claims: Claims): Claims {
  const at = ctx.clock.now();
  runs += 1;
  return {
    iss: GITHUB,
    aud: ctx.settings.publicUrl,
    sub: 'repo:octo-org/octo-repo:ref:refs/heads/main',
    jti: `jti-${runs}`,
    iat: at,
    nbf: at - 300,
    exp: at + 300,
    repository: 'octo-org/octo-repo',
    repository_id: '74',
    repository_owner: 'octo-org',
    repository_owner_id: '65',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    ref_protected: 'true',
    sha: 'example-sha',
    event_name: 'push',
    workflow_ref: 'octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main',
    actor: 'octocat',
    run_id: '9001',
    run_attempt: '2',
    ...claims,
  };
}

export interface LoopbackIssuer {
  readonly issuer: string;
  /** An ID token for an audience, signed by the provider itself. */
  idToken(audience: string, claims: Claims, expiresAt: number): Promise<string>;
  /** Requests so far, by path. */
  readonly asked: string[];
  /** Answers instead of the provider; null = the provider does. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  /** Gives the provider another key. */
  rotate(): Promise<void>;
}

/** A certified provider on loopback, whose clock is ours. */
export async function loopbackIssuer(audience: string): Promise<LoopbackIssuer> {
  let provider: Provider;
  let serve: ReturnType<Provider['callback']>;
  let keys = 0;
  const server = createServer((request, response) => {
    self.asked.push(new URL(request.url ?? '', 'http://x').pathname);
    if (self.instead !== null) self.instead(request, response);
    else void serve(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => closed(server));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const self: LoopbackIssuer = {
    issuer,
    asked: [],
    instead: null,
    rotate: async () => {
      keys += 1;
      const { privateKey } = await generateKeyPair('RS256', { extractable: true });
      const jwk = { ...(await exportJWK(privateKey)), kid: `key-${keys}`, alg: 'RS256', use: 'sig' };
      provider = new Provider(issuer, {
        clients: [
          {
            client_id: audience,
            redirect_uris: [],
            response_types: [],
            grant_types: ['client_credentials'],
            client_secret: 'a secret of the test',
          },
        ],
        jwks: { keys: [jwk as never] },
        cookies: { keys: ['only for tests'] },
        features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
      });
      serve = provider.callback();
    },
    idToken: async (client, claims, expiresAt) => {
      const { IdToken, Client } = provider as unknown as {
        IdToken: new (
          claims: Claims,
          options: object,
        ) => {
          set(name: string, value: unknown): void;
          issue(options: object): Promise<string>;
        };
        Client: { find(id: string): Promise<object> };
      };
      const token = new IdToken({ sub: claims['sub'] }, { client: await Client.find(client), ctx: undefined });
      for (const [name, value] of Object.entries(claims)) token.set(name, value);
      return token.issue({ use: 'idtoken', expiresAt });
    },
  };
  await self.rotate();
  return self;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => void server.close(() => done()));
}
