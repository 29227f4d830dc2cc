/** A token that the credential helper holds, when it gets a new secret: git uses the new one. */
import { Secret } from '../../base/secret.ts';
import { systemClock } from '../../base/time.ts';
import { CredentialStore, placeOf } from '../credential/store.ts';
import type { ServerClient } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';
import { CURRENT, instantOf, type TokenAnswer } from './own-token.ts';

/**
 * True for the token that the helper holds for this server.
 * @param id its number; undefined = the one that is used here
 * @throws Fault | ServerRefusal
 */
export async function holdsToken(terminal: Terminal, client: ServerClient, id: string | undefined): Promise<boolean> {
  if ((terminal.env['LATCHKEY_TOKEN'] ?? '') !== '') return false;
  return id === undefined || String((await client.api<TokenAnswer>(CURRENT)).id) === id;
}

/** Keeps the new secret in place of the old one, or says how to. */
export async function keepRotated(terminal: Terminal, client: ServerClient, token: TokenAnswer): Promise<void> {
  const store = new CredentialStore(terminal.env);
  const place = placeOf(client.address);
  const held = store.find(place, systemClock.now());
  if (held === null || token.token === undefined) return;
  try {
    await store.save(place, {
      username: held.username,
      secret: new Secret(token.token),
      expiresAt: instantOf(token.expires_at),
      issuedAt: held.issuedAt === null ? null : systemClock.now(),
    });
    terminal.say(`git uses the new secret at ${client.address} from now on`);
  } catch (error) {
    terminal.say(`latchkey: git still has the old secret: ${error instanceof Error ? error.message : String(error)}`);
    terminal.say(`hint: before it ends: latchkey login ${client.address}`);
  }
}
