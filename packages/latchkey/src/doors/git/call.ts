/** One admitted git request, and how it is put to git. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../actions/decision/authenticate.ts';
import type { Permit } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import { networkOf } from '../../base/address.ts';
import { FLUSH, packetLine } from '../../git/protocol/pkt-lines.ts';
import type { GitService, ServiceRun } from '../../git/room.ts';
import type { OwnerRecord, RepositoryRecord } from '../../rules/model.ts';
import type { GitAddress } from './address.ts';
import type { Exchange } from './backend.ts';

/** Somebody whom sshd has let in, in place of the headers of a request. */
export interface SshCaller {
  readonly identity: Identity;
  /** The client's address. */
  readonly from: string;
  /** True when the request is a whole conversation with git. */
  readonly isWhole: boolean;
}

export interface GitCall {
  readonly ctx: Context;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: GitAddress;
  readonly permit: Permit;
  /** The caller's address. */
  readonly from: string;
  readonly owner: OwnerRecord;
  readonly repository: RepositoryRecord;
  /** The client's `Git-Protocol` header. */
  readonly protocol: string | undefined;
  /** Null for a call over HTTP. */
  readonly overSsh: Pick<SshCaller, 'isWhole'> | null;
}

/** What a permit for git is about. */
export function repositoryOf(permit: Permit): Pick<GitCall, 'owner' | 'repository'> {
  const { target } = permit;
  if (target.kind !== 'repository' || target.owner === null || target.repository === null)
    throw new TypeError('a permit for git is one for a repository');
  return { owner: target.owner, repository: target.repository };
}

/** The exchange for a call without any events: what a fetch needs. */
export function exchangeOf(call: GitCall): Exchange & { readonly run: ServiceRun } {
  const { ctx, request, response, owner, repository, permit, from, protocol } = call;
  const { service, step } = call.address;
  return {
    request,
    response,
    contentType: `application/x-git-${service}-${step === 'refs' ? 'advertisement' : 'result'}`,
    // Over SSH git knows which service it asked for.
    preamble: step === 'refs' && call.overSsh === null ? serviceLine(service) : '',
    run: {
      service,
      path: ctx.git.path(owner.login, repository.name),
      advertise: step === 'refs',
      protocol,
      isWhole: call.overSsh?.isWhole === true,
      caller: permit.actor.userId === null ? networkOf(from) : `user ${permit.actor.userId}`,
      workflowRefusal: null,
      scan: null,
      oddRefs: false,
      maxInputBytes: null,
    },
  };
}

/** The first line of the answer in versions 0 and 1 (gitprotocol-http, "Smart Clients"). */
function serviceLine(service: GitService): string {
  return `${packetLine(`# service=git-${service}`)}${FLUSH}`;
}
