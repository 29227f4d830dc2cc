/**
 * Credential helpers: which ones git runs for this address, in which order, which one answers, and with what.
 *
 * It asks git itself and reads its trace: what git runs is the truth, whatever the configuration seems to say.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '../../base/present.ts';
import { type Misspelling, misspellingOf } from '../../rules/token-spelling.ts';
import { callsUs, ownWords } from '../credential/own-program.ts';
import { type Check, type Finding, fail, mendable, ok, shellWord, warn } from './check.ts';
import { isOverHttp } from './git.ts';
import { type FoundCredential, runGit, type Subject, withoutSecrets } from './subject.ts';

const needsHttp = (subject: Subject): string | null =>
  isOverHttp(subject) ? null : 'the remote is no address over http';

/** Asks git for the credential as a clone would, and returns the helpers that git ran. */
async function fill(subject: Subject): Promise<{ ran: readonly string[]; credential: FoundCredential | null }> {
  const url = new URL(present(subject.url, 'the address'));
  const user = url.username === '' ? '' : `username=${decodeURIComponent(url.username)}\n`;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-doctor-'));
  try {
    const trace = join(folder, 'trace');
    const traced = { ...subject, env: { ...subject.env, GIT_TRACE: trace, GIT_TRACE_REDACT: '1' } };
    const input = `protocol=${url.protocol.slice(0, -1)}\nhost=${url.host}\npath=${url.pathname.slice(1)}\n${user}\n`;
    const { code, stdout } = await runGit(traced, ['credential', 'fill'], input);
    const ran = [...(await readFile(trace, 'utf8').catch(() => '')).matchAll(/trace: run_command: (.*) get'?$/gm)].map(
      ([, words = '']) => helperName(words),
    );
    if (code !== 0) return { ran, credential: null };
    const field = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
    return { ran, credential: { username: field('username'), password: field('password'), from: ran.at(-1) ?? 'git' } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `store`, `osxkeychain`, `latchkey`, `gh`: the usual name. */
function helperName(command: string): string {
  if (callsUs(command)) return 'latchkey';
  if (/\bgh\b.* auth git-credential/.test(command)) return 'gh';
  const named = /git[ -]credential-([\w-]+)|git-credential-([\w-]+)/.exec(command);
  return named?.[1] ?? named?.[2] ?? command.replaceAll("'", '').slice(0, 60);
}

const helpers: Check = {
  name: 'credential helpers',
  cannotRun: needsHttp,
  run: async (subject) => {
    const { ran, credential } = await fill(subject);
    subject.credential = credential;
    const configured = [
      ...(await runGit(subject, ['config', '--get-regexp', '^credential\\..*helper$'])).stdout.matchAll(/^\S+ (.+)$/gm),
    ].map(([, helper = '']) => helper);
    const hasOurs = configured.some((helper) => helperName(helper) === 'latchkey');
    if (hasOurs && ran.length > 0 && ran[0] !== 'latchkey' && ran.at(-1) !== 'latchkey') {
      return {
        ...install(
          subject,
          `git asks ${ran.join(', ')} before the helper of latchkey: ${ran.at(-1)} answers, and latchkey, which ` +
            `would, is never reached`,
        ),
        state: 'fail',
      };
    }
    if (ran.length === 0)
      return install(subject, 'no credential helper is configured, so git asks for the token each time');
    if (credential === null) return warn(`git asks ${ran.join(', ')}; none of them has a credential`, signIn(subject));
    return ok(`git asks ${ran.join(', ')}; ${credential.from} answers`);
  },
};

function signIn({ address }: Subject): string {
  return `latchkey login ${address}`;
}

function install({ address }: Subject, found: string): Finding {
  const args = ['credential', 'install', present(address, 'the server')];
  const [program, ...script] = ownWords();
  return {
    state: 'warn',
    found,
    command: `latchkey ${args.map(shellWord).join(' ')}`,
    repair: { program, args: [...script, ...args] },
  };
}

/**
 * What a text looks like, judged by its beginning. Separate from the other table, so that an error there can't mislead.
 */
const FORMS: readonly (readonly [form: RegExp, words: string, isToken: boolean])[] = [
  [/^(?:[A-Za-z0-9]{1,16}_)?lkf_[A-Za-z0-9]{36}$/, 'a fine-grained token of a Latchkey', true],
  [/^(?:[A-Za-z0-9]{1,16}_)?lkc_[A-Za-z0-9]{36}$/, 'a classic token of a Latchkey', true],
  [/^(?:[A-Za-z0-9]{1,16}_)?lks_[A-Za-z0-9]{36}$/, 'a scoped token of a Latchkey', true],
  [/^(?:[A-Za-z0-9]{1,16}_)?lk[fcsdp]_/, 'a damaged token of a Latchkey: it has not the right length', false],
  [/^(?:gh[pousr]_|github_pat_)/, 'a token of GitHub', false],
  [/^(?:\w{1,20}-)?gl\w{2,6}-/, 'a token of GitLab', false],
  [/^(?:ssh-|ecdsa-|sk-ssh|-----BEGIN)/, 'an SSH key', false],
];

const credentialForm: Check = {
  name: 'what the helper answers with',
  cannotRun: ({ credential }) => (credential === null ? 'no helper has a credential' : null),
  run: async ({ probe, address, ...subject }) => {
    const credential = present(subject.credential, 'the credential');
    const { password, username, from } = credential;
    if (username === '' && password !== '' && probe.isLatchkey)
      return noUsername(`${from} answers without a username, and git sends none`, subject);
    const misspelling = probe.isLatchkey ? misspellingOf(password) : null;
    if (misspelling !== null)
      return forget(`${from} answers with ${spelled(misspelling)}`, credential, present(address, 'the server'));
    const [, words = 'something that has not the form of a token: a password, perhaps', isToken = false] =
      FORMS.find(([form]) => form.test(password)) ?? [];
    if (isToken) return ok(`${words}, for the username ${JSON.stringify(username)}`);
    if (!probe.isLatchkey) return ok(words);
    return forget(
      `${from} answers with ${words}, which this server does not take`,
      credential,
      present(address, 'the server'),
    );
  },
};

/** git sends the name in the address. */
function noUsername(found: string, { remote, url }: Pick<Subject, 'remote' | 'url'>): Finding {
  const named = withoutSecrets(present(url, 'the address')).replace('://', '://git@');
  if (remote === null) return fail(found, `git clone ${named}`);
  return mendable('fail', found, ['remote', 'set-url', remote, named]);
}

function spelled({ kind, how }: Misspelling): string {
  return kind === 'wrapped' ? `a token ${how}, which can't be read` : `${how}, where a token belongs`;
}

/** Makes the helpers forget exactly this credential. */
export function forget(found: string, { username, password }: FoundCredential, address: string): Finding {
  const url = new URL(address);
  const lines = `protocol=${url.protocol.slice(0, -1)}\nhost=${url.host}\nusername=${username}\n`;
  return {
    ...fail(
      found,
      `printf 'protocol=${url.protocol.slice(0, -1)}\\nhost=${url.host}\\n` +
        `username=${username.replaceAll(/['\\%\n]/g, '')}\\n\\n' | git credential reject`,
    ),
    repair: { program: 'git', args: ['credential', 'reject'], input: `${lines}password=${password}\n\n` },
  };
}

export const HELPER_CHECKS: readonly Check[] = [helpers, credentialForm];
