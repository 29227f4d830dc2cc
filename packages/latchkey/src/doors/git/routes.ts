/**
 * Git over HTTP: the smart protocol's three requests, in front of everything else.
 *
 * Source: git's documentation, gitprotocol-http. A plain handler, not a plugin: it is the hot path, and Fastify has
 * nothing to add to it.
 * Invariant: every request is decided afresh, the list of refs as well as what follows, before a byte of its body is
 * read.
 * Never: a place on disk other than that of the repository that the permit names.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize, authorizeIdentity } from '../../actions/decision/authorize.ts';
import { authorizationOf, credentialOn } from '../../actions/decision/credential.ts';
import type { Context } from '../../actions/ground/context.ts';
import { Problem } from '../../base/errors.ts';
import { outageAnswer, outageOf } from '../../base/machine/outage.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { callerOf } from '../../base/requests/caller.ts';
import { KeptAnswer } from '../../base/requests/kept-answer.ts';
import { STANDING } from '../../base/requests/standing-headers.ts';
import { GIT_NEEDS } from '../../catalogue/needs.ts';
import { protocolVersion } from '../../git/processes/environment.ts';
import { isSameName } from '../../rules/names.ts';
import { type GitAddress, GitAddresses } from './address.ts';
import { answerArchive } from './archive.ts';
import { NO_CACHE } from './backend.ts';
import { type GitCall, repositoryOf, type SshCaller } from './call.ts';
import { CoalescedFetches } from './coalesced-fetches.ts';
import { answerOrigin } from './cors.ts';
import { listForFetch, serveFetch } from './fetch.ts';
import { answerLfs } from './lfs/door.ts';
import { Push } from './push.ts';
import { type RequestError, refuse, sendOutage, sendRequestError } from './refuse.ts';

/** When a copy may have caught up. */
const COPY_RETRY_SEC = 60;
const NO_CACHE_LIST: readonly string[] = Object.entries(NO_CACHE).flat();

/** What git can do (protocol version 2), as an answer: one for each format of objects. */
class Advertisements {
  readonly #known = new Map<string, KeptAnswer>();

  of(capabilities: string): KeptAnswer {
    const known = this.#known.get(capabilities);
    if (known !== undefined) return known;
    const made = advertisementOf(capabilities);
    this.#known.set(capabilities, made);
    return made;
  }
}

function advertisementOf(capabilities: string): KeptAnswer {
  const length = String(capabilities.length);
  const type = ['Content-Type', 'application/x-git-upload-pack-advertisement', 'Content-Length', length];
  return new KeptAnswer([...type, ...NO_CACHE_LIST], capabilities);
}

/** What requests share. */
interface Shared {
  readonly fetches: CoalescedFetches;
  readonly advertisements: Advertisements;
}

type Asked = Pick<GitCall, 'request' | 'response' | 'address'>;

/** Answers git's requests and returns true; leaves others alone and returns false. */
export type GitDoor = (request: IncomingMessage, response: ServerResponse, ssh?: SshCaller) => boolean;

const GZIP: ReadonlySet<string | undefined> = new Set([undefined, 'gzip', 'x-gzip']);

/** A handler for `request`, including `checkContinue`, until the server has `ended`. */
export function makeGitDoor(ctx: Context, ended: AbortSignal): GitDoor {
  const addresses = new GitAddresses();
  const fetches = new CoalescedFetches(ctx);
  const shared = { fetches, advertisements: new Advertisements() };
  ended.addEventListener('abort', () => fetches.forgetAll(), { once: true });
  return (request, response, ssh) => {
    const address = addresses.of(request.url ?? '');
    if (address === null) return false;
    if (answerOrigin(request, response)) return true;
    const error = 'service' in address ? requestErrorIn(request, address) : 'error' in address ? address.error : null;
    if ('revision' in address)
      guard(
        () => answerArchive(ctx, { request, response, address }),
        (error) => fail(ctx, request, response, error),
      );
    else if ('lfs' in address) answerLfs(ctx, { request, response, address });
    else if ('page' in address) redirect(response, address.page);
    else if (error !== null) sendRequestError(request, response, error);
    else {
      const ask = (): MaybePromise<void> =>
        answer(ctx, shared, { request, response, address: address as GitAddress }, ssh);
      const onError = (error: unknown): void => fail(ctx, request, response, error);
      // Whoever deletes a repository removes its row first: asked again, it isn't there. Else its files are missing.
      guard(ask, (error) =>
        outageOf(error) === 'files_missing' && !response.headersSent ? guard(ask, onError) : onError(error),
      );
    }
    return true;
  };
}

/** What is wrong with the request's form. */
function requestErrorIn(request: IncomingMessage, { step, service }: GitAddress): RequestError | null {
  if (step === 'refs') return request.method === 'GET' ? null : 'get_only';
  if (request.method !== 'POST') return 'post_only';
  const type = request.headers['content-type']?.replace(/;.*$/s, '').trim().toLowerCase();
  if (type !== `application/x-git-${service}-request`) return 'content_type_wrong';
  return GZIP.has(request.headers['content-encoding']?.toLowerCase()) ? null : 'content_encoding_unknown';
}

/** Runs work that may end now or later; an error is handled the same in both cases. */
function guard(work: () => MaybePromise<void>, onError: (error: unknown) => void): void {
  try {
    const end = work();
    if (end instanceof Promise) end.catch(onError);
  } catch (error) {
    onError(error);
  }
}

/** Decides and answers, in this turn of the event loop if everything is in memory and no process is needed. */
function answer(ctx: Context, shared: Shared, asked: Asked, ssh?: SshCaller): MaybePromise<void> {
  const { request, response, address } = asked;
  // Node has parsed the headers by now, but it hides repeated `Authorization` headers.
  const { headers } = request;
  const from = ssh?.from ?? callerOf(request, ctx.settings);
  const about = {
    need: GIT_NEEDS[address.service],
    target: address.target,
    address: from,
    userAgent: headers['user-agent'] ?? null,
    purpose: address.purpose,
    door: 'git',
  } as const;
  const verdict =
    ssh === undefined
      ? authorize(ctx, {
          ...about,
          credential: credentialOn(request.socket, authorizationOf(request.rawHeaders)),
        })
      : andThen(ctx.memory.refresh(), () => authorizeIdentity(ctx, about, ssh.identity));
  return andThen(verdict, (found) => {
    if (!found.allowed) return refuse(request, response, found.explanation);
    const { permit } = found;
    const protocol = headers['git-protocol'] as string | undefined;
    const call = { ...asked, ctx, permit, from, ...repositoryOf(permit), protocol, overSsh: ssh ?? null };
    return answerPermitted(call, shared);
  });
}

function answerPermitted(call: GitCall, shared: Shared): MaybePromise<void> {
  const { ctx, request, response, address, owner, repository } = call;
  const lack = ctx.settings.readOnly ? lackOfCopy(call) : null;
  if (lack !== null) {
    const headers = lack === 'not_copied' ? { 'Retry-After': String(COPY_RETRY_SEC) } : {};
    const writable = `${ctx.settings.publicUrl}/${owner.login}/${repository.name}.git`;
    return sendRequestError(request, response, lack, headers, writable);
  }
  if (address.step === 'refs' && call.overSsh === null && isRenamed(call))
    return redirect(response, `/${owner.login}/${repository.name}.git/info/refs?service=git-${address.service}`);
  const served = ctx.git.demandService(owner.login, repository.name, address.service);
  return andThen(served, () => answerServed(call, shared));
}

function answerServed(call: GitCall, { fetches, advertisements }: Shared): MaybePromise<void> {
  const { ctx, response, address, repository } = call;
  if (address.service === 'receive-pack') {
    const push = new Push(call, fetches);
    return address.step === 'refs' ? push.list() : push.take();
  }
  if (address.step === 'call') return serveFetch(call, fetches);
  if (protocolVersion(call.protocol) !== 2) return listForFetch(call);
  return andThen(ctx.git.capabilities(repository.objectFormat), (capabilities) => {
    // A page of another site gets headers of its own.
    const isPlain = call.overSsh === null && call.request.headers.origin === undefined;
    const advertisement = isPlain ? advertisements.of(capabilities) : advertisementOf(capabilities);
    advertisement.send(response, !call.request.complete);
  });
}

/**
 * Why a node that only reads can't serve this; null when it can. Reported here, since git doesn't show what a POST
 * answers.
 */
function lackOfCopy({ ctx, address, owner, repository }: GitCall): RequestError | null {
  if (address.service === 'receive-pack') return 'reads_only';
  return ctx.git.exists(owner.login, repository.name) ? null : 'not_copied';
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(301, { ...STANDING, Location: location, 'Content-Length': 0, 'Cache-Control': 'no-store' });
  response.end();
}

function isRenamed({ address: { target }, owner, repository }: GitCall): boolean {
  return !isSameName(target.owner, owner.login) || !isSameName(target.name, repository.name);
}

function fail(ctx: Context, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || (request.destroyed && !request.complete)) return void response.destroy();
  const outage = outageAnswer(error);
  if (outage !== null) {
    if (outage.reason !== 'busy') ctx.log.warn({ err: error, reason: outage.reason }, 'a git request must wait');
    return sendOutage(request, response, outage);
  }
  if (error instanceof Problem && error.has('switched_off'))
    return sendRequestError(request, response, 'switched_off', {}, error.message);
  ctx.log.error({ err: error }, 'a git request failed');
  sendRequestError(request, response, 'failed');
}
