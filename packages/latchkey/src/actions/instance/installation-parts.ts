/** The parts of an installation around its database: folders, git, mail, disks, files that settings name. */
import { existsSync, statSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freeBytes, probeWrite } from '../../base/machine/disk.ts';
import { placeFault } from '../../base/machine/place-fault.ts';
import { hostKeyFingerprint } from '../../base/machine/ssh-place.ts';
import { SettingsProblem } from '../../base/settings/problem.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { sshCloneAddress } from '../../base/settings/values.ts';
import { gitVersion, OLDEST_GIT } from '../../git/processes/git-version.ts';
import type { Store } from '../../store/db.ts';
import { repositoryPlaces } from '../../store/repositories.ts';
import { tryMailServer } from '../ground/mail.ts';
import { IdentityProviders } from '../identity/providers.ts';
import { RouteMaps } from '../questions/route-maps.ts';
import { fail, ok, type Seen, skip, warn } from './installation-finding.ts';

const MIB = 1024 * 1024;
/** Room is told to be short from this many times `--min-free-mib` on. */
const SHORT_TIMES = 4;
/** Names told of repositories without files. */
const MAX_NAMES = 5;

/** Whether the server's user can write in it; root can everywhere, so root is told whose folder it is. */
export async function dataFolder({ data }: Settings): Promise<Seen> {
  if (!existsSync(data)) {
    const parent = firstThere(data);
    await access(parent, constants.W_OK | constants.X_OK).catch((error: unknown) => {
      throw placeFault({ what: 'the data folder', path: data, setting: '--data' }, error);
    });
    return ok(`${data} is not there yet; the first start makes it`);
  }
  await probeWrite(data).catch((error: unknown) => {
    throw placeFault({ what: 'the data folder', path: data, setting: '--data' }, error);
  });
  const { uid } = statSync(data);
  if (process.getuid?.() === 0 && uid !== 0)
    return warn(
      `${data} belongs to the user ${uid}, and root can read and write everywhere`,
      `look as the server's user: sudo -u '#${uid}' latchkey check`,
    );
  return ok(`${data} can be written`);
}

function firstThere(path: string): string {
  return existsSync(path) ? path : firstThere(dirname(path));
}

export async function git(): Promise<Seen> {
  const found = await gitVersion();
  const oldest = OLDEST_GIT.join('.');
  if (found === null) return fail('git is not on the path', `install git ${oldest} or later`);
  if (found.isTooOld) return fail(`git ${found.text} is too old`, `install git ${oldest} or later`);
  return ok(`git ${found.text}`);
}

/** Where people reach git over SSH, and the key that their clients ask about. */
export function ssh({ sshAddress, sshPort, data }: Settings): Seen {
  if (sshAddress === null) return skip('SSH is off (--ssh-port, --ssh-address)');
  const address = sshCloneAddress(sshAddress, 'OWNER/NAME');
  if (sshPort === null) return ok(`${address}, by the machine's own sshd, which holds the host key`);
  const key = hostKeyFingerprint(data);
  return ok(`${address}, host key ${key ?? 'made at the first start'}`);
}

/** Whether each repository of the database has its files; what is in them, `latchkey admin check` looks at. */
export async function repositories(settings: Settings, store: Store | null): Promise<Seen> {
  const { repositories: root, readOnly } = settings;
  if (store === null) return skip('needs the database');
  let count = 0;
  const missing: string[] = [];
  for await (const { login, name } of repositoryPlaces(store.db)) {
    count++;
    if (!existsSync(join(root, login, `${name}.git`, 'HEAD'))) missing.push(`${login}/${name}`);
  }
  if (missing.length === 0) return ok(`${root} has the files of all ${count}`);
  const more = missing.length > MAX_NAMES ? ` and ${missing.length - MAX_NAMES} more` : '';
  const found = `${root} lacks the files of ${missing.slice(0, MAX_NAMES).join(', ')}${more}, of ${count} in all`;
  if (readOnly) return warn(found, 'wait for the copy to catch up, or look at what fills it');
  return fail(found, 'mount the disk, correct --repositories, or put the folders back; then: latchkey admin check');
}

/** Connects, and signs in where the address has a password. No mail is sent. */
export async function mail({ smtp }: Settings): Promise<Seen> {
  if (smtp === null) return ok('no mail server is named: mails stay in the folder outbox of the data folder');
  const { host } = new URL(smtp.reveal());
  const refused = await tryMailServer(smtp);
  if (refused === null) return ok(`${host} answers, and takes the sign-in where one is given`);
  return fail(`${host} ${refused}`, 'check --smtp: scheme, host, port, user and password');
}

/** Room, and whether something can be written. */
export async function disks({ data, repositories: root, minFreeMib, readOnly }: Settings): Promise<Seen> {
  const places = [...new Set([data, root])].map(firstThere);
  const rooms: string[] = [];
  let isShort = false;
  for (const place of new Set(places)) {
    const free = Math.floor((await freeBytes(place)) / MIB);
    if (free < minFreeMib)
      return fail(
        `${place} has ${free} MiB free, and nothing is written below ${minFreeMib}`,
        'make room, or lower --min-free-mib',
      );
    isShort ||= free < minFreeMib * SHORT_TIMES;
    if (!(readOnly && place === root)) await tryWriting(place);
    rooms.push(`${place} has ${free} MiB free`);
  }
  const found = rooms.join('; ');
  return isShort ? warn(found, `make room: below ${minFreeMib} MiB pushes and changes are refused`) : ok(found);
}

async function tryWriting(path: string): Promise<void> {
  await probeWrite(path).catch((error: unknown) => {
    throw placeFault({ what: 'the folder', path, setting: '--data or --repositories' }, error);
  });
}

export function routeMap({ routeMap: path }: Settings): Seen {
  if (path === null) return skip('none is named');
  return readable(path, () => new RouteMaps(path));
}

export function identityProviders({ identityProviders: path }: Settings): Seen {
  if (path === null) return skip('none are named');
  return readable(path, () => new IdentityProviders(path));
}

function readable(path: string, read: () => unknown): Seen {
  try {
    read();
  } catch (error) {
    if (!(error instanceof SettingsProblem)) throw error;
    const [first] = error.complaints;
    return fail(error.complaints.map(({ message }) => message).join(' '), first?.hint ?? `see ${path}`);
  }
  return ok(`${path} can be read`);
}
