/** The server's own address, kept for the commands on its machine: their mail and links lead there. */
import { saveServerAddress } from '../../store/server-address.ts';
import type { Context } from './context.ts';

/** A node that only reads has an address of its own, and nothing to write with. */
export async function noteServerAddress({ settings, store, log }: Context): Promise<void> {
  if (settings.readOnly) return;
  try {
    await saveServerAddress(store.db, settings.publicUrl);
  } catch (error) {
    log.warn({ err: error }, "the server's address could not be kept for its commands");
  }
}
