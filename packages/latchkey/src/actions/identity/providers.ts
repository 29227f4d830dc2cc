/**
 * The identity providers in force: read at start, reloaded on the operator's signal.
 *
 * Invariant: a file with an error never takes effect. At start it stops the server; later, the previous one stays.
 * Never: a provider that is away keeps the server from starting. It is asked when somebody signs in by it.
 */
import { ProviderConnection } from './provider-connection.ts';
import { readProviderFile } from './provider-file.ts';

export class IdentityProviders {
  readonly #path: string | null;
  #connections: readonly ProviderConnection[];

  /**
   * @param path the operator's file; null = no provider
   * @throws SettingsProblem that names every error with its line; Fault when the file can't be read
   */
  constructor(path: string | null) {
    this.#path = path;
    this.#connections = this.#read();
  }

  /** Reads the file again. @throws as the constructor; then the previous providers stay in force */
  reload(): void {
    this.#connections = this.#read();
  }

  /** In the order of the file. */
  get all(): readonly ProviderConnection[] {
    return this.#connections;
  }

  named(name: string): ProviderConnection | null {
    return this.#connections.find(({ provider }) => provider.name === name) ?? null;
  }

  #read(): ProviderConnection[] {
    return this.#path === null ? [] : readProviderFile(this.#path).map((provider) => new ProviderConnection(provider));
  }
}
