/** What a folder's adoption did, in lines for people: `latchkey admin repo adopt`, and `serve --adopt`. */
import type { Terminal } from './terminal.ts';

/** Which of a repository's own settings and hooks do something here. */
interface OwnEffects {
  readonly kept: readonly string[];
  readonly idle: readonly string[];
  readonly idleHooks: readonly string[];
}

interface Adoption {
  readonly adopted: readonly { readonly fullName: string; readonly place: string; readonly effects: OwnEffects }[];
  readonly leftOut: readonly { readonly place: string; readonly why: string }[];
  readonly known: number;
}

/** Says what was left out and why, what settings and hooks still do, and the counts. */
export function sayAdoption(terminal: Terminal, { adopted, leftOut, known }: Adoption, dryRun = false): void {
  for (const { fullName, place, effects } of adopted) {
    if (place !== `${fullName}.git`) terminal.say(`${place} ${dryRun ? 'would become' : 'is now'} ${fullName}.git`);
    sayEffects(terminal, fullName, effects);
  }
  for (const { place, why } of leftOut) terminal.say(`left out: ${place}. ${why}`);
  const verb = dryRun ? 'would adopt' : 'adopted';
  terminal.say(`${verb} ${adopted.length}, left out ${leftOut.length}, known before ${known}`);
}

/** Says which of a repository's own settings and hooks still do something. Nothing when it has none. */
export function sayEffects(terminal: Terminal, fullName: string, { kept, idle, idleHooks }: OwnEffects): void {
  if (kept.length > 0) terminal.say(`${fullName}: its own settings hold: ${kept.join(', ')}`);
  if (idle.length > 0) terminal.say(`${fullName}: its own settings have no effect here: ${idle.join(', ')}`);
  if (idleHooks.length > 0)
    terminal.say(`${fullName}: its hooks don't run: ${idleHooks.join(', ')} (see --allow-repository-hooks)`);
}

/** The report for programs. */
export function adoptionReport({ adopted, leftOut, known }: Adoption): object {
  return {
    adopted: adopted.map(({ fullName, place, effects }) => ({
      full_name: fullName,
      place,
      settings_kept: effects.kept,
      settings_without_effect: effects.idle,
      hooks_without_effect: effects.idleHooks,
    })),
    left_out: leftOut,
    known,
  };
}
