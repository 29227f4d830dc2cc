/**
 * The process above the workers: starts them, replaces one that died, and passes signals on.
 *
 * SIGINT or SIGTERM stops them all; SIGHUP replaces them one by one, so that there is always one that answers. Old
 * workers accept no new connections, close theirs with the next answer, and exit when none is left: a client's kept
 * connection is never cut.
 * Invariant: the socket belongs to this process, so no connection is refused while workers come and go.
 * Never: a request, the store, or a secret in here.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { AggregatorRegistry } from 'prom-client';
import { Fault } from '../../base/errors.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { listenForMetrics } from '../../telemetry/metrics-listener.ts';
import type { Terminal } from '../terminal.ts';
import { type HangUp, RETIRE } from './hang-up.ts';
import type { Systemd } from './systemd.ts';

/** A worker that dies sooner than this after its start is not restarted at once. */
const SOON_MS = 5_000;
const PAUSE_MS = 1_000;

/** Signals from outside. */
interface Signals {
  readonly stop: Promise<void>;
  readonly hangUp: HangUp;
  readonly systemd: Systemd;
}

/**
 * Runs the workers until `stop` resolves and all of them have ended. Serves the sum of their metrics.
 * @throws Fault when the first one can't start; it has said why
 */
export async function overseeWorkers(settings: Settings, signals: Signals, terminal: Terminal): Promise<void> {
  const { stop, hangUp, systemd } = signals;
  const pool = new WorkerPool(terminal);
  // Only the first one at first, so that migrations, the demo and the greeting happen once.
  if (!(await pool.add())) throw new Fault('the server did not start', { hint: 'its own words are above' });
  await Promise.race([stop, Promise.all(Array.from({ length: settings.workers - 1 }, () => pool.addUntilThere()))]);
  const registry = new AggregatorRegistry();
  const metrics = await listenForMetrics(settings, () => registry.clusterMetrics());
  if (metrics !== null) terminal.say(`metrics of all workers at ${metrics.url}`);
  systemd.ready();
  hangUp.answer(() => void systemd.reloading(() => pool.replaceAll()));
  await stop;
  systemd.stopping();
  hangUp.ignore();
  await pool.stop();
  await metrics?.close();
}

class WorkerPool {
  readonly #terminal: Terminal;
  readonly #workers = new Set<Worker>();
  /** Replaced workers that still answer on their connections. */
  readonly #leaving = new Set<Worker>();
  #replacing: Promise<void> | null = null;
  #stopping = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Starts a worker. True once it listens; false when it ended before. */
  async add(): Promise<boolean> {
    const startedAt = performance.now();
    const worker = cluster.fork();
    closeWhatItHad(worker);
    this.#workers.add(worker);
    let listened = false;
    worker.once('exit', (code, signal) => {
      this.#leaving.delete(worker);
      const wasWanted = this.#workers.delete(worker);
      if (!wasWanted || !listened || this.#stopping) return;
      this.#terminal.say(`worker ${worker.id} ended with ${signal ?? code}; starting another`);
      setTimeout(() => void this.addUntilThere(), performance.now() - startedAt < SOON_MS ? PAUSE_MS : 0);
    });
    const gone = new AbortController();
    worker.once('exit', () => gone.abort());
    listened = await once(worker, 'listening', { signal: gone.signal }).then(
      () => true,
      () => false,
    );
    return listened;
  }

  /** Replaces the workers one by one. */
  replaceAll(): Promise<void> {
    this.#replacing ??= this.#replaceEach().finally(() => {
      this.#replacing = null;
    });
    return this.#replacing;
  }

  /** Lets all workers finish what they are doing. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#workers, ...this.#leaving].map(end));
  }

  /** Starts workers until one listens: one that is killed while it starts is replaced, too. */
  async addUntilThere(): Promise<void> {
    while (!this.#stopping && !(await this.add())) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }

  async #replaceEach(): Promise<void> {
    for (const old of Array.from(this.#workers)) {
      if (this.#stopping) return;
      // Without a successor the old one stays: a bad setting must not take the server down.
      if (!(await this.add())) return this.#terminal.say('a new worker did not start; the old ones stay');
      this.#workers.delete(old);
      this.#leaving.add(old);
      if (old.isConnected()) old.send(RETIRE);
    }
    this.#terminal.say('all workers are new');
  }
}

/** What Node passes between processes: an accepted connection. */
interface Handed {
  close(): void;
}

/**
 * A connection passed to a worker stays open in this process until the worker confirms it. If the worker dies in
 * between, Node forgets it, and its client would wait forever: so close it here.
 */
function closeWhatItHad(worker: Worker): void {
  const { process: child } = worker;
  const underWay = new Map<number, Handed>();
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  child.send = (message: unknown, handle?: unknown, ...rest: unknown[]): boolean => {
    const { act, seq } = message as { act?: unknown; seq?: unknown };
    if (act === 'newconn' && typeof seq === 'number') underWay.set(seq, handle as Handed);
    return send(message, handle, ...rest);
  };
  child.on('internalMessage', ({ ack }: { ack?: number }) => {
    if (ack !== undefined) underWay.delete(ack);
  });
  worker.once('exit', () => {
    for (const handle of underWay.values()) handle.close();
    underWay.clear();
  });
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const ended = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await ended;
}
