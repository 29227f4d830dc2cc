/**
 * The fields of a form as they are shown: what was typed, else what the address fills in, else the page's own value;
 * and what is wrong.
 *
 * Invariant: typed text survives a complaint, except for passwords and codes.
 * Invariant: what the address fills in goes through the form's own checks, because nothing is sent until the person
 * sends it.
 */
import type { Complaint, Problem } from '../../../base/errors.ts';

export class Fields {
  /** The form's id: a hidden field, by which the server tells the forms of a page apart. */
  readonly id: string;
  /** The token against forged forms, and the number that reveals a double submission. */
  readonly token: string;
  readonly nonce: string;
  readonly complaints: readonly Complaint[];
  readonly #typed: URLSearchParams | null;
  readonly #query: URLSearchParams;

  constructor(given: {
    id: string;
    token: string;
    nonce: string;
    typed: URLSearchParams | null;
    query: URLSearchParams;
    problem: Problem | null;
  }) {
    this.id = given.id;
    this.token = given.token;
    this.nonce = given.nonce;
    this.#typed = given.typed;
    this.#query = given.query;
    this.complaints = given.typed === null ? [] : (given.problem?.complaints ?? []);
  }

  /** True when the form was sent and came back. */
  get wasSent(): boolean {
    return this.#typed !== null;
  }

  /** What the field shows. */
  value(name: string, otherwise = ''): string {
    return (this.#typed ?? this.#query).get(name) ?? otherwise;
  }

  /** What a field of many values shows. */
  values(name: string, otherwise: readonly string[] = []): readonly string[] {
    if (this.#typed !== null) return this.#typed.getAll(name);
    return this.#query.has(name) ? this.#query.getAll(name) : otherwise;
  }

  /** True when a check box or a radio button of this value is chosen. */
  isChosen(name: string, value: string, otherwise = false): boolean {
    if (this.#typed === null && !this.#query.has(name)) return otherwise;
    return this.values(name).includes(value);
  }

  /** What is wrong with the field, in sentences; '' when nothing is. */
  error(name: string): string {
    return this.complaints
      .filter((complaint) => complaint.field === name)
      .map((complaint) => complaint.message)
      .join(' ');
  }
}
