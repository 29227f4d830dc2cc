/**
 * The demo: fills an empty data folder with the world of `demo-world`, through the same actions as everybody else.
 *
 * Invariant: only an empty folder is filled, and it is marked as the demo's only once everything is in it.
 * Never: a token's secret outside the result of `makeDemo`.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addOrganization, addUser, setMember } from '../../actions/accounts/accounts.ts';
import { makeDemoLinks } from '../../actions/accounts/demo-links.ts';
import { operatorPermit, type Permit } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import { importRepository, setCollaborator } from '../../actions/repositories/repositories.ts';
import { createToken } from '../../actions/tokens/tokens.ts';
import { Fault } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import type { Secret } from '../../base/secret.ts';
import { CONFIG_FILE_NAME } from '../../base/settings/file.ts';
import { SettingsProblem, settingComplaint } from '../../base/settings/problem.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { OWN_FOLDER } from '../../git/repositories/folders.ts';
import { fastImportStream } from './demo-history.ts';
import {
  DEMO_COLLABORATORS,
  DEMO_MEMBERS,
  DEMO_ORGANIZATION,
  DEMO_PEOPLE,
  DEMO_REPOSITORIES,
  DEMO_TOKENS,
  type DemoRepository,
} from './demo-world.ts';

/** The two tokens that the greeting shows. */
export interface DemoTokens {
  /** Ada's: may push to acme/site. */
  readonly write: Secret;
  /** Grace's: reads what she may read, and writes nothing, although she may. */
  readonly read: Secret;
}

/** Marks a data folder as a finished demo. */
const MARKER_NAME = '.demo';

/**
 * True when the demo is already in the data folder, false when the folder is empty.
 * @throws SettingsProblem when it contains anything else
 */
export function demoIsMade(settings: Settings): boolean {
  const entries = entriesOf(settings.data);
  if (entries.includes(MARKER_NAME)) return true;
  for (const folder of [settings.data, settings.repositories]) {
    if (entriesOf(folder).some((entry) => entry !== CONFIG_FILE_NAME && entry !== OWN_FOLDER)) {
      throw new SettingsProblem([
        settingComplaint(
          'demo',
          `--demo fills an empty folder, and ${folder} holds something already.`,
          'start without --demo, or name a new folder: --demo --data DIR',
        ),
      ]);
    }
  }
  return false;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Fault(`the folder ${folder} can't be read`, { hint: 'name another with --data', cause: error });
  }
}

/** Makes the demo's people, organization, repositories and tokens. */
export async function makeDemo(ctx: Context): Promise<DemoTokens> {
  const permit = operatorPermit();
  for (const person of DEMO_PEOPLE)
    await addUser(ctx, permit, {
      login: person.login,
      email: person.email,
      verified: true,
      admin: person.admin,
      password: null,
    });
  await addOrganization(ctx, permit, DEMO_ORGANIZATION);
  for (const member of DEMO_MEMBERS) await setMember(ctx, permit, { organization: DEMO_ORGANIZATION.name, ...member });
  for (const repository of DEMO_REPOSITORIES) await importDemoRepository(ctx, permit, repository);
  for (const collaborator of DEMO_COLLABORATORS) await setCollaborator(ctx, permit, collaborator);
  const secrets = new Map<string, Secret>();
  for (const draft of DEMO_TOKENS)
    secrets.set(`${draft.userLogin} ${draft.name}`, (await createToken(ctx, permit, draft)).secret);
  writeFileSync(join(ctx.settings.data, MARKER_NAME), 'Made by latchkey serve --demo.\n');
  const secretOf = (name: string): Secret => present(secrets.get(name), `the token "${name}"`);
  return { write: secretOf('ada laptop'), read: secretOf('grace nightly backup') };
}

/** The paths of new sign-in links, by the login of their person. */
export function openDemoDoors(ctx: Context): Promise<ReadonlyMap<string, string>> {
  return makeDemoLinks(
    ctx,
    operatorPermit(),
    DEMO_PEOPLE.map(({ login }) => login),
  );
}

/** Git writes the history into a separate folder, which is then imported like any other repository. */
async function importDemoRepository(
  ctx: Context,
  permit: Permit,
  { owner, name, visibility, description, commits }: DemoRepository,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-demo-'));
  try {
    runGit(folder, ['init', '--quiet', '--bare', '--initial-branch=main', folder]);
    runGit(folder, ['--git-dir', folder, 'fast-import', '--quiet'], fastImportStream(commits));
    await importRepository(ctx, permit, { owner, name, visibility, description, path: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs git without the machine's configuration, so that the commits are the same everywhere. */
function runGit(home: string, args: readonly string[], input = ''): void {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    LC_ALL: 'C',
  };
  const { status, error, stderr } = spawnSync('git', args, { input, env, encoding: 'utf8' });
  if (status === 0) return;
  throw new Fault('git could not write the history of the demo', {
    hint: 'check that git is installed: git --version',
    detail: error?.message ?? stderr,
    cause: error,
  });
}
