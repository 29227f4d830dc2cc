/**
 * Git over SSH, as far as it is ours: sshd has proved the key, and its programs ask here over a socket of this machine.
 * They speak the requests of git over HTTP, so that each is decided and served by the door that serves HTTP.
 *
 * Invariant: who asks follows from the key as it is stored at that moment, never from a header of the request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../actions/decision/authenticate.ts';
import { authorizeIdentity } from '../../actions/decision/authorize.ts';
import { identityOfKey, sshKeyOf } from '../../actions/decision/ssh-keys.ts';
import type { Context } from '../../actions/ground/context.ts';
import { PASS_SEC, writeSshPass } from '../../actions/lfs/passes.ts';
import { targetRepository } from '../../actions/repositories/target.ts';
import { plainAddress } from '../../base/address.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { SSH_HEADERS, SSH_PATHS } from '../../base/machine/ssh-place.ts';
import { UNKNOWN } from '../../base/requests/caller.ts';
import { GIT_NEEDS } from '../../catalogue/needs.ts';
import { splitFullName } from '../../rules/names.ts';
import { refuse, sendOutage, sendRequestError } from './refuse.ts';
import type { GitDoor } from './routes.ts';

const headerOf = ({ headers }: IncomingMessage, name: string): string => String(headers[name] ?? '');

/** Answers a request of those programs; the secret has been looked at. */
export function makeSshDoor(ctx: Context, git: GitDoor): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(ctx, git, request, response).catch((error: unknown) => {
      const outage = outageAnswer(error);
      if (outage !== null) return sendOutage(request, response, outage);
      ctx.log.error({ err: error }, 'a request of sshd failed');
      sendRequestError(request, response, 'failed');
    });
  };
}

async function answer(ctx: Context, git: GitDoor, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://ssh');
  if (pathname === SSH_PATHS.key) return answerKey(ctx, response, searchParams.get('fingerprint') ?? '');
  const identity = await identityOfKey(ctx, headerOf(request, SSH_HEADERS.key));
  if (identity === null) return sendRequestError(request, response, 'key_gone');
  if (pathname === SSH_PATHS.who) return send(response, 200, whoIs(identity.bearer));
  const from = plainAddress(headerOf(request, SSH_HEADERS.client)) || UNKNOWN;
  if (pathname === SSH_PATHS.lfs) return answerLfsKey(ctx, request, response, { identity, from, searchParams });
  const caller = { identity, from, isWhole: headerOf(request, SSH_HEADERS.whole) !== '' };
  if (!git(request, response, caller)) sendRequestError(request, response, 'nothing_here');
}

async function answerKey(ctx: Context, response: ServerResponse, fingerprint: string): Promise<void> {
  const key = await sshKeyOf(ctx, fingerprint);
  if (key === null) send(response, 404, 'no such key');
  else send(response, 200, `${key.name}\n${key.text}`);
}

interface LfsQuestion {
  readonly identity: Identity;
  readonly from: string;
  readonly searchParams: URLSearchParams;
}

/** What git-lfs shows over HTTP from now on. Source: git-lfs, docs/api/authentication.md, "SSH". */
async function answerLfsKey(
  ctx: Context,
  request: IncomingMessage,
  response: ServerResponse,
  { identity, from, searchParams }: LfsQuestion,
): Promise<void> {
  const name = splitFullName(searchParams.get('repository') ?? '');
  if (name === null) return sendRequestError(request, response, 'nothing_here');
  const operation = searchParams.get('operation') === 'upload' ? 'upload' : 'download';
  const asked = {
    need: GIT_NEEDS[operation === 'upload' ? 'receive-pack' : 'upload-pack'],
    target: { kind: 'repository', ...name },
    address: from,
    userAgent: null,
    purpose: `${operation} LFS objects of ${name.owner}/${name.name}`,
    door: 'git',
  } as const;
  await ctx.memory.refresh();
  const verdict = await authorizeIdentity(ctx, asked, identity);
  if (!verdict.allowed) return refuse(request, response, verdict.explanation);
  const { owner, repository } = targetRepository(verdict.permit);
  const pass = {
    form: 'ssh-key',
    key: headerOf(request, SSH_HEADERS.key),
    operation,
    repositoryId: repository.id,
  } as const;
  const answer = {
    href: `${ctx.settings.publicUrl}/${owner.login}/${repository.name}.git/info/lfs`,
    header: { Authorization: `Bearer ${writeSshPass(ctx, pass).reveal()}` },
    expires_in: PASS_SEC,
  };
  send(response, 200, JSON.stringify(answer));
}

type Bearer = NonNullable<Awaited<ReturnType<typeof identityOfKey>>>['bearer'];

function whoIs(bearer: Bearer): string {
  return bearer.via === 'nobody' || bearer.user === null ? 'a deploy key' : bearer.user.login;
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
