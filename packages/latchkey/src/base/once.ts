/**
 * What is worked out once and then kept: beside `Memory`, the one way in which a module keeps anything.
 *
 * Only for pure work on what never changes, so that nobody can tell whether a value was kept: there is nothing to
 * empty, and a test needs to reset nothing. What was read from the store is remembered in `Memory`, which a context
 * owns. Each use says what it saves; decision 0170 has the figures.
 * Never in `rules/`: a decision is read without asking what was decided before.
 */

/** A function that makes its value at the first call and returns the same one afterwards. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/** A function of an object that computes its value once per object, and keeps it no longer than the object lives. */
export function oncePer<Key extends object, Value extends NonNullable<unknown>>(
  make: (key: Key) => Value,
): (key: Key) => Value {
  const made = new WeakMap<Key, Value>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) made.set(key, (value = make(key)));
    return value;
  };
}

/**
 * A function of an object and one more argument that keeps the last value for each object. For arguments that rarely
 * change, such as the credential of a connection.
 */
export function latestPer<Owner extends object, Argument, Value>(
  make: (argument: Argument, owner: Owner) => Value,
): (owner: Owner, argument: Argument) => Value {
  const latest = new WeakMap<Owner, { readonly argument: Argument; readonly value: Value }>();
  return (owner, argument) => {
    const last = latest.get(owner);
    if (last !== undefined && last.argument === argument) return last.value;
    const value = make(argument, owner);
    latest.set(owner, { argument, value });
    return value;
  };
}
