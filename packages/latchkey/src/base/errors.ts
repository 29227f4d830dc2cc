/**
 * What can go wrong, in two kinds.
 *
 * A *problem* is the caller's: a value out of range, a name already taken. It is returned or thrown as `Problem`,
 * with a stable code, the field it is about and a sentence for the person. A *fault* is ours or the machine's: thrown
 * as `Fault`, with a public sentence and hint, and a private detail that only the log sees.
 *
 * Never: a stack trace, a path or a secret in the public half.
 */

/** Codes follow GitHub's REST validation errors, so that the REST door can pass them on as they are. */
export type ProblemCode =
  | 'missing'
  | 'missing_field'
  | 'invalid'
  | 'already_exists'
  | 'unprocessable'
  | 'limit_reached'
  | 'not_found'
  /** The node that was asked does not change repositories; another does. */
  | 'read_only'
  /** The node that was asked has a copy without this in it, so far. */
  | 'not_copied'
  /** The repository's own configuration switches it off. */
  | 'switched_off'
  | 'conflict';

/** One thing wrong with what was asked. `field` is the wire name of the input, or null when it is about the whole. */
export interface Complaint {
  readonly field: string | null;
  readonly code: ProblemCode;
  readonly message: string;
}

/** What was asked can't be done as asked; nothing was changed. Carries every complaint found, not just the first. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[] | Complaint) {
    const list = Array.isArray(complaints) ? (complaints as readonly Complaint[]) : [complaints as Complaint];
    super(list.map((complaint) => complaint.message).join(' '));
    this.complaints = list;
  }

  /** True when some complaint has this code. */
  has(code: ProblemCode): boolean {
    return this.complaints.some((complaint) => complaint.code === code);
  }
}

/** A short way to throw a problem with one complaint. */
export function problem(code: ProblemCode, message: string, field: string | null = null): Problem {
  return new Problem({ field, code, message });
}

/** Something on our side failed. `message` and `hint` may be shown; `detail` and `cause` are for the log. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly hint: string | null;
  readonly detail: string | null;

  constructor(message: string, options: { hint?: string; detail?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint ?? null;
    this.detail = options.detail ?? null;
  }
}
