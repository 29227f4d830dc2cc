/**
 * Git over HTTP: the smart protocol's three requests, in front of everything else.
 *
 * Source: git's documentation, gitprotocol-http. A plain handler, not a plugin: it is the hot path, and Fastify has
 * nothing to add to it.
 * Invariant: every request is decided anew, the list of refs and what follows it, before a byte of its body is read.
 * Never: another place on the disk than the one of the repository that the permit names.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize, type Permit } from '../../actions/decision/authorize.ts';
import { authorizationOf, credentialOn } from '../../actions/decision/credential.ts';
import { noteRefusal } from '../../actions/decision/refusals.ts';
import type { Context } from '../../actions/ground/context.ts';
import { explainWorkflows, WORKFLOWS } from '../../actions/repositories/content-refusals.ts';
import { mayBringToken, scanPush } from '../../actions/repositories/push-protection.ts';
import { type MovedRef, settlePush, tellOfPush } from '../../actions/repositories/pushes.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { callerOf } from '../../base/requests/caller.ts';
import { protocolVersion } from '../../git/processes/environment.ts';
import { FLUSH, packetLine } from '../../git/protocol/pkt-lines.ts';
import type { ContentScan } from '../../git/push/content-scan.ts';
import type { WorkflowRefusal } from '../../git/push/hooks.ts';
import { MAX_PREFILTERED_BYTES } from '../../git/push/pack-prefilter.ts';
import type { GitService } from '../../git/room.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Need, OwnerRecord, RepositoryRecord } from '../../rules/model.ts';
import { isSameName } from '../../rules/names.ts';
import { type GitAddress, gitAddress } from './address.ts';
import { converse, type Exchange, NO_CACHE } from './backend.ts';
import { isShort, receive } from './body.ts';
import { CoalescedFetches } from './coalesced-fetches.ts';
import { answerOrigin } from './cors.ts';
import { type RequestError, refuse, sendOutage, sendRequestError } from './refuse.ts';

/** What each service requires. `git` is the part of `contents` that clones, fetches and pushes. */
const NEEDS: Readonly<Record<GitService, Need>> = {
  'upload-pack': { sets: [{ git: 'read' }], publicRead: true, writes: false },
  'receive-pack': { sets: [{ git: 'write' }], publicRead: false, writes: true },
};
/** When a copy may have what it lacks. */
const COPY_RETRY_SEC = 60;
const NO_CACHE_LIST: readonly string[] = Object.entries(NO_CACHE).flat();
const GZIP: ReadonlySet<string | undefined> = new Set([undefined, 'gzip', 'x-gzip']);

/**
 * A handler for `request`, `checkContinue` included, until the server has `ended`. It answers what is git's and returns
 * true; what is not, it leaves alone and returns false.
 */
export function makeGitDoor(
  ctx: Context,
  ended: AbortSignal,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const fetches = new CoalescedFetches(ctx);
  ended.addEventListener('abort', () => fetches.forgetAll(), { once: true });
  return (request, response) => {
    const address = gitAddress(request.url ?? '');
    if (address === null) return false;
    if (answerOrigin(request, response)) return true;
    const error = 'service' in address ? requestErrorIn(request, address) : 'error' in address ? address.error : null;
    if ('page' in address) redirect(response, address.page);
    else if (error !== null) sendRequestError(request, response, error);
    else
      guard(
        () => answer(ctx, fetches, request, response, address as GitAddress),
        (error) => fail(ctx, request, response, error),
      );
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

/** Runs work that may end now or later; what it throws, now or later, is handled the same. */
function guard(work: () => MaybePromise<void>, onError: (error: unknown) => void): void {
  try {
    const end = work();
    if (end instanceof Promise) end.catch(onError);
  } catch (error) {
    onError(error);
  }
}

/** Decides and answers: in this turn of the event loop, when everything is remembered and no process is needed. */
function answer(
  ctx: Context,
  fetches: CoalescedFetches,
  request: IncomingMessage,
  response: ServerResponse,
  address: GitAddress,
): MaybePromise<void> {
  // Node has read the headers by now; of `Authorization` alone it would hide that there were several.
  const { headers } = request;
  const from = callerOf(request, ctx.settings);
  const verdict = authorize(ctx, {
    credential: credentialOn(request.socket, authorizationOf(request.rawHeaders)),
    need: NEEDS[address.service],
    target: address.target,
    address: from,
    userAgent: headers['user-agent'] ?? null,
    purpose: address.purpose,
    door: 'git',
  });
  return andThen(verdict, (found) =>
    found.allowed
      ? answerPermitted(ctx, fetches, request, response, address, found.permit, from)
      : refuse(request, response, found.explanation),
  );
}

function answerPermitted(
  ctx: Context,
  fetches: CoalescedFetches,
  request: IncomingMessage,
  response: ServerResponse,
  address: GitAddress,
  permit: Permit,
  from: string,
): MaybePromise<void> {
  const { owner, repository } = repositoryOf(permit);
  const lack = ctx.settings.readOnly ? lackOfCopy(ctx, address.service, owner, repository) : null;
  if (lack !== null) {
    const headers = lack === 'not_copied' ? { 'Retry-After': String(COPY_RETRY_SEC) } : {};
    return sendRequestError(
      request,
      response,
      lack,
      headers,
      `${ctx.settings.publicUrl}/${owner.login}/${repository.name}.git`,
    );
  }
  if (!ctx.settings.readOnly) ctx.git.demandFiles(owner.login, repository.name);
  if (address.step === 'refs' && isRenamed(address, owner, repository)) {
    return redirect(response, `/${owner.login}/${repository.name}.git/info/refs?service=git-${address.service}`);
  }
  const protocol = request.headers['git-protocol'] as string | undefined;
  if (address.step === 'refs' && address.service === 'upload-pack' && protocolVersion(protocol) === 2) {
    return andThen(ctx.git.capabilities(repository.objectFormat), (capabilities) =>
      sendCapabilities(response, capabilities),
    );
  }
  return serve(ctx, fetches, request, response, address, permit, protocol, from);
}

async function serve(
  ctx: Context,
  fetches: CoalescedFetches,
  request: IncomingMessage,
  response: ServerResponse,
  address: GitAddress,
  permit: Permit,
  protocol: string | undefined,
  from: string,
): Promise<void> {
  const { service, step } = address;
  const { owner, repository } = repositoryOf(permit);
  const path = ctx.git.path(owner.login, repository.name);
  // Without that permission, a push is looked at for workflow files. Of the two that may refuse a push for its content,
  // the one that did is noted.
  let refusal = service === 'receive-pack' && !permit.holds(WORKFLOWS) ? explainWorkflows(ctx, permit) : null;
  const isPush = service === 'receive-pack' && step === 'call';
  const received = isPush ? await receiveShort(ctx, request) : null;
  const scan: ContentScan = async (objects) => {
    refusal = null;
    const protection = await scanPush(ctx, permit, objects);
    refusal = protection.refused;
    return protection;
  };
  let asked: readonly MovedRef[] = [];
  const exchange: Exchange = {
    request,
    response,
    contentType: `application/x-git-${service}-${step === 'refs' ? 'advertisement' : 'result'}`,
    preamble: step === 'refs' ? serviceLine(service) : '',
    ...(received === null ? {} : { received }),
    run: {
      service,
      path,
      advertise: step === 'refs',
      protocol,
      caller: permit.actor.userId === null ? from : `user ${permit.actor.userId}`,
      workflowRefusal: refusal === null ? null : hookWords(refusal),
      scan: isPush && (received === null || mayBringToken(permit, received)) ? scan : null,
    },
    onDeclined: () => {
      if (refusal !== null && !ctx.settings.allowRepositoryHooks)
        noteRefusal(ctx, permit, from, `push ${owner.login}/${repository.name}`, refusal);
    },
    onChanged: async (moved) => {
      asked = moved;
      fetches.forget(repository.id);
      await settlePush(ctx, permit, moved);
    },
  };
  if (service === 'receive-pack' && step === 'refs') return listForPush(ctx, exchange);
  const isFetch = service === 'upload-pack' && step === 'call' && protocolVersion(protocol) === 2;
  const alone = isFetch ? await fetches.serve(exchange, repository.id) : exchange;
  if (alone !== null) await converse(ctx, alone);
  await tellOfPush(ctx, permit, asked);
}

/** The whole body of a push that is read through before git is started; null for a longer one. */
async function receiveShort(ctx: Context, request: IncomingMessage): Promise<Buffer | null> {
  const isPrefiltered = isShort(request, MAX_PREFILTERED_BYTES) && request.headers['content-encoding'] === undefined;
  return isPrefiltered ? receive(request, ctx.settings.gitIdleTimeoutSec * 1000) : null;
}

/** Lists the refs, without a process where that can be, and expects the push. */
async function listForPush(ctx: Context, exchange: Exchange): Promise<void> {
  const { response, run, contentType, preamble } = exchange;
  const refs = await ctx.git.pushRefs(run);
  if (refs === null) await converse(ctx, exchange);
  else {
    response.writeHead(200, {
      'Content-Type': contentType,
      'Content-Length': preamble.length + refs.length,
      ...NO_CACHE,
    });
    response.write(preamble);
    response.end(refs);
  }
  if (response.statusCode === 200) await ctx.git.prestart({ ...run, advertise: false });
}

/**
 * Why a node that only reads can't serve this; null when it can. Said here, since what is said on the POST git does not
 * show.
 */
function lackOfCopy(
  ctx: Context,
  service: GitService,
  owner: OwnerRecord,
  repository: RepositoryRecord,
): RequestError | null {
  if (service === 'receive-pack') return 'reads_only';
  return ctx.git.exists(owner.login, repository.name) ? null : 'not_copied';
}

/** What opens the answer in versions 0 and 1 (gitprotocol-http, "Smart Clients"). */
function serviceLine(service: GitService): string {
  return `${packetLine(`# service=git-${service}`)}${FLUSH}`;
}

function sendCapabilities(response: ServerResponse, capabilities: string): void {
  response.writeHead(200, [
    'Content-Type',
    'application/x-git-upload-pack-advertisement',
    'Content-Length',
    String(capabilities.length),
    ...NO_CACHE_LIST,
  ]);
  response.end(capabilities, 'latin1');
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(301, { Location: location, 'Content-Length': 0, 'Cache-Control': 'no-store' });
  response.end();
}

function repositoryOf(permit: Permit): { owner: OwnerRecord; repository: RepositoryRecord } {
  const { target } = permit;
  if (target.kind !== 'repository' || target.owner === null || target.repository === null)
    throw new TypeError('a permit for git is one for a repository');
  return { owner: target.owner, repository: target.repository };
}

function isRenamed({ target }: GitAddress, owner: OwnerRecord, repository: RepositoryRecord): boolean {
  return !isSameName(target.owner, owner.login) || !isSameName(target.name, repository.name);
}

/** What the hook before the push says when it finds a workflow file. */
function hookWords({ sentence, remedy }: Explanation): WorkflowRefusal {
  return {
    sentence,
    remedy: [remedy.text, remedy.url, remedy.command].filter((part) => part !== null && part !== '').join('\n'),
  };
}

function fail(ctx: Context, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (request.destroyed && !request.complete) return void response.destroy();
  const outage = outageAnswer(error);
  if (outage !== null) {
    if (outage.reason !== 'busy') ctx.log.warn({ err: error, reason: outage.reason }, 'a git request must wait');
    return sendOutage(request, response, outage);
  }
  ctx.log.error({ err: error }, 'a git request failed');
  sendRequestError(request, response, 'failed');
}
