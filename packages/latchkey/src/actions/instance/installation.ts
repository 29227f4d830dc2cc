/**
 * Whether a server would do well with these settings on this machine: what `latchkey check` looks at, before a start,
 * after an upgrade, or from time to time.
 *
 * Invariant: it changes nothing but a probe file on each disk, which it removes, and a counter in the database that
 * says nothing. A database isn't upgraded, and nothing that a first start makes is made.
 * Invariant: every part is looked at, whatever the others found; what can't be known without another says so.
 * Never: a secret in a finding.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { placeFault } from '../../base/machine/place-fault.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { type Clock, spokenInstant } from '../../base/time.ts';
import { MAX_STEP_SEC } from '../../rules/steady-clock.ts';
import { newestAuditAt } from '../../store/audit.ts';
import { SQLITE_FILE_NAME } from '../../store/db.ts';
import { databaseDamage, openAsItIs, type UnchangedStore } from '../../store/unchanged.ts';
import { probeDatabase } from '../../store/write-probe.ts';
import { MAX_CLOCK_DIFFERENCE_SEC } from '../ground/steady-time.ts';
import { demandKnown } from './high-water.ts';
import { type InstallationFinding, ok, type Seen, skip, warn } from './installation-finding.ts';
import { dataFolder, disks, git, identityProviders, mail, repositories, routeMap, ssh } from './installation-parts.ts';
import { certificate, exposedSecrets } from './installation-secrets.ts';
import { keysAsTheyAre } from './sealing.ts';

export interface InstallationPlace {
  readonly settings: Settings;
  /** The process's variables: some name files with secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

type Look = (place: InstallationPlace, store: UnchangedStore | null) => Promise<Seen> | Seen;

/** In this order. Those that need the database get it, or null when it can't be used yet. */
const LOOKS: readonly (readonly [name: string, look: Look])[] = [
  ['data folder', ({ settings }) => dataFolder(settings)],
  ['database', ({ settings }, store) => database(settings, store)],
  ['time lost', ({ settings }, store) => timeLost(settings, store)],
  ['secret key', ({ settings }, store) => secretKey(settings, store)],
  ['secret files', (place) => exposedSecrets(place)],
  ['git', () => git()],
  ['SSH', ({ settings }) => ssh(settings)],
  ['repositories', ({ settings }, store) => repositories(settings, store)],
  ['certificate', ({ settings, clock }) => certificate(settings, clock.now())],
  ['mail', ({ settings }) => mail(settings)],
  ['clock', (place, store) => clock(place, store)],
  ['disk', ({ settings }) => disks(settings)],
  ['route map', ({ settings }) => routeMap(settings)],
  ['identity providers', ({ settings }) => identityProviders(settings)],
];

/** Every finding, as soon as it is made. Never rejects. */
export async function* examineInstallation(place: InstallationPlace): AsyncIterable<InstallationFinding> {
  let opened: UnchangedStore | null = null;
  let openError: unknown = null;
  try {
    opened = await openIfThere(place);
  } catch (error) {
    openError = error;
  }
  const usable = opened?.isCurrent === true ? opened : null;
  try {
    for (const [name, look] of LOOKS)
      yield {
        name,
        ...(await seenOf(() => {
          if (openError !== null && name === 'database') throw openError;
          return look(place, name === 'database' ? opened : usable);
        })),
      };
  } finally {
    await opened?.close();
  }
}

/** A look that fails is a finding. */
async function seenOf(look: () => Promise<Seen> | Seen): Promise<Seen> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Fault) return { state: 'fail', found: error.message, hint: error.hint };
    const { code, message } = error as NodeJS.ErrnoException;
    return { state: 'fail', found: `could not be looked at: ${code ?? message}`, hint: null };
  }
}

/** Null when the first start would make it. */
async function openIfThere({ settings, log }: InstallationPlace): Promise<UnchangedStore | null> {
  const { data, database: url } = settings;
  const file = join(data, SQLITE_FILE_NAME);
  if (url === null && !existsSync(file)) return null;
  try {
    return await openAsItIs({
      dataDir: data,
      databaseUrl: url?.reveal() ?? null,
      postgres: { poolSize: 2, caFile: settings.databaseCa },
      log,
    });
  } catch (error) {
    if (error instanceof Fault || url !== null) throw error;
    throw placeFault({ what: 'the database', path: file, setting: '--data' }, error);
  }
}

async function database(settings: Settings, store: UnchangedStore | null): Promise<Seen> {
  const where = settings.database === null ? join(settings.data, SQLITE_FILE_NAME) : 'PostgreSQL';
  if (store === null) return ok(`${where} is not there yet; the first start makes it`);
  const { pending, unknown } = store.steps;
  const [newest] = unknown;
  if (newest !== undefined)
    throw new Fault(`${where} was made by a newer Latchkey: this one does not know ${unknown.join(', ')}`, {
      hint: 'start the newer version, or restore the backup from before the upgrade',
    });
  const damage = await databaseDamage(store);
  if (damage !== null)
    throw new Fault(`${where} is damaged: ${damage}`, { hint: 'stop the server, and put a backup in its place' });
  if (store.isEmpty) return ok(`${where} is empty; the first start makes its tables`);
  if (pending.length > 0)
    return warn(
      `${where} lacks ${pending.length} ${pending.length === 1 ? 'step' : 'steps'} that this version has: ` +
        `${pending.join(', ')}`,
      'the next start makes them; back the database up before it',
    );
  await probeDatabase(store.db).catch((error: unknown) => {
    throw new Fault(`${where} takes no changes`, {
      hint: 'a replica, a full disk or a user without rights: see its own log',
      cause: error,
    });
  });
  return ok(`${where} is whole, has the tables of this version, and takes changes`);
}

async function timeLost(settings: Settings, store: UnchangedStore | null): Promise<Seen> {
  if (store === null) return skip('needs the database');
  await demandKnown(settings, store, false);
  return ok('the database was not put back to an earlier state');
}

async function secretKey(settings: Settings, store: UnchangedStore | null): Promise<Seen> {
  if (store === null) return skip('needs the database');
  const keys = await keysAsTheyAre(settings, store);
  return ok(keys === null ? 'the first start makes it' : `${keys.path} has the key in force`);
}

async function clock({ clock: own }: InstallationPlace, store: UnchangedStore | null): Promise<Seen> {
  const now = own.now();
  if (store === null) return skip(`shows ${spokenInstant(now)}; the database could tell whether that is right`);
  const theirs = await store.now();
  if (theirs !== null && Math.abs(now - theirs) > MAX_CLOCK_DIFFERENCE_SEC)
    throw new Fault(
      `this machine's clock is ${Math.abs(now - theirs)} seconds ${now > theirs ? 'ahead of' : 'behind'} the ` +
        `database's`,
      { hint: 'let both follow a time server: timedatectl set-ntp true; until then no server here is ready' },
    );
  const newest = await newestAuditAt(store.db);
  if (newest !== null && newest > (theirs ?? now) + MAX_STEP_SEC)
    throw new Fault(
      `the clock shows ${spokenInstant(theirs ?? now)}, but the audit log has an entry of ${spokenInstant(newest)}`,
      { hint: 'the clock is wrong, or was when that was written: timedatectl status' },
    );
  return ok(
    theirs === null
      ? `${spokenInstant(now)}, after the newest entry of the audit log`
      : `within ${MAX_CLOCK_DIFFERENCE_SEC} seconds of the database's`,
  );
}
