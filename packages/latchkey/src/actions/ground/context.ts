/** What every action needs, passed in once: nothing below `app` reaches for a global. */
import type { Log } from '../../base/log.ts';
import type { DescriptorBudget } from '../../base/machine/descriptors.ts';
import type { KeyFile } from '../../base/sealing/key-file.ts';
import type { Settings } from '../../base/settings/settings.ts';
import type { Clock } from '../../base/time.ts';
import type { GitRoom } from '../../git/room.ts';
import type { Store } from '../../store/db.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { ClientDocuments } from '../applications/client-documents.ts';
import type { Memory } from '../decision/memory.ts';
import type { Refusals } from '../decision/refusals.ts';
import type { SecretLookup } from '../decision/secret-lookup.ts';
import type { Usage } from '../decision/usage.ts';
import type { KeySets } from '../federation/key-sets.ts';
import type { IdentityProviders } from '../identity/providers.ts';
import type { RouteMaps } from '../questions/route-maps.ts';
import type { FitnessWatch } from './fitness.ts';
import type { RateLimits } from './rate-limit.ts';
import type { SteadyTime } from './steady-time.ts';

export interface Context {
  readonly settings: Settings;
  readonly clock: Clock;
  /** The clock for what can't be undone. */
  readonly steadyTime: SteadyTime;
  /** What this node can do now. */
  readonly fitness: FitnessWatch;
  /** What each part of this process may have open. */
  readonly descriptors: DescriptorBudget;
  readonly log: Log;
  readonly store: Store;
  /** Seal what a stolen database must not reveal. */
  readonly keys: KeyFile;
  readonly git: GitRoom;
  readonly limits: RateLimits;
  readonly memory: Memory;
  readonly metrics: Metrics;
  /**
   * Pushes that this process is serving, by the ids of their records, and the process's name in them. `opening`: how
   * many records are being written.
   */
  readonly pushes: { readonly run: string; readonly open: Set<number>; opening: number };
  readonly secrets: SecretLookup;
  readonly usage: Usage;
  readonly refusals: Refusals;
  /** For requests to services behind a proxy. */
  readonly routeMaps: RouteMaps;
  /** By which people sign in. */
  readonly identityProviders: IdentityProviders;
  /** Keys of the issuers of workload identities. */
  readonly keySets: KeySets;
  /** Of OAuth applications whose client id is an address. */
  readonly clientDocuments: ClientDocuments;
}

/** Who acts for a person with a derived token, as whoever derived it told. Under these names in logs and events. */
interface Act {
  readonly derived_id: number;
  readonly agent: string | null;
  readonly session: string | null;
}

/** Who does something, and from where, for the audit log. */
export interface Actor {
  /** Null for the operator at the command line and for the server's own upkeep. */
  readonly userId: number | null;
  /** How logs name the actor: a login, `operator`, or `latchkey`. */
  readonly login: string;
  /** The token it was done with, if there was one. */
  readonly tokenId: number | null;
  /** What was derived from that token, if it was done with one: left out otherwise. */
  readonly act?: Act;
  /** The fingerprint of the SSH key it was done with: `SHA256:…`. Left out otherwise. */
  readonly sshKey?: string;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** Somebody with a shell on the machine that holds the data. May do everything. */
export const OPERATOR: Actor = { userId: null, login: 'operator', tokenId: null, address: null, userAgent: null };
/** The server itself, doing what is due with time. */
export const UPKEEP: Actor = { userId: null, login: 'latchkey', tokenId: null, address: null, userAgent: null };
