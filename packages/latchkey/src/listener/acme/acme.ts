/** A certificate that the server gets and renews by itself (ACME): from before it listens until it stops. */
import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { acmeFolderOf } from '../../base/settings/acme-folder.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { systemClock } from '../../base/time.ts';
import { answerTlsAlpn, makeHttpServer } from './answers.ts';
import { AcmeFolder } from './folder.ts';
import { keepRenewing, prepare } from './renewal.ts';

export class Acme {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #folder: AcmeFolder;
  #http: Server | null = null;
  #end: () => void = () => {};

  private constructor(settings: Settings, log: Log) {
    this.#settings = settings;
    this.#log = log;
    this.#folder = new AcmeFolder(acmeFolderOf(settings));
  }

  /** Afterwards there is a certificate to listen with, if only one of the server's own. */
  static async open(settings: Settings, log: Log): Promise<Acme> {
    const acme = new Acme(settings, log);
    await prepare(acme.#around());
    return acme;
  }

  /** Lets the server answer challenges. Call this before anything else looks at its connections. */
  answerAt(server: Server): void {
    if (server instanceof HttpsServer && this.#settings.acmeHttpPort === null)
      answerTlsAlpn(server, this.#folder, systemClock);
  }

  /**
   * Once the server listens: answers over HTTP, too, where that is wanted, and gets certificates from now on. `renewed`
   * is called after each.
   * @throws Fault when it can't listen
   */
  async begin(renewed: () => void): Promise<void> {
    const { acmeHttpPort: port, host, publicUrl } = this.#settings;
    if (port !== null) {
      const server = makeHttpServer(this.#folder, publicUrl);
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) =>
          reject(new Fault(`can't listen on ${host}:${port}`, { hint: 'check --acme-http-port', cause: error })),
        );
        server.listen({ host, port }, resolve);
      });
      this.#http = server;
    }
    this.#end = keepRenewing(this.#around(), () => this.#take(renewed));
  }

  close(): void {
    this.#end();
    this.#http?.close();
    this.#http?.closeAllConnections();
  }

  /** Where that fails, the certificate from before goes on. */
  #take(renewed: () => void): void {
    try {
      renewed();
    } catch (error) {
      this.#log.error({ err: error }, 'the new certificate does not work');
    }
  }

  #around(): Parameters<typeof prepare>[0] {
    return { settings: this.#settings, folder: this.#folder, clock: systemClock, log: this.#log };
  }
}
