/** Helpers for the tests about tokens: a small organization, a clone, a copy. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { addOrganization, setMember } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { type Site, startSite } from './browser.ts';

const run = promisify(execFile);

/** Clones as a person would who pastes a token as the password. Null when it works, otherwise Git's output. */
export async function cloneWith(site: Site, login: string, token: string, repository: string): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-clone-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const url = new URL(`${site.url}/${repository}.git`);
  url.username = login;
  url.password = token;
  try {
    await run('git', ['-c', 'credential.helper=', 'clone', '--quiet', url.href, join(folder, 'clone')], {
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    });
    return null;
  } catch (error) {
    return String((error as { stderr: string }).stderr);
  }
}

/** Ada, a member of the organization octo, which has two private repositories, and Grace, its owner. */
export async function octo(flags: Parameters<typeof startSite>[0] = {}): Promise<Site> {
  const site = await startSite(flags);
  const { context } = site.server;
  const permit = operatorPermit();
  await site.addPerson('ada');
  await site.addPerson('grace', { admin: true });
  await addOrganization(context, permit, { name: 'octo', owner: 'grace' });
  await setMember(context, permit, { organization: 'octo', login: 'ada', role: 'member' });
  for (const name of ['site', 'ledger'])
    await addRepository(context, permit, { owner: 'octo', name, visibility: 'private' });
  await addRepository(context, permit, { owner: 'ada', name: 'notes', visibility: 'private' });
  return site;
}

/** The token on the page, by way of the clipboard. */
export async function copied(page: Page): Promise<string> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy token' }).click();
  await page.getByText('Copied').first().waitFor();
  return page.evaluate<string>('navigator.clipboard.readText()');
}
