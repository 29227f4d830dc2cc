/**
 * What reads text and bytes of strangers, called as it is: no server, so a hundred thousand inputs take seconds.
 *
 * Each reader takes or refuses its input. A failure is anything that it throws beside its own words of refusal, and
 * whatever it promises never to let through: a path that climbs, a header in a mail's subject, a token in a log.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { credentialOf } from '../packages/latchkey/src/actions/decision/credential.ts';
import { parseBlock } from '../packages/latchkey/src/base/address.ts';
import { canonicalPath } from '../packages/latchkey/src/base/canonical-path.ts';
import { Problem } from '../packages/latchkey/src/base/errors.ts';
import { callerAddress } from '../packages/latchkey/src/base/requests/caller.ts';
import { originForm } from '../packages/latchkey/src/base/requests/request-target.ts';
import { writeMail } from '../packages/latchkey/src/catalogue/mails/mails.ts';
import { parseRouteMap, standardServices } from '../packages/latchkey/src/catalogue/route-maps/file.ts';
import { RouteFinder } from '../packages/latchkey/src/catalogue/route-maps/finder.ts';
import { pathProblem, refNameProblem } from '../packages/latchkey/src/git/objects/names.ts';
import { FLUSH, listAt, packetLine, packetsOf } from '../packages/latchkey/src/git/protocol/pkt-lines.ts';
import { needsScan } from '../packages/latchkey/src/git/push/pack-prefilter.ts';
import { parsePhrase } from '../packages/latchkey/src/rules/audit/phrase.ts';
import { readLoginRequest } from '../packages/latchkey/src/rules/login-request.ts';
import { emailProblem, loginProblem, repositoryNameProblem } from '../packages/latchkey/src/rules/names.ts';
import { parseSshKey } from '../packages/latchkey/src/rules/ssh-key.ts';
import { mintTokenText, parseTokenText, withoutTokens } from '../packages/latchkey/src/rules/token-text.ts';
import type { Dice } from './dice.ts';

/** A reader: given one input, it says what is wrong with itself, or null. */
interface Reader {
  readonly name: string;
  /** Of a hundred inputs. */
  readonly share: number;
  readonly read: (dice: Dice) => string | null;
}

/** Nobody's: made from zeros. */
const TOKEN = mintTokenText('classic', (size) => new Uint8Array(size), null);
const TRUST = { trustedProxies: ['127.0.0.1', '10.0.0.0/8'], proxyHeader: 'x-forwarded-for' } as const;
const FINDER = new RouteFinder(standardServices());
const MAP = `services:
  - hosts: [deploy.example.org]
    routes:
      - method: [POST, PUT]
        path: /apps/{owner}/{repo}/releases/{tag}
        needs: { contents: write }
        repository: '{owner}/{repo}'
        query: { kind: full }
`;
const PHRASE = 'action:repo.create -actor:"ada" created:>=2026-01-01 repo:acme/site';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCkNnPBLFRqTYvPzkzTDGpjVc4bYOiS4yL6mVcfQ0Xf ada@example.org';
const LINES = Buffer.from(`${packetLine('command=ls-refs')}0001${packetLine('peel')}${FLUSH}`);
const PUSH = Buffer.concat([
  Buffer.from(packetLine(`${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\u0000report-status`) + FLUSH),
  Buffer.from('PACK\u0000\u0000\u0000\u0002\u0000\u0000\u0000\u0001', 'latin1'),
]);

/** Bytes with some of them changed, cut off, or more at the end. */
function spoiledBytes(dice: Dice, good: Buffer): Buffer {
  const bytes = Buffer.from(good);
  for (let i = dice.below(4); i > 0; i--) bytes[dice.below(bytes.length)] = dice.below(256);
  return dice.often(0.3) ? bytes.subarray(0, dice.below(bytes.length)) : Buffer.concat([bytes, dice.bytes(200)]);
}

const READERS: readonly Reader[] = [
  {
    name: 'tokens',
    share: 20,
    read: (dice) => {
      parseTokenText(dice.spoiled(TOKEN));
      return withoutTokens(dice.text() + TOKEN + dice.text()).includes(TOKEN) ? 'a token stays in a text' : null;
    },
  },
  {
    name: 'credentials',
    share: 20,
    read: (dice) => {
      const pair = Buffer.from(dice.spoiled(`ada:${TOKEN}`)).toString('base64');
      const read = credentialOf(dice.spoiled(dice.oneOf([`Basic ${pair}`, `Bearer ${TOKEN}`, `token ${TOKEN}`])));
      return JSON.stringify(read).includes(TOKEN) ? 'a credential shows its token' : null;
    },
  },
  {
    name: 'callers and addresses',
    share: 10,
    read: (dice) => {
      const chain = dice.spoiled('203.0.113.7:51234, [2001:db8::1]:443, 10.0.0.1');
      parseBlock(dice.spoiled('2001:db8::/32'));
      const caller = callerAddress('127.0.0.1', { 'x-forwarded-for': chain }, TRUST);
      return caller === '127.0.0.1' && !chain.includes('127.0.0.1') ? 'a proxy is taken for its client' : null;
    },
  },
  {
    name: 'paths and routes',
    share: 20,
    read: (dice) => {
      originForm(dice.spoiled('http://localhost/api/v3/user'));
      const path = canonicalPath(dice.spoiled('/api/v4/projects/acme%2Fsite/repository/files/a%2Fb'));
      if (typeof path === 'string') return null;
      if (path.segments.some((each) => each === '' || each === '.' || each === '..' || /[\\;\u0000-\u001f]/.test(each)))
        return 'a path climbs';
      FINDER.find('', dice.oneOf(['GET', 'POST', dice.text()]), path, dice.text());
      return null;
    },
  },
  {
    name: 'pkt-lines and packs',
    share: 15,
    read: (dice) => {
      packetsOf(spoiledBytes(dice, LINES));
      listAt(spoiledBytes(dice, LINES), 0);
      needsScan(spoiledBytes(dice, PUSH), 'sha1', { text: () => false, piece: () => false });
      return null;
    },
  },
  {
    name: 'names, refs, keys',
    share: 6,
    read: (dice) => {
      for (const problem of [loginProblem, repositoryNameProblem, emailProblem, refNameProblem]) problem(dice.text());
      parseSshKey(dice.spoiled(KEY));
      const path = dice.spoiled('src/app.ts');
      return pathProblem(path) === null && path.split('/').includes('..') ? 'a path in a repository climbs' : null;
    },
  },
  {
    name: 'phrases and OAuth requests',
    share: 5,
    read: (dice) => {
      readLoginRequest(new URLSearchParams({ scope: dice.spoiled('contents:write'), name: dice.text() }));
      try {
        parsePhrase(dice.spoiled(PHRASE));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
      return null;
    },
  },
  {
    name: 'mails',
    share: 3.5,
    read: (dice) => {
      const token = { name: dice.text(), lastEight: dice.text(), path: '/settings/tokens/1' };
      const mail = writeMail('https://example.org', { login: dice.text(), timeZone: dice.text() }, 'token_created', {
        token,
        by: dice.text(),
        address: null,
        right: dice.text(),
      });
      if (/[\u0000-\u001f\u007f\u202a-\u202e]/.test(mail.subject)) return 'a subject has more than one line';
      return /<(?:script|img)/.test(mail.html) ? 'markup in a mail' : null;
    },
  },
  {
    name: 'route maps',
    share: 0.5,
    read: (dice) => {
      parseRouteMap(dice.spoiled(MAP));
      return null;
    },
  },
];

const BETWEEN_TURNS = 500;

/** Throws so many inputs at the readers. Gives how many each took, and what went wrong, twenty at most. */
export async function readHostile(
  dice: Dice,
  inputs: number,
): Promise<{ counts: Map<string, number>; faults: string[] }> {
  const counts = new Map<string, number>();
  const faults: string[] = [];
  for (const [i, { name, share, read }] of READERS.entries()) {
    const taken = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const times = i === READERS.length - 1 ? inputs - taken : Math.floor((inputs * share) / 100);
    for (let time = 0; time < times && faults.length < 20; time++) {
      const fault = attempt(() => read(dice));
      if (fault !== null) faults.push(`${name}: ${fault}`);
      // What zlib holds is given back between turns of the event loop, as it is between requests.
      if (time % BETWEEN_TURNS === 0) await turn();
    }
    counts.set(name, times);
  }
  return { counts, faults };
}

function attempt(read: () => string | null): string | null {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
