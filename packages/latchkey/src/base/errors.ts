/**
 * What can go wrong, in two kinds.
 *
 * A *problem* is the caller's: a value out of range, a name already taken. It is returned or thrown as `Problem`,
 * with a stable code, the field it is about and a sentence for the person. A *fault* is ours or the machine's: thrown
 * as `Fault`, with a public sentence and hint, and a private detail that only the log sees.
 *
 * Never: a stack trace, a path or a secret in the public half.
 */

/** Codes follow GitHub's REST validation errors, so that the REST door can pass them on unchanged. */
export type ProblemCode =
  | 'missing'
  | 'missing_field'
  | 'invalid'
  | 'already_exists'
  | 'unprocessable'
  | 'limit_reached'
  | 'not_found'
  /** This node does not change repositories; another does. */
  | 'read_only'
  /** This node's copy doesn't contain this yet. */
  | 'not_copied'
  /** The repository's own configuration turns it off. */
  | 'switched_off'
  | 'conflict';

/** One fault in a request. `field` is the wire name of the input, or null when the complaint is about the whole. */
export interface Complaint {
  readonly field: string | null;
  readonly code: ProblemCode;
  readonly message: string;
}

/** The request can't be carried out; nothing was changed. Carries every complaint found, not just the first. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[] | Complaint) {
    const list = Array.isArray(complaints) ? (complaints as readonly Complaint[]) : [complaints as Complaint];
    super(list.map((complaint) => complaint.message).join(' '));
    this.complaints = list;
  }

  /** True when one of the complaints has this code. */
  has(code: ProblemCode): boolean {
    return this.complaints.some((complaint) => complaint.code === code);
  }
}

/** Throws a problem with one complaint. */
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
