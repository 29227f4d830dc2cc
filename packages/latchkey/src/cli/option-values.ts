/** Options that may be given several times, and those that may not. Apart from settings, which the client lacks. */
import { UsageError } from './terminal.ts';

/** Collects the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** Refuses a second value, which would silently replace the first. */
export function once(flag: string): (value: string, previous: string | undefined) => string {
  return (value, previous) => {
    if (previous !== undefined) throw new UsageError(`${flag} is given twice`, 'give it once');
    return value;
  };
}
