/**
 * A push: the list of refs that opens it, and the push itself, looked through before git takes it.
 *
 * Invariant: a push is noted before a ref moves, and on record before the client hears that one did.
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { noteRefusal } from '../../actions/decision/token-refusals.ts';
import type { Context } from '../../actions/ground/context.ts';
import { returnApproval } from '../../actions/repositories/approvals/asking.ts';
import { explainSize, explainWorkflows, WORKFLOWS } from '../../actions/repositories/content-refusals.ts';
import { dropPush, leavePush, noteLeaks, openPush } from '../../actions/repositories/push-log.ts';
import { mayBringToken, type Protection, scanPush } from '../../actions/repositories/push-protection.ts';
import { type MovedRef, settlePush, tellOfPush } from '../../actions/repositories/pushes.ts';
import { demandRefRoom, isBound, recordRefusedMoves } from '../../actions/repositories/refs/ref-guard.ts';
import { problem } from '../../base/errors.ts';
import { readsAsSomethingElse } from '../../git/objects/names.ts';
import { listAt } from '../../git/protocol/pkt-lines.ts';
import type { WorkflowRefusal } from '../../git/push/hooks.ts';
import { MAX_PREFILTERED_BYTES } from '../../git/push/pack-prefilter.ts';
import { MAX_SHOWN_PACK_BYTES } from '../../git/push/push-look.ts';
import type { RoomLeft } from '../../git/repositories/sizes.ts';
import type { Explanation } from '../../rules/explain.ts';
import { converse, type Exchange, NO_CACHE } from './backend.ts';
import { drain, firstBytes, isShort, readHead, receive } from './body.ts';
import { exchangeOf, type GitCall } from './call.ts';
import type { CoalescedFetches } from './coalesced-fetches.ts';
import { mayBringOddRef, PushCommands } from './push-commands.ts';
import { type PushHead, pushHead } from './push-head.ts';
import { pushIdentity } from './push-identity.ts';
import { expectsForward, type Gated, gatePush } from './ref-gate.ts';
import { inLines, refuse, remedyLines, sendRequestError } from './refuse.ts';
import { WithoutCertificates } from './without-certificates.ts';

/** Listing refs takes no content. */
const NO_ROOM: RoomLeft = { bytes: null, reason: 'push_too_large', limitMib: 0 };

/** A certificate that nobody verifies must not look as if somebody had. */
const SIGNED =
  'Nothing was pushed: signed pushes are not taken here. Push without --signed; commits and tags may be signed.';
/** Git sends no push whose commands can't be read. */
const UNCOUNTED = { made: Infinity, deleted: 0 };
const RESULT = 'application/x-git-receive-pack-result';
type Passing = Extract<Gated, { passes: true }>;

/** What is known of a push before git is started. */
interface Taken {
  /** The whole body, when it is a short one. */
  readonly received: Buffer | null;
  readonly isScanned: boolean;
  /** Set when the token has ref rules. */
  readonly gated: Passing | null;
  /** Of a longer one under ref rules: what goes to git, and what it asks for. */
  readonly ahead?: { readonly body: Readable; readonly commands: PushCommands };
}

/** One push in progress; made again for each of its two requests. */
export class Push {
  readonly #call: GitCall;
  readonly #fetches: CoalescedFetches;
  /**
   * The refusal to give if a check of the content fails: at first about workflow files, where the token may not change
   * them, then what the search for tokens says. The one that was given is recorded.
   */
  #refusal: Explanation | null;
  /** What the push makes public. */
  #leaks: Protection['leaks'] = [];
  #note: number | null = null;
  #moved: readonly MovedRef[] = [];

  /** @param fetches whose kept answers are outdated once a ref has moved */
  constructor(call: GitCall, fetches: CoalescedFetches) {
    this.#call = call;
    this.#fetches = fetches;
    this.#refusal = call.permit.holds(WORKFLOWS) ? null : explainWorkflows(call.ctx, call.permit);
  }

  /** Lists the refs, if possible without a process, and expects the push. */
  async list(): Promise<void> {
    const { ctx } = this.#call;
    const exchange = this.#exchange({ received: null, isScanned: false, gated: null }, NO_ROOM);
    const { response, run, contentType, preamble } = exchange;
    const refs = await ctx.git.pushRefs(run);
    if (refs === null) await converse(ctx, { ...exchange, report: new WithoutCertificates() });
    else {
      const length = preamble.length + refs.length;
      response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': length, ...NO_CACHE });
      response.write(preamble);
      response.end(refs);
    }
    if (response.statusCode !== 200) return;
    const { bytes: maxInputBytes } = await ctx.git.roomFor(run.path);
    await ctx.git.prestart({ ...run, maxInputBytes, advertise: false });
  }

  async take(): Promise<void> {
    const { ctx, request, response, permit } = this.#call;
    const [received, room] = await Promise.all([receiveShort(ctx, request), ctx.git.roomFor(this.#path)]);
    if (received === null) await firstBytes(request, response, ctx.settings.gitIdleTimeoutSec * 1000);
    const taken = { received, isScanned: received === null || mayBringToken(permit, received), gated: null };
    const gated = isBound(permit) ? await this.#gate(taken) : taken;
    if (gated === null) return;
    await converse(ctx, this.#exchange(gated, room));
    if (gated.gated !== null) await followUp(this.#call, gated.gated);
    await tellOfPush(ctx, permit, this.#moved);
  }

  /** Keeps the push to the ref rules of its token and to what is protected; null when it was refused whole. */
  async #gate(taken: Taken): Promise<Taken | null> {
    const { ctx, request, response } = this.#call;
    const idleMs = ctx.settings.gitIdleTimeoutSec * 1000;
    const whole = taken.received;
    const read = whole === null ? await readHead(request, idleMs) : { bytes: whole, rest: null };
    const found = pushHead(read.bytes);
    if (found === null) {
      if (read.rest !== null) await drain(read.rest, idleMs);
      sendRequestError(request, response, 'body_unreadable');
      return null;
    }
    let body = read.bytes;
    const gated = await gatePush(this.#call, found.head, async () => {
      const { bytes, isWhole } = (await read.rest?.upTo(body, MAX_SHOWN_PACK_BYTES, idleMs)) ?? {
        bytes: body,
        isWhole: true,
      };
      body = bytes;
      return isWhole ? packIn(found.head, bytes, found.end) : 'too_large';
    });
    if (gated.passes) {
      const head = gated.head ?? body.subarray(0, found.end);
      const bytes = Buffer.concat([head, body.subarray(found.end)]);
      if (read.rest === null) return { ...taken, received: bytes, gated };
      return { ...taken, gated, ahead: { body: read.rest.after(bytes), commands: commandsIn(head) } };
    }
    if (read.rest !== null) await drain(read.rest, idleMs);
    if (gated.answer === null) refuse(request, response, gated.explanation);
    else response.writeHead(200, { 'Content-Type': RESULT, ...NO_CACHE }).end(gated.answer);
    return null;
  }

  get #path(): string {
    const { ctx, owner, repository } = this.#call;
    return ctx.git.path(owner.login, repository.name);
  }

  #exchange({ received, isScanned, gated, ahead }: Taken, room: RoomLeft): Exchange {
    const { ctx, permit } = this.#call;
    const exchange = exchangeOf(this.#call);
    const tooMuch = explainSize(ctx, permit, room.reason, room.limitMib);
    return {
      ...exchange,
      ...(received === null ? {} : { received }),
      ...(ahead === undefined ? {} : { body: ahead.body }),
      ...(gated === null ? {} : { report: gated.report }),
      run: {
        ...exchange.run,
        ...pushIdentity(this.#call),
        workflowRefusal: this.#refusal === null ? null : hookWords(this.#refusal),
        oddRefs: received !== null && mayBringOddRef(received),
        forwardOnly: gated === null ? expectsForward(permit) : gated.forwardOnly,
        maxInputBytes: room.bytes,
        scan: isScanned ? (objects) => this.#scan(objects) : null,
      },
      push: {
        ...(received === null ? {} : { commands: commandsIn(received) }),
        ...(ahead === undefined ? {} : { commands: ahead.commands }),
        onAsked: async (commands) => {
          if (commands.isSigned) throw problem('invalid', SIGNED, null);
          await demandRefRoom(ctx, permit, commands.count ?? UNCOUNTED);
          this.#note = await openPush(ctx, permit, commands.moved());
        },
        onChanged: (moved) => this.#onChanged(moved),
        onUnchanged: (certain) => this.#onUnchanged(certain),
        onDeclined: (asked) => this.#onDeclined(asked),
        tooMuch: inLines(tooMuch),
        onTooMuch: () => this.#noteRefusal(tooMuch),
        onRead: (bytes) => ctx.git.grown(exchange.run.path, bytes),
      },
    };
  }

  async #scan(objects: Parameters<typeof scanPush>[2]): ReturnType<typeof scanPush> {
    this.#refusal = null;
    const protection = await scanPush(this.#call.ctx, this.#call.permit, objects);
    this.#refusal = protection.refused;
    this.#leaks = protection.leaks;
    this.#note = await noteLeaks(this.#call.ctx, this.#call.permit, this.#note, protection.leaks);
    return protection;
  }

  async #onChanged(moved: readonly MovedRef[]): Promise<void> {
    const { ctx, permit, repository } = this.#call;
    this.#moved = moved;
    this.#fetches.forget(repository.id);
    await settlePush(ctx, permit, { id: this.#note, moved, leaks: this.#leaks });
  }

  async #onUnchanged(certain: boolean): Promise<void> {
    if (this.#note !== null) await (certain ? dropPush : leavePush)(this.#call.ctx, this.#note);
  }

  #onDeclined(asked: readonly MovedRef[]): void {
    // The hook checks names first.
    if (asked.some(({ ref }) => readsAsSomethingElse(ref))) return;
    if (this.#refusal !== null && !this.#call.ctx.settings.allowRepositoryHooks) this.#noteRefusal(this.#refusal);
  }

  #noteRefusal(refusal: Explanation): void {
    const { ctx, permit, from, owner, repository } = this.#call;
    noteRefusal(ctx, permit, from, `push ${owner.login}/${repository.name}`, refusal);
  }
}

/** Puts on record what git did not move, since it would have lost something, and gives unused approvals back. */
async function followUp({ ctx, permit }: GitCall, { forcedMoves, unusedApprovals }: Passing): Promise<void> {
  for (const id of unusedApprovals()) await returnApproval(ctx, id);
  const moves = forcedMoves();
  if (moves.length > 0) await recordRefusedMoves(ctx, permit, moves);
}

/** What stands behind the commands, and behind options where there are some. */
function packIn({ hasOptions }: PushHead, bytes: Buffer, end: number): Buffer {
  return bytes.subarray(hasOptions ? (listAt(bytes, end)?.end ?? end) : end);
}

function commandsIn(received: Buffer): PushCommands {
  const commands = new PushCommands();
  commands.see(received);
  return commands;
}

/** The whole body of a push that is checked before git starts; null for a longer one. */
async function receiveShort(ctx: Context, request: IncomingMessage): Promise<Buffer | null> {
  const isPrefiltered = isShort(request, MAX_PREFILTERED_BYTES) && request.headers['content-encoding'] === undefined;
  return isPrefiltered ? receive(request, ctx.settings.gitIdleTimeoutSec * 1000) : null;
}

/** The pre-receive hook's message about a workflow file. */
function hookWords({ sentence, remedy }: Explanation): WorkflowRefusal {
  return { sentence, remedy: remedyLines(remedy) };
}
