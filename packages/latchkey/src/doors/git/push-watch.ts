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
  /** The commands, if they were received whole before. */
  readonly commands?: PushCommands;
  /**
   * Called when a push's commands are known. Git gets nothing until this settles; if it rejects, the push is refused
   * with a sentence, and nothing has moved.
   */
  readonly onAsked: (commands: PushCommands) => Promise<void>;
  /**
   * Called when a push changed at least one ref, with those that changed, or none when they could not be read. The
   * answer ends only after this settles, so that everything acknowledged is recorded.
   */
  readonly onChanged: (moved: readonly MovedRef[]) => Promise<void>;
  /** Called when a push with commands changed nothing; `certain`: git said so, or received nothing of it. */
  readonly onUnchanged: (certain: boolean) => Promise<void>;
  /** Called when the pre-receive hook refused, with the commands. */
  readonly onDeclined: (asked: readonly MovedRef[]) => void;
  /** The message about a push that is larger than git was told to accept. */
  readonly tooMuch: string;
  /** Called when the push was too large. */
  readonly onTooMuch: () => void;
  /** Called when the push is over, with its size. */
  readonly onRead: (bytes: number) => void;
}

/** What kept a push from being passed on. */
interface Refused {
  readonly error: unknown;
}

export class PushWatch {
  readonly #events: PushEvents;
  readonly #commands: PushCommands;
  readonly #report = new PushReport();
  /** Null until the commands are known; then the reason against them, if there is one. */
  #asked: Promise<Refused | null> | null = null;
  #refusal: Refused | null = null;
  #recorded: Promise<void> | null = null;

  /** Commands that are known already are recorded at once, while git starts. */
  constructor(events: PushEvents) {
    this.#events = events;
    this.#commands = events.commands ?? new PushCommands();
    if (events.commands !== undefined) this.#asked = this.#ask();
  }

  /** Never rejects. */
  async #ask(): Promise<Refused | null> {
    try {
      if (this.#commands.known && !this.#commands.isEmpty) await this.#events.onAsked(this.#commands);
      return null;
    } catch (error) {
      return { error };
    }
  }

  /** Git could not be started. */
  async drop(): Promise<void> {
    if (this.#asked !== null && (await this.#asked) === null) await this.#events.onUnchanged(true);
  }

  /**
   * Passes the body on, its beginning only after the commands are recorded.
   * @param onRefused called when it can't be passed on
   */
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
    // A request without a body has ended already, and won't emit `end` again.
    if (body.readableEnded) goOn();
    else body.on('data', onData).once('end', goOn);
  }

  /** Reads the next piece of git's output. */
  see(chunk: Buffer): void {
    if (this.#report.see(chunk)) this.#record();
  }

  /** Begins as soon as git has reported, while it still cleans up. */
  #record(): void {
    const refused = this.#report.refused();
    this.#recorded ??= this.#events.onChanged(this.#commands.moved().filter(({ ref }) => !refused.has(ref)));
    this.#recorded.catch(() => undefined);
  }

  /**
   * Git has ended.
   * @param unreported whether a push without a report has changed refs
   * @throws the error of `onChanged`
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

  /** What kept the push from being passed on; null when nothing did. */
  get refusal(): Refused | null {
    return this.#refusal;
  }

  /** The answer to a refused push; null when the client understands none. @param why a short line, for each ref */
  refusalInWords(sentence: string, why: string): Buffer | null {
    return pushRefusal(this.#commands, sentence, why);
  }
}
