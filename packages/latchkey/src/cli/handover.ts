/**
 * A secret on its way to the person who asked for it.
 *
 * Invariant: a secret that couldn't be written opens nothing afterwards, or the command says what it still opens and
 * how that ends: nobody should have to find a living token that nobody has.
 */
import { EXIT } from './exit-codes.ts';
import { Stopped, type Terminal } from './terminal.ts';

/** What becomes of something whose secret nobody got. */
export interface Loss {
  /** Ends it. Left out where it needs no end. */
  readonly takeBack?: () => Promise<unknown>;
  /** What is true then, and the next step. */
  readonly taken: string;
  /** The same where it couldn't be ended. */
  readonly left?: string;
}

/** Writes a secret to stdout, as one line. @throws Stopped when nobody got it: that is a fault, and has been said */
export async function handOver(
  terminal: Terminal,
  text: string,
  { takeBack, taken, left = taken }: Loss,
): Promise<void> {
  if (await terminal.deliver(`${text}\n`)) return;
  const isTaken = await (takeBack?.() ?? Promise.resolve()).then(
    () => true,
    () => false,
  );
  terminal.say(`hint: ${isTaken ? taken : left}`);
  throw new Stopped(EXIT.fault);
}
