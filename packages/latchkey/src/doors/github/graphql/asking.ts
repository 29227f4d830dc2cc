/**
 * One GraphQL request in progress: who asks, and what each field of it may.
 *
 * Invariant: whatever a field reads or changes was decided with the need of its twin among the REST endpoints, by the
 * same decision; a resolver that wants a permit has no other way to one.
 */
import type { Identity } from '../../../actions/decision/authenticate.ts';
import { authorizeMore, holderOf, type Permit } from '../../../actions/decision/authorize.ts';
import type { TargetName } from '../../../actions/decision/targets.ts';
import type { Context } from '../../../actions/ground/context.ts';
import type { Allowance } from '../../../actions/ground/rate-limit.ts';
import { andThen, type MaybePromise } from '../../../base/maybe-promise.ts';
import { present } from '../../../base/present.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import type { Target } from '../../../rules/model.ts';
import { refused, Unanswered } from './errors.ts';

/** How long one request may go on answering fields. */
const MAX_SECONDS = 10;

/** The most bytes of files, messages and folders that one answer holds. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** What a field is about: by name, or as it was read for this caller. */
export type Subject = TargetName | { readonly found: Target };

/** A REST endpoint, as GitHub writes it: `GET /repos/{owner}/{repo}`. */
export type Twin = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

/** A question about a field. */
export interface FieldQuestion {
  /** `Repository.refs` */
  readonly field: string;
  readonly twin: Twin;
  readonly subject: Subject;
  /** The words for something that isn't there. */
  readonly missing?: string;
}

export interface AskingOptions {
  readonly ctx: Context;
  /** That of the request as a whole. */
  readonly permit: Permit;
  readonly address: string;
  readonly userAgent: string | null;
  /** The address of the REST door. */
  readonly apiUrl: string;
  readonly cost: number;
  readonly nodes: number;
  readonly allowance: Allowance | null;
}

export class Asking {
  readonly ctx: Context;
  readonly permit: Permit;
  readonly apiUrl: string;
  readonly cost: number;
  readonly nodes: number;
  readonly allowance: Allowance | null;
  readonly #options: AskingOptions;
  /** Who asks, for what was read already. */
  readonly #bearer: Identity;
  #holder: Promise<Identity> | null = null;
  #bytes = 0;
  #changes = 0;
  /** By the server's clock, in seconds. */
  readonly #endsAt: number;

  constructor(options: AskingOptions) {
    this.#options = options;
    this.ctx = options.ctx;
    this.permit = options.permit;
    this.apiUrl = options.apiUrl;
    this.cost = options.cost;
    this.nodes = options.nodes;
    this.allowance = options.allowance;
    this.#endsAt = options.ctx.clock.now() + MAX_SECONDS;
    this.#bearer = { bearer: present(options.permit.bearer, 'who asks'), facts: null, endsOverlap: false };
  }

  /** The account that asks. */
  get userId(): number | null {
    return this.permit.actor.userId;
  }

  /** Counts what an answer brings of a repository's contents. @throws Unanswered when that is too much */
  spend(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_ANSWER_BYTES)
      throw new Unanswered(
        'RESOURCE_LIMITS_EXCEEDED',
        `This query answers with more than ${MAX_ANSWER_BYTES} bytes of contents. Ask for less at a time.`,
      );
  }

  /** The permit that a field needs. @throws Unanswered when it is refused, or when the request takes too long */
  decide({ field, twin, subject, missing }: FieldQuestion): MaybePromise<Permit> {
    if (this.ctx.clock.now() > this.#endsAt)
      throw new Unanswered(
        'RESOURCE_LIMITS_EXCEEDED',
        `This query takes longer than ${MAX_SECONDS} seconds. Ask for less at a time.`,
      );
    const { ctx, address, userAgent } = this.#options;
    const [method = '', path = ''] = twin.split(' ');
    // The query as a whole spends one use of its token; of several changes in it, each one does.
    const isUse = method !== 'GET' && this.#changes++ > 0;
    const purpose = `GraphQL ${field}`;
    const request = { need: needOf(method, path), target: subject, address, userAgent, purpose, isUse };
    const holder = 'found' in subject ? this.#bearer : this.#asker();
    return andThen(holder, (identity) =>
      andThen(authorizeMore(ctx, { ...request, door: 'github' }, identity), (verdict) => {
        if (verdict.allowed) return verdict.permit;
        throw refused(verdict.explanation, field.slice(field.indexOf('.') + 1), missing);
      }),
    );
  }

  /** Who asks, with what names of things are looked up by: read when the first name is. */
  #asker(): MaybePromise<Identity> {
    return (this.#holder ??= holderOf(this.ctx, this.permit).then((holder) => present(holder, 'who asks')));
  }
}
