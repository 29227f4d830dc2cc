/**
 * A browser at a service behind the forward door, without a socket: it has cookies for each host, follows the door to
 * the pages of Latchkey and back, and says of itself what browsers say.
 */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { type Visitor, type WebWorld, webWorldOn } from '../web/visitor.ts';
import { type ForwardWorld, forwardWorld } from './door.ts';

const MAP = `
permissions: [{ name: acme:deploy, title: Deployments }]
services:
  - hosts: [deploy.example.org]
    challenge: sign-in
    routes:
      - { method: '*', path: /, needs: {} }
      - { method: GET, path: '/apps/{owner}/{repo}', needs: { 'acme:deploy': read }, repository: '{owner}/{repo}' }
      - { method: POST, path: '/apps/{owner}/{repo}', needs: { 'acme:deploy': write }, repository: '{owner}/{repo}' }
      - { method: GET, path: '/logs/{owner}/{repo}', needs: { 'acme:deploy': write }, repository: '{owner}/{repo}' }
      - method: GET
        path: /public/{owner}/{repo}
        needs: { metadata: read }
        repository: '{owner}/{repo}'
        public: true
      - method: MOVE
        path: /apps/{owner}/{repo}
        needs: { 'acme:deploy': write }
        repository: '{owner}/{repo}'
        destination: POST
  - hosts: [wiki.example.org, other.example.org]
    challenge: sign-in
    routes: [{ method: '*', path: '/{page...}', needs: {} }]
  - hosts: [plain.example.org]
    challenge: sign-in
    origin: http://plain.example.org:8080
    routes: [{ method: '*', path: '/{page...}', needs: {} }]
  - hosts: [api.example.org]
    routes: [{ method: '*', path: '/{page...}', needs: {} }]
  - hosts: [dav.example.org]
    challenge: basic
    routes: [{ method: '*', path: '/{page...}', needs: {} }]
`;

type Headers = readonly (readonly [string, string])[];
type Answer = Awaited<ReturnType<ForwardWorld['ask']>>;

/** What a browser says when somebody follows a link. */
export const NAVIGATION: Headers = [
  ['Accept', 'text/html,application/xhtml+xml,*/*;q=0.8'],
  ['Sec-Fetch-Site', 'none'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Dest', 'document'],
];

export interface Browser {
  /** At Latchkey. */
  readonly visitor: Visitor;
  /** By host: the value of `Cookie`. */
  readonly cookies: Map<string, string>;
  /** Asks the door as Caddy does, with the cookies of the host; keeps the cookie of the answer. */
  ask(operation: string, headers?: Headers): Promise<Answer>;
  /** Opens a page of a service: to the sign-in, and back with a code. Ends with the last answer. */
  open(address: string): Promise<Answer>;
  /** The same up to the callback, which isn't called: its address. */
  upToCallback(address: string): Promise<string>;
}

export interface SignInWorld {
  readonly world: ForwardWorld;
  readonly web: WebWorld;
  browser(login: string | null): Promise<Browser>;
}

/** Dora and Eve are members of Acme; Dora administers `acme/site`. */
export async function signInWorld(map = MAP): Promise<SignInWorld> {
  const routeMap = join(tmpdir(), `route-map-${process.pid}-${Math.random()}.yaml`);
  await writeFile(routeMap, map);
  onTestFinished(() => rm(routeMap));
  const world = await forwardWorld({ routeMap, publicUrl: 'http://localhost:7070' });
  const web = await webWorldOn(world.ctx);
  for (const login of ['dora', 'eve']) {
    await web.addPerson(login);
    const role = login === 'dora' ? 'owner' : 'member';
    await setMember(world.ctx, operatorPermit(), { organization: 'acme', login, role });
  }
  return {
    world,
    web,
    browser: async (login) => {
      const visitor = web.visitor();
      if (login !== null) await visitor.signIn(login);
      return browserAt(world, visitor);
    },
  };
}

function browserAt(world: ForwardWorld, visitor: Visitor): Browser {
  const cookies = new Map<string, string>();
  const ask: Browser['ask'] = async (operation, headers = NAVIGATION) => {
    const [method = '', address = ''] = operation.split(' ');
    const { host, hostname, pathname, search } = new URL(address);
    const cookie = cookies.get(hostname);
    const answer = await world.ask('/forward-auth', [
      ['X-Forwarded-Method', method],
      ['X-Forwarded-Uri', pathname + search],
      ['X-Forwarded-Host', host],
      ...(cookie === undefined ? [] : [['Cookie', cookie] as const]),
      ...headers,
    ]);
    const set = answer.headers['set-cookie']?.split(';')[0];
    if (set !== undefined) cookies.set(hostname, set);
    return answer;
  };
  const upToCallback: Browser['upToCallback'] = async (address) => {
    const sent = (await ask(`GET ${address}`)).headers['location'] ?? '';
    const page = await visitor.get(new URL(sent).pathname + new URL(sent).search);
    return String(page.headers['refresh'] ?? '').replace('0; url=', '');
  };
  return {
    visitor,
    cookies,
    ask,
    upToCallback,
    open: async (address) => {
      const back = await ask(`GET ${await upToCallback(address)}`);
      return ask(`GET ${back.headers['location'] ?? address}`);
    },
  };
}
