/**
 * What a field of the schema is: a row with the REST endpoint whose need it has, and what it answers.
 *
 * A field without a row is a property of the value that its type stands for, and was decided with that value.
 */

import type { Permit } from '../../../actions/decision/authorize.ts';
import { andThen, type MaybePromise } from '../../../base/maybe-promise.ts';
import type { Asking, Subject, Twin } from './asking.ts';

/** A row, whatever it is about. */
export interface FieldRow {
  /** The endpoints whose needs decide it; none when it tells what its value tells anyway. */
  readonly twins: readonly Twin[];
  readonly resolve: (source: never, args: never, asking: Asking, field: string) => unknown;
}

/** Type → field → row. */
export type FieldTable = Readonly<Record<string, Readonly<Record<string, FieldRow>>>>;

/** A field that needs nothing more than its value. */
export function plain<Source, Args = unknown>(
  resolve: (source: Source, args: Args, asking: Asking) => unknown,
): FieldRow {
  return { twins: [], resolve };
}

/** How a decided field is declared. */
interface Decided<Source, Args> {
  /** Null = this value was decided with that need already. */
  readonly twin: Twin | ((source: Source, asking: Asking) => Twin | null);
  /** The twins, where a function chooses. */
  readonly among?: readonly Twin[];
  /** By default, what the value is about. */
  readonly subject?: (source: Source, args: Args, asking: Asking) => Subject;
  readonly missing?: (args: Args, source: Source) => string;
  readonly resolve: (source: Source, args: Args, asking: Asking, permit: Permit) => unknown;
}

/** A field that is decided like its twin. */
export function decided<Source extends { readonly subject?: Subject } | undefined, Args = unknown>(
  declared: Decided<Source, Args>,
): FieldRow {
  const { twin } = declared;
  return {
    twins: typeof twin === 'string' ? [twin] : (declared.among ?? []),
    resolve: (source: Source, args: Args, asking: Asking, field: string): MaybePromise<unknown> => {
      const chosen = typeof twin === 'string' ? twin : twin(source, asking);
      if (chosen === null) return declared.resolve(source, args, asking, asking.permit);
      const subject = declared.subject?.(source, args, asking) ?? source?.subject;
      if (subject === undefined) throw new TypeError(`${field} is about nothing`);
      const missing = declared.missing?.(args, source);
      const permit = asking.decide({ field, twin: chosen, subject, ...(missing === undefined ? {} : { missing }) });
      return andThen(permit, (held) => declared.resolve(source, args, asking, held));
    },
  };
}
