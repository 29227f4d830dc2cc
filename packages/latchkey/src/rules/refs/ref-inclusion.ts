/**
 * Whether one list of ref rules allows nothing that another does not: decided for all refs at once.
 *
 * Patterns are regular languages, so both lists are walked together, letter by letter: at every name that can be
 * reached, what the first list's deciding rule allows must be allowed by the second's; what it asks about, allowed or
 * asked about. Letters that no pattern has are
 * one letter, since no pattern can tell them apart.
 * Invariant: sound. Where the walk would take longer than `MAX_STEPS`, the answer is no.
 */
import { allowsAct, asksOwner, REF_ACTS, type RefAct, type RefRule } from './ref-rules.ts';

/** Names that are looked at, of classes of equal ones; rules of twenty usual patterns have some hundred. */
const MAX_STEPS = 20_000;
/** Stands for every letter that no pattern has. */
const OTHER = '\0';

/** A step of a pattern: a letter, or a loop that takes letters (`*`: any but the slash; `**`: whole segments). */
type Step =
  | { readonly kind: 'letter'; readonly letter: string }
  | { readonly kind: 'star' }
  | { readonly kind: 'segments' }
  | { readonly kind: 'rest' };

/** True when every move of a ref that `inner` allows is allowed by `outer`, too; null = any. */
export function rulesWithin(inner: readonly RefRule[] | null, outer: readonly RefRule[] | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  if (JSON.stringify(inner) === JSON.stringify(outer)) return true;
  return new Walk(inner, outer).holds();
}

class Walk {
  readonly #inner: readonly RefRule[];
  readonly #outer: readonly RefRule[];
  readonly #steps: readonly (readonly Step[])[];
  readonly #seen = new Set<string>();

  constructor(inner: readonly RefRule[], outer: readonly RefRule[]) {
    this.#inner = inner;
    this.#outer = outer;
    this.#steps = [...inner, ...outer].map(({ pattern }) => stepsOf(pattern));
  }

  holds(): boolean {
    const open: Reached[] = [{ places: this.#steps.map((steps) => closed(steps, [0])), atSegment: true }];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const { places, atSegment } = at;
      // No ref ends in a slash, nor has two in a row.
      if (!atSegment && !this.#isRight(places)) return false;
      // What no rule of the inner list can match any more, it refuses.
      if (places.every((place, i) => i >= this.#inner.length || place.length === 0)) continue;
      for (const letter of this.#lettersAt(places)) {
        if (atSegment && letter === '/') continue;
        const next = places.map((place, i) => moved(this.#steps[i] ?? [], place, letter));
        const key = `${letter === '/'} ${next.join(';')}`;
        if (this.#seen.has(key)) continue;
        if (this.#seen.size >= MAX_STEPS) return false;
        this.#seen.add(key);
        open.push({ places: next, atSegment: letter === '/' });
      }
    }
    return true;
  }

  /** True unless the name that ends here may be moved by the inner list in a way that the outer one refuses. */
  #isRight(places: Places): boolean {
    const ends = (i: number): boolean => places[i]?.includes(this.#steps[i]?.length ?? -1) === true;
    const inner = this.#inner.find((_rule, i) => ends(i));
    if (inner === undefined || inner.allow.length === 0) return true;
    const outer = this.#outer.find((_rule, i) => ends(this.#inner.length + i));
    return REF_ACTS.every((act) => yieldOf(inner, act) <= yieldOf(outer, act));
  }

  /** Letters that make a difference here. */
  #lettersAt(places: Places): ReadonlySet<string> {
    const letters = new Set([OTHER, '/']);
    for (const [i, place] of places.entries())
      for (const at of place) {
        const step = this.#steps[i]?.[at];
        if (step?.kind === 'letter') letters.add(step.letter);
      }
    return letters;
  }
}

/** How far a rule lets it come: not at all, after a question, or at once. */
function yieldOf(rule: RefRule | undefined, act: RefAct): 0 | 1 | 2 {
  if (rule === undefined) return 0;
  if (allowsAct(rule, act)) return 2;
  return asksOwner(rule) ? 1 : 0;
}

/** Of each pattern, where in it one can be after the letters so far. */
type Places = readonly (readonly number[])[];

/** The same, and whether a segment begins here. */
interface Reached {
  readonly places: Places;
  readonly atSegment: boolean;
}

function stepsOf(pattern: string): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < pattern.length; ) {
    if (pattern.startsWith('**/', i)) {
      steps.push({ kind: 'segments' });
      i += 3;
    } else if (pattern.startsWith('**', i)) {
      steps.push({ kind: 'rest' });
      i += 2;
    } else {
      const letter = pattern.charAt(i++);
      steps.push(letter === '*' ? { kind: 'star' } : { kind: 'letter', letter });
    }
  }
  return steps;
}

/** With what can be passed over without a letter: `*` may be nothing, `**` no segment at all. */
function closed(steps: readonly Step[], place: readonly number[]): number[] {
  const all = new Set<number>();
  for (const from of place) {
    let at = from;
    all.add(at);
    while (steps[at]?.kind === 'star' || steps[at]?.kind === 'segments') all.add(++at);
  }
  return [...all].sort((a, b) => a - b);
}

function moved(steps: readonly Step[], place: readonly number[], letter: string): number[] {
  const next: number[] = [];
  for (const at of place) {
    const step = steps[at];
    // A half place stands for "within a segment that `**` takes".
    if (step === undefined && !Number.isInteger(at)) next.push(letter === '/' ? at - HALF : at);
    else if (step?.kind === 'letter' && step.letter === letter) next.push(at + 1);
    else if (step?.kind === 'star' && letter !== '/') next.push(at);
    else if (step?.kind === 'segments' && letter !== '/') next.push(at + HALF);
    else if (step?.kind === 'rest') next.push(at, at + 1);
  }
  return closed(steps, [...new Set(next)]);
}

const HALF = 0.5;
