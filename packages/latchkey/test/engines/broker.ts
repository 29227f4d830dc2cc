/** Asks for what the whole run shares; `global-setup.ts` answers. */
import { inject } from 'vitest';

type Shared = 'postgres' | 'sqlite' | 'program' | 'chromium';

/** Asked once by each file. */
const answers = new Map<Shared, Promise<string>>();

/** The URL of this run's PostgreSQL, or the path of its SQLite file, server or browser; created on first use. */
export function whereIs(shared: Shared): Promise<string> {
  const known = answers.get(shared) ?? ask(shared);
  answers.set(shared, known);
  return known;
}

async function ask(shared: Shared): Promise<string> {
  const answer = await fetch(new URL(shared, inject('broker')));
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
