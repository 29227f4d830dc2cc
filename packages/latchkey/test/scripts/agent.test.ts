/**
 * `latchkey agent`: a coding agent's session, with git, curl, Node and a client that speaks to a socket as gh does. And
 * the ways of others on the machine: a program without the pass, a page in a browser, a name that was bound anew.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { approvePush, denyPush } from '../../src/actions/repositories/approvals/approvals.ts';
import { Secret } from '../../src/base/secret.ts';
import { startBroker } from '../../src/cli/agent/broker.ts';
import { Tally } from '../../src/cli/agent/tally.ts';
import { sessionPermit } from '../actions/session.ts';
import { makeWorld, type World } from '../doors/git/server.ts';
import { askAsAnother, BECOME_ANOTHER, CAN_BE_ANOTHER } from './another-user.ts';
import { latchkey } from './latchkey-process.ts';

let world: World;
let token: string;
let folder: string;

beforeAll(async () => {
  world = await makeWorld();
  token = world.full.reveal();
  folder = mkdtempSync(join(tmpdir(), 'latchkey-agent-test-'));
  writeFileSync(join(folder, 'gitconfig'), '[user]\n\tname = Ada\n\temail = ada@example.org\n');
  await world.ok(['init', '-q', '-b', 'main', 'seed']);
  await world.ok(['commit', '-qm', 'first', '--allow-empty'], { in: 'seed' });
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'seed' });
});
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

const session = (script: string, ...flags: string[]) =>
  latchkey(['agent', '--repo', 'ada/closed', ...flags, '--', 'sh', '-euc', script], {
    cwd: folder,
    env: {
      LATCHKEY_URL: world.url,
      LATCHKEY_TOKEN: token,
      GH_TOKEN: 'a token of the shell',
      GIT_CONFIG_GLOBAL: join(folder, 'gitconfig'),
      HOME: folder,
      SERVER: world.url,
    },
  });

const lastAsked = async (): Promise<number | undefined> =>
  (
    await world.server.context.store.db
      .selectFrom('push_approvals')
      .select('id')
      .where('state', '=', 'waiting')
      .executeTakeFirst()
  )?.id;

describe('latchkey agent', () => {
  it('gives git, curl and Node what the session may do, and no token; ends it and tells what was done', async () => {
    const ran = await session(
      `git clone -q "$SERVER/ada/closed.git" one 2>&1
       cd one
       git commit -q --allow-empty -m one
       git push -q origin HEAD:refs/heads/agent/one
       git push -q origin HEAD:refs/heads/docs 2>&1 || echo "docs: $?"
       header="Authorization: token $GITHUB_TOKEN"
       curl -sS -H "$header" "$GITHUB_API_URL/repos/ada/closed" | grep -o '"full_name":"[^"]*"'
       curl -sS -o /dev/null -w '%{http_code}\\n' "$GITHUB_API_URL/user"
       "${process.execPath}" -e '
         const headers = { "private-token": process.env.GITLAB_TOKEN };
         fetch(process.env.CI_API_V4_URL + "/projects/ada%2Fclosed", { headers })
           .then((r) => r.json()).then((p) => console.log(p.path_with_namespace));
       '
       env > env.txt; git config --get-all credential.helper > helpers.txt || true
       cat env.txt helpers.txt`,
      '--permission',
      'contents=write',
      '--ref',
      'agent/**',
      '--agent',
      'bot/1',
      '--session',
      's-9',
    );
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain('docs: 1');
    expect(ran.stdout).toContain('"full_name":"ada/closed"');
    expect(ran.stdout).toMatch(/^401$/m);
    expect(ran.stdout).toMatch(/^ada\/closed$/m);
    for (const text of [token, 'a token of the shell', 'lkd_']) expect(ran.stdout).not.toContain(text);
    expect(ran.stderr).not.toContain(token);
    expect(ran.stderr).toContain('"bot/1" has derived token');
    expect(ran.stderr).toContain('pushed: agent/one');
    expect(ran.stderr).toContain('refused: docs (ref rules allow agent/** only)');
    expect(ran.stderr).toMatch(/derived token \d+ is revoked/);
    const {
      revoked_at,
      agent,
      session: told,
    } = await world.server.context.store.db
      .selectFrom('derived_tokens')
      .select(['revoked_at', 'agent', 'session'])
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect([revoked_at === null, agent, told]).toEqual([false, 'bot/1', 's-9']);
  });

  it('leaves other users of the machine nothing: no file, socket, environment or command line', async () => {
    const look = `
      const { readFileSync, statSync } = require("node:fs");
      const { GH_CONFIG_DIR: folder, GITHUB_API_URL: api, GITHUB_TOKEN: pass } = process.env;
      const mode = (path) => (statSync(path).mode & 0o777).toString(8);
      const told = { folder: mode(folder), config: mode(folder + "/config.yml") };
      const tried = (act) => { try { act(); return "read"; } catch (error) { return error.code; } };
      const parent = "/proc/" + process.ppid;
      if (process.getuid() === 0) ${BECOME_ANOTHER}
      const connected = (path) => new Promise((resolve) => {
        const socket = require("node:net").connect(path);
        socket.once("connect", () => { socket.destroy(); resolve("connected"); });
        socket.once("error", (error) => resolve(error.code));
      });
      (async () => {
        const { status } = await fetch(api + "/user", { headers: { authorization: "Bearer " + pass } });
        told.other = [status, tried(() => readFileSync(folder + "/config.yml")), await connected(folder + "/api.sock"),
          tried(() => readFileSync(parent + "/environ"))];
        console.log("told " + JSON.stringify(told));
      })();`;
    const ran = await session(
      `echo "pass=$GITHUB_TOKEN"
       GIT_TRACE=1 GIT_CURL_VERBOSE=0 git ls-remote "$SERVER/ada/closed.git" 2> trace.txt
       grep -c "remote-http" trace.txt
       if grep -qF "$GITHUB_TOKEN" trace.txt; then echo "in a command line"; fi
       "${process.execPath}" -e '${look}'`,
    );
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pass=\S{43}$/m) });
    expect(ran.stdout).toMatch(/^[1-9]\d*$/m);
    expect(ran.stdout).not.toContain('in a command line');
    const told = JSON.parse(/^told (.*)$/m.exec(ran.stdout)?.[1] ?? '{}');
    expect([told.folder, told.config]).toEqual(['700', '600']);
    // Whoever is the same user may: `docs/machines.md` says so.
    expect(told.other).toEqual(
      CAN_BE_ANOTHER ? [403, 'EACCES', 'EACCES', 'EACCES'] : [200, 'read', 'connected', 'read'],
    );
  });

  it('ends with the code of the command, and ends its token where that can not be started', async () => {
    expect((await session('exit 7')).code).toBe(7);
    const none = await latchkey(['agent', '--repo', 'ada/closed', '--', 'no-such-program'], {
      env: { LATCHKEY_URL: world.url, LATCHKEY_TOKEN: token },
    });
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('there is no such program')]);
    expect(none.stderr).toMatch(/derived token \d+ is revoked/);
    const nowhere = await latchkey(['agent', '--', 'true'], {
      cwd: folder,
      env: { LATCHKEY_URL: world.url, LATCHKEY_TOKEN: token },
    });
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('which repositories is it for?')]);
  });

  it('waits for the approval of what was refused, and does it again; a denial ends the wait', async () => {
    const { context } = world.server;
    const push = (n: number): string =>
      `test -d two || git clone -q "$SERVER/ada/closed.git" two
       cd two; test -f ${n} || { echo ${n} > ${n}; git add ${n}; git commit -qm ${n}; }
       git push -q origin HEAD:refs/heads/main 2>&1`;
    const running = session(push(1), '--ref', 'main: ask', '--wait');
    await expect.poll(lastAsked, { timeout: 60_000 }).toBeDefined();
    await approvePush(context, await sessionPermit(context, 'ada'), (await lastAsked()) ?? 0);
    const ran = await running;
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('approved, running it again') });
    expect(ran.stderr).toContain('pushed: main');
    const denied = session(push(2), '--ref', 'main: ask', '--wait', '5m');
    await expect.poll(lastAsked, { timeout: 60_000 }).toBeDefined();
    await denyPush(context, await sessionPermit(context, 'ada'), (await lastAsked()) ?? 0);
    expect(await denied).toMatchObject({ code: 1, stderr: expect.stringContaining('is not approved: it is denied') });
  });
});

describe('the broker', () => {
  /** One in front of a server that tells what it was asked. */
  async function brokerBefore(path = '') {
    const heard: { url: string; headers: Record<string, unknown> }[] = [];
    const server = createServer((req, res) => {
      heard.push({ url: req.url ?? '', headers: req.headers });
      const here = `http://127.0.0.1:${port}`;
      res.writeHead(302, { location: `${here}/next`, link: `<${here}/api?page=2>; rel="next"` }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const broker = await startBroker(`http://127.0.0.1:${port}${path}`, new Secret('the token'), new Tally());
    onTestFinished(async () => {
      await broker.close();
      await new Promise((resolve) => server.close(resolve));
    });
    return { broker, heard };
  }

  /** Asks as it stands, without a client's own ideas. */
  function ask(
    to: { port: number } | { socketPath: string },
    path: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', ...to, path, headers }, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
        res.once('error', reject);
      });
      asked.once('error', reject).end();
    });
  }

  it('passes on with the token where the pass stood, without cookies, and leads links back here', async () => {
    const { broker, heard } = await brokerBefore();
    const port = Number(new URL(broker.address).port);
    const basic = `Basic ${Buffer.from(`x:${broker.pass}`).toString('base64')}`;
    for (const [headers, sent] of [
      [{ authorization: `Bearer ${broker.pass}` }, { authorization: 'Bearer the token' }],
      [{ authorization: `token ${broker.pass}` }, { authorization: 'Bearer the token' }],
      [{ authorization: basic }, { authorization: `Basic ${Buffer.from('agent:the token').toString('base64')}` }],
      [{ 'private-token': broker.pass }, { 'private-token': 'the token' }],
    ] as const) {
      const answer = await ask({ port }, '/api/v3/x?y=1', { ...headers, cookie: 'session=1' } as Record<
        string,
        string
      >);
      expect(answer.status).toBe(302);
      expect([answer.headers['location'], answer.headers['link']]).toEqual([
        `${broker.address}/next`,
        `<${broker.address}/api?page=2>; rel="next"`,
      ]);
      expect(heard.at(-1)).toMatchObject({ url: '/api/v3/x?y=1', headers: sent });
      expect(heard.at(-1)?.headers).not.toHaveProperty('cookie');
    }
  });

  it('answers nobody without the pass, no page, no other name, and never leaves the path of the server', async () => {
    const { broker, heard } = await brokerBefore('/git');
    const port = Number(new URL(broker.address).port);
    const pass = { authorization: `Bearer ${broker.pass}` };
    for (const [status, path, headers] of [
      [401, '/api', {}],
      [401, '/api', { authorization: 'Bearer guessed' }],
      [401, '/api', { authorization: 'Basic eA==' }],
      [403, '/api', { ...pass, origin: 'https://evil.example' }],
      [403, '/api', { ...pass, host: `evil.example:${port}` }],
      [403, '/api', { ...pass, host: `localhost:${port}` }],
      [400, '/../other', pass],
      [400, '/%2e%2e/other', pass],
      [400, 'http://evil.example/api', pass],
    ] as const)
      expect([path, headers, (await ask({ port }, path, headers)).status]).toEqual([path, headers, status]);
    expect(heard).toEqual([]);
    expect((await ask({ port }, '/api', pass)).status).toBe(302);
    expect(heard.map(({ url }) => url)).toEqual(['/git/api']);
  });

  it('answers no program of another user, even one that has the pass', async () => {
    const { broker, heard } = await brokerBefore();
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]']) {
      const url = `${broker.address.replace('127.0.0.1', host)}/api`;
      const headers = { authorization: `Bearer ${broker.pass}`, host: new URL(broker.address).host };
      expect(await askAsAnother(url, headers)).toMatch(/^403 .*this is for the programs of another user/);
    }
    expect(heard).toEqual([]);
  });

  it('answers on a socket of the file system, where gh asks for its host by name', async () => {
    const { broker, heard } = await brokerBefore();
    const socketPath = join(folder, 'api.sock');
    await broker.listenAt(socketPath);
    const headers = { host: 'git.example.org', authorization: `token ${broker.pass}` };
    expect((await ask({ socketPath }, '/api/v3/user', headers)).status).toBe(302);
    expect(heard.at(-1)?.headers['authorization']).toBe('Bearer the token');
    expect((await ask({ socketPath }, '/api/v3/user', { host: 'git.example.org' })).status).toBe(401);
  });

  it('says that the server is gone instead of waiting for it', async () => {
    const broker = await startBroker('http://127.0.0.1:1', new Secret('the token'), new Tally());
    onTestFinished(() => broker.close());
    const port = Number(new URL(broker.address).port);
    const answer = await ask({ port }, '/x', { authorization: `Bearer ${broker.pass}` });
    expect([answer.status, answer.text]).toEqual([502, expect.stringContaining("can't be reached")]);
  });
});
