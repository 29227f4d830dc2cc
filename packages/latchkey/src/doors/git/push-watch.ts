/**
 * Watches a push on its way through: has it noted before git gets any of it, and settled by what git reports.
 *
 * Invariant: git gets nothing of a push before what it asks for is noted; one that can't be noted is refused.
 * Invariant: a push that was noted is told to be over, once, as one that changed refs or as one that did not.
 */
import type { Readable, Writable } from 'node:stream';
import type { MovedRef } from '../../actions/repositories/pushes.ts';
import { PushCommands } from './push-commands.ts';
import { pushRefusal } from './push-refusal.ts';
import { PushReport } from './push-report.ts';

export interface PushEvents {
  /** What the push asks for, when it was received whole before. */
  readonly commands?: PushCommands;
  /**
   * Called when it is known what a push asks for. Git gets nothing of it before this has settled; when it rejects, the
   * push is refused with a sentence, and nothing has moved.
   */
  readonly onAsked: (asked: readonly MovedRef[]) => Promise<void>;
  /**
   * Called when a push changed at least one ref, with those that did, or none when nobody could read along. The answer
   * ends only after it has settled, so that what was acknowledged is on record.
   */
  readonly onChanged: (moved: readonly MovedRef[]) => Promise<void>;
  /** Called when a push that was asked for changed nothing; `certain`: git said so, or got nothing of it. */
  readonly onUnchanged: (certain: boolean) => Promise<void>;
  /** Called when the hook before the push said no, with what it asked for. */
  readonly onDeclined: (asked: readonly MovedRef[]) => void;
  /** What is said of a push that is larger than git was told to take. */
  readonly tooMuch: string;
  /** Called when it was. */
  readonly onTooMuch: () => void;
  /** Called with how large it was, once it is over. */
  readonly onRead: (bytes: number) => void;
}

/** What kept a push from being noted. */
interface Refused {
  readonly error: unknown;
}

export class PushWatch {
  readonly #events: PushEvents;
  readonly #commands: PushCommands;
  readonly #report = new PushReport();
  /** Null until it is known what is asked for; then what speaks against it, if anything does. */
  #asked: Promise<Refused | null> | null = null;
  #refusal: Refused | null = null;
  #recorded: Promise<void> | null = null;

  /** What is known whole already is noted at once, while git starts. */
  constructor(events: PushEvents) {
    this.#events = events;
    this.#commands = events.commands ?? new PushCommands();
    if (events.commands !== undefined) this.#asked = this.#ask();
  }

  /** Never rejects. */
  async #ask(): Promise<Refused | null> {
    try {
      if (this.#commands.known && !this.#commands.isEmpty) await this.#events.onAsked(this.#commands.moved());
      return null;
    } catch (error) {
      return { error };
    }
  }

  /** Git could not be started. */
  async drop(): Promise<void> {
    if (this.#asked !== null && (await this.#asked) === null) await this.#events.onUnchanged(true);
  }

  /** Passes the body on, its beginning once it is noted what is asked for. @param onRefused when it can't be */
  pass(body: Readable, stdin: Writable, onRefused: () => void): void {
    const held: Buffer[] = [];
    const onData = (chunk: Buffer): void => {
      held.push(chunk);
      if (this.#events.commands === undefined) this.#commands.see(chunk);
      if (this.#commands.known) goOn();
    };
    const goOn = (): void => {
      body.off('data', onData).off('end', goOn);
      const ends = body.readableEnded;
      if (!ends) body.pause();
      this.#asked ??= this.#ask();
      void this.#asked.then((refusal) => {
        this.#refusal = refusal;
        if (refusal !== null) return onRefused();
        for (const chunk of held) stdin.write(chunk);
        if (ends) stdin.end();
        else body.pipe(stdin);
      });
    };
    // A request that announced no body has ended already, and never says so again.
    if (body.readableEnded) goOn();
    else body.on('data', onData).once('end', goOn);
  }

  /** Reads the next piece of what git says. */
  see(chunk: Buffer): void {
    if (this.#report.see(chunk)) this.#record();
  }

  /** Begins as soon as git has reported, while it still tidies up. */
  #record(): void {
    const refused = this.#report.refused();
    this.#recorded ??= this.#events.onChanged(this.#commands.moved().filter(({ ref }) => !refused.has(ref)));
    this.#recorded.catch(() => undefined);
  }

  /**
   * Git is gone. @param unreported whether a push without a report has changed refs. @throws what `onChanged` throws
   */
  async settle(unreported: boolean): Promise<void> {
    const outcome = this.#report.outcome();
    if (this.#refusal === null && (outcome ?? unreported)) this.#record();
    else {
      if (this.#report.declined) this.#events.onDeclined(this.#commands.moved());
      if (this.#asked !== null && (await this.#asked) === null) await this.#events.onUnchanged(outcome === false);
    }
    await this.#recorded;
  }

  /** What kept the push from being noted; null when nothing did. */
  get refusal(): Refused | null {
    return this.#refusal;
  }

  /** The answer to a refused push; null where the client understands none. @param step what to do next, a sentence */
  refusalInWords(step: string): Buffer | null {
    const sentence = `Nothing was pushed, since the server can't note it. ${step}`;
    return pushRefusal(this.#commands, sentence, "the server can't note it now");
  }
}
