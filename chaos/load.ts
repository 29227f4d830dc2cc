/**
 * People at work: tokens made, renewed and revoked, commits pushed with the machine's git, tokens checked, the audit
 * log read. What is acknowledged goes into the ledger; what fails is left out of it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QUIET_GIT, run } from '../bench/command.ts';
import { MAIN, withToken } from '../bench/server.ts';
import { change, type Outcome, PATIENCE_MS, pagesOf, statusOf } from './ask.ts';
import type { KeptToken, Ledger } from './ledger.ts';
import type { Chance } from './random.ts';
import type { World } from './world.ts';

/** A person may have at most 50 fine-grained tokens. */
const MOST_LIVE_TOKENS = 36;
/** Then a new repository is begun, so that checking the current one stays quick. */
const PUSHES_TO_A_REPOSITORY = 30;
/** The pause after a failure: the server may be down. */
const BREATH_MS = 80;
/** The pause between two commands of the operator, each a separate process. */
const OPERATOR_PAUSE_MS = 5_000;

const TOKENS = '/user/personal-access-tokens';

interface MadeToken {
  readonly id: number;
  readonly token: string;
}

export class Load {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #chance: Chance;
  readonly #paceMs: number;
  readonly #folder: string;
  #running = false;
  /** When the operator may give the next command, on the clock of `performance`. */
  #operatorAt = 0;
  #loops: Promise<void>[] = [];
  #repository = '';
  #pushesLeft = 0;

  /** @param paceMs the pause between two requests of a kind, to leave the machine to the server */
  constructor(world: World, ledger: Ledger, chance: Chance, paceMs: number) {
    this.#world = world;
    this.#ledger = ledger;
    this.#chance = chance;
    this.#paceMs = paceMs;
    this.#folder = join(world.options.folder, 'client');
  }

  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await run('git', ['init', '-q', '--bare', this.#folder], { env: QUIET_GIT });
  }

  /** Does nothing while it runs. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const steps = [
      this.#tokenStep,
      this.#tokenStep,
      this.#pushStep,
      this.#deadStep,
      this.#liveStep,
      this.#auditStep,
      this.#operatorStep,
    ];
    this.#loops = steps.map((step) =>
      this.#repeat(step).catch((error: unknown) => this.#ledger.lose(`the load could not go on: ${String(error)}`)),
    );
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (this.#running) {
      await step.call(this);
      await pause(this.#paceMs);
    }
  }

  /** Resolves when everything in progress has ended. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  /** Deletes tokens that were made without an acknowledgement, or whose secret nobody knows. */
  async sweep(): Promise<void> {
    const { url, tokens } = this.#world;
    const unknown: number[] = [];
    const path = `${TOKENS}?kind=fine-grained&per_page=100`;
    for await (const page of pagesOf<{ id: number; name: string }>(url, path, tokens.manager, PATIENCE_MS))
      for (const { id, name } of page) if (name.startsWith('made-') && !this.#ledger.live.has(id)) unknown.push(id);
    for (const id of unknown) await change(url, { method: 'DELETE', path: `${TOKENS}/${id}`, token: tokens.manager });
  }

  async #tokenStep(): Promise<void> {
    const live = [...this.#ledger.live.keys()];
    const roll = this.#chance.next();
    if (live.length < 6 || (roll < 0.4 && live.length < MOST_LIVE_TOKENS)) return this.#make();
    const token = this.#ledger.take(this.#chance.oneOf(live));
    if (token !== null) await (roll < 0.7 ? this.#replace(token) : this.#revoke(token));
  }

  async #make(): Promise<void> {
    const body = {
      name: `made-${randomUUID().slice(0, 18)}`,
      repository_selection: 'all',
      permissions: { contents: 'read' },
    };
    const made = await this.#change<MadeToken>('POST', TOKENS, body);
    if (made.is === 'done') this.#ledger.made({ id: made.body.id, secret: made.body.token });
    else await this.#failed();
  }

  async #replace(token: KeptToken): Promise<void> {
    const done = await this.#change<MadeToken>('POST', `${TOKENS}/${token.id}/regenerate`, {});
    if (done.is === 'done') this.#ledger.replaced(token, done.body.token);
    else await this.#failed();
  }

  async #revoke(token: KeptToken): Promise<void> {
    const done = await this.#change('DELETE', `${TOKENS}/${token.id}`);
    if (done.is === 'done') this.#ledger.revoked(token);
    else await this.#failed();
  }

  /** Everything the load requests is allowed: a refusal means that something is gone. */
  async #change<T>(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<Outcome<T>> {
    const token = this.#world.tokens.manager;
    const outcome = await change<T>(this.#world.url, { method, path, token, ...(body === undefined ? {} : { body }) });
    if (outcome.is === 'refused') this.#ledger.lose(`${method} ${path} was refused: ${outcome.words}`);
    return outcome;
  }

  async #pushStep(): Promise<void> {
    const { url, tokens } = this.#world;
    if (this.#pushesLeft === 0) {
      const name = `r-${randomUUID()}`;
      const made = await change(url, { method: 'POST', path: '/user/repos', token: tokens.pusher, body: { name } });
      if (made.is !== 'done') return this.#failed();
      this.#repository = name;
      this.#pushesLeft = PUSHES_TO_A_REPOSITORY;
    }
    this.#pushesLeft--;
    const name = `push-${randomUUID()}`;
    const commit = await this.#commit(name);
    const remote = withToken(url, tokens.pusher, `/ada/${this.#repository}.git`);
    const pushed = await run('git', ['push', '-q', remote, `${commit}:refs/heads/${name}`], {
      cwd: this.#folder,
      env: QUIET_GIT,
    }).then(
      () => true,
      () => false,
    );
    if (pushed) this.#ledger.pushed(this.#repository, `refs/heads/${name}`, commit);
    else await this.#failed();
  }

  /** Makes a commit with one file of a few kilobytes that no other has; returns its id. */
  async #commit(name: string): Promise<string> {
    const content = `${name}\n`.repeat(20 + this.#chance.below(200));
    const stream = [
      'commit refs/heads/work',
      'mark :1',
      'committer Ada <ada@example.org> 1700000000 +0000',
      `data ${name.length}`,
      name,
      `M 100644 inline ${name}`,
      `data ${content.length}`,
      content,
      'get-mark :1',
      '',
    ].join('\n');
    const { stdout } = await run('git', ['fast-import', '--quiet', '--force'], {
      cwd: this.#folder,
      env: QUIET_GIT,
      input: stream,
    });
    return stdout.trim();
  }

  async #deadStep(): Promise<void> {
    if (this.#ledger.dead.length === 0) return pause(BREATH_MS);
    const { tokenId, secret } = this.#chance.oneOf(this.#ledger.dead);
    const status = await statusOf(this.#world.url, { method: 'GET', path: '/user', token: secret });
    if (status === 200) this.#ledger.lose(`a dead secret of the token ${tokenId} was accepted under load`);
    if (status === 401) this.#ledger.counts.checksOfDead++;
    else await this.#failed();
  }

  async #liveStep(): Promise<void> {
    const { live, counts } = this.#ledger;
    if (live.size === 0) return pause(BREATH_MS);
    const token = this.#chance.oneOf([...live.values()]);
    const status = await statusOf(this.#world.url, { method: 'GET', path: '/user', token: token.secret });
    // A change in progress may have ended it meanwhile.
    if (status === 401 && live.get(token.id) === token)
      this.#ledger.lose(`the token ${token.id} was refused under load`);
    if (status === 200) counts.checksOfLive++;
    else if (status !== 401) await this.#failed();
  }

  async #auditStep(): Promise<void> {
    await statusOf(this.#world.url, {
      method: 'GET',
      path: '/enterprise/audit-log?per_page=50',
      token: this.#world.tokens.auditor,
    });
    await pause(2 * BREATH_MS);
  }

  /** The operator's commands write to the same database, whether or not the server is running. */
  async #operatorStep(): Promise<void> {
    if (performance.now() < this.#operatorAt) return pause(BREATH_MS);
    const login = `person-${randomUUID().slice(0, 18)}`;
    const command = ['admin', 'user', 'add', login, '--email', `${login}@example.org`, ...this.#world.operatorOptions];
    const added = await run(process.execPath, [MAIN, ...command]).then(
      () => true,
      () => false,
    );
    if (added) this.#ledger.added(login);
    else await this.#failed();
    this.#operatorAt = performance.now() + OPERATOR_PAUSE_MS;
  }

  async #failed(): Promise<void> {
    this.#ledger.counts.failed++;
    await pause(BREATH_MS);
  }
}
