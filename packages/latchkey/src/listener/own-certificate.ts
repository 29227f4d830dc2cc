/** Whether the server gets its certificate by itself, without loading what that takes. */
import type { Log } from '../base/log.ts';
import type { Settings } from '../base/settings/settings.ts';
import type { Acme } from './acme/acme.ts';

/** Null where the server gets no certificate by itself: then nothing of ACME is loaded. */
export async function openAcme(settings: Settings, log: Log): Promise<Acme | null> {
  if (settings.acmeDomains.length === 0) return null;
  const { Acme } = await import('./acme/acme.ts');
  return Acme.open(settings, log);
}
