/** Look-ups that several fields of one request ask for at about the same time, done as one. */

/**
 * A function that looks one key up. What is asked before the current turn of the loop ends is looked up together, each
 * key once; a key that was asked before is not asked again.
 */
export function batched<Value>(
  lookUp: (keys: readonly string[]) => Promise<readonly Value[]>,
): (key: string) => Promise<Value> {
  const known = new Map<string, Promise<Value>>();
  let waiting: { readonly keys: string[]; readonly values: Promise<readonly Value[]> } | null = null;
  return (key) => {
    const asked = known.get(key);
    if (asked !== undefined) return asked;
    if (waiting === null) {
      const keys: string[] = [];
      const values = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        waiting = null;
        return lookUp(keys);
      });
      waiting = { keys, values };
    }
    const place = waiting.keys.push(key) - 1;
    const value = waiting.values.then((values) => values[place] as Value);
    known.set(key, value);
    return value;
  };
}
