/** The mails of a server without a mail server, as stored in its outbox on disk. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Site } from './browser.ts';

/** Mails so far, in order, with quoted-printable line breaks undone. */
async function mails(site: Site): Promise<string[]> {
  const folder = join(site.server.context.settings.data, 'outbox');
  const names = await readdir(folder).catch(() => []);
  const sorted = names
    .filter((name) => name.endsWith('.eml'))
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  return Promise.all(sorted.map(async (name) => (await readFile(join(folder, name), 'utf8')).replaceAll('=\n', '')));
}

/** Waits for a mail with this text, and returns it. */
export async function mailSaying(site: Site, words: string): Promise<string> {
  await expect
    .poll(async () => (await mails(site)).some((mail) => mail.includes(words)), { timeout: 30_000 })
    .toBe(true);
  return (await mails(site)).findLast((mail) => mail.includes(words))!;
}

/** The path of the link in a mail. */
export function linkIn(mail: string): string {
  return new URL(/https?:\/\/\S+/.exec(mail)![0]).pathname;
}
