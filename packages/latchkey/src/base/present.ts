/**
 * A value that the surrounding code knows to exist, where the compiler can't: the owner of a row with a foreign key,
 * the first of a list that is never empty.
 *
 * Invariant: if that knowledge is wrong, the failure names the thing and the place, instead of traveling on as
 * `undefined`.
 *
 * Never: for input. What a caller may leave out gets a problem in words.
 */

/**
 * The value itself.
 * @param what names it for the log: `the owner of repository 7`
 * @throws Error when there is none
 */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`${what} is missing`);
  return value;
}

/**
 * A parameter of a route's path.
 * @throws Error when the path has no such parameter: route and handler disagree
 */
export function parameter(params: Readonly<Record<string, string>>, name: string): string {
  return present(params[name], `{${name}} in the path`);
}
