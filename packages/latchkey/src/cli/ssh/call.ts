/**
 * The two programs that sshd starts, without the tree of commands: they run at every connection.
 *
 * Never: a command-line library, a database, the server's code.
 */
import { Fault } from '../../base/errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import type { SessionCode } from './session.ts';
import { NO_SERVER, type SshCall } from './words.ts';

/** Where a server that doesn't answer shows. */
const AWAY = new Set(['ENOENT', 'ECONNREFUSED', 'EACCES', 'ECONNRESET', 'EPIPE']);

type SshTerminal = Pick<Terminal, 'env' | 'print' | 'say'>;

/** Runs one of them in this process, and says what is wrong as it is, since a client reads it. */
export async function runSshCall(call: SshCall, terminal: SshTerminal): Promise<number> {
  try {
    return await performSshCall(call, terminal);
  } catch (error) {
    terminal.say(error instanceof Fault ? error.message : `latchkey ${call.command} failed`);
    return EXIT.fault;
  } finally {
    process.stdin.destroy();
  }
}

/** The exit code of a call that came to its end. @throws Fault */
export async function performSshCall(call: SshCall, terminal: SshTerminal): Promise<SessionCode> {
  try {
    return await (call.command === 'ssh-keys' ? printLine(call, terminal) : holdSession(call, terminal));
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Fault(AWAY.has(code) ? NO_SERVER : `latchkey ${call.command}: ${message}`, { cause: error });
  }
}

async function printLine(call: SshCall, terminal: Pick<Terminal, 'print'>): Promise<SessionCode> {
  const { authorizedLine } = await import('./keys.ts');
  const line = await authorizedLine(call, [process.execPath, process.argv[1] ?? '']);
  if (line !== null) terminal.print(line);
  return 0;
}

async function holdSession(call: SshCall, { env, say }: Pick<Terminal, 'env' | 'say'>): Promise<SessionCode> {
  const { runSession } = await import('./session.ts');
  return runSession(call, { env, stdin: process.stdin, stdout: process.stdout, say });
}
