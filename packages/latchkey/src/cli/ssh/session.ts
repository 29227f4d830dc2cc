/**
 * `latchkey ssh-session`, the only command that sshd runs for a key: passes what git says on to the running server, and
 * its answers back.
 *
 * The server is asked as git asks it over HTTP, one request after the other, so that each is decided, limited and
 * recorded by the server, like any other. Protocols 0 and 1 of a fetch go on over several turns; there the whole
 * conversation is one request.
 * Invariant: no part of the command reaches a shell, a file or git itself.
 * Source: git's documentation, gitprotocol-pack "SSH Transport", gitprotocol-v2.
 */
import type { Readable, Writable } from 'node:stream';
import { SSH_HEADERS, SSH_PATHS } from '../../base/machine/ssh-place.ts';
import { askedFor } from './asked.ts';
import { Input } from './input.ts';
import { type Answered, SshServer, textOf } from './server.ts';
import { CUT_OFF, NO_LFS_TRANSFER, NO_SHELL, type ServiceName, type SshCall } from './words.ts';

/** As sshd starts it. */
export interface SessionTerminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable;
  say(words: string): void;
}

/** The exit code. Unless it is 0, it has said why. */
export async function runSession({ data, of }: SshCall, terminal: SessionTerminal): Promise<SessionCode> {
  const server = new SshServer(data);
  try {
    return await new Session(server, of, terminal).run();
  } finally {
    // Some clients keep their end open.
    server.close();
  }
}

/** 1 = refused, or ended in between; 127 = as a shell says that it has no such program. */
export type SessionCode = 0 | 1 | 127;

/** The server refused, in these words. */
class Refused extends Error {}

class Session {
  readonly #server: SshServer;
  readonly #terminal: SessionTerminal;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #input: Input;
  readonly #isVersion2: boolean;

  constructor(server: SshServer, key: string, terminal: SessionTerminal) {
    const { SSH_CONNECTION: connection = '', GIT_PROTOCOL: protocol = '' } = terminal.env;
    const isPlain = /^[\w=:.-]{1,256}$/.test(protocol);
    this.#server = server;
    this.#terminal = terminal;
    this.#input = new Input(terminal.stdin);
    this.#isVersion2 = isPlain && protocol.split(':').includes('version=2');
    this.#headers = {
      [SSH_HEADERS.key]: key,
      [SSH_HEADERS.client]: /^[0-9a-f.:]+/i.exec(connection)?.[0] ?? '',
      ...(isPlain ? { 'git-protocol': protocol } : {}),
    };
  }

  async run(): Promise<SessionCode> {
    try {
      const asked = askedFor(this.#terminal.env['SSH_ORIGINAL_COMMAND']);
      if (asked.kind === 'lfs-transfer') {
        this.#terminal.say(NO_LFS_TRANSFER);
        return 127;
      }
      if (asked.kind === 'lfs') {
        const { repository, operation } = asked;
        const query = new URLSearchParams({ repository, operation });
        await this.#passOn(await this.#server.ask({ path: `${SSH_PATHS.lfs}?${query}`, headers: this.#headers }));
        return 0;
      }
      if (asked.kind !== 'git') throw new Refused(await this.#withoutGit(asked.kind === 'shell'));
      const path = `/${asked.repository}.git`;
      if (asked.service === 'receive-pack') await this.#push(path);
      else if (this.#isVersion2) await this.#fetch(path);
      else await this.#fetchWhole(path);
      return 0;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#terminal.say(error.message);
      return 1;
    }
  }

  async #withoutGit(isShell: boolean): Promise<string> {
    if (!isShell) return NO_SHELL;
    const answer = await this.#server.ask({ path: SSH_PATHS.who, headers: this.#headers });
    const words = await textOf(answer);
    return answer.statusCode === 200 ? `Hello ${words}, your key works. ${NO_SHELL}` : words.trimEnd();
  }

  async #push(path: string): Promise<void> {
    await this.#list(path, 'receive-pack');
    const head = await this.#input.pushHead();
    if (head === null) return;
    const { sent, answer } = this.#server.begin(this.#call(path, 'receive-pack'));
    sent.write(head.bytes);
    if (head.isAll) sent.end();
    else this.#input.rest().pipe(sent);
    await this.#passOn(await answer);
  }

  async #fetch(path: string): Promise<void> {
    await this.#list(path, 'upload-pack');
    for (let asked = await this.#input.request(); asked !== null; asked = await this.#input.request())
      await this.#passOn(await this.#server.ask(this.#call(path, 'upload-pack'), asked));
  }

  async #fetchWhole(path: string): Promise<void> {
    const call = this.#call(path, 'upload-pack');
    const { sent, answer } = this.#server.begin({ ...call, headers: { ...call.headers, [SSH_HEADERS.whole]: '1' } });
    sent.flushHeaders();
    this.#input.rest().pipe(sent);
    await this.#passOn(await answer);
  }

  async #list(path: string, service: ServiceName): Promise<void> {
    const url = `${path}/info/refs?service=git-${service}`;
    await this.#passOn(await this.#server.ask({ path: url, headers: this.#headers }));
  }

  #call(path: string, service: ServiceName) {
    const type = `application/x-git-${service}-request`;
    return {
      method: 'POST',
      path: `${path}/git-${service}`,
      headers: { ...this.#headers, 'Content-Type': type },
    } as const;
  }

  /** @throws Refused */
  async #passOn(answer: Answered): Promise<void> {
    if (answer.statusCode !== 200) throw new Refused((await textOf(answer)).trimEnd());
    const { stdout } = this.#terminal;
    try {
      for await (const piece of answer as AsyncIterable<Buffer>)
        if (!stdout.write(piece)) await new Promise((resolve) => stdout.once('drain', resolve));
    } catch {
      throw new Refused(CUT_OFF);
    }
  }
}
