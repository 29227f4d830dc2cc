/**
 * What systemd is told of a server that it runs as `Type=notify`: ready, reading anew, stopping, and that it is alive.
 * Without systemd nothing happens.
 *
 * Node has no sockets of this kind (unix datagrams), so systemd's own program `systemd-notify` sends each message; the
 * unit says `NotifyAccess=all`. Messages go one after the other, so none overtakes another.
 * Invariant: a message that can't be sent is said once on stderr, and never stops the server.
 * Source: sd_notify(3).
 */
import { spawn } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

/** Signs of life are sent twice as often as systemd asks for. */
const MARGIN = 2;

export class Systemd {
  readonly #env: Environment;
  readonly #complain: (line: string) => void;
  #last: Promise<void> = Promise.resolve();
  #hasComplained = false;
  #alive: NodeJS.Timeout | null = null;

  /** `complain` says a line to the operator. */
  constructor(env: Environment, complain: (line: string) => void) {
    this.#env = env;
    this.#complain = complain;
  }

  /** It answers requests. From now on, systemd is told regularly that this process still turns. */
  ready(): void {
    this.#tell('READY=1');
    const everyMs = Number(this.#env['WATCHDOG_USEC'] ?? 0) / 1000 / MARGIN;
    if (everyMs >= 1) this.#alive = setInterval(() => this.#tell('WATCHDOG=1'), everyMs).unref();
  }

  /** SIGHUP arrived; `work` is what it asks for. */
  async reloading(work: () => unknown): Promise<void> {
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    try {
      await work();
    } finally {
      this.#tell('READY=1');
    }
  }

  /** Running transfers may end; no new ones are taken. */
  stopping(): void {
    if (this.#alive !== null) clearInterval(this.#alive);
    this.#tell('STOPPING=1');
  }

  #tell(...words: readonly string[]): void {
    const { NOTIFY_SOCKET, PATH } = this.#env;
    if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return;
    this.#last = this.#last.then(() => this.#send(words, { NOTIFY_SOCKET, ...(PATH === undefined ? {} : { PATH }) }));
  }

  #send(words: readonly string[], env: Environment): Promise<void> {
    return new Promise((resolve) => {
      const fail = (why: string): void => {
        if (!this.#hasComplained) this.#complain(`systemd could not be told ${words[0]}: systemd-notify ${why}`);
        this.#hasComplained = true;
        resolve();
      };
      const program = spawn('systemd-notify', [...words], { env, stdio: 'ignore' });
      program.once('error', ({ message }) => fail(message));
      program.once('exit', (code) => (code === 0 ? resolve() : fail(`ended with ${code}`)));
    });
  }
}
